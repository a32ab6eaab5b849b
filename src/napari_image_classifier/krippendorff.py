"""How far any number of raters agree beyond chance: Krippendorff's alpha for classes."""

from dataclasses import dataclass

import numpy as np

from napari_image_classifier.arrays import Float64Array, IntArray
from napari_image_classifier.intervals import CONFIDENCE

NO_ANSWER = -1
SAMPLES = 2000
SEED = 0


@dataclass(frozen=True)
class Alpha:
    """Alpha: 1 for perfect agreement, 0 for that of chance; None where it says nothing.

    ``low`` and ``high`` are the ends of its interval, None where there is one group. ``n_items``
    are those that at least two of the ``n_raters`` answered.
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
    “Computing Krippendorff's alpha-reliability”; the nominal kind). The interval comes from drawing
    groups anew (a bootstrap); without ``groups`` every item is one.
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
    value = float(_alpha(of_groups.sum(axis=0, keepdims=True))[0])
    if np.isnan(value):
        return Alpha(None, None, None, n_items, len(answers), n_groups)
    low, high = _interval(of_groups, confidence) if n_groups > 1 else (None, None)
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
    of_class = coincidences.sum(axis=2)
    total = of_class.sum(axis=1)
    apart = total - np.trace(coincidences, axis1=1, axis2=2)
    by_chance = (total**2 - (of_class**2).sum(axis=1)) / (total - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(by_chance > 0, 1 - apart / by_chance, np.nan)


def _interval(of_groups: Float64Array, confidence: float) -> tuple[float, float]:
    k, n_classes, _ = of_groups.shape
    drawn = np.random.default_rng(SEED).multinomial(k, np.full(k, 1 / k), SAMPLES)
    samples = drawn @ of_groups.reshape(k, -1)
    values = _alpha(samples.reshape(SAMPLES, n_classes, n_classes))
    tail = (1 - confidence) / 2
    # A sample in which all answers are one and the same agrees perfectly.
    low, high = np.quantile(np.nan_to_num(values, nan=1.0), (tail, 1 - tail))
    return float(low), float(high)
