"""What shape a Keras layer makes of another, and what shapes its weights have, by its settings.

Shapes are without the first axis, which counts images: (y, x, channel), or (feature,).
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.configuration import NETWORKS
from napari_image_classifier.networks.guard.layer_settings import MERGES

Shape = tuple[int, ...]
Settings = Mapping[str, Any]


def shape_given(kind: str, settings: Settings, inputs: Sequence[Shape]) -> Shape:
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
    return _SHAPES.get(kind, _unchanged)(settings, inputs[0])


def weights_of_layer(kind: str, settings: Settings, shape: Shape) -> list[Shape]:
    """Return the shapes of the weights of a layer of ``kind`` that takes in ``shape``."""
    return _WEIGHTS.get(kind, _none)(settings, shape[-1])


def _broadcast(inputs: Sequence[Shape]) -> Shape:
    longest = max(map(len, inputs))
    padded = [(1,) * (longest - len(shape)) + shape for shape in inputs]
    return tuple(max(lengths) for lengths in zip(*padded, strict=True))


def _concatenated(inputs: Sequence[Shape], axis: int) -> Shape:
    along = axis if axis < 0 else axis - 1
    joined = list(inputs[0])
    joined[along] = sum(shape[along] for shape in inputs)
    return tuple(joined)


def _unchanged(settings: Settings, shape: Shape) -> Shape:
    return shape


def _convolved(settings: Settings, shape: Shape) -> Shape:
    return (*_moved(settings, shape, settings["kernel_size"]), settings["filters"])


def _convolved_depthwise(settings: Settings, shape: Shape) -> Shape:
    channels = shape[-1] * settings["depth_multiplier"]
    return (*_moved(settings, shape, settings["kernel_size"]), channels)


def _pooled(settings: Settings, shape: Shape) -> Shape:
    return (*_moved(settings, shape, settings["pool_size"]), shape[-1])


def _pooled_to_one(settings: Settings, shape: Shape) -> Shape:
    return (1, 1, shape[-1]) if settings.get("keepdims") else shape[-1:]


def _dense(settings: Settings, shape: Shape) -> Shape:
    return (*shape[:-1], settings["units"])


def _flat(settings: Settings, shape: Shape) -> Shape:
    return (math.prod(shape),)


def _reshaped(settings: Settings, shape: Shape) -> Shape:
    target = settings["target_shape"]
    known = math.prod(length for length in target if length > 0)
    made = tuple(math.prod(shape) // known if length < 0 else length for length in target)
    if math.prod(made) != math.prod(shape):
        raise ClassifierFileError("The network reshapes an array into one of another size.")
    return made


def _padded(settings: Settings, shape: Shape) -> Shape:
    (top, bottom), (left, right) = settings["padding"]
    height, width, channels = shape
    return height + top + bottom, width + left + right, channels


def _cropped(settings: Settings, shape: Shape) -> Shape:
    (top, bottom), (left, right) = settings["cropping"]
    height, width, channels = shape
    return _positive((height - top - bottom, width - left - right, channels))


def _moved(settings: Settings, shape: Shape, window: Sequence[int]) -> Shape:
    """Return (y, x) after a window has moved over the image."""
    sides = shape[:2]
    strides = settings.get("strides") or window
    dilations = settings.get("dilation_rate", (1, 1))
    if settings["padding"] == "same":
        return tuple(-(-length // step) for length, step in zip(sides, strides, strict=True))
    return _positive(
        tuple(
            (length - (side - 1) * apart - 1) // step + 1
            for length, side, apart, step in zip(sides, window, dilations, strides, strict=True)
        )
    )


def _positive(shape: Shape) -> Shape:
    if min(shape) < 1:
        raise ClassifierFileError("The network makes nothing of an image: its windows are larger.")
    return shape


_SHAPES: Mapping[str, Callable[[Settings, Shape], Shape]] = {
    "AveragePooling2D": _pooled,
    "Conv2D": _convolved,
    "Cropping2D": _cropped,
    "Dense": _dense,
    "DepthwiseConv2D": _convolved_depthwise,
    "Flatten": _flat,
    "GlobalAveragePooling2D": _pooled_to_one,
    "GlobalMaxPooling2D": _pooled_to_one,
    "MaxPooling2D": _pooled,
    "Reshape": _reshaped,
    "SeparableConv2D": _convolved,
    "ZeroPadding2D": _padded,
}


def _none(settings: Settings, channels: int) -> list[Shape]:
    return []


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


def _of_batch_normalization(settings: Settings, channels: int) -> list[Shape]:
    return [(channels,)] * (2 + settings["center"] + settings["scale"])


def _of_layer_normalization(settings: Settings, channels: int) -> list[Shape]:
    return [(channels,)] * (settings["center"] + settings["scale"])


def _of_layer_scale(settings: Settings, channels: int) -> list[Shape]:
    return [(settings["projection_dim"],)]


_WEIGHTS: Mapping[str, Callable[[Settings, int], list[Shape]]] = {
    "BatchNormalization": _of_batch_normalization,
    "Conv2D": _of_convolution,
    "Dense": _of_dense,
    "DepthwiseConv2D": _of_depthwise,
    "LayerNormalization": _of_layer_normalization,
    "LayerScale": _of_layer_scale,
    "SeparableConv2D": _of_separable,
}
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

    @property
    def parameters(self) -> int:
        """The number of numbers in all weights."""
        return sum(map(math.prod, self.weights))

    def check(self) -> None:
        """Raise ClassifierFileError where nobody's computer could use the network."""
        for count, most, what in (
            (self.parameters, MOST_PARAMETERS, "parameters"),
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
    given: dict[tuple[str, int], Shape] = {}
    waiting = deque(_calls(config["layers"]))
    waited = 0
    while waiting:
        layer, index, sources = waiting.popleft()
        if all(source in given for source in sources):
            # Weights are there once, however often a layer is called.
            counted = size if index == 0 else NetworkSize()
            inputs = [given[source] for source in sources]
            given[layer["name"], index] = _through_layer(layer, inputs, entry, counted)
            waited = 0
        else:
            waiting.append((layer, index, sources))
            waited += 1
            if waited > len(waiting):
                raise ClassifierFileError("The layers of the network wait for each other.")
    name, index, _ = _first(config["output_layers"])
    return given[name, index]


def _calls(layers: Sequence[Settings]) -> Iterator[tuple[Settings, int, list[tuple[str, int]]]]:
    for layer in layers:
        for index, call in enumerate(layer["inbound_nodes"] or [{"args": []}]):
            yield layer, index, list(_sources([call["args"], call.get("kwargs", {})]))


def _sources(stored: Any) -> Iterator[tuple[str, int]]:
    if isinstance(stored, Mapping):
        if "class_name" in stored:
            name, index, _ = stored["config"]["keras_history"]
            yield name, index
            return
        stored = list(stored.values())
    if isinstance(stored, list):
        for one in stored:
            yield from _sources(one)


def _first(ends: Any) -> Any:
    return ends[0] if isinstance(ends[0], list) else ends


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
    shape = shape_given(kind, settings, inputs)
    weights = weights_of_layer(kind, settings, inputs[0])
    size.weights += weights
    size.numbers += math.prod(shape)
    size.multiplications += _places(kind, shape) * sum(map(math.prod, weights))
    size.multiplications += math.prod(shape) * math.prod(settings.get("pool_size", (1,)))
    # At every step, so that what grows from layer to layer does not grow for long.
    size.check()
    return shape


def _places(kind: str, shape: Shape) -> int:
    return math.prod(shape[:-1]) if "Conv" in kind or kind == "Dense" else 1
