"""Batches of images for each epoch: drawn, augmented and made ahead.

Augmentation leaves an image's class as it is; all that a batch undergoes follows from (seed, epoch,
batch), so a run repeats.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.typing import FloatArray, IntArray

# A small set is shown again, each time changed anew, until an epoch is worth a look.
IMAGES_PER_EPOCH = 256
# Images on which the averaged network's normalisation is measured before it is looked at.
IMAGES_FOR_STATISTICS = 256
# Every fourth pixel of every fourth row tells the contrast of an image well enough.
SPREAD_STEP = 4


@dataclass(frozen=True)
class Augmentation:
    """The changes that are made: flips, turns, shift, gain and noise, as large as a training says.

    0 leaves a change out.
    """

    config: TrainingConfig

    def __call__(self, batch: FloatArray, seed: tuple[int, int, int]) -> FloatArray:
        """Return a changed copy of ``batch``, of shape (n, y, x, channel).

        ``seed`` is (seed, epoch, batch), none of them negative. Quarter turns are left out where
        the images are not square.
        """
        random = np.random.default_rng(seed)
        changed = np.stack([self._moved(image, random) for image in batch])
        n, y, x, channels = changed.shape
        # Rows of pixels are long and channels few: calculating by row is several times faster.
        rows = changed.reshape(n, y, x * channels)
        if self.config.noise:
            few = changed[:, ::SPREAD_STEP, ::SPREAD_STEP]
            level = random.uniform(0, self.config.noise, (n, 1)) * few.std(axis=(1, 2))
            # Even noise, of standard deviation 1, costs a quarter of normal noise.
            noise = random.random(rows.shape, np.float32)
            noise -= np.float32(0.5)
            noise *= _by_row(level * np.sqrt(12), x)
            rows += noise
        if self.config.gain:
            rows *= _by_row(np.exp(random.normal(0, self.config.gain, (n, channels))), x)
        return changed

    def _moved(self, image: FloatArray, random: np.random.Generator) -> FloatArray:
        if self.config.flips:
            upside_down, mirrored = random.random(2) < 0.5
            image = image[:: -1 if upside_down else 1, :: -1 if mirrored else 1]
        if self.config.turns and image.shape[0] == image.shape[1]:
            # With both flips on, one turn reaches all eight orientations; alone, all four count.
            image = np.rot90(image, int(random.integers(4)))
        if self.config.shift:
            offsets = random.uniform(-self.config.shift, self.config.shift, 2)
            for axis in (0, 1):
                length = image.shape[axis]
                index = _mirrored_at_the_edges(length, round(offsets[axis] * length))
                image = np.take(image, index, axis=axis)
        return image


def _by_row(values: npt.NDArray[np.float64], width: int) -> FloatArray:
    """Spread values of shape (n, channel) over rows of pixels: (n, 1, width * channel)."""
    return np.tile(values, width)[:, None].astype(np.float32)


def _mirrored_at_the_edges(length: int, offset: int) -> npt.NDArray[np.intp]:
    index = np.arange(length) + offset
    index = np.where(index < 0, -index - 1, index)
    return np.where(index >= length, 2 * length - index - 1, index)


class TrainingBatches:
    """Batches of a set's items, drawn from the seed and the epoch alone.

    All have one size: the last few images of a shuffled epoch wait for the next one, as a batch
    of one image upsets batch normalisation.
    """

    def __init__(self, data: TrainingSet, config: TrainingConfig) -> None:
        self._pixels = data.pixels
        self._seed = config.seed
        self._augment = Augmentation(config)
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
