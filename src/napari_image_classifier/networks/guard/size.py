"""The shapes of a network's layers and weights, and its size, from its checked configuration.

Shapes are without the first axis, which counts images: (y, x, channel), or (feature,).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.configuration import NETWORKS
from napari_image_classifier.networks.guard.layer_settings import MERGES
from napari_image_classifier.networks.layer_calls import calls_in_order

Shape = tuple[int, ...]
Settings = Mapping[str, Any]

# The largest networks of keras.applications have 350 million; VGG16 makes 15 million numbers of an
# image of 224 × 224 pixels, in 1.5e10 multiplications.
MOST_PARAMETERS = 500_000_000
MOST_NUMBERS = 1_000_000_000
MOST_MULTIPLICATIONS = 1e12
# Where a network takes images of any size.
USUAL_SIZE = 256


@dataclass
class NetworkSize:
    """What a network has and makes of one image.

    ``weights`` has the shape of every array that is learnt or measured; ``numbers`` counts what
    its layers give, ``multiplications`` what that takes.
    """

    weights: list[Shape] = field(default_factory=list)
    numbers: int = 0
    multiplications: int = 0

    def check(self) -> None:
        """Raise ClassifierFileError where nobody's computer could use the network."""
        for count, most, what in (
            (sum(map(math.prod, self.weights)), MOST_PARAMETERS, "parameters"),
            (self.numbers, MOST_NUMBERS, "numbers for one image"),
            (self.multiplications, MOST_MULTIPLICATIONS, "multiplications for one image"),
        ):
            if count > most:
                raise ClassifierFileError(
                    f"The network is too large: it has {count:.2g} {what}, and {most:.2g} is the "
                    "limit here."
                )


def network_size(configuration: Settings) -> NetworkSize:
    """Return how large a network is, given what `checked_configuration` made of it.

    Raises
    ------
    ClassifierFileError
        Its layers don't fit each other, or it is too large.
    """
    size = NetworkSize()
    try:
        _through_network(configuration, None, size)
    except (LookupError, TypeError, ValueError) as error:
        raise ClassifierFileError("The layers of the network don't fit each other.") from error
    size.check()
    return size


def _through_network(network: Settings, entry: Shape | None, size: NetworkSize) -> Shape:
    config = network["config"]
    if network["class_name"] == "Sequential":
        shape = entry or _without_first(config["build_input_shape"])
        for layer in config["layers"]:
            shape = _through_layer(layer, [shape] if shape else [], entry, size)
        assert shape is not None
        return shape
    shapes: dict[tuple[str, int], Shape] = {}
    for layer, index, inputs in calls_in_order(config["layers"]):
        # Weights are there once, however often a layer is called.
        counted = size if index == 0 else NetworkSize()
        taken = [shapes[tensor[:2]] for tensor in inputs if not isinstance(tensor, float)]
        shapes[layer["name"], index] = _through_layer(layer, taken, entry, counted)
    ends = config["output_layers"]
    name, index, _ = ends[0] if isinstance(ends[0], list) else ends
    return shapes[name, index]


def _without_first(shape: Sequence[int | None] | None) -> Shape | None:
    return tuple(length or USUAL_SIZE for length in shape[1:]) if shape else None


def _through_layer(
    layer: Settings, inputs: Sequence[Shape], entry: Shape | None, size: NetworkSize
) -> Shape:
    """Return the shape that a layer gives, having added its weights and work to ``size``."""
    kind, settings = layer["class_name"], layer["config"]
    if kind in NETWORKS.values():
        return _through_network(layer, inputs[0], size)
    if kind == "InputLayer":
        shape = entry or _without_first(settings["batch_shape"])
        assert shape is not None
        return shape
    shape = _shape_given(kind, settings, inputs)
    channels = inputs[0][-1]
    weights = _WEIGHTS[kind](settings, channels) if kind in _WEIGHTS else []
    size.weights += weights
    size.numbers += math.prod(shape)
    size.multiplications += _places(kind, shape) * sum(map(math.prod, weights))
    size.multiplications += math.prod(shape) * math.prod(settings.get("pool_size", (1,)))
    # At every step, so that what grows from layer to layer does not grow for long.
    size.check()
    return shape


def _places(kind: str, shape: Shape) -> int:
    return math.prod(shape[:-1]) if "Conv" in kind or kind == "Dense" else 1


def _shape_given(kind: str, settings: Settings, inputs: Sequence[Shape]) -> Shape:
    """Return the shape of what a layer of ``kind`` gives, for inputs of these shapes.

    Raises
    ------
    ClassifierFileError
        It makes nothing of them, or something of another size.
    """
    if kind in MERGES:
        return _broadcast(inputs)
    if kind == "Concatenate":
        return _concatenated(inputs, settings["axis"])
    return _SHAPES[kind](settings, inputs[0]) if kind in _SHAPES else inputs[0]


def _broadcast(inputs: Sequence[Shape]) -> Shape:
    longest = max(map(len, inputs))
    padded = [(1,) * (longest - len(shape)) + shape for shape in inputs]
    return tuple(max(lengths) for lengths in zip(*padded, strict=True))


def _concatenated(inputs: Sequence[Shape], axis: int) -> Shape:
    along = axis if axis < 0 else axis - 1
    joined = list(inputs[0])
    joined[along] = sum(shape[along] for shape in inputs)
    return tuple(joined)


def _windowed(settings: Settings, shape: Shape) -> Shape:
    """Return the shape after a window of (y, x) has moved over the image."""
    window = settings.get("kernel_size") or settings["pool_size"]
    strides = settings.get("strides") or window
    dilations = settings.get("dilation_rate", (1, 1))
    channels = settings.get("filters") or shape[-1] * settings.get("depth_multiplier", 1)
    if settings["padding"] == "same":
        sides = [-(-length // step) for length, step in zip(shape[:2], strides, strict=True)]
    else:
        sides = [
            (length - (side - 1) * apart - 1) // step + 1
            for length, side, apart, step in zip(shape[:2], window, dilations, strides, strict=True)
        ]
    return _positive((*sides, channels))


def _pooled_to_one(settings: Settings, shape: Shape) -> Shape:
    return (1, 1, shape[-1]) if settings.get("keepdims") else shape[-1:]


def _reshaped(settings: Settings, shape: Shape) -> Shape:
    target = settings["target_shape"]
    known = math.prod(length for length in target if length > 0)
    made = tuple(math.prod(shape) // known if length < 0 else length for length in target)
    if math.prod(made) != math.prod(shape):
        raise ClassifierFileError("The network reshapes an array into one of another size.")
    return made


def _widened(margins: Sequence[Sequence[int]], sign: int, shape: Shape) -> Shape:
    (top, bottom), (left, right) = margins
    height, width, channels = shape
    return _positive((height + sign * (top + bottom), width + sign * (left + right), channels))


def _positive(shape: Shape) -> Shape:
    if min(shape) < 1:
        raise ClassifierFileError("The network makes nothing of an image: its windows are larger.")
    return shape


# Layers that are not here leave the shape as it is.
_SHAPES: Mapping[str, Callable[[Settings, Shape], Shape]] = {
    "AveragePooling2D": _windowed,
    "Conv2D": _windowed,
    "Cropping2D": lambda settings, shape: _widened(settings["cropping"], -1, shape),
    "Dense": lambda settings, shape: (*shape[:-1], settings["units"]),
    "DepthwiseConv2D": _windowed,
    "Flatten": lambda _, shape: (math.prod(shape),),
    "GlobalAveragePooling2D": _pooled_to_one,
    "GlobalMaxPooling2D": _pooled_to_one,
    "MaxPooling2D": _windowed,
    "Reshape": _reshaped,
    "SeparableConv2D": _windowed,
    "ZeroPadding2D": lambda settings, shape: _widened(settings["padding"], 1, shape),
}


def _of_convolution(settings: Settings, channels: int) -> list[Shape]:
    kernel = (*settings["kernel_size"], channels // settings["groups"], settings["filters"])
    return [kernel, *_bias(settings, settings["filters"])]


def _of_depthwise(settings: Settings, channels: int) -> list[Shape]:
    times = settings["depth_multiplier"]
    return [(*settings["kernel_size"], channels, times), *_bias(settings, channels * times)]


def _of_separable(settings: Settings, channels: int) -> list[Shape]:
    times, filters = settings["depth_multiplier"], settings["filters"]
    each = (*settings["kernel_size"], channels, times)
    return [each, (1, 1, channels * times, filters), *_bias(settings, filters)]


def _of_dense(settings: Settings, channels: int) -> list[Shape]:
    return [(channels, settings["units"]), *_bias(settings, settings["units"])]


def _bias(settings: Settings, length: int) -> list[Shape]:
    return [(length,)] if settings["use_bias"] else []


def _per_channel(always: int) -> Callable[[Settings, int], list[Shape]]:
    return lambda settings, channels: (
        [(channels,)] * (always + settings["center"] + settings["scale"])
    )


# Layers that are not here have no weights.
_WEIGHTS: Mapping[str, Callable[[Settings, int], list[Shape]]] = {
    "BatchNormalization": _per_channel(2),
    "Conv2D": _of_convolution,
    "Dense": _of_dense,
    "DepthwiseConv2D": _of_depthwise,
    "LayerNormalization": _per_channel(0),
    "LayerScale": lambda settings, _: [(settings["projection_dim"],)],
    "SeparableConv2D": _of_separable,
}
