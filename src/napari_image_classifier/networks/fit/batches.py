"""Batches of images for each epoch: drawn, augmented and made ahead."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from napari_image_classifier.networks.fit.augmentation import Augmentation
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.typing import FloatArray, IntArray

# A small set is shown again, each time changed anew, until an epoch is worth a look.
IMAGES_PER_EPOCH = 256
# Images on which the averaged network's normalisation is measured before it is looked at.
IMAGES_FOR_STATISTICS = 256


class TrainingBatches:
    """Batches of a set's items, drawn from the seed and the epoch alone.

    All have one size: the last few images of a shuffled epoch wait for the next one, as a batch
    of one image upsets batch normalisation.
    """

    def __init__(self, data: TrainingSet, config: TrainingConfig) -> None:
        self._pixels = data.pixels
        self._seed = config.seed
        self._augment = Augmentation(
            config.flips, config.turns, config.shift, config.gain, config.noise
        )
        self.size = min(config.batch_size, max(len(data.training), IMAGES_PER_EPOCH))

    def per_epoch(self, items: IntArray) -> int:
        """Return how many batches show every item once, or a small set several times."""
        return max(len(items), IMAGES_PER_EPOCH) // self.size

    def changed(self, epoch: int, items: IntArray) -> Iterator[tuple[IntArray, FloatArray]]:
        """Yield which items are learnt from together, and their images as they are shown.

        A batch is made on a thread while the one before it is learnt from.
        """
        random = np.random.default_rng((self._seed, epoch))
        needed = self.per_epoch(items) * self.size
        rounds = math.ceil(needed / len(items))
        order = np.concatenate([random.permutation(items) for _ in range(rounds)])
        batches = order[:needed].reshape(-1, self.size)
        yield from one_ahead(
            (batch, self._augment(self._pixels[batch], (self._seed, epoch, number)))
            for number, batch in enumerate(batches)
        )

    def unchanged(self, epoch: int, items: IntArray) -> Iterator[FloatArray]:
        """Yield the images of some items, enough to measure normalisation on."""
        random = np.random.default_rng((self._seed, epoch))
        chosen = np.resize(random.permutation(items), IMAGES_FOR_STATISTICS)
        for start in range(0, IMAGES_FOR_STATISTICS, self.size):
            yield self._pixels[chosen[start : start + self.size]]

    def in_order(self, items: IntArray) -> Iterator[tuple[int, FloatArray]]:
        """Yield all items as they are: how many of a batch are new, and its images.

        The last one is filled up, as every new shape of a batch would be compiled anew.
        """
        for start in range(0, len(items), self.size):
            batch = self._pixels[items[start : start + self.size]]
            yield len(batch), np.resize(batch, (self.size, *batch.shape[1:]))


T = TypeVar("T")


def one_ahead(made: Iterator[T]) -> Iterator[T]:
    """Yield what ``made`` yields; the next one is made on a thread meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, made, None)
        while (element := coming.result()) is not None:
            coming = thread.submit(next, made, None)
            yield element
