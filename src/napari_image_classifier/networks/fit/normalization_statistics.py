"""What batch normalisation takes for the usual values of its inputs, measured for given weights."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.typing import FloatArray

if TYPE_CHECKING:
    import keras


class NormalizationStatistics:
    """The moving statistics of a network's batch normalisation, which can be measured anew.

    Moving averages lag behind weights that change fast, and the average of the statistics of many
    weights is not that of the averaged weights; then a network that has learnt its images gives
    every image one class (Wu & Johnson, 2021, “Rethinking ‘Batch’ in BatchNorm”).
    """

    def __init__(self, network: "keras.Model") -> None:
        import keras

        self._layers = [
            layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
        ]

        class AsInTraining(keras.Model):  # type: ignore[misc]
            """The network, which answers as if it learnt; as a model, as that is compiled."""

            def call(self, images: Any) -> Any:
                return network(images, training=True)

        self._as_in_training = AsInTraining()

    def measure(self, batches: Iterable[FloatArray]) -> None:
        """Replace the statistics by their mean over ``batches``; without any, change nothing."""
        found = [self._of_batch(images) for images in (batches if self._layers else ())]
        if found:
            for layer, statistics in zip(self._layers, zip(*found, strict=True), strict=True):
                mean, variance = np.mean(statistics, axis=0)
                layer.moving_mean.assign(mean)
                layer.moving_variance.assign(variance)

    def _of_batch(self, images: FloatArray) -> list[FloatArray]:
        """Return the mean and variance of every layer's inputs, each of shape (2, channel)."""
        import keras

        momenta = [layer.momentum for layer in self._layers]
        # Nothing is left of what was there before. Other models have a compiled step of their own,
        # in which the momentum stays as it was.
        for layer in self._layers:
            layer.momentum = 0.0
        self._as_in_training.predict_on_batch(images)
        for layer, momentum in zip(self._layers, momenta, strict=True):
            layer.momentum = momentum
        return [
            np.stack([keras.ops.convert_to_numpy(values) for values in
                      (layer.moving_mean, layer.moving_variance)])
            for layer in self._layers
        ]  # fmt: skip
