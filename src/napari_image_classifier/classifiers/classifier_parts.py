"""What a classifier's file holds: its description, and a graph that belongs to the weights."""

import io
import zipfile
from pathlib import Path

from napari_image_classifier.classifiers.description import (
    ClassifierDescription,
    ClassifierFileError,
    Member,
)
from napari_image_classifier.classifiers.file import open_member, read_member, sha256_of
from napari_image_classifier.classifiers.onnx_runtime import images_at_once
from napari_image_classifier.system.bounded_json import JsonRefused, read_bounded_json

DESCRIPTION = "classifier.json"
LARGEST_DESCRIPTION = 16 * 1024**2
CONFIGURATION = "config.json"
WEIGHTS = "model.weights.h5"
KERAS_PARTS = ("metadata.json", CONFIGURATION, WEIGHTS)
# ONNX files can't be larger.
LARGEST_GRAPH = 2 * 1024**3


def read_parts(archive: zipfile.ZipFile) -> tuple[ClassifierDescription, list[bytes]]:
    """Return what the file says of itself, and the graph of each network, all of it checked.

    A texture model stands in a graph's place. Nothing of the parts that are Keras's own is looked
    at but the hash of the weights; `keras_guard` does that, where Keras is at hand.

    Raises
    ------
    ClassifierFileError
        The sentence, which begins with "it" or "its", says what is wrong.
    """
    names = set(archive.namelist())
    if DESCRIPTION not in names and "config.json" in names:
        raise ClassifierFileError(
            "it is a Keras network without class and channel names; make a classifier of it with "
            f"napari-image-classifier import {Path(str(archive.filename)).name} "
            "--classes A,B --channels C,D --output NEW.keras"
        )
    description = read_description(read_member(archive, DESCRIPTION, LARGEST_DESCRIPTION))
    of_members = [part for one in description.members for part in (one.weights, one.graph)]
    expected = {DESCRIPTION, *of_members, *(() if description.by_texture else KERAS_PARTS)}
    if expected - names:
        raise ClassifierFileError(f"it lacks the part {min(expected - names)}")
    if names - expected:
        raise ClassifierFileError(f"it holds a part that is not its own, {min(names - expected)}")
    return description, [_bound_graph(archive, one, description) for one in description.members]


def read_description(content: bytes) -> ClassifierDescription:
    """Return what a `classifier.json` says, or raise ClassifierFileError."""
    try:
        # A history may hold a loss that was no number.
        stored = read_bounded_json(content, largest=LARGEST_DESCRIPTION, allow_nan=True)
    except JsonRefused as error:
        raise ClassifierFileError(f"its description is damaged: {error}") from error
    description = ClassifierDescription.from_json(stored)
    if not description.members:
        raise ClassifierFileError("it holds no network")
    return description


def _bound_graph(
    archive: zipfile.ZipFile, member: Member, description: ClassifierDescription
) -> bytes:
    """Return the graph, having checked it, and that it is the one written from those weights."""
    graph = read_member(archive, member.graph, LARGEST_GRAPH)
    with open_member(archive, member.weights) as weights:
        same = sha256_of(weights) == member.weights_sha256
    if not same or sha256_of(io.BytesIO(graph)) != member.graph_sha256:
        raise ClassifierFileError(
            "its network was changed after it was saved, so its two parts no longer belong "
            "together; save it again with napari-image-classifier"
        )
    if not description.by_texture:
        from napari_image_classifier.classifiers.graph_guard import check_graph

        preparation = description.preparation
        height, width = preparation.size
        images = (images_at_once(height, width), height, width, preparation.n_channels)
        check_graph(graph, images, len(description.class_names))
    return graph
