"""Keras layers as nodes of an ONNX graph: one short function per kind of layer.

A layer that is not here is refused by name; to add one is to add a function to `_LAYERS`. Every
graph is compared with Keras before it is stored, so a mistake here can't reach a prediction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_image_classifier.networks.export.graph import (
    GraphError,
    GraphWriter,
    Layer,
    Value,
    activated,
    relu,
    softmax,
)
from napari_image_classifier.networks.export.operations import (
    MERGES,
    OPERATIONS,
    PERMUTED,
    AddLayer,
    Given,
    merged,
)
from napari_image_classifier.networks.export.resizing import cropped, resized

Array = npt.NDArray[Any]


def add_layer(
    writer: GraphWriter,
    layer_config: Mapping[str, Any],
    weights: Sequence[Array],
    inputs: Sequence[Given],
) -> Value:
    """Add one layer, given its part of Keras's configuration and its weights.

    Raises
    ------
    GraphError
        The layer, or one of its settings, is not known here.
    """
    kind, settings = layer_config["class_name"], layer_config["config"]
    if kind not in _ALL and kind not in MERGES:
        raise GraphError(f"The network has a layer of a kind that can't be used here: {kind}.")
    if settings.get("data_format") == "channels_first":
        raise GraphError("The network takes the channels first; networks here have channels last.")
    if kind in MERGES:
        return merged(writer, kind, settings, inputs)
    (value,) = inputs
    assert isinstance(value, Value)
    output = _ALL[kind](Layer(writer, value, settings, weights))
    return activated(writer, output, settings["activation"]) if "activation" in settings else output


def _unchanged(layer: Layer) -> Value:
    return layer.value


def _window(settings: Mapping[str, Any], size: Sequence[int]) -> dict[str, Any]:
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


def _convolution(layer: Layer) -> Value:
    kernel, *bias = layer.weights
    settings = layer.settings
    window = _window(settings, kernel.shape[:2])
    filters = kernel.transpose(3, 2, 0, 1)
    return layer.node("Conv", filters, *bias, group=settings["groups"], **window)


def _depthwise(layer: Layer) -> Value:
    kernel, *bias = layer.weights
    height, width, channels, multiplier = kernel.shape
    filters = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    window = _window(layer.settings, (height, width))
    return layer.node("Conv", filters, *bias, group=channels, **window)


def _separable(layer: Layer) -> Value:
    depthwise, pointwise, *bias = layer.weights
    each = _depthwise(replace(layer, weights=[depthwise]))
    once = {"strides": (1, 1), "padding": "valid", "groups": 1}
    return _convolution(Layer(layer.writer, each, once, [pointwise, *bias]))


def _pooling(kind: str) -> AddLayer:
    return lambda layer: layer.node(kind, **_window(layer.settings, layer.settings["pool_size"]))


def _global_pooling(kind: str) -> AddLayer:
    def add(layer: Layer) -> Value:
        pooled = layer.node(kind)
        return (
            pooled if layer.settings["keepdims"] else layer.writer.node("Flatten", pooled, rank=2)
        )

    return add


def _batch_normalization(layer: Layer) -> Value:
    _check_last_axis(layer)
    *learnt, mean, variance = layer.weights
    scale = learnt.pop(0) if layer.settings["scale"] else np.ones_like(mean)
    shift = learnt.pop(0) if layer.settings["center"] else np.zeros_like(mean)
    epsilon = layer.settings["epsilon"]
    return layer.node("BatchNormalization", scale, shift, mean, variance, epsilon=epsilon)


def _layer_normalization(layer: Layer) -> Value:
    _check_last_axis(layer)
    settings, writer = layer.settings, layer.writer
    if settings.get("rms_scaling"):
        raise GraphError("The network has a LayerNormalization without scale.")
    learnt = list(layer.weights)
    if not settings["scale"]:
        learnt.insert(0, np.ones(_n_channels(layer), np.float32))
    inner = writer.channels_last(layer.value)
    epsilon = settings["epsilon"]
    output = writer.node("LayerNormalization", inner, *learnt, axis=-1, epsilon=epsilon)
    return writer.channels_first(output)


def _group_normalization(layer: Layer) -> Value:
    """Add a normalisation over the pixels and the channels of each group.

    A matrix takes the means of channels to those of their groups.
    """
    _check_last_axis(layer)
    settings, writer = layer.settings, layer.writer
    if layer.value.rank not in (2, 4):
        raise GraphError("The network normalises groups of channels of something else than images.")
    n_channels = _n_channels(layer)
    n_groups = n_channels if settings["groups"] == -1 else settings["groups"]
    size = n_channels // n_groups
    same_group = np.kron(np.eye(n_groups), np.full((size, size), 1 / size))

    def mean(value: Value) -> Value:
        if value.rank == 2:
            return writer.node("MatMul", value, same_group)
        pooled = writer.node("GlobalAveragePool", value)
        return writer.node("Conv", pooled, same_group.reshape(n_channels, n_channels, 1, 1))

    centred = layer.node("Sub", mean(layer.value))
    variance = mean(writer.node("Mul", centred, centred))
    deviation = writer.node("Sqrt", writer.node("Add", variance, settings["epsilon"]))
    output = writer.node("Div", centred, deviation)
    learnt = [layer.per_channel(array) for array in layer.weights]
    if settings["scale"]:
        output = writer.node("Mul", output, learnt.pop(0))
    return writer.node("Add", output, learnt[0]) if settings["center"] else output


def _n_channels(layer: Layer) -> int:
    lengths = layer.writer.lengths(layer.value)
    n_channels = lengths[1 if layer.value.rank == 4 else -1]
    if not n_channels:
        raise GraphError("The network normalises channels of an unknown number.")
    return n_channels


def _sloped(layer: Layer) -> Value:
    """Add a PReLU, of a slope for each number, or for each along some axes."""
    (slopes,) = layer.weights
    return layer.node("PRelu", slopes.transpose(2, 0, 1) if slopes.ndim == 3 else slopes)


def _check_last_axis(layer: Layer) -> None:
    axis = layer.settings["axis"]
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    if axes not in ([-1], [layer.value.rank - 1]):
        raise GraphError(f"The network normalises over the axis {axis}, not over the channels.")


def _normalization(layer: Layer) -> Value:
    mean, variance = layer.settings.get("mean"), layer.settings.get("variance")
    if mean is None:
        mean, variance = layer.weights[:2]
    deviation = np.maximum(np.sqrt(np.asarray(variance, np.float32)), 1e-7)
    if layer.settings.get("invert"):
        spread = layer.node("Mul", layer.per_channel(deviation))
        return layer.writer.node("Add", spread, layer.per_channel(mean))
    centred = layer.node("Sub", layer.per_channel(mean))
    return layer.writer.node("Div", centred, layer.per_channel(deviation))


def _rescaling(layer: Layer) -> Value:
    scaled = layer.node("Mul", layer.per_channel(layer.settings["scale"]))
    return layer.writer.node("Add", scaled, layer.per_channel(layer.settings["offset"]))


def _dense(layer: Layer) -> Value:
    if layer.value.rank == 2:
        return layer.node("Gemm", *layer.weights)
    writer = layer.writer
    kernel, *bias = layer.weights
    output = writer.node("MatMul", writer.channels_last(layer.value), kernel)
    if bias:
        output = writer.node("Add", output, *bias)
    return writer.channels_first(output)


def _scaled(kind: str, setting: str) -> AddLayer:
    return lambda layer: layer.node(kind, alpha=float(layer.settings[setting]))


def _flatten(layer: Layer) -> Value:
    return layer.writer.node("Flatten", layer.writer.channels_last(layer.value), rank=2)


def _reshape(layer: Layer) -> Value:
    writer, shape = layer.writer, np.array([0, *layer.settings["target_shape"]], np.int64)
    inner = writer.channels_last(layer.value)
    return writer.channels_first(writer.node("Reshape", inner, shape, rank=len(shape)))


def _cropping(layer: Layer) -> Value:
    (top, bottom), (left, right) = layer.settings["cropping"]
    # Nothing cut off at the end is an end beyond every image.
    ends = [-length if length else 2**31 - 1 for length in (bottom, right)]
    return layer.node("Slice", *np.array([[top, left], ends, [2, 3]], np.int64))


def _zero_padding(layer: Layer) -> Value:
    (top, bottom), (left, right) = layer.settings["padding"]
    return layer.node("Pad", np.array([0, 0, top, left, 0, 0, bottom, right], np.int64))


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
    "AveragePooling2D": _pooling("AveragePool"),
    "BatchNormalization": _batch_normalization,
    "CenterCrop": cropped,
    "Conv2D": _convolution,
    "Cropping2D": _cropping,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
    "ELU": _scaled("Elu", "alpha"),
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_pooling("GlobalAveragePool"),
    "GlobalMaxPooling2D": _global_pooling("GlobalMaxPool"),
    "GroupNormalization": _group_normalization,
    "LayerNormalization": _layer_normalization,
    "LayerScale": lambda layer: layer.node("Mul", layer.per_channel(layer.weights[0])),
    "LeakyReLU": lambda layer: layer.node(
        "LeakyRelu", alpha=float(layer.settings["negative_slope"])
    ),
    "MaxPooling2D": _pooling("MaxPool"),
    "Normalization": _normalization,
    "PReLU": _sloped,
    "Permute": PERMUTED,
    "ReLU": relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Resizing": resized,
    "SeparableConv2D": _separable,
    "Softmax": softmax,
    "ZeroPadding2D": _zero_padding,
}
_ALL = {**_LAYERS, **OPERATIONS}
