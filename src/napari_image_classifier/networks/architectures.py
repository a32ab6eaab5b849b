"""Architectures of networks by name, for any number of channels and any image size.

Small convolutional networks are functions here, entered in `_OWN`. Large ones are those of
`keras.applications`, which have learnt from photographs (ImageNet) before; a 1 × 1 convolution that
is learnt, too, turns any number of channels into the three colours that they know. The names stand
in `training.config` as well, which the viewer reads without Keras. A function takes the
architecture's arguments, all JSON, so that a classifier file can say how its network is built anew.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.classifiers.description import Architecture
from napari_image_classifier.classifiers.limits import MOST_CLASSES
from napari_image_classifier.errors import ClassifierFileError, TrainingRefused
from napari_image_classifier.items.preparation import MOST_CHANNELS
from napari_image_classifier.networks.guard.layer_settings import Check, is_list, is_whole
from napari_image_classifier.typing import Float64Array

if TYPE_CHECKING:
    import keras

# Keras's default of 0.99 lags behind on small data, and then every image gets one class.
BATCH_NORMALISATION_MOMENTUM = 0.9
# Up to this many pixels a side, the first layer keeps every pixel, every 2nd, else every 4th.
STEM_STRIDES = ((96, 1), (192, 2))


def residual(
    channels: int,
    classes: int,
    *,
    stem_stride: int = 1,
    filters: Sequence[int] = (16, 32, 64, 128),
) -> "keras.Model":
    """Return a residual network with one block per stage (He et al., 2016; 310,000 parameters).

    Few filters at full size, where a filter costs most, and one stage more to make up for it: half
    the arithmetic of stages of 32, 64 and 128.
    """
    from keras import layers

    inputs = _inputs(channels)
    features = _normalised(_convolution(filters[0], stem_stride)(inputs))
    for stage, width in enumerate(filters):
        stride = 1 if stage == 0 else 2
        shortcut = features
        if stride > 1 or width != filters[0]:
            shortcut = _normalised(_convolution(width, stride, kernel=1)(features), relu=False)
        features = _normalised(_convolution(width, stride)(features))
        features = _normalised(_convolution(width)(features), relu=False)
        features = layers.Activation("relu")(layers.Add()([features, shortcut]))
    pooled = layers.GlobalAveragePooling2D(name="features")(features)
    return _classified(inputs, pooled, classes)


def vgg(
    channels: int,
    classes: int,
    *,
    stem_stride: int = 1,
    filters: Sequence[int] = (32, 64, 128),
) -> "keras.Model":
    """Return a plain stack of 3 × 3 convolutions in pairs, halved after each pair.

    In the manner of the VGG papers (Simonyan & Zisserman, 2015), with batch normalisation, and
    global average pooling in place of their large dense layers.
    """
    from keras import layers

    inputs = features = _inputs(channels)
    stride = stem_stride
    for stage, width in enumerate(filters):
        if stage > 0:
            features = layers.MaxPooling2D(2, padding="same")(features)
        features = _normalised(_convolution(width, stride)(features))
        features = _normalised(_convolution(width)(features))
        stride = 1
    pooled = layers.GlobalAveragePooling2D(name="features")(features)
    return _classified(inputs, pooled, classes)


# What 0 and 1 of a prepared image are to each network: red, green and blue of both.
_COLOURS: Mapping[str, tuple[Sequence[float], Sequence[float]]] = {
    "EfficientNetV2B0": ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
    "MobileNetV2": ((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)),
    "ResNet50V2": ((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)),
    # As photographs are standardised in PyTorch, by mean and standard deviation of ImageNet.
    "DenseNet121": ((-2.118, -2.036, -1.804), (2.249, 2.429, 2.640)),
}


def _backbone(name: str, channels: int, classes: int) -> "keras.Model":
    """Return the network with random weights but for its first layer, the colours."""
    from keras import layers

    inputs = _inputs(channels)
    colours = layers.Conv2D(3, 1, name="colours")(inputs)
    features = application(name)(
        include_top=False, weights=None, input_tensor=colours, pooling="avg"
    ).output
    network = _classified(inputs, features, classes)
    network.get_layer("colours").set_weights(_mixed(channels, *np.array(_COLOURS[name])))
    return network


BACKBONES = {name: partial(_backbone, name) for name in _COLOURS}
_OWN: Mapping[str, Callable[..., "keras.Model"]] = {"residual": residual, "vgg": vgg}
NETWORKS: Mapping[str, Callable[..., "keras.Model"]] = {**_OWN, **BACKBONES}


def build_network(
    name: str, channels: int, classes: int, size: int
) -> tuple["keras.Model", Architecture]:
    """Return a new network for images of about ``size`` pixels a side, and its architecture.

    The network takes float32 of shape (n, y, x, channel) with any y and x and gives probabilities
    of shape (n, class). `rebuild_network` builds the same network again.

    Raises
    ------
    TrainingRefused
        There is no network of that name.
    """
    if name not in NETWORKS:
        raise TrainingRefused(f"There is no network “{name}”; choose {' or '.join(NETWORKS)}.")
    build = NETWORKS[name]
    arguments: dict[str, Any] = {"channels": channels, "classes": classes}
    if name in _OWN:
        arguments["stem_stride"] = stem_stride(size)
        # Written down, so that a better default does not change what older files say.
        arguments["filters"] = list(signature(build).parameters["filters"].default)
    return build(**arguments), Architecture(name, arguments)


def stem_stride(size: int) -> int:
    """Return the first layer's stride, so that the work stays about the same at every size."""
    return next((stride for longest, stride in STEM_STRIDES if size <= longest), 4)


def _inputs(channels: int) -> Any:
    import keras

    return keras.Input((None, None, channels), dtype="float32", name="image")


def _convolution(filters: int, stride: int = 1, kernel: int = 3) -> Any:
    from keras import layers

    return layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )


def _normalised(features: Any, *, relu: bool = True) -> Any:
    from keras import layers

    features = layers.BatchNormalization(momentum=BATCH_NORMALISATION_MOMENTUM)(features)
    return layers.Activation("relu")(features) if relu else features


def _classified(inputs: Any, features: Any, classes: int) -> "keras.Model":
    import keras
    from keras import layers

    # float32 whatever the precision of the rest: probabilities are compared to 1e-4.
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name="class")(features)
    return keras.Model(inputs, outputs)


def rebuild_network(architecture: Architecture, file_size: int) -> "keras.Model":
    """Return a network of that architecture, with random weights.

    ``file_size``, in bytes, is that of the file that holds its weights.

    Raises
    ------
    ClassifierFileError
        There is no such network, its arguments are not those that one of them is made with, or the
        file can't hold its weights.
    """
    name, arguments = architecture.name, architecture.arguments
    if name not in NETWORKS:
        raise ClassifierFileError(f"There is no network “{name[:60]}” here.")
    known = _ARGUMENTS if name in _OWN else _ARGUMENTS_OF_ALL
    needed, given = set(_ARGUMENTS_OF_ALL), set(arguments)
    if not needed <= given <= set(known) or not all(known[key](arguments[key]) for key in given):
        raise ClassifierFileError(f"A network “{name}” is not made with such arguments.")
    if 4 * _least_parameters(name, arguments) > file_size:
        raise ClassifierFileError(f"The file is too small for the weights of a network “{name}”.")
    return NETWORKS[name](**arguments)


def _least_parameters(name: str, arguments: Mapping[str, Any]) -> int:
    """Return how many numbers a network has learnt at least, before it is built."""
    if name in _PARAMETERS:
        return _PARAMETERS[name]
    # Each stage has a convolution of 3 × 3 pixels from its filters to as many.
    return sum(9 * filters**2 for filters in arguments.get("filters", ()))


# Of the networks of keras.applications, without the classes.
_PARAMETERS: Mapping[str, int] = {
    "EfficientNetV2B0": 5_900_000,
    "MobileNetV2": 2_200_000,
    "ResNet50V2": 23_500_000,
    "DenseNet121": 7_000_000,
}


_ARGUMENTS_OF_ALL: Mapping[str, Check] = {
    "channels": is_whole(1, MOST_CHANNELS),
    "classes": is_whole(2, MOST_CLASSES),
}
_ARGUMENTS: Mapping[str, Check] = {
    **_ARGUMENTS_OF_ALL,
    "stem_stride": is_whole(1, 4),
    "filters": is_list(is_whole(1, 1024), 1, 8),
}


def application(name: str) -> Any:
    """Return what makes a network of `keras.applications`."""
    import keras

    return getattr(keras.applications, name)


def _mixed(channels: int, dark: Float64Array, bright: Float64Array) -> list[Float64Array]:
    """Return kernel and offsets that spread the channels evenly over the colours."""
    share = np.zeros((channels, 3))
    for index in range(max(channels, 3)):
        share[index % channels, index % 3] += 1
    share /= share.sum(axis=0)
    return [(share * (bright - dark))[np.newaxis, np.newaxis], dark]
