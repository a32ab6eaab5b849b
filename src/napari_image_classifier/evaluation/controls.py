"""Controls for batch effects: whether classes are told by lighting or by acquisition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_image_classifier.statistics.discriminant_analysis import (
    DiscriminantAnalysis,
    DiscriminantScore,
    discriminant_score,
)
from napari_image_classifier.statistics.permutation_tests import chance_test, strata_of
from napari_image_classifier.typing import Flags, Float64Array, FloatArray, IntArray

# Two controls can turn the verdict; together they may do so by chance once in twenty.
SIGNIFICANT_CONTROL = 0.025
# From so strong a tie on, a class can largely be told by its acquisition.
TIED = 0.5
# The background explains a score if it reaches so much of the way from guessing to it.
EXPLAINS = 0.5
# Of images without any background there may be so many.
WITHOUT_BACKGROUND = 0.1


@dataclass(frozen=True)
class AcquisitionControl:
    """How classes and acquisitions (what was taken together) go along.

    ``cramers_v`` is of the two, counted in groups: 0 where every acquisition has the classes
    in the same parts, 1 where each has a single one. ``recognised`` is how well acquisitions are
    told apart among images of one class; None where no class has two acquisitions of two groups.
    """

    acquisitions: int
    cramers_v: float
    recognised: DiscriminantScore | None

    @property
    def explains(self) -> bool:
        """Whether the classes may be told by their acquisitions."""
        if self.cramers_v < TIED:
            return False
        return self.recognised is None or self.recognised.chance.p <= SIGNIFICANT_CONTROL


@dataclass(frozen=True)
class Controls:
    """What the background tells of the classes, and how classes and acquisitions go along.

    ``background`` is None where too many images show none, ``acquisition`` where nobody said what
    was taken together.
    """

    background: DiscriminantScore | None
    acquisition: AcquisitionControl | None

    def background_explains(self, score: float, guessing: float) -> bool:
        """Whether the background alone reaches much of a balanced accuracy."""
        if self.background is None or self.background.chance.p > SIGNIFICANT_CONTROL:
            return False
        return self.background.balanced_accuracy - guessing >= EXPLAINS * (score - guessing)


def background_control(
    features: Sequence[Float64Array | None],
    classes: IntArray,
    units: IntArray,
    acquisitions: IntArray | None = None,
) -> DiscriminantScore | None:
    """Return what the backgrounds of images tell of their classes, one entry per item.

    ``features`` are those of `background_features`. Nothing is permuted across
    acquisitions, so that what differs between them does not count here.
    """
    present = np.array([measured is not None for measured in features])
    if present.mean() < 1 - WITHOUT_BACKGROUND or len(np.unique(classes[present])) < 2:
        return None
    table = np.array([measured for measured in features if measured is not None])
    strata = strata_of(classes, acquisitions)
    within = None if strata is None else strata[present]
    return discriminant_score(table, classes[present], units[present], within)


def acquisition_control(
    features: Float64Array, classes: IntArray, units: IntArray, acquisitions: IntArray
) -> AcquisitionControl:
    """Return how classes and acquisitions go along; all arrays hold one entry per item."""
    return AcquisitionControl(
        len(np.unique(acquisitions)),
        cramers_v(classes, acquisitions, units),
        _recognised(features, classes, units, acquisitions),
    )


def cramers_v(classes: IntArray, acquisitions: IntArray, units: IntArray) -> float:
    """Return how strongly classes are tied to acquisitions, counted in units, from 0 to 1.

    With the correction for chance of Bergsma (2013), as few groups look tied by accident.
    """
    from scipy.stats import contingency

    pairs = np.unique(np.stack([units, classes, acquisitions]), axis=1)
    counts = contingency.crosstab(pairs[1], pairs[2]).count
    if min(counts.shape) < 2:
        return 0.0
    n, (rows, columns) = counts.sum(), counts.shape
    squared = contingency.association(counts, method="cramer") ** 2 * (min(counts.shape) - 1)
    by_chance = (rows - 1) * (columns - 1) / (n - 1)
    most = min(k - (k - 1) ** 2 / (n - 1) for k in (rows, columns)) - 1
    return float(min(1.0, np.sqrt(max(0.0, squared - by_chance) / most))) if most > 0 else 1.0


def _recognised(
    features: Float64Array, classes: IntArray, units: IntArray, acquisitions: IntArray
) -> DiscriminantScore | None:
    """Return how well acquisitions are told apart within the classes that have several."""
    chosen = np.zeros(len(classes), bool)
    for label in np.unique(classes):
        members = classes == label
        pairs = np.unique(np.stack([acquisitions[members], units[members]]), axis=1)
        taken, n_groups = np.unique(pairs[0], return_counts=True)
        usable = taken[n_groups >= 2]
        if len(usable) >= 2:
            chosen |= members & np.isin(acquisitions, usable)
    if not chosen.any():
        return None
    table, within, taken = features[chosen], classes[chosen], acquisitions[chosen]
    parts = [np.flatnonzero(within == label) for label in np.unique(within)]
    methods = [DiscriminantAnalysis(table[part], units[chosen][part]) for part in parts]

    def scores(given: IntArray) -> Float64Array:
        of_classes = [
            method.balanced_accuracies(given[:, part])
            for method, part in zip(methods, parts, strict=True)
        ]
        return np.asarray(np.mean(of_classes, axis=0))

    test = chance_test(taken, units[chosen], scores, within)
    return DiscriminantScore(float(scores(taken[np.newaxis])[0]), test)


BLUR = 1.5
# What is so many deviations brighter than the background mostly is, is something else.
BRIGHTER = 3.0
# Light spreads: what lies this near to something bright, as part of the side, is no background.
MARGIN = 0.08
SMALLEST_PART = 0.05
HISTOGRAM_BINS = 128
PERCENTILES = (5, 25, 50)


def background_of(pixels: FloatArray) -> Flags | None:
    """Return where an image (y, x, channel) shows background in every channel, of shape (y, x).

    Bright is what is clearly brighter than the background mostly is, in any channel, or lies above
    the threshold of Otsu (1979) where this is lower, as it is where cells fill most of the image.
    None where hardly anything is left.
    """
    bright = np.zeros(pixels.shape[:2], bool)
    for channel in np.moveaxis(np.asarray(pixels, np.float64), -1, 0):
        smooth = ndimage.gaussian_filter(channel, BLUR)
        if smooth.max() > smooth.min():
            bright |= smooth > _threshold(smooth)
    reach = max(1, round(MARGIN * max(bright.shape)))
    dark = ~ndimage.binary_dilation(bright, iterations=reach)
    return dark if dark.mean() >= SMALLEST_PART else None


def background_features(pixels: FloatArray) -> Float64Array | None:
    """Return how bright, how noisy and how evenly lit the background of an image is.

    For each channel of an image (y, x, channel): percentiles, the deviation from pixel to pixel,
    and the quadratic surface through it, which has an offset, slopes and vignetting. None where no
    background can be told.
    """
    dark = background_of(pixels)
    if dark is None:
        return None
    surface = _quadratic(dark.shape)
    measured: list[Float64Array] = []
    for channel in np.moveaxis(np.asarray(pixels, np.float64), -1, 0):
        fitted, *_ = np.linalg.lstsq(surface[dark], channel[dark], rcond=None)
        steps = np.diff(channel, axis=1)[dark[:, 1:] & dark[:, :-1]]
        noise = np.median(np.abs(steps)) if steps.size else 0.0
        measured.append(np.array([*np.percentile(channel[dark], PERCENTILES), noise, *fitted]))
    return np.concatenate(measured)


def lighting_features(pixels: FloatArray) -> Float64Array:
    """Return the quadratic surface through each channel of a whole image (y, x, channel)."""
    surface = _quadratic(pixels.shape[:2]).reshape(-1, 6)
    values = np.asarray(pixels, np.float64).reshape(len(surface), -1)
    return np.asarray(np.linalg.lstsq(surface, values, rcond=None)[0].T.ravel())


def _threshold(smooth: Float64Array) -> float:
    from skimage.filters import threshold_otsu

    otsu: Callable[[Float64Array], float] = threshold_otsu
    counts, edges = np.histogram(smooth, HISTOGRAM_BINS)
    mode = edges[counts.argmax() : counts.argmax() + 2].mean()
    # Of the darker half alone: the brighter one has the light of what is no background.
    deviation = np.sqrt(((smooth[smooth <= mode] - mode) ** 2).mean())
    return min(float(mode + BRIGHTER * deviation), float(otsu(smooth)))


def _quadratic(shape: tuple[int, ...]) -> Float64Array:
    y, x = np.meshgrid(*(np.linspace(-1, 1, length) for length in shape), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)
