"""The arrays of each layer in a file of Keras 2, or in an HDF5 file of any version of Keras."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.configuration import NETWORKS, Configuration
from napari_image_classifier.networks.guard.hdf5 import numbers_of
from napari_image_classifier.networks.guard.size import LayerPath, NetworkSize, Shape
from napari_image_classifier.typing import FloatArray

Weights = dict[LayerPath, list[FloatArray]]

WEIGHTS_GROUP = "model_weights"
# As Keras calls what each kind of layer has learnt or measured, in its order.
_DEPTHWISE = ("depthwise_kernel", "kernel")
_NAMES: Mapping[str, Sequence[str | tuple[str, ...]]] = {
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "Conv2D": ("kernel", "bias"),
    "Dense": ("kernel", "bias"),
    "DepthwiseConv2D": (_DEPTHWISE, "bias"),
    "GroupNormalization": ("gamma", "beta"),
    "LayerNormalization": ("gamma", "beta"),
    "LayerScale": ("gamma",),
    "Normalization": ("mean", "variance", "count"),
    "PReLU": ("alpha",),
    "SeparableConv2D": (_DEPTHWISE, "pointwise_kernel", "bias"),
}
_NUMBERED = re.compile(r"(\w+?)(?:_(\d{1,6}))?")
_SWITCHES = {"bias": "use_bias", "beta": "center", "gamma": "scale"}


def weights_by_name(
    configuration: Configuration,
    old_names: Mapping[LayerPath, str],
    size: NetworkSize,
    arrays: Mapping[str, Any],
) -> Weights:
    """Return the arrays of each layer of an HDF5 file of a whole network.

    ``arrays`` are those that were looked at, by their names in the file, such as
    "/model_weights/dense/dense/kernel:0".

    Raises
    ------
    ClassifierFileError
        A layer has no such arrays.
    """
    found: Weights = {}
    config = configuration["config"]
    top = [(config["name"], layer["config"]["name"]) for layer in config["layers"]]
    groups = _by_group(arrays, [old_names.get(path, path[-1]) for path in top])
    leaves = list(_leaves(configuration))
    known = {old_names.get(path, path[-1]) for path, *_ in leaves}
    by_layer = {name: _by_layer(of_group, known) for name, of_group in groups.items()}
    for path, kind, settings in leaves:
        shapes = size.of_layers.get(path[1:], [])
        if not shapes:
            continue
        ends = range(2, len(path) + 1)
        first, *names = (old_names.get(path[:end], path[end - 1]) for end in ends)
        of_layer = groups.get(first, {})
        if names:
            of_layer = _within(by_layer.get(first, {}).get(names.pop(), {}), names)
        wanted = [
            one
            for one in _NAMES[kind]
            if not isinstance(one, str) or settings.get(_SWITCHES.get(one, ""), True)
        ]
        found[path[1:]] = [
            _the_array(of_layer, each, shape, path[-1])
            for each, shape in zip(wanted, shapes, strict=True)
        ]
    return found


def _leaves(
    network: Mapping[str, Any], within: LayerPath = ()
) -> Iterator[tuple[LayerPath, str, Mapping[str, Any]]]:
    """Yield path, kind and settings of every layer that holds no layers, in order."""
    path = (*within, network["config"]["name"])
    for layer in network["config"]["layers"]:
        if layer["class_name"] in NETWORKS:
            yield from _leaves(layer, path)
        else:
            yield (*path, layer["config"]["name"]), layer["class_name"], layer["config"]


def _by_group(arrays: Mapping[str, Any], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the arrays below each layer of the outermost network, by what their names go on with.

    A name may hold slashes, and begin as another one does.
    """
    groups: dict[str, dict[str, Any]] = {}
    known = set(names)
    for path, array in arrays.items():
        parts = path.strip("/").split("/")
        if parts[0] != WEIGHTS_GROUP:
            continue
        for end in range(len(parts) - 1, 1, -1):
            name = "/".join(parts[1:end])
            if name in known:
                groups.setdefault(name, {})["/".join(parts[end:])] = array
                break
    return groups


def _by_layer(arrays: Mapping[str, Any], known: Set[str]) -> dict[str, dict[str, Any]]:
    """Return the arrays of a network in the network by their layers, whose names are ``known``.

    Before a layer's name may stand those of the networks that it is in. It may end as another one
    does: what counts is the longest that is known.
    """
    layers: dict[str, dict[str, Any]] = {}
    for path, array in arrays.items():
        name = path.rpartition("/")[0]
        while name and name not in known:
            name = name.partition("/")[2]
        layers.setdefault(name, {})[path] = array
    return layers


def _within(arrays: dict[str, Any], networks: Sequence[str]) -> dict[str, Any]:
    """Return those of layers of one name that are in these networks, where their names say so."""
    for network in reversed(networks):
        inside = {path: one for path, one in arrays.items() if f"/{network}/" in f"/{path}"}
        arrays = inside or arrays
    return arrays


def _the_array(
    arrays: Mapping[str, Any], name: str | tuple[str, ...], shape: Shape, layer: str
) -> FloatArray:
    names = (name,) if isinstance(name, str) else name
    found = [
        array
        for path, array in arrays.items()
        if path.rpartition("/")[2].partition(":")[0] in names
    ]
    if len(found) != 1:
        how_many = "two" if found else "no"
        raise ClassifierFileError(f"its layer “{layer[:60]}” has {how_many} weights {names[0]}")
    return fitting(found[0], shape, layer)


def fitting(dataset: Any, shape: Shape, layer: str) -> FloatArray:
    """Return the numbers of an array of a layer that must have that shape.

    Raises
    ------
    ClassifierFileError
        It has another one.
    """
    if dataset.shape != shape:
        raise ClassifierFileError(
            f"its weights are not those of its layers: “{layer[:60]}” has the shape "
            f"{_shown(dataset.shape)} and should have {_shown(shape)}"
        )
    return np.asarray(numbers_of(dataset), np.float32)


def _shown(shape: Shape) -> str:
    return " × ".join(map(str, shape)) or "1"


def weights_by_number(
    stored: Mapping[str, Any],
    configuration: Configuration,
    size: NetworkSize,
    arrays: Mapping[str, Any],
) -> Weights:
    """Return the arrays of each layer of a `.keras` file of Keras 2.

    There layers are called after their kind and counted, as in "layers/conv2d_1/vars/0".
    ``stored`` is the configuration as it stands in the file.

    Raises
    ------
    ClassifierFileError
        A layer has no such arrays.
    """
    found: Weights = {}
    _add_by_number(found, (stored, configuration), (), "/layers", size, arrays)
    return found


def _add_by_number(
    found: Weights,
    network: tuple[Mapping[str, Any], Mapping[str, Any]],
    path: LayerPath,
    place: str,
    size: NetworkSize,
    arrays: Mapping[str, Any],
) -> None:
    """Add the arrays of the layers of a network, which lie in the group ``place``.

    Layers of a kind lie there in their order. Keras 2.12 counts those with weights twice, so only
    the order of their numbers counts.
    """
    groups = _groups_in_order(arrays, place)
    layers = (one["config"]["layers"] for one in network)
    for stored, layer in zip(*layers, strict=True):
        of_layer = (*path, layer["config"]["name"])
        is_network = layer["class_name"] in NETWORKS
        shapes = size.of_layers.get(of_layer, [])
        if not shapes and not (is_network and size.has_weights_in(of_layer)):
            continue
        kind = "Functional" if stored["class_name"] == "Model" else stored["class_name"]
        group = f"{place}/{next(groups.get(_snake_case(kind), iter(())), '')}"
        if is_network:
            _add_by_number(found, (stored, layer), of_layer, f"{group}/layers", size, arrays)
            continue
        each = [arrays.get(f"{group}/vars/{number}") for number in range(len(shapes))]
        if any(array is None for array in each):
            raise ClassifierFileError(f"its weights lack those of “{of_layer[-1][:60]}”")
        found[of_layer] = [
            fitting(array, shape, of_layer[-1]) for array, shape in zip(each, shapes, strict=True)
        ]


def _groups_in_order(arrays: Mapping[str, Any], place: str) -> dict[str, Iterator[str]]:
    """Return the groups below ``place`` of each kind of layer, by their numbers."""
    below = (name[len(place) + 1 :] for name in arrays if name.startswith(f"{place}/"))
    names = map(_NUMBERED.fullmatch, {name.partition("/")[0] for name in below})
    kinds: dict[str, list[int]] = {}
    for kind, number in (match.groups() for match in names if match):
        kinds.setdefault(kind, []).append(int(number or 0))
    return {
        kind: iter([f"{kind}_{number}" if number else kind for number in sorted(numbers)])
        for kind, numbers in kinds.items()
    }


def _snake_case(name: str) -> str:
    parted = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parted).lower()
