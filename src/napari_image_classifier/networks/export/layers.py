"""Keras layers as nodes of an ONNX graph: one short function per kind of layer.

A layer that is not here is refused by name; to add one is to add a function to `_LAYERS`. Every
graph is compared with Keras before it is stored, so a mistake here can't reach a prediction.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_image_classifier.networks.export.graph import (
    GraphError,
    GraphWriter,
    Settings,
    Value,
    activated,
    elu,
    leaky_relu,
    relu,
    softmax,
)

NETWORKS = ("Functional", "Sequential", "Model")

Array = npt.NDArray[Any]


def add_layer(
    writer: GraphWriter,
    layer_config: Mapping[str, Any],
    weights: Sequence[Array],
    inputs: Sequence[Value | float],
) -> Value:
    """Add one layer, given its part of Keras's configuration and its weights.

    Raises
    ------
    GraphError
        The layer, or one of its settings, is not known here.
    """
    kind, settings = layer_config["class_name"], layer_config["config"]
    if kind not in _LAYERS and kind not in _MERGES:
        raise GraphError(f"The network has a layer of a kind that can't be used here: {kind}.")
    if settings.get("data_format") == "channels_first":
        raise GraphError("The network takes the channels first; networks here have channels last.")
    if kind in _MERGES:
        return _merged(writer, kind, inputs)
    (value,) = inputs
    assert isinstance(value, Value)
    output = _LAYERS[kind](writer, value, settings, weights)
    return activated(writer, output, settings["activation"]) if "activation" in settings else output


_MERGES: Mapping[str, str] = {
    "Add": "Add",
    "Average": "Mean",
    "Concatenate": "Concat",
    "Divide": "Div",
    "Maximum": "Max",
    "Minimum": "Min",
    "Multiply": "Mul",
    "Subtract": "Sub",
    "TrueDivide": "Div",
}


def _merged(writer: GraphWriter, kind: str, inputs: Sequence[Value | float]) -> Value:
    operands = [one if isinstance(one, Value) else writer.constant(one) for one in inputs]
    if kind == "Concatenate":
        return writer.node("Concat", *operands, axis=1)
    if kind == "Average":
        return writer.node("Mean", *operands)
    output = writer.node(_MERGES[kind], *operands[:2])
    for operand in operands[2:]:
        output = writer.node(_MERGES[kind], output, operand)
    return output


def _unchanged(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    return value


def _window(settings: Settings, size: Sequence[int]) -> dict[str, Any]:
    """Return the attributes of a window of (y, x) ``size`` that moves over the image."""
    strides = list(settings["strides"])
    dilations = list(settings.get("dilation_rate", (1, 1)))
    attributes: dict[str, Any] = {"kernel_shape": list(size), "strides": strides}
    if dilations != [1, 1]:
        attributes["dilations"] = dilations
    if settings["padding"] == "same" and strides == [1, 1]:
        # ONNX Runtime knows no automatic padding of dilated windows.
        added = [step * (length - 1) for step, length in zip(dilations, size, strict=True)]
        attributes["pads"] = [*(n // 2 for n in added), *(n - n // 2 for n in added)]
    elif settings["padding"] == "same":
        attributes["auto_pad"] = "SAME_UPPER"
    elif settings["padding"] != "valid":
        raise GraphError(f"The network pads in a way not known here: {settings['padding']}.")
    return attributes


def _convolution(
    writer: GraphWriter, value: Value, settings: Settings, weights: Sequence[Array]
) -> Value:
    kernel, *bias = weights
    constants = [writer.constant(kernel.transpose(3, 2, 0, 1)), *map(writer.constant, bias)]
    window = _window(settings, kernel.shape[:2])
    return writer.node("Conv", value, *constants, group=settings["groups"], **window)


def _depthwise(
    writer: GraphWriter, value: Value, settings: Settings, weights: Sequence[Array]
) -> Value:
    kernel, *bias = weights
    height, width, channels, multiplier = kernel.shape
    filters = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    constants = [writer.constant(filters), *map(writer.constant, bias)]
    window = _window(settings, (height, width))
    return writer.node("Conv", value, *constants, group=channels, **window)


def _separable(
    writer: GraphWriter, value: Value, settings: Settings, weights: Sequence[Array]
) -> Value:
    depthwise, pointwise, *bias = weights
    each = _depthwise(writer, value, settings, [depthwise])
    once = {"strides": (1, 1), "padding": "valid", "groups": 1}
    return _convolution(writer, each, once, [pointwise, *bias])


def _max_pooling(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    return writer.node("MaxPool", value, **_window(settings, settings["pool_size"]))


def _average_pooling(
    writer: GraphWriter, value: Value, settings: Settings, weights: object
) -> Value:
    return writer.node("AveragePool", value, **_window(settings, settings["pool_size"]))


def _global_pooling(kind: str) -> "AddLayer":
    def add(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
        pooled = writer.node(kind, value)
        return pooled if settings["keepdims"] else writer.node("Flatten", pooled, rank=2)

    return add


def _batch_normalization(
    writer: GraphWriter, value: Value, settings: Settings, weights: Sequence[Array]
) -> Value:
    _check_last_axis(value, settings)
    remaining = list(weights)
    variance, mean = remaining.pop(), remaining.pop()
    scale = remaining.pop(0) if settings["scale"] else np.ones_like(mean)
    shift = remaining.pop(0) if settings["center"] else np.zeros_like(mean)
    constants = [writer.constant(array) for array in (scale, shift, mean, variance)]
    return writer.node("BatchNormalization", value, *constants, epsilon=settings["epsilon"])


def _layer_normalization(
    writer: GraphWriter, value: Value, settings: Settings, weights: Sequence[Array]
) -> Value:
    _check_last_axis(value, settings)
    if not settings["scale"] or settings.get("rms_scaling"):
        raise GraphError("The network has a LayerNormalization without scale.")
    inner = writer.channels_last(value)
    constants = map(writer.constant, weights)
    output = writer.node(
        "LayerNormalization", inner, *constants, axis=-1, epsilon=settings["epsilon"]
    )
    return writer.channels_first(output)


def _check_last_axis(value: Value, settings: Settings) -> None:
    axis = settings["axis"]
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    if axes not in ([-1], [value.rank - 1]):
        raise GraphError(f"The network normalises over the axis {axis}, not over the channels.")


def _normalization(
    writer: GraphWriter, value: Value, settings: Settings, weights: Sequence[Array]
) -> Value:
    mean, variance = settings.get("mean"), settings.get("variance")
    if mean is None:
        mean, variance = weights[0], weights[1]
    deviation = np.maximum(np.sqrt(np.asarray(variance, np.float32)), 1e-7)
    centred = writer.node("Sub", value, writer.per_channel(value, mean))
    return writer.node("Div", centred, writer.per_channel(value, deviation))


def _rescaling(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    scaled = writer.node("Mul", value, writer.per_channel(value, settings["scale"]))
    return writer.node("Add", scaled, writer.per_channel(value, settings["offset"]))


def _dense(
    writer: GraphWriter, value: Value, settings: Settings, weights: Sequence[Array]
) -> Value:
    kernel, *bias = weights
    if value.rank == 2:
        return writer.node("Gemm", value, *map(writer.constant, (kernel, *bias)))
    output = writer.node("MatMul", writer.channels_last(value), writer.constant(kernel))
    if bias:
        output = writer.node("Add", output, writer.constant(bias[0]))
    return writer.channels_first(output)


def _flatten(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    return writer.node("Flatten", writer.channels_last(value), rank=2)


def _reshape(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    shape = [0, *settings["target_shape"]]
    inner = writer.channels_last(value)
    target = writer.constant(shape, np.int64)
    return writer.channels_first(writer.node("Reshape", inner, target, rank=len(shape)))


def _cropping(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    (top, bottom), (left, right) = settings["cropping"]
    # Nothing cut off at the end is an end beyond every image.
    ends = [-length if length else 2**31 - 1 for length in (bottom, right)]
    limits = [writer.constant(numbers, np.int64) for numbers in ([top, left], ends, [2, 3])]
    return writer.node("Slice", value, *limits)


def _layer_scale(
    writer: GraphWriter, value: Value, settings: Settings, weights: Sequence[Array]
) -> Value:
    return writer.node("Mul", value, writer.per_channel(value, weights[0]))


def _zero_padding(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    (top, bottom), (left, right) = settings["padding"]
    pads = writer.constant([0, 0, top, left, 0, 0, bottom, right], np.int64)
    return writer.node("Pad", value, pads)


AddLayer = Callable[[GraphWriter, Value, Settings, Sequence[Array]], Value]

# What does something only in training.
_ONLY_IN_TRAINING = (
    "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise",
    "Identity", "RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation",
    "RandomTranslation", "RandomZoom", "SpatialDropout2D",
)  # fmt: skip

_LAYERS: Mapping[str, AddLayer] = {
    **dict.fromkeys(_ONLY_IN_TRAINING, _unchanged),
    # Their activation is a setting, which add_layer sees to.
    "Activation": _unchanged,
    "AveragePooling2D": _average_pooling,
    "BatchNormalization": _batch_normalization,
    "Conv2D": _convolution,
    "Cropping2D": _cropping,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
    "ELU": elu,
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_pooling("GlobalAveragePool"),
    "GlobalMaxPooling2D": _global_pooling("GlobalMaxPool"),
    "LayerNormalization": _layer_normalization,
    "LayerScale": _layer_scale,
    "LeakyReLU": leaky_relu,
    "MaxPooling2D": _max_pooling,
    "Normalization": _normalization,
    "ReLU": relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "SeparableConv2D": _separable,
    "Softmax": softmax,
    "ZeroPadding2D": _zero_padding,
}
