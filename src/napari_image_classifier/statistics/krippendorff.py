"""How far any number of raters agree beyond chance: Krippendorff's alpha for classes."""

from dataclasses import dataclass

import numpy as np

from napari_image_classifier.statistics.agreement_interval import (
    agreement_interval,
    jackknife_error,
    quantile,
)
from napari_image_classifier.statistics.intervals import CONFIDENCE
from napari_image_classifier.typing import Float64Array, IntArray

NO_ANSWER = -1
ROUNDING = 1e-9


@dataclass(frozen=True)
class Alpha:
    """Alpha: 1 for perfect agreement, 0 for that of chance; None where it says nothing.

    ``low`` and ``high`` are the ends of its interval, None where there are too few groups.
    ``n_items`` are those that at least two of the ``n_raters`` answered.
    """

    alpha: float | None
    low: float | None
    high: float | None
    n_items: int
    n_raters: int
    n_groups: int


def krippendorff_alpha(
    answers: IntArray, groups: IntArray | None = None, confidence: float = CONFIDENCE
) -> Alpha:
    """Return the agreement of raters; ``answers`` is of shape (rater, item), -1: no answer.

    The other numbers stand for classes, "cannot tell" being one of them (Krippendorff, 2011,
    “Computing Krippendorff's alpha-reliability”; the nominal kind). The interval comes from leaving
    out group after group (a jackknife, with a t quantile), and is at least as wide as that of the
    agreement (see `agreement_interval`); without ``groups`` every item is one.
    """
    paired = (answers != NO_ANSWER).sum(axis=0) >= 2
    n_items = int(paired.sum())
    if n_items == 0:
        return Alpha(None, None, None, 0, len(answers), 0)
    rated = answers[:, paired]
    each = np.arange(rated.shape[1]) if groups is None else groups[paired]
    _, numbers = np.unique(each, return_inverse=True)
    n_groups = int(numbers.max()) + 1
    of_items = _coincidences(rated)
    of_groups = np.zeros((n_groups, *of_items.shape[1:]))
    np.add.at(of_groups, numbers, of_items)
    total = of_groups.sum(axis=0)
    value = float(_alpha(total[np.newaxis])[0])
    if np.isnan(value):
        return Alpha(None, None, None, n_items, len(answers), n_groups)
    half = quantile(confidence, n_groups - 1) * jackknife_error(_alpha(total - of_groups))
    agreed = np.trace(of_items, axis1=1, axis2=2) / of_items.sum(axis=(1, 2))
    expected = float(_expected(total))
    low, high = agreement_interval(value, half, expected, agreed, numbers, confidence)
    return Alpha(value, low, high, n_items, len(answers), n_groups)


def _coincidences(answers: IntArray) -> Float64Array:
    """Return how often two answers came together in each item, shape (item, class, class)."""
    n_classes = int(answers.max()) + 1
    counts = (answers[:, :, np.newaxis] == np.arange(n_classes)).sum(axis=0).astype(np.float64)
    pairs = counts[:, :, np.newaxis] * counts[:, np.newaxis, :]
    classes = np.arange(n_classes)
    pairs[:, classes, classes] -= counts
    return np.asarray(pairs / (counts.sum(axis=1) - 1)[:, np.newaxis, np.newaxis])


def _alpha(coincidences: Float64Array) -> Float64Array:
    """Return alpha of coincidences, shape (sample, class, class); NaN where all answers are one."""
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.trace(coincidences, axis1=1, axis2=2) / coincidences.sum(axis=(1, 2))
        expected = _expected(coincidences)
        # Parts of a pair are not exact numbers; what is left of a class is hardly ever 0.
        return np.where(expected < 1 - ROUNDING, (observed - expected) / (1 - expected), np.nan)


def _expected(coincidences: Float64Array) -> Float64Array:
    """Return the agreement by chance of coincidences, shape (…, class, class)."""
    of_class = coincidences.sum(axis=-1)
    total = of_class.sum(axis=-1)
    return np.asarray((of_class * (of_class - 1)).sum(axis=-1) / (total * (total - 1)))
