"""Averaged weights: a network that does not jump about from one epoch to the next."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

if TYPE_CHECKING:
    import keras

Weights = list[npt.NDArray[Any]]


class AveragedWeights:
    """An exponential moving average of a network's weights (Polyak & Juditsky, 1992).

    The statistics of batch normalisation are averaged with the rest. ``steps`` is how many steps
    the average looks back; while there were fewer, it looks back over a fraction of them, so that
    the first weights, which are random, are soon forgotten.
    """

    def __init__(self, network: "keras.Model", steps: int) -> None:
        self._network = network
        self._steps = steps
        self._taken = 0
        self._average: Weights = network.get_weights()

    def update(self) -> None:
        """Take in the network's weights as they are now."""
        self._taken += 1
        part = 1 / min(self._steps, 1 + self._taken / 5)
        for average, weights in zip(self._average, self._network.get_weights(), strict=True):
            average[...] += part * (weights - average)

    @property
    def weights(self) -> Weights:
        """The average as it is now."""
        return self._average

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the average into the network until the block ends."""
        own = self._network.get_weights()
        self._network.set_weights(self._average)
        try:
            yield
        finally:
            self._network.set_weights(own)
