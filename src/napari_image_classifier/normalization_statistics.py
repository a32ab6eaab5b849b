"""What batch normalisation takes for the usual values of its inputs, measured for given weights."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from napari_image_classifier.arrays import FloatArray

if TYPE_CHECKING:
    import keras


def measure_statistics(network: "keras.Model", batches: Iterable[FloatArray]) -> None:
    """Replace the moving statistics of batch normalisation by their mean over ``batches``.

    Moving averages lag behind weights that change fast, and the average of the statistics of many
    weights is not that of the averaged weights; then a network that has learnt its images gives
    every image one class (Wu & Johnson, 2021, “Rethinking ‘Batch’ in BatchNorm”).
    """
    import keras

    layers = [
        layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in layers]
    for number, images in enumerate(batches if layers else ()):
        for layer in layers:
            layer.momentum = number / (number + 1)
        network(images, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
