"""Changes that leave an image's class as it is, for training only.

Everything a batch undergoes follows from (seed, epoch, batch), so a run repeats.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_image_classifier.typing import FloatArray

# Every fourth pixel of every fourth row tells the contrast of an image well enough.
SPREAD_STEP = 4


@dataclass(frozen=True)
class Augmentation:
    """Which changes are made, and how large they may be.

    ``shift`` is a fraction of the image's side, ``gain`` the standard deviation of the logarithm
    of a factor per channel, ``noise`` the largest standard deviation of the added noise in units
    of the channel's own standard deviation; 0 leaves a change out.
    """

    flips: bool = True
    turns: bool = True
    shift: float = 0.08
    gain: float = 0.15
    noise: float = 0.1

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
        if self.noise:
            few = changed[:, ::SPREAD_STEP, ::SPREAD_STEP]
            level = random.uniform(0, self.noise, (n, 1)) * few.std(axis=(1, 2))
            # Even noise, of standard deviation 1, costs a quarter of normal noise.
            noise = random.random(rows.shape, np.float32)
            noise -= np.float32(0.5)
            noise *= _by_row(level * np.sqrt(12), x)
            rows += noise
        if self.gain:
            rows *= _by_row(np.exp(random.normal(0, self.gain, (n, channels))), x)
        return changed

    def _moved(self, image: FloatArray, random: np.random.Generator) -> FloatArray:
        if self.flips:
            upside_down, mirrored = random.random(2) < 0.5
            image = image[:: -1 if upside_down else 1, :: -1 if mirrored else 1]
        if self.turns and image.shape[0] == image.shape[1]:
            # With both flips on, one turn reaches all eight orientations; alone, all four count.
            image = np.rot90(image, int(random.integers(4)))
        if self.shift:
            offsets = random.uniform(-self.shift, self.shift, 2)
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
