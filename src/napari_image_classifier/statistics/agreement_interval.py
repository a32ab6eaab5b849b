"""Intervals of what is agreed beyond chance, as kappa and alpha measure it."""

import numpy as np

from napari_image_classifier.statistics.intervals import WEIGHT_OF_USUAL, intraclass_correlation
from napari_image_classifier.typing import Float64Array, IntArray

# How alike the agreement on items of a group is taken to be where too few differ to show it.
USUAL_CORRELATION = 0.1


def agreement_interval(
    value: float,
    half: float,
    expected: float,
    agreed: Float64Array,
    numbers: IntArray,
    confidence: float,
) -> tuple[float | None, float | None]:
    """Return the ends of the interval of a value (observed - expected) / (1 - expected).

    ``half`` is half the width that the value's own standard error gives, NaN where there is none
    (then there are no ends). That error vanishes where raters always agree, and is too small where
    they nearly always do; so on either side the interval reaches at least as far as that of the
    observed agreement (docs/decisions/0012). ``agreed`` is of each item the part of the answers
    that agree, ``numbers`` the number of its group.
    """
    if np.isnan(half):
        return None, None
    observed_below, observed_above = _distances(agreed, numbers, confidence)
    below = max(half, observed_below / (1 - expected))
    above = max(half, observed_above / (1 - expected))
    return max(value - below, -1.0), min(value + above, 1.0)


def jackknife_error(left_out: Float64Array) -> float:
    """Return a standard error from the values without each group in turn.

    NaN where there are fewer than two groups, or where a value says nothing without one of them.
    """
    k = len(left_out)
    if k < 2:
        return float("nan")
    return float(np.sqrt((k - 1) / k * ((left_out - left_out.mean()) ** 2).sum()))


def quantile(confidence: float, freedom: int | None = None) -> float:
    """Return how many standard errors reach that far; of Student's t for degrees of ``freedom``."""
    import scipy.stats

    tail = (1 + confidence) / 2
    if freedom is None:
        return float(scipy.stats.norm.ppf(tail))
    return float(scipy.stats.t.ppf(tail, freedom)) if freedom > 0 else float("nan")


def _distances(agreed: Float64Array, numbers: IntArray, confidence: float) -> tuple[float, float]:
    """Return how far below and above the mean the ends of Wilson's (1927) interval lie.

    It is that of so many independent items as tell as much as these in their groups.
    """
    sizes = np.bincount(numbers).astype(np.float64)
    sums = np.bincount(numbers, agreed).astype(np.float64)
    n, mean = len(agreed), float(agreed.mean())
    weight = WEIGHT_OF_USUAL / (WEIGHT_OF_USUAL + min(sums.sum(), n - sums.sum()))
    found = max(intraclass_correlation(sizes, sums), 0.0)
    correlation = weight * USUAL_CORRELATION + (1 - weight) * found
    effective = n / (1 + ((sizes**2).sum() / n - 1) * correlation)
    z = quantile(confidence)
    share = z**2 / effective
    centre = (mean + share / 2) / (1 + share)
    half = np.sqrt(mean * (1 - mean) * share + share**2 / 4) / (1 + share)
    return float(mean - centre + half), float(centre + half - mean)
