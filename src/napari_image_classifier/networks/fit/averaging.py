"""Averaged weights: a network that does not jump about from one epoch to the next."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_image_classifier.typing import FloatArray

if TYPE_CHECKING:
    import keras

STEPS_BETWEEN = 4
Weights = list[npt.NDArray[Any]]


class AveragedWeights:
    """An exponential moving average of a network's weights (Polyak & Juditsky, 1992).

    The statistics of batch normalisation are averaged with the rest. ``steps`` is how many steps
    the average looks back; while there were fewer, it looks back over a fraction of them, so that
    the first weights, which are random, are soon forgotten. Every fourth step is taken in:
    neighbours differ little, and reading the weights takes a fifteenth of a step.

    Attributes
    ----------
    weights
        The average as it is now.
    steps
        How many steps there were.
    """

    def __init__(self, network: "keras.Model", steps: int) -> None:
        self._network = network
        self._longest = max(steps / STEPS_BETWEEN, 1)
        self.steps = 0
        self.weights: Weights = network.get_weights()

    def update(self) -> None:
        """Take in the network's weights after another step, if it is their turn."""
        self.steps += 1
        taken, waits = divmod(self.steps, STEPS_BETWEEN)
        if waits:
            return
        part = 1 / min(self._longest, 1 + taken / 5)
        for average, weights in zip(self.weights, self._network.get_weights(), strict=True):
            average[...] += part * (weights - average)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the average into the network until the block ends."""
        own = self._network.get_weights()
        self._network.set_weights(self.weights)
        try:
            yield
        finally:
            self._network.set_weights(own)


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
        of_batches = [self._of_batch(images) for images in (batches if self._layers else ())]
        if of_batches:
            for layer, statistics in zip(self._layers, zip(*of_batches, strict=True), strict=True):
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
