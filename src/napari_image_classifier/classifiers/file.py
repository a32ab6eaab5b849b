"""The description and the graphs in a classifier's file, all of them checked."""

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from napari_image_classifier.classifiers.archive import (
    is_address,
    is_hdf5,
    open_member,
    opened,
    opened_archive,
    ordinary_file,
    read_member,
    sha256_of,
)
from napari_image_classifier.classifiers.description import (
    ClassifierDescription,
    Member,
    description_of,
)
from napari_image_classifier.classifiers.limits import LARGEST_DESCRIPTION, MOST_PARTS
from napari_image_classifier.classifiers.onnx_runtime import images_at_once
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.system.bounded_json import JsonRefused, read_bounded_json

DESCRIPTION = "classifier.json"
CONFIGURATION = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
KERAS_PARTS = (METADATA, CONFIGURATION, WEIGHTS)
# ONNX files can't be larger.
LARGEST_GRAPH = 2 * 1024**3


def checked_path(path: str | Path) -> Path:
    """Return the path of what may be a classifier.

    Parameters
    ----------
    path
        As a person gave it.

    Returns
    -------
    Path
        The whole path.

    Raises
    ------
    ClassifierFileError
        It is an address, a folder, a file of another format, or not there.
    """
    named_so = Path(path).suffix.lower() in (".h5", ".hdf5") and not is_address(path)
    path = Path(path) if named_so else ordinary_file(path)
    if named_so or is_hdf5(path):
        raise ClassifierFileError(
            f"{path} is in Keras's old format, HDF5, which has no class and channel names; "
            f"{how_to_import(path)}."
        )
    return path


def how_to_import(path: Path) -> str:
    """Return what makes a classifier of a network, in words."""
    return (
        f"make a classifier of it with napari-image-classifier import {path.name} "
        "--classes A,B --channels C,D --output NEW.keras"
    )


def is_foreign(path: Path) -> bool:
    """Return whether a file is one that Keras wrote, of a network that is no classifier yet.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    bool
        False where it is a classifier, where it is nothing of the kind, and where nobody can tell.
    """
    try:
        path = ordinary_file(path)
        if is_hdf5(path):
            return True
        with opened(path) as file, opened_archive(file, path) as archive:
            names = archive.namelist()
    except ClassifierFileError:
        return False
    return CONFIGURATION in names and DESCRIPTION not in names


def read_parts(archive: zipfile.ZipFile) -> tuple[ClassifierDescription, list[bytes]]:
    """Return what the file says of itself, and the graph of each network, all of it checked.

    A texture model stands in a graph's place. Nothing of the parts that are Keras's own is looked
    at but the hash of the weights; `networks.guard` does that, where Keras is at hand.

    Raises
    ------
    ClassifierFileError
        The sentence, which begins with "it" or "its", says what is wrong.
    """
    names = set(archive.namelist())
    if DESCRIPTION not in names and "config.json" in names:
        raise ClassifierFileError(
            "it is a Keras network without class and channel names; "
            f"{how_to_import(Path(str(archive.filename)))}"
        )
    description = read_description(read_member(archive, DESCRIPTION, LARGEST_DESCRIPTION))
    members = description.members
    of_members = [part for member in members for part in (member.weights, member.graph)]
    expected = {DESCRIPTION, *of_members, *(() if description.by_texture else KERAS_PARTS)}
    if expected - names:
        raise ClassifierFileError(f"it lacks the part {min(expected - names)}")
    if names - expected:
        raise ClassifierFileError(f"it holds a part that is not its own, {min(names - expected)}")
    graphs, features = [], []
    for member in members:
        graph, n_features = _bound_graph(archive, member, description)
        graphs.append(graph)
        features.append(n_features)
    if description.gate is not None and not description.gate.is_of_features(features):
        raise ClassifierFileError("its description is damaged: its gate is of other features")
    return description, graphs


def read_description(content: bytes) -> ClassifierDescription:
    """Return what a `classifier.json` says, or raise ClassifierFileError."""
    try:
        # A history may hold a loss that was no number.
        stored = read_bounded_json(
            content, largest=LARGEST_DESCRIPTION, most_parts=MOST_PARTS, allow_nan=True
        )
    except JsonRefused as error:
        raise ClassifierFileError(f"its description is damaged: {error}") from error
    description = description_of(stored)
    if not description.members:
        raise ClassifierFileError("it holds no network")
    return description


def write_description(
    archive: zipfile.ZipFile, description: ClassifierDescription, members: Iterable[Member]
) -> None:
    """Write the description of a classifier, once its networks are in the file.

    Parameters
    ----------
    archive
        The file, open for writing.
    description
        The classifier's, without members.
    members
        The networks.
    """
    written = replace(description, members=tuple(members))
    archive.writestr(DESCRIPTION, json.dumps(written.stored(), indent=1))


def _bound_graph(
    archive: zipfile.ZipFile, member: Member, description: ClassifierDescription
) -> tuple[bytes, int]:
    """Return the graph, having checked that it is the one written from those weights, and features.

    The latter is their number.
    """
    graph = read_member(archive, member.graph, LARGEST_GRAPH)
    with open_member(archive, member.weights) as weights:
        same = sha256_of(weights) == member.weights_sha256
    if not same or sha256_of(io.BytesIO(graph)) != member.graph_sha256:
        raise ClassifierFileError(
            "its network was changed after it was saved, so its two parts no longer belong "
            "together; save it again with napari-image-classifier"
        )
    preparation = description.preparation
    if description.by_texture:
        from napari_image_classifier.classifiers.texture_model import FEATURES_OF_A_CHANNEL

        return graph, preparation.n_channels * FEATURES_OF_A_CHANNEL
    from napari_image_classifier.classifiers.graph_guard import check_graph

    height, width = preparation.size
    images = (images_at_once(height, width), height, width, preparation.n_channels)
    return graph, check_graph(graph, images, len(description.class_names))
