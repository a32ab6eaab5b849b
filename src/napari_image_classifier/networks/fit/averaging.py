"""Averaged weights: a network that does not jump about from one epoch to the next."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

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
    """

    def __init__(self, network: "keras.Model", steps: int) -> None:
        self._network = network
        self._longest = max(steps / STEPS_BETWEEN, 1)
        self._steps = 0
        self._average: Weights = network.get_weights()

    def update(self) -> None:
        """Take in the network's weights after another step, if it is their turn."""
        self._steps += 1
        taken, waits = divmod(self._steps, STEPS_BETWEEN)
        if waits:
            return
        part = 1 / min(self._longest, 1 + taken / 5)
        for average, weights in zip(self._average, self._network.get_weights(), strict=True):
            average[...] += part * (weights - average)

    @property
    def weights(self) -> Weights:
        """The average as it is now."""
        return self._average

    @property
    def steps(self) -> int:
        """How many steps there were."""
        return self._steps

    def put_back(self, weights: Weights, steps: int) -> None:
        """Go on from an average that was kept, after so many steps."""
        self._average, self._steps = weights, steps

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the average into the network until the block ends."""
        own = self._network.get_weights()
        self._network.set_weights(self._average)
        try:
            yield
        finally:
            self._network.set_weights(own)
