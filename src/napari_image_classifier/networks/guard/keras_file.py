"""A safe copy of a `.keras` file that may come from anywhere, for Keras to open in its place.

A `.keras` file can name any function, and Keras calls it. So Keras never opens the file itself, but
one written anew from what was understood of it: known layers with sane numbers
(`guard.configuration`), of a size that can be used (`guard.size`), and weights that are plain
finite numbers of the shapes that these layers have, all in the file. HDF5 can point into other
files, hold the same group within itself, and unpack a few bytes to gigabytes; weights as Keras
writes them do none of that.
"""

import json
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

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
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.configuration import checked_configuration
from napari_image_classifier.networks.guard.size import Shape, network_size
from napari_image_classifier.system.bounded_json import read_bounded_json

# NASNetLarge, the longest of keras.applications, has 1 MB.
LARGEST_CONFIGURATION = 8 * 1024**2
MOST_OBJECTS = 100_000
DEEPEST = 32
MOST_AXES = 8


@contextmanager
def written_anew(path: Path) -> Iterator[Path]:
    """Yield a `.keras` file with the network of ``path``, for Keras to open; gone afterwards.

    Raises
    ------
    ClassifierFileError
        In a sentence: why Keras is not given this network.
    """
    with opened(path) as file, opened_archive(file, path) as archive, read_from(path):
        content = read_member(archive, CONFIGURATION, LARGEST_CONFIGURATION)
        stored = read_bounded_json(content, largest=LARGEST_CONFIGURATION)
        configuration = checked_configuration(stored)
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
            _check_weights(weights, declared)
        yield weights


def _check_weights(path: Path, declared: Iterable[Shape]) -> None:
    """Refuse weights that can't be those of a network whose arrays have the ``declared`` shapes.

    Raises
    ------
    ClassifierFileError
        The sentence, which begins with "its weights", says what is wrong with them.
    """
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            stored = Counter(_of_layers(file, path.stat().st_size))
    except ClassifierFileError:
        raise
    except Exception as error:
        # HDF5 raises errors of half a dozen types for a damaged file.
        raise ClassifierFileError(f"its weights are damaged ({_shortened(error)})") from error
    missing = Counter(declared) - stored
    if missing:
        shape = " × ".join(map(str, next(iter(missing))))
        raise ClassifierFileError(
            f"its weights are not those of its layers: none has the shape {shape}"
        )


def _of_layers(file: Any, size: int) -> Iterator[Shape]:
    """Yield the shape of every array of a layer, having looked at those of the optimiser, too."""
    seen: set[int] = set()
    total = 0
    for dataset in _arrays(file, seen, DEEPEST):
        total += _check_array(dataset)
        if total > size:
            raise ClassifierFileError("its weights declare more numbers than there are")
        values = dataset[()]
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ClassifierFileError("its weights hold numbers without a value (NaN or infinite)")
        if dataset.name.startswith("/layers/"):
            yield dataset.shape


def _arrays(group: Any, seen: set[int], deepest: int) -> Iterator[Any]:
    import h5py

    if deepest == 0:
        raise ClassifierFileError("its weights are in groups in groups in groups")
    for name in group.id:
        link = group.id.links.get_info(name)
        if link.type != h5py.h5l.TYPE_HARD:
            raise ClassifierFileError("its weights point to another place or another file")
        info = h5py.h5o.get_info(group.id, name)
        if info.addr in seen or len(seen) > MOST_OBJECTS:
            raise ClassifierFileError("its weights hold a part twice, or far too many parts")
        seen.add(info.addr)
        if info.type == h5py.h5o.TYPE_GROUP:
            yield from _arrays(h5py.Group(h5py.h5g.open(group.id, name)), seen, deepest - 1)
        elif info.type == h5py.h5o.TYPE_DATASET:
            yield h5py.Dataset(h5py.h5d.open(group.id, name))
        else:
            raise ClassifierFileError("its weights hold something that is no array")


def _check_array(dataset: Any) -> int:
    """Return how many bytes of the file an array takes."""
    import h5py

    how = dataset.id.get_create_plist()
    plain = how.get_layout() in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
    if not plain or how.get_nfilters() or how.get_external_count():
        raise ClassifierFileError("its weights are packed, or lie elsewhere")
    if dataset.dtype.kind not in "fiub" or dataset.dtype.itemsize > 8 or dataset.shape is None:
        raise ClassifierFileError("its weights hold something else than numbers")
    if dataset.ndim > MOST_AXES or dataset.id.get_storage_size() < dataset.nbytes:
        raise ClassifierFileError("its weights declare more numbers than there are")
    return int(dataset.nbytes)


def _shortened(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
