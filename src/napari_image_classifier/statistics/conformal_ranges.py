"""Ranges that numbers of images of one kind lie in, with limits by conformal prediction."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from napari_image_classifier.typing import Float64Array, IntArray

FOLDS = 5
USUAL_PERCENTILES = (1.0, 50.0, 99.0)
# Where all images agree, so much on the scale of the statistics is still nothing new.
SMALLEST_WIDTH = 0.1
# Of so few images that none of them may be beyond the limit, the most extreme one times this.
MARGIN_OF_FEW = 1.25
_ENDLESS = 1e30


@dataclass(frozen=True)
class KnownRanges:
    """Ranges that numbers of images of one kind lie in.

    How far off an image is, is the largest distance from the middle in these widths.

    Attributes
    ----------
    middle
        Of each number, shape (channel, number).
    below
        The width below it.
    above
        The width above it.
    limit
        How far off an image is from which on it is unlike what was learnt from.

    Raises
    ------
    ValueError
        A width or the limit is no number, or one below 0.
    """

    middle: Float64Array
    below: Float64Array
    above: Float64Array
    limit: float

    def __post_init__(self) -> None:
        if not ((self.below > 0).all() and (self.above > 0).all() and self.limit >= 0):
            raise ValueError("A range has no width, or no limit")

    @classmethod
    def fitted(cls, numbers: Float64Array, units: IntArray, rate: float) -> Self:
        """Return the ranges of ``numbers``, shape (image, channel, number).

        ``units`` says which images may not part. The limit is such that of images of other units
        about ``rate`` are beyond it: every fifth of the units is judged by ranges of the others
        (cross-conformal prediction; Vovk, 2015).
        """
        _, unit = np.unique(units, return_inverse=True)
        fold = unit % min(FOLDS, unit.max() + 1)
        scores = np.concatenate(
            [
                _of_images(numbers[fold != held_out]).how_far(numbers[fold == held_out])
                for held_out in np.unique(fold)
            ]
        )
        ranges = _of_images(numbers)
        return cls(ranges.middle, ranges.below, ranges.above, max(1.0, upper_limit(scores, rate)))

    def how_far(self, numbers: Float64Array) -> Float64Array:
        """Return how far off images are, shape (image), from (image, channel, number)."""
        return np.asarray(self._apart(numbers).max(axis=(1, 2)))

    def worst(self, numbers: Float64Array) -> tuple[int, int, bool] | None:
        """Return which channel and number are farthest off, and whether above; None if within.

        ``numbers`` are those of one image, shape (channel, number).
        """
        apart = self._apart(numbers)
        channel, number = np.unravel_index(np.argmax(apart), apart.shape)
        # Pixels without a value are no matter of this.
        if not apart[channel, number] > self.limit:
            return None
        above = bool(numbers[channel, number] > self.middle[channel, number])
        return int(channel), int(number), above

    def only_below(self, number: int) -> "KnownRanges":
        """Return ranges in which only one number counts, and only where it is too low."""
        others = np.arange(self.middle.shape[1]) != number
        below = np.where(others, _ENDLESS, self.below)
        return KnownRanges(self.middle, below, np.full_like(self.above, _ENDLESS), self.limit)

    def _apart(self, numbers: Float64Array) -> Float64Array:
        off = numbers - self.middle
        return np.where(off < 0, -off / self.below, off / self.above)


def _of_images(numbers: Float64Array) -> KnownRanges:
    low, middle, high = np.percentile(numbers, USUAL_PERCENTILES, axis=0)
    below = np.maximum(middle - low, SMALLEST_WIDTH)
    return KnownRanges(middle, below, np.maximum(high - middle, SMALLEST_WIDTH), math.inf)


def upper_limit(scores: Float64Array, rate: float) -> float:
    """Return what about a certain part of further scores are above, by conformal prediction [1]_.

    Parameters
    ----------
    scores
        Those that are known, shape (score,).
    rate
        The part of further ones that may lie above, from 0 to 1.

    Returns
    -------
    float
        The score with (n + 1) · rate above it; where that is none, one somewhat larger than all.

    References
    ----------
    .. [1] Vovk, Gammerman & Shafer (2005), “Algorithmic Learning in a Random World”.
    """
    rank = math.ceil((len(scores) + 1) * (1 - rate))
    if rank > len(scores):
        return float(scores.max()) * MARGIN_OF_FEW
    return float(np.sort(scores)[rank - 1])
