"""A network from elsewhere in short, as its checked configuration tells, without Keras."""

import math
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from napari_image_classifier.networks.guard.keras_file import StoredNetwork
from napari_image_classifier.networks.guard.size import NetworkSize
from napari_image_classifier.training.import_network import NetworkInShort, NetworkLayer

# What brings intensities to a range, where it comes before whatever looks for shapes.
_SCALING = frozenset(
    {"Add", "BatchNormalization", "Divide", "GroupNormalization", "LayerNormalization"}
    | {"Multiply", "Normalization", "Rescaling", "Subtract", "TrueDivide"}
)
_LOOKING = frozenset({"Conv2D", "Dense", "DepthwiseConv2D", "SeparableConv2D"})


def in_short(network: StoredNetwork) -> NetworkInShort:
    """Return what a network is.

    Parameters
    ----------
    network
        What its file says.

    Returns
    -------
    NetworkInShort
        Input, output and layers.
    """
    size = network.size
    layers = [
        NetworkLayer(
            "/".join(path), kind, size.given[path], sum(map(math.prod, size.of_layers[path]))
        )
        for path, kind in size.kinds.items()
    ]
    outputs = math.prod(layers[-1].shape) if layers else 0
    taken = _taken(network.configuration)
    return NetworkInShort(taken, outputs, scales_intensities(size), tuple(layers))


def scales_intensities(size: NetworkSize) -> bool:
    """Return whether a network brings intensities to a range before it looks for shapes.

    Parameters
    ----------
    size
        The network's, which names its layers in their order.

    Returns
    -------
    bool
        False where what it gives depends on the range that it learnt from.
    """
    before = takewhile(lambda kind: kind not in _LOOKING, size.kinds.values())
    return not _SCALING.isdisjoint(before)


def _taken(network: Mapping[str, Any]) -> tuple[int | None, ...]:
    """Return the shape of one image, None where any length is taken."""
    config = network["config"]
    shape = config.get("build_input_shape")
    first = config["layers"][0]
    if not shape and first["class_name"] == "InputLayer":
        shape = first["config"]["batch_shape"]
    return tuple(shape[1:]) if shape else _taken(first)
