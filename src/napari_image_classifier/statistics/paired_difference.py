"""The difference of two raters' accuracy on the same items, with its interval."""

from dataclasses import dataclass

import numpy as np

from napari_image_classifier.statistics.intervals import (
    CONFIDENCE,
    Interval,
    effective_size,
    few_groups_factor,
    proportion_interval,
    quantile,
    taken_cautiously,
    usual_size,
)
from napari_image_classifier.statistics.permutation_tests import mcnemar
from napari_image_classifier.typing import Flags, Float64Array, IntArray

# At 0 and 1, where differences have none.
SMALLEST_VARIANCE = 1e-12


@dataclass(frozen=True)
class PairedDifference:
    """The machine's accuracy minus the person's, with its interval.

    Attributes
    ----------
    difference
        From -1 to 1.
    low
        The lower end of its interval.
    high
        The upper end.
    machine
        The machine's accuracy.
    person
        The person's accuracy.
    only_machine
        How many items only the machine was right about.
    only_person
        How many only the person was right about.
    n_items
        How many items there are.
    n_groups
        How many groups of items.
    mcnemar_p
        That of the exact test, None unless every item is a group of its own.
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
    machine_right: Flags, person_right: Flags, groups: IntArray
) -> PairedDifference:
    """Compare a machine and a person who classified the same items.

    The interval is Tango's [1]_, which holds also where they hardly ever differ. Where items are
    not independent it is that of so many independent ones as tell as much (see `effective_pairs`).
    How it held in simulations: docs/decisions/0012.

    Parameters
    ----------
    machine_right
        Which items the machine was right about, shape (item,).
    person_right
        Which items the person was right about, shape (item,).
    groups
        The number of each item's group, shape (item,).

    Returns
    -------
    PairedDifference
        The machine's accuracy minus the person's.

    Raises
    ------
    ValueError
        There are no items.

    References
    ----------
    .. [1] Tango (1998), “Equivalence test and confidence interval for the difference in proportions
       for the paired-sample design”.
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
    size = float(n) if alone else float(effective_pairs(sizes, first, second))
    low, high = -1.0, 1.0
    if size > 0:
        low, high = tango_interval(only_machine / n * size, only_person / n * size, size)
    return PairedDifference(
        (only_machine - only_person) / n,
        low,
        high,
        proportion_interval(machine_right, groups),
        proportion_interval(person_right, groups),
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

    z, estimate = quantile(None, confidence), (only_first - only_second) / n
    counts = (np.asarray(only_first), np.asarray(only_second), np.asarray(n))

    def beyond(difference: float, sign: float) -> float:
        return sign * float(tango_score(difference, *counts)) - z

    # At the ends of what is possible the score has no spread; so near to them there is no limit.
    edge = 1 - 1e-9
    low, high = -1.0, 1.0
    if estimate > -edge and beyond(-edge, 1) > 0:
        low = scipy.optimize.brentq(beyond, -edge, estimate, args=(1,))
    if estimate < edge and beyond(edge, -1) > 0:
        high = scipy.optimize.brentq(beyond, estimate, edge, args=(-1,))
    return float(low), float(high)


def tango_score(
    difference: float, only_first: Float64Array, only_second: Float64Array, n: Float64Array
) -> Float64Array:
    """Return Tango's score of a difference of two paired proportions.

    Parameters
    ----------
    difference
        The difference that is asked about, from -1 to 1.
    only_first
        Of how many items only the first was right; an array of any shape.
    only_second
        Of how many only the second was; of the same shape.
    n
        How many items there are; of the same shape.

    Returns
    -------
    Float64Array
        How many standard errors the estimate lies above ``difference``; of the same shape.
    """
    linear = (2 * n - only_first + only_second) * difference - only_first - only_second
    constant = -only_second * difference * (1 - difference)
    second = (np.sqrt(linear**2 - 8 * n * constant) - linear) / (4 * n)
    variance = n * (2 * second + difference * (1 - difference))
    above = only_first - only_second - n * difference
    return np.asarray(above / np.sqrt(np.maximum(variance, SMALLEST_VARIANCE)))


def effective_pairs(
    sizes: Float64Array, only_first: Float64Array, only_second: Float64Array
) -> Float64Array:
    """Return how many independent items tell as much of a difference as these in their groups.

    As Korn and Graubard (1998) have it for a proportion, with a cautious correlation within groups
    and less where there are few groups (see `intervals.proportion_interval`).

    Parameters
    ----------
    sizes
        How many items each group has, shape (group,).
    only_first
        About how many of them only the first was right, shape (…, group).
    only_second
        The same of the second.

    Returns
    -------
    Float64Array
        Of shape (…,). A single group tells nothing: 0.
    """
    k = len(sizes)
    if k < 2:
        return np.zeros(only_first.shape[:-1])
    n = sizes.sum()
    sums, differing = only_first - only_second, only_first + only_second
    mean = sums.sum(axis=-1, keepdims=True) / n
    between = ((sums - sizes * mean) ** 2 / sizes).sum(axis=-1) / (k - 1)
    within = (differing - sums**2 / sizes).sum(axis=-1) / max(n - k, 1)
    spread = between + (max(usual_size(sizes), 1.0) - 1) * within
    # As `intervals.intraclass_correlation`, for what is 1, -1 or 0.
    estimated = np.clip((between - within) / np.maximum(spread, SMALLEST_VARIANCE), 0, 1)
    correlation = taken_cautiously(estimated, sizes, differing.sum(axis=-1))
    return effective_size(sizes, correlation) * few_groups_factor(k)
