"""What Keras is given in place of a `.keras` file that may come from anywhere.

A `.keras` file can name any function, and Keras calls it. So Keras never opens the file itself, but
one written anew from what was understood of it: known layers with sane numbers
(`configuration_guard`), of a size that can be used (`network_size`), and weights that are plain
numbers of the shapes that these layers have (`weights_guard`).
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_image_classifier.classifiers.file import (
    CONFIGURATION,
    WEIGHTS,
    named,
    open_member,
    opened,
    opened_archive,
    read_from,
    read_member,
)
from napari_image_classifier.networks.guard.configuration import (
    Configuration,
    checked_configuration,
)
from napari_image_classifier.networks.guard.size import network_size
from napari_image_classifier.networks.guard.weights import Shape, check_weights
from napari_image_classifier.system.bounded_json import read_bounded_json

# NASNetLarge, the longest of keras.applications, has 1 MB.
LARGEST_CONFIGURATION = 8 * 1024**2


@contextmanager
def written_anew(path: Path) -> Iterator[Path]:
    """Yield a `.keras` file with the network of ``path``, for Keras to open; gone afterwards.

    Raises
    ------
    ClassifierFileError
        In a sentence: why Keras is not given this network.
    """
    configuration = read_configuration(path)
    with named(path):
        declared = network_size(configuration).weights
    with weights_of(path, WEIGHTS, declared) as weights:
        copy = weights.with_name("network.keras")
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("metadata.json", json.dumps({"keras_version": "3", "date_saved": ""}))
            archive.writestr(CONFIGURATION, json.dumps(configuration))
            archive.write(weights, WEIGHTS)
        weights.unlink()
        yield copy


def read_configuration(path: Path) -> Configuration:
    """Return the checked configuration of the network in ``path``, or raise ClassifierFileError."""
    with opened(path) as file, opened_archive(file, path) as archive, read_from(path):
        content = read_member(archive, CONFIGURATION, LARGEST_CONFIGURATION)
        return checked_configuration(read_bounded_json(content, largest=LARGEST_CONFIGURATION))


@contextmanager
def weights_of(path: Path, member: str, declared: Iterable[Shape]) -> Iterator[Path]:
    """Yield a file with the weights ``member`` of ``path``, which were checked; gone afterwards.

    Raises
    ------
    ClassifierFileError
        They are not plain numbers of the ``declared`` shapes.
    """
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / WEIGHTS
        with (
            opened(path) as file,
            opened_archive(file, path) as archive,
            read_from(path),
            open_member(archive, member) as stored,
            weights.open("wb") as copy,
        ):
            shutil.copyfileobj(stored, copy)
        with named(path):
            check_weights(weights, declared)
        yield weights
