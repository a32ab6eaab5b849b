"""Machine against person on the same items: how far apart they are, and how surely."""

from dataclasses import dataclass

import numpy as np

from napari_image_classifier.statistics.intervals import (
    CAUTION,
    CONFIDENCE,
    USUAL_CORRELATION,
    WEIGHT_OF_USUAL,
    Interval,
    proportion_interval,
)
from napari_image_classifier.statistics.permutation_tests import mcnemar
from napari_image_classifier.typing import Flags, Float64Array, IntArray

# At 0 and 1, where differences have none.
SMALLEST_VARIANCE = 1e-12


@dataclass(frozen=True)
class PairedDifference:
    """The machine's accuracy minus the person's, from -1 to 1, with the ends of its interval.

    ``only_machine`` and ``only_person`` are how many items only the one was right about.
    ``mcnemar_p`` is that of the exact test, None unless every item is a group of its own.
    """

    difference: float
    low: float
    high: float
    machine: Interval
    person: Interval
    only_machine: int
    only_person: int
    n_items: int
    n_groups: int
    mcnemar_p: float | None

    @property
    def independent(self) -> bool:
        """Whether every item stands alone."""
        return self.n_groups == self.n_items

    @property
    def discordance(self) -> float:
        """The part of the items that only one of the two was right about."""
        return (self.only_machine + self.only_person) / self.n_items


def paired_difference(
    machine_right: Flags, person_right: Flags, groups: IntArray, confidence: float = CONFIDENCE
) -> PairedDifference:
    """Compare two who classified the same items; the arrays hold one entry per item.

    The interval is Tango's (1998, “Equivalence test and confidence interval for the difference in
    proportions for the paired-sample design”), which holds also where they hardly ever differ.
    Where items are not independent it is that of so many independent ones as tell as much (see
    `effective_size`). How it held in simulations: docs/decisions/0012.

    Raises
    ------
    ValueError
        There are no items.
    """
    if len(groups) == 0:
        raise ValueError("there are no items to compare on")
    only_machines, only_persons = machine_right & ~person_right, person_right & ~machine_right
    _, numbers = np.unique(groups, return_inverse=True)
    sizes, first, second = (
        np.bincount(numbers, of).astype(np.float64)
        for of in (np.ones(len(groups)), only_machines, only_persons)
    )
    n, n_groups = len(groups), len(sizes)
    only_machine, only_person = int(only_machines.sum()), int(only_persons.sum())
    alone = n_groups == n
    size = float(n) if alone else float(effective_size(sizes, first, second, confidence))
    low, high = (
        tango_interval(only_machine / n * size, only_person / n * size, size, confidence)
        if size > 0
        else (-1.0, 1.0)
    )
    return PairedDifference(
        (only_machine - only_person) / n,
        low,
        high,
        proportion_interval(machine_right, groups, confidence),
        proportion_interval(person_right, groups, confidence),
        only_machine,
        only_person,
        n,
        n_groups,
        mcnemar(only_machine, only_person) if alone else None,
    )


def tango_interval(
    only_first: float, only_second: float, n: float, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return Tango's score interval of the difference of two paired proportions.

    Of ``n`` items only the first was right about ``only_first``, only the second about
    ``only_second``; the numbers need not be whole.
    """
    import scipy.optimize
    import scipy.stats

    z = float(scipy.stats.norm.ppf((1 + confidence) / 2))
    estimate = (only_first - only_second) / n

    counts = (np.asarray(only_first), np.asarray(only_second), np.asarray(n))

    def beyond(difference: float, sign: float) -> float:
        return sign * float(score(difference, *counts)) - z

    # At the ends of what is possible the score has no spread; so near to them there is no limit.
    edge = 1 - 1e-9
    low, high = -1.0, 1.0
    if estimate > -edge and beyond(-edge, 1) > 0:
        low = scipy.optimize.brentq(beyond, -edge, estimate, args=(1,))
    if estimate < edge and beyond(edge, -1) > 0:
        high = scipy.optimize.brentq(beyond, estimate, edge, args=(-1,))
    return float(low), float(high)


def score(
    difference: float, only_first: Float64Array, only_second: Float64Array, n: Float64Array
) -> Float64Array:
    """Return how many standard errors the estimate lies above ``difference``, as Tango has it.

    The other arguments are as in `tango_interval`, arrays of one shape.
    """
    linear = (2 * n - only_first + only_second) * difference - only_first - only_second
    constant = -only_second * difference * (1 - difference)
    second = (np.sqrt(linear**2 - 8 * n * constant) - linear) / (4 * n)
    variance = n * (2 * second + difference * (1 - difference))
    above = only_first - only_second - n * difference
    return np.asarray(above / np.sqrt(np.maximum(variance, SMALLEST_VARIANCE)))


def effective_size(
    sizes: Float64Array,
    only_first: Float64Array,
    only_second: Float64Array,
    confidence: float = CONFIDENCE,
) -> Float64Array:
    """Return how many independent items tell as much as these in their groups.

    The arrays hold for each group how many items it has, and about how many only the first or only
    the second was right; their last axis is that of the groups. As Korn and Graubard (1998) have it
    for a proportion, with a cautious correlation within groups; and as few groups know their own
    spread badly, times the squared ratio of the normal to the t quantile. A single group tells
    nothing: 0.
    """
    import scipy.stats

    k = sizes.shape[-1]
    if k < 2:
        return np.zeros(only_first.shape[:-1])
    correlation = _cautious_correlation(sizes, only_first, only_second)
    n, squares = sizes.sum(), (sizes**2).sum()
    tail = (1 + confidence) / 2
    ratio = scipy.stats.norm.ppf(tail) / scipy.stats.t.ppf(tail, k - 1)
    return np.asarray(n / (1 + (squares / n - 1) * correlation) * ratio**2)


def _cautious_correlation(
    sizes: Float64Array, only_first: Float64Array, only_second: Float64Array
) -> Float64Array:
    """Return how alike differences within a group should be taken to be, from 0 to 1.

    As `intervals.cautious_correlation` for what is 1, -1 or 0: by analysis of variance with some of
    its standard error, and drawn towards 0.2 where few items differ, as those alone tell whether
    groups do.
    """
    n, k = sizes.sum(), sizes.shape[-1]
    sums, differing = only_first - only_second, only_first + only_second
    mean = sums.sum(axis=-1, keepdims=True) / n
    between = ((sums - sizes * mean) ** 2 / sizes).sum(axis=-1) / (k - 1)
    within = (differing - sums**2 / sizes).sum(axis=-1) / max(n - k, 1)
    usual = max((n - (sizes**2).sum() / n) / (k - 1), 1.0)
    spread = np.maximum(between + (usual - 1) * within, SMALLEST_VARIANCE)
    found = np.clip((between - within) / spread, 0, 1)
    error = (1 - found) * (1 + (usual - 1) * found)
    error *= np.sqrt(2 / (usual * max(usual - 1, 1) * (k - 1)))
    weight = WEIGHT_OF_USUAL / (WEIGHT_OF_USUAL + differing.sum(axis=-1))
    drawn = weight * USUAL_CORRELATION + (1 - weight) * found
    return np.asarray(np.minimum(np.maximum(found + CAUTION * error, drawn), 1.0))
