"""Large networks of `keras.applications`, which have learnt from photographs (ImageNet) before.

A 1 × 1 convolution that is learnt, too, turns any number of channels into the three colours that
they know. Another one is one more entry here and in `training.BACKBONE_NAMES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.training.config import IMAGENET

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class _Colours:
    """What 0 and 1 of a prepared image are to the network: red, green, blue."""

    dark: tuple[float, float, float] = (0.0, 0.0, 0.0)
    bright: tuple[float, float, float] = (255.0, 255.0, 255.0)


_SIGNED = _Colours((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))
# As photographs are standardised in PyTorch, by mean and standard deviation of ImageNet.
_STANDARDISED = _Colours((-2.118, -2.036, -1.804), (2.249, 2.429, 2.640))

_COLOURS: Mapping[str, _Colours] = {
    "EfficientNetV2B0": _Colours(),
    "MobileNetV2": _SIGNED,
    "ResNet50V2": _SIGNED,
    "DenseNet121": _STANDARDISED,
}


def _backbone(name: str, channels: int, classes: int) -> "keras.Model":
    """Return the network with random weights but for its first layer, the colours."""
    import keras
    from keras import layers

    inputs = keras.Input((None, None, channels), dtype="float32", name="image")
    colours = layers.Conv2D(3, 1, name="colours")(inputs)
    features = _application(name)(
        include_top=False, weights=None, input_tensor=colours, pooling="avg"
    ).output
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name="class")(features)
    network = keras.Model(inputs, outputs)
    network.get_layer("colours").set_weights(_mixed(channels, _COLOURS[name]))
    return network


BACKBONES = {name: partial(_backbone, name) for name in _COLOURS}


def take_weights(network: "keras.Model", name: str, weights: str) -> None:
    """Give a new network of `BACKBONES` what was learnt before.

    ``weights`` is `training.IMAGENET`, which Keras downloads once, or the path of a file of
    weights without the top, as Keras's applications save and publish them.

    Raises
    ------
    TrainingRefused
        The weights can't be downloaded, or the file is not of this network.
    """
    try:
        known = _application(name)(
            include_top=False,
            weights="imagenet" if weights == IMAGENET else weights,
            input_shape=(None, None, 3),
        ).get_weights()
    except Exception as error:
        # Keras, its downloader and h5py raise a class of their own for every reason.
        raise TrainingRefused(_why_not(name, weights, error)) from error
    # The first layer has two arrays, the colours, and the last two, the classes.
    own = network.get_weights()
    network.set_weights([*own[:2], *known, *own[-2:]])


def _why_not(name: str, weights: str, error: Exception) -> str:
    if weights != IMAGENET:
        return f"{Path(weights).name} holds no weights of {name} without its top: {error}"
    return (
        f"The weights that {name} learnt from photographs can't be downloaded ({error}). Connect "
        "to the internet once, give them as a file (weights), which Keras on a connected computer "
        "leaves in the folder .keras/models, or begin with random ones (weights: none)."
    )


def _application(name: str) -> Any:
    import keras

    return getattr(keras.applications, name)


def _mixed(channels: int, colours: _Colours) -> list[np.ndarray[Any, Any]]:
    """Return kernel and offsets that spread the channels evenly over the colours."""
    dark, bright = np.array(colours.dark), np.array(colours.bright)
    share = np.zeros((channels, 3))
    for index in range(max(channels, 3)):
        share[index % channels, index % 3] += 1
    share /= share.sum(axis=0)
    return [(share * (bright - dark))[np.newaxis, np.newaxis], dark]
