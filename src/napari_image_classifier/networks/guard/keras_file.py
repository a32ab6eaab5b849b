"""Networks in files that may come from anywhere, for Keras to open.

A `.keras` file can name any function, and Keras calls it. So Keras never opens the file itself, but
one written anew from what was understood of it: known layers with sane numbers
(`guard.configuration`), of a size that can be used (`guard.size`), and weights that are plain
finite numbers of the shapes that these layers have, all in the file (`guard.hdf5`). Of a file of
Keras 2 it is given the configuration alone, and then the numbers.
"""

import json
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_image_classifier.classifiers.archive import (
    LARGEST_FILE,
    is_hdf5,
    named,
    open_member,
    opened,
    opened_archive,
    read_from,
    read_member,
)
from napari_image_classifier.classifiers.file import CONFIGURATION, METADATA, WEIGHTS
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.configuration import (
    Configuration,
    checked_configuration,
)
from napari_image_classifier.networks.guard.hdf5 import (
    checked_arrays,
    numbers_of,
    opened_hdf5,
    text_of,
)
from napari_image_classifier.networks.guard.legacy_configuration import modernised
from napari_image_classifier.networks.guard.legacy_weights import (
    Weights,
    weights_by_name,
    weights_by_number,
)
from napari_image_classifier.networks.guard.size import LayerPath, NetworkSize, Shape, network_size
from napari_image_classifier.system.bounded_json import read_bounded_json

# NASNetLarge, the longest of keras.applications, has 1 MB.
LARGEST_CONFIGURATION = 8 * 1024**2
LARGEST_METADATA = 10_000
# As Keras 2.12 calls the layers of a network.
_OLD_LAYERS = "/_layer_checkpoint_dependencies/"


@dataclass(frozen=True)
class StoredNetwork:
    """What a file says of its network, all but the weights.

    Parameters
    ----------
    configuration
        What Keras may be given.
    size
        The network's.
    stored
        The configuration as it stands in the file.
    old_names
        Those of layers that are called otherwise in ``configuration``.
    is_legacy
        Whether the file is as Keras 2 wrote it.
    """

    configuration: Configuration
    size: NetworkSize
    stored: Mapping[str, Any]
    old_names: Mapping[LayerPath, str]
    is_legacy: bool


def stored_network(path: Path) -> StoredNetwork:
    """Return what a file that Keras wrote says of its network.

    Parameters
    ----------
    path
        An ordinary file: an archive, or HDF5 whatever its name.

    Returns
    -------
    StoredNetwork
        It was looked through.

    Raises
    ------
    ClassifierFileError
        In a sentence: why it can't be used.
    """
    with read_from(path):
        content, is_legacy = _configuration_of(path)
        stored = read_bounded_json(content, largest=LARGEST_CONFIGURATION)
        old_names: Mapping[LayerPath, str] = {}
        understood = stored
        if is_legacy:
            legacy = modernised(stored)
            understood, old_names = legacy.configuration, legacy.old_names
        configuration = checked_configuration(understood)
        size = network_size(configuration)
    return StoredNetwork(configuration, size, stored, old_names, is_legacy)


def _configuration_of(path: Path) -> tuple[bytes, bool]:
    """Return the configuration in a file, and whether Keras 2 would have written it so."""
    if is_hdf5(path):
        return _configuration_in_hdf5(path), True
    with opened(path) as file, opened_archive(file, path) as archive:
        content = read_member(archive, CONFIGURATION, LARGEST_CONFIGURATION)
        metadata = read_bounded_json(
            read_member(archive, METADATA, LARGEST_METADATA), largest=LARGEST_METADATA
        )
    version = metadata.get("keras_version") if isinstance(metadata, Mapping) else None
    return content, isinstance(version, str) and version.startswith("2.")


def _configuration_in_hdf5(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_FILE:
        raise ClassifierFileError(f"it is too large ({path.stat().st_size / 1e9:.1f} GB)")
    with opened_hdf5(path) as file:
        content = text_of(file, "model_config", LARGEST_CONFIGURATION)
    if content is None:
        raise ClassifierFileError(
            "it holds weights alone, or something else than a network: nothing in it says which "
            "layers they are of. Save the whole network in Keras: network.save(“net.keras”)."
        )
    return content


def weights_of_layers(path: Path, network: StoredNetwork) -> Weights:
    """Return the weights of every layer in a file as Keras 2 wrote it.

    Parameters
    ----------
    path
        The file.
    network
        What the file says of itself.

    Returns
    -------
    dict
        For the path of each layer its arrays, float32, in Keras's order.

    Raises
    ------
    ClassifierFileError
        In a sentence: why they can't be used.
    """
    if is_hdf5(path):
        with named(path), _arrays_in(path) as arrays:
            return weights_by_name(network.configuration, network.old_names, network.size, arrays)
    with (
        _unpacked(path, WEIGHTS) as weights,
        named(path),
        _arrays_in(weights) as arrays,
    ):
        renamed = {name.replace(_OLD_LAYERS, "/layers/"): array for name, array in arrays.items()}
        return weights_by_number(network.stored, network.configuration, network.size, renamed)


@contextmanager
def _arrays_in(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the arrays of an open HDF5 file by their names, all of which were looked at."""
    with opened_hdf5(path) as file:
        yield {array.name: array for array in checked_arrays(file, path.stat().st_size)}


@contextmanager
def written_anew(path: Path, network: StoredNetwork) -> Iterator[Path]:
    """Yield a `.keras` file with the network of ``path``, for Keras to open; gone afterwards.

    Parameters
    ----------
    path
        A `.keras` file of Keras 3.
    network
        What the file says of itself.

    Yields
    ------
    Path
        The copy.

    Raises
    ------
    ClassifierFileError
        In a sentence: why Keras is not given this network.
    """
    with weights_of(path, WEIGHTS, network.size.weights) as weights:
        copy = weights.with_name("network.keras")
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(METADATA, json.dumps({"keras_version": "3", "date_saved": ""}))
            archive.writestr(CONFIGURATION, json.dumps(network.configuration))
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
    with _unpacked(path, member) as weights:
        with named(path):
            _check_weights(weights, declared)
        yield weights


@contextmanager
def _unpacked(path: Path, member: str) -> Iterator[Path]:
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
        yield weights


def _check_weights(path: Path, declared: Iterable[Shape]) -> None:
    """Refuse weights that can't be those of a network whose arrays have the ``declared`` shapes.

    Those of the optimiser are looked at, too.

    Raises
    ------
    ClassifierFileError
        The sentence, which begins with "its weights", says what is wrong with them.
    """
    stored: Counter[Shape] = Counter()
    with opened_hdf5(path) as file:
        for array in checked_arrays(file, path.stat().st_size):
            numbers_of(array)
            if array.name.startswith("/layers/"):
                stored[array.shape] += 1
    missing = Counter(declared) - stored
    if missing:
        shape = " × ".join(map(str, next(iter(missing))))
        raise ClassifierFileError(
            f"its weights are not those of its layers: none has the shape {shape}"
        )
