"""The shapes of a network's layers and weights, and its size, from its checked configuration.

Shapes are without the first axis, which counts images: (y, x, channel), or (feature,).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from napari_image_classifier.classifiers.limits import refused_in_a_sentence
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.configuration import NETWORKS
from napari_image_classifier.networks.guard.layer_settings import MERGES, MOST_AXES
from napari_image_classifier.networks.guard.operations import NUMPY, Pick, picks_by_axis
from napari_image_classifier.networks.layer_calls import (
    MOST_CALLS,
    Taken,
    calls_in_order,
    output_of,
)
from napari_image_classifier.system.declared_sizes import checked_number

Shape = tuple[int, ...]
Settings = Mapping[str, Any]
# The names of a layer and, before it, of the networks that it is in, from the outermost.
LayerPath = tuple[str, ...]

# The largest networks of keras.applications have 350 million; VGG16 makes 15 million numbers of an
# image of 224 × 224 pixels, in 1.5e10 multiplications.
MOST_PARAMETERS = 500_000_000
MOST_NUMBERS = 1_000_000_000
MOST_MULTIPLICATIONS = 10**12
# Of what all layers take in: each array as often as it is taken in, with the margins around it.
MOST_TAKEN = 4_000_000_000
# Where a network takes images of any size.
USUAL_SIZE = 256


@dataclass
class NetworkSize:
    """What a network has and makes of one image.

    ``of_layers`` has the shape of every array that each layer has learnt or measured, in Keras's
    order; ``kinds`` and ``given`` say what each layer is and the shape of what it gives, in the
    order in which they are called; ``calls`` counts these, ``parameters`` what was learnt,
    ``numbers`` what all of them give and ``taken`` what they take in, ``multiplications`` what that
    takes.
    """

    of_layers: dict[LayerPath, list[Shape]] = field(default_factory=dict)
    kinds: dict[LayerPath, str] = field(default_factory=dict)
    given: dict[LayerPath, Shape] = field(default_factory=dict)
    calls: int = 0
    parameters: int = 0
    numbers: int = 0
    taken: int = 0
    multiplications: int = 0

    @property
    def weights(self) -> list[Shape]:
        """The shapes of all arrays."""
        return list(chain.from_iterable(self.of_layers.values()))

    def has_weights_in(self, path: LayerPath) -> bool:
        """Return whether a layer of the network at ``path`` has weights."""
        return any(shapes and one[: len(path)] == path for one, shapes in self.of_layers.items())

    def check(self) -> None:
        """Raise ClassifierFileError where nobody's computer could use the network."""
        with refused_in_a_sentence("The network is too large"):
            for count, most, what in (
                (self.calls, MOST_CALLS, "calls of layers"),
                (self.parameters, MOST_PARAMETERS, "parameters"),
                (self.numbers, MOST_NUMBERS, "numbers for one image"),
                (self.taken, MOST_TAKEN, "numbers to be taken in for one image"),
                (self.multiplications, MOST_MULTIPLICATIONS, "multiplications for one image"),
            ):
                checked_number(count, what, most)


def network_size(configuration: Settings) -> NetworkSize:
    """Return how large a network is, given what `checked_configuration` made of it.

    Raises
    ------
    ClassifierFileError
        Its layers don't fit each other, or it is too large.
    """
    size = NetworkSize()
    try:
        _through_network(configuration, (), None, size)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ClassifierFileError("The layers of the network don't fit each other.") from error
    size.check()
    return size


def _through_network(
    network: Settings, within: LayerPath, entry: Shape | None, size: NetworkSize
) -> Shape:
    config = network["config"]
    if network["class_name"] == "Sequential":
        shape = entry or _without_first(config["build_input_shape"])
        for layer in config["layers"]:
            shape = _through_layer(layer, within, [shape] if shape else [], entry, size)
        assert shape is not None
        return shape
    shapes: dict[tuple[str, int], Shape] = {}
    for layer, index, inputs in calls_in_order(config["layers"]):
        taken = _taken(layer, inputs, shapes)
        shapes[layer["name"], index] = _through_layer(layer, within, taken, entry, size)
    return shapes[output_of(config)[:2]]


def _taken(
    layer: Settings, inputs: Sequence[Taken], shapes: Mapping[tuple[str, int], Shape]
) -> list[Shape]:
    """Return the shapes of what a call takes in; numbers are the same for every image.

    Raises
    ------
    ClassifierFileError
        The layer does not take numbers, or would add images to each other.
    """
    tensors = [shapes[one[:2]] for one in inputs if isinstance(one, tuple)]
    if layer["class_name"] not in MERGES:
        if len(tensors) < len(inputs) and layer["class_name"] != "Pad":
            raise ClassifierFileError("A layer of the network takes in numbers, not an array.")
        return tensors
    n_axes = max(map(len, tensors))
    numbers = [np.shape(one) for one in inputs if not isinstance(one, tuple)]
    mixed = layer.get("module") == NUMPY and min(map(len, tensors)) < n_axes
    if mixed or any(len(shape) > n_axes and shape[:-n_axes] != (1,) for shape in numbers):
        raise _mixed()
    same_for_all = [shape[-n_axes:] for shape in numbers]
    among = _broadcast(tensors)
    if any(
        length not in (1, there)
        for shape in same_for_all
        for length, there in zip(reversed(shape), reversed(among), strict=False)
    ):
        raise ClassifierFileError("The layers of the network don't fit each other.")
    return [*tensors, *same_for_all]


def _mixed() -> ClassifierFileError:
    return ClassifierFileError("The network mixes images with each other.")


def _without_first(shape: Sequence[int | None] | None) -> Shape | None:
    return tuple(length or USUAL_SIZE for length in shape[1:]) if shape else None


def _through_layer(
    layer: Settings,
    within: LayerPath,
    inputs: Sequence[Shape],
    entry: Shape | None,
    size: NetworkSize,
) -> Shape:
    """Return the shape that a layer gives, having added its weights and work to ``size``."""
    kind, settings = layer["class_name"], layer["config"]
    path = (*within, layer.get("name") or settings["name"])
    if kind in NETWORKS.values():
        return _through_network(layer, path, inputs[0], size)
    if kind == "InputLayer":
        shape = entry or _without_first(settings["batch_shape"])
        assert shape is not None
        size.numbers += math.prod(shape)
        size.check()
        return shape
    shape = _shape_given(kind, settings, inputs)
    if len(shape) > MOST_AXES:
        raise ClassifierFileError("The network makes arrays of more axes than images have.")
    weights = _WEIGHTS[kind](settings, inputs[0]) if kind in _WEIGHTS else []
    # Weights are there once, however often a layer is called.
    if path not in size.of_layers:
        size.of_layers[path] = weights
        size.parameters += sum(map(math.prod, weights))
    size.kinds[path], size.given[path] = kind, shape
    size.calls += 1
    size.numbers += math.prod(shape)
    size.taken += sum(map(math.prod, inputs)) + _with_margins(settings, inputs[0])
    size.multiplications += _places(kind, shape) * sum(map(math.prod, weights))
    size.multiplications += math.prod(shape) * math.prod(settings.get("pool_size", (1,)))
    # At every step, so that what grows from layer to layer does not grow for long.
    size.check()
    return shape


def _with_margins(settings: Settings, shape: Shape) -> int:
    """Return how many numbers an image has with the margins that a window needs, 0 without one."""
    window = settings.get("kernel_size") or settings.get("pool_size")
    if window is None or settings["padding"] != "same":
        return 0
    dilations = settings.get("dilation_rate", (1, 1))
    sides = [
        length + (side - 1) * apart
        for length, side, apart in zip(shape[:2], window, dilations, strict=True)
    ]
    return math.prod((*sides, shape[-1]))


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
    if kind == "Stack":
        along = _axis_of(settings["axis"], len(inputs[0]) + 2)
        return (*inputs[0][:along], len(inputs), *inputs[0][along:])
    return _SHAPES[kind](settings, inputs[0]) if kind in _SHAPES else inputs[0]


def _broadcast(inputs: Sequence[Shape]) -> Shape:
    longest = max(map(len, inputs))
    padded = [(1,) * (longest - len(shape)) + shape for shape in inputs]
    return tuple(max(lengths) for lengths in zip(*padded, strict=True))


def _axis_of(axis: int, n_axes: int) -> int:
    """Return which axis of a shape is meant, without that of images.

    ``axis`` is Keras's, of an array of ``n_axes`` with that of images.
    """
    along = (axis + n_axes if axis < 0 else axis) - 1
    if not 0 <= along < n_axes - 1:
        raise _mixed()
    return along


def _axes_of(settings: Settings, shape: Shape) -> set[int]:
    axes = settings["axis"]
    each = [axes] if isinstance(axes, int) else axes
    return {_axis_of(axis, len(shape) + 1) for axis in each}


def _concatenated(inputs: Sequence[Shape], axis: int) -> Shape:
    along = _axis_of(axis, len(inputs[0]) + 1)
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


def _reduced(settings: Settings, shape: Shape) -> Shape:
    axes = _axes_of(settings, shape)
    if settings.get("keepdims"):
        return tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    return _without(axes, shape)


def _rescaled(settings: Settings, shape: Shape) -> Shape:
    """Return the shape unchanged; one channel times many factors would be many channels."""
    for factors in (settings["scale"], settings["offset"]):
        if isinstance(factors, list) and len(factors) not in (1, shape[-1]):
            raise ClassifierFileError("The layers of the network don't fit each other.")
    return shape


def _with_scales(settings: Settings, shape: Shape) -> Shape:
    if settings["projection_dim"] != shape[-1]:
        raise ClassifierFileError("The layers of the network don't fit each other.")
    return shape


def _normalised(settings: Settings, shape: Shape) -> Shape:
    """Return the shape unchanged; means are one, or one for each place along the axes."""
    axes = [] if settings["axis"] is None else _axes_of(settings, shape)
    n_places = math.prod(shape[axis] for axis in axes)
    for measured in (settings.get("mean"), settings.get("variance")):
        if measured is not None and np.size(measured) not in (1, n_places):
            raise ClassifierFileError("The layers of the network don't fit each other.")
    return shape


def _without(axes: set[int], shape: Shape) -> Shape:
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)


def _flipped(settings: Settings, shape: Shape) -> Shape:
    _axes_of(settings, shape)
    return shape


def _with_new_axis(settings: Settings, shape: Shape) -> Shape:
    along = _axis_of(settings["axis"], len(shape) + 2)
    return (*shape[:along], 1, *shape[along:])


def _padded(settings: Settings, shape: Shape) -> Shape:
    images, *margins = settings["pad_width"]
    if any(images):
        raise _mixed()
    return tuple(
        before + length + after for (before, after), length in zip(margins, shape, strict=True)
    )


def _picked(settings: Settings, shape: Shape) -> Shape:
    picks = picks_by_axis(settings["picks"], len(shape) + 1)[1:]
    lengths = iter(shape)
    given = [1 if pick is None else _length_of(pick, next(lengths)) for pick in picks]
    return _positive(tuple(length for length in given if length is not None))


def _length_of(pick: Pick, length: int) -> int | None:
    """Return how much of an axis is picked, None where it is one index."""
    if isinstance(pick, int):
        if not -length <= pick < length:
            raise ClassifierFileError("The network picks a part that an array does not have.")
        return None
    assert isinstance(pick, tuple)
    return len(range(*slice(*pick).indices(length)))


def _permuted(settings: Settings, shape: Shape) -> Shape:
    if len(settings["dims"]) != len(shape):
        raise ClassifierFileError("The network permutes other axes than an array has.")
    return tuple(shape[axis - 1] for axis in settings["dims"])


def _resized(settings: Settings, shape: Shape) -> Shape:
    _, _, channels = shape
    return settings["height"], settings["width"], channels


def _positive(shape: Shape) -> Shape:
    if min(shape, default=1) < 1:
        raise ClassifierFileError("The network makes nothing of an image: its windows are larger.")
    return shape


# Layers that are not here leave the shape as it is.
_SHAPES: Mapping[str, Callable[[Settings, Shape], Shape]] = {
    "AveragePooling2D": _windowed,
    "CenterCrop": _resized,
    "Conv2D": _windowed,
    "Cropping2D": lambda settings, shape: _widened(settings["cropping"], -1, shape),
    "Dense": lambda settings, shape: (*shape[:-1], settings["units"]),
    "DepthwiseConv2D": _windowed,
    "ExpandDims": _with_new_axis,
    "Flatten": lambda _, shape: (math.prod(shape),),
    "Flip": _flipped,
    "GetItem": _picked,
    "GlobalAveragePooling2D": _pooled_to_one,
    "GlobalMaxPooling2D": _pooled_to_one,
    "LayerScale": _with_scales,
    "MaxPooling2D": _windowed,
    "Normalization": _normalised,
    "Pad": _padded,
    "Permute": _permuted,
    "RGBToGrayscale": lambda _, shape: (*shape[:-1], 1),
    "Reduction": _reduced,
    "Rescaling": _rescaled,
    "Reshape": _reshaped,
    "Resizing": _resized,
    "SeparableConv2D": _windowed,
    "Squeeze": lambda settings, shape: _without(_axes_of(settings, shape), shape),
    "ZeroPadding2D": lambda settings, shape: _widened(settings["padding"], 1, shape),
}


def _of_convolution(settings: Settings, shape: Shape) -> list[Shape]:
    kernel = (*settings["kernel_size"], shape[-1] // settings["groups"], settings["filters"])
    return [kernel, *_bias(settings, settings["filters"])]


def _of_depthwise(settings: Settings, shape: Shape) -> list[Shape]:
    times, channels = settings["depth_multiplier"], shape[-1]
    return [(*settings["kernel_size"], channels, times), *_bias(settings, channels * times)]


def _of_separable(settings: Settings, shape: Shape) -> list[Shape]:
    times, filters, channels = settings["depth_multiplier"], settings["filters"], shape[-1]
    each = (*settings["kernel_size"], channels, times)
    return [each, (1, 1, channels * times, filters), *_bias(settings, filters)]


def _of_dense(settings: Settings, shape: Shape) -> list[Shape]:
    return [(shape[-1], settings["units"]), *_bias(settings, settings["units"])]


def _bias(settings: Settings, length: int) -> list[Shape]:
    return [(length,)] if settings["use_bias"] else []


def _per_channel(always: int) -> Callable[[Settings, Shape], list[Shape]]:
    return lambda settings, shape: [shape[-1:]] * (always + settings["center"] + settings["scale"])


def _of_normalization(settings: Settings, shape: Shape) -> list[Shape]:
    """Return the shapes of means, variances and how many images they were measured of."""
    if settings.get("mean") is not None:
        return []
    axes = [] if settings["axis"] is None else sorted(_axes_of(settings, shape))
    each = tuple(shape[axis] for axis in axes)
    return [each, each, ()]


def _of_slopes(settings: Settings, shape: Shape) -> list[Shape]:
    shared = settings["shared_axes"] or ()
    return [tuple(1 if axis in shared else length for axis, length in enumerate(shape, start=1))]


# Layers that are not here have no weights.
_WEIGHTS: Mapping[str, Callable[[Settings, Shape], list[Shape]]] = {
    "BatchNormalization": _per_channel(2),
    "Conv2D": _of_convolution,
    "Dense": _of_dense,
    "DepthwiseConv2D": _of_depthwise,
    "GroupNormalization": _per_channel(0),
    "LayerNormalization": _per_channel(0),
    "LayerScale": lambda settings, _: [(settings["projection_dim"],)],
    "Normalization": _of_normalization,
    "PReLU": _of_slopes,
    "SeparableConv2D": _of_separable,
}
