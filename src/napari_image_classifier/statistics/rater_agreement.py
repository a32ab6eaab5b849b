"""Agreement of raters beyond chance: kappa and alpha, with intervals that respect groups."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_image_classifier.statistics.intervals import (
    effective_size,
    intraclass_correlation,
    quantile,
    shrunk_to,
)
from napari_image_classifier.typing import Float64Array, IntArray

NO_ANSWER = -1
# How alike the agreement on items of a group is taken to be where too few differ to show it.
USUAL_CORRELATION = 0.1
# Parts of a pair are not exact numbers; what is left of a class is hardly ever 0.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa with its interval.

    Attributes
    ----------
    kappa
        1 for perfect agreement, 0 for that of chance; None where it says nothing, as both gave one
        and the same answer to everything.
    low
        The lower end of its interval, None where there are too few groups.
    high
        The upper end.
    agreement
        The part of the items to which both gave the same answer.
    n_items
        How many items both rated.
    n_groups
        How many groups of items.
    standard_error
        That of kappa, None where there are too few groups.
    """

    kappa: float | None
    low: float | None
    high: float | None
    agreement: float
    n_items: int
    n_groups: int
    standard_error: float | None = None


def cohen_kappa(first: IntArray, second: IntArray, groups: IntArray | None = None) -> Kappa:
    """Return the agreement of two raters about the same items beyond chance [1]_.

    Where items are independent (each a group of its own, or no ``groups``), the standard error is
    that of large samples [2]_; else it comes from leaving out group after group (a jackknife, with
    a t quantile). The interval is at least as wide as that of the agreement (see
    `agreement_interval`).

    Parameters
    ----------
    first
        The number of the class that the first rater gave, "cannot tell" being one, shape (item,).
    second
        That of the second rater.
    groups
        The number of each item's group; None: each is one of its own.

    Returns
    -------
    Kappa
        With its interval.

    Raises
    ------
    ValueError
        There are no items.

    References
    ----------
    .. [1] Cohen (1960), “A coefficient of agreement for nominal scales”.
    .. [2] Fleiss, Cohen & Everitt (1969), “Large sample standard errors of kappa and weighted
       kappa”.
    """
    if len(first) == 0:
        raise ValueError("there are no items that both rated")
    numbers = np.arange(len(first)) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_groups = int(numbers.max()) + 1
    _, codes = np.unique([first, second], return_inverse=True)
    first_codes, second_codes = codes.reshape(2, -1)
    n_classes = int(codes.max()) + 1
    tables = np.zeros((n_groups, n_classes, n_classes))
    np.add.at(tables, (numbers, first_codes, second_codes), 1)
    table = tables.sum(axis=0)
    agreement = float(np.trace(table) / table.sum())
    value = float(_kappa(table[np.newaxis])[0])
    if np.isnan(value):
        return Kappa(None, None, None, agreement, len(first), n_groups)
    if n_groups == len(first):
        error, reach = _standard_error(table), quantile()
    else:
        error, reach = jackknife_error(_kappa(table - tables)), quantile(n_groups - 1)
    expected, same = float(_expected(table)), (first_codes == second_codes).astype(np.float64)
    low, high = agreement_interval(value, reach * error, expected, same, numbers)
    known = None if np.isnan(error) else error
    return Kappa(value, low, high, agreement, len(first), n_groups, known)


def _kappa(tables: Float64Array) -> Float64Array:
    """Return kappa of contingency tables, shape (table, class, class); NaN where not defined."""
    return _beyond_chance(tables, _expected, 1)


def _expected(tables: Float64Array) -> Float64Array:
    """Return the agreement by chance of contingency tables, shape (…, class, class)."""
    of_pairs = tables.sum(axis=-2) * tables.sum(axis=-1)
    return np.asarray(of_pairs.sum(axis=-1) / tables.sum(axis=(-2, -1)) ** 2)


def _standard_error(table: Float64Array) -> float:
    """Return the large-sample standard error of a table of counts of independent items."""
    parts = table / table.sum()
    rows, columns = parts.sum(axis=1), parts.sum(axis=0)
    expected = rows @ columns
    kappa = (np.trace(parts) - expected) / (1 - expected)
    agreed = (np.diag(parts) * (1 - (rows + columns) * (1 - kappa)) ** 2).sum()
    apart = parts * (columns[:, np.newaxis] + rows) ** 2
    differed = (1 - kappa) ** 2 * (apart.sum() - np.trace(apart))
    variance = agreed + differed - (kappa - expected * (1 - kappa)) ** 2
    return float(np.sqrt(max(variance, 0.0) / table.sum()) / (1 - expected))


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha with its interval.

    Attributes
    ----------
    alpha
        1 for perfect agreement, 0 for that of chance; None where it says nothing.
    low
        The lower end of its interval, None where there are too few groups.
    high
        The upper end.
    n_items
        How many items at least two raters answered.
    n_raters
        How many raters there are.
    n_groups
        How many groups of such items.
    """

    alpha: float | None
    low: float | None
    high: float | None
    n_items: int
    n_raters: int
    n_groups: int


def krippendorff_alpha(answers: IntArray, groups: IntArray | None = None) -> Alpha:
    """Return the agreement of several raters beyond chance, the nominal kind [1]_.

    The interval comes from leaving out group after group (a jackknife, with a t quantile), and is
    at least as wide as that of the agreement (see `agreement_interval`).

    Parameters
    ----------
    answers
        The number of the class that each rater gave, "cannot tell" being one, and -1 for no answer,
        shape (rater, item).
    groups
        The number of each item's group; None: each is one of its own.

    Returns
    -------
    Alpha
        With its interval.

    References
    ----------
    .. [1] Krippendorff (2011), “Computing Krippendorff's alpha-reliability”.
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
    half = quantile(n_groups - 1) * jackknife_error(_alpha(total - of_groups))
    agreed = np.trace(of_items, axis1=1, axis2=2) / of_items.sum(axis=(1, 2))
    expected = float(_expected_of_pairs(total))
    low, high = agreement_interval(value, half, expected, agreed, numbers)
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
    return _beyond_chance(coincidences, _expected_of_pairs, 1 - ROUNDING)


def _expected_of_pairs(coincidences: Float64Array) -> Float64Array:
    """Return the agreement by chance of coincidences, shape (…, class, class)."""
    of_class = coincidences.sum(axis=-1)
    total = of_class.sum(axis=-1)
    return np.asarray((of_class * (of_class - 1)).sum(axis=-1) / (total * (total - 1)))


def _beyond_chance(
    tables: Float64Array, by_chance: Callable[[Float64Array], Float64Array], most: float
) -> Float64Array:
    """Return (observed - expected) / (1 - expected) of tables, shape (table, class, class)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.trace(tables, axis1=1, axis2=2) / tables.sum(axis=(1, 2))
        expected = by_chance(tables)
        return np.where(expected < most, (observed - expected) / (1 - expected), np.nan)


def agreement_interval(
    value: float, half: float, expected: float, agreed: Float64Array, numbers: IntArray
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
    observed_below, observed_above = _distances(agreed, numbers)
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


def _distances(agreed: Float64Array, numbers: IntArray) -> tuple[float, float]:
    """Return how far below and above the mean the ends of Wilson's (1927) interval lie.

    It is that of so many independent items as tell as much as these in their groups.
    """
    sizes = np.bincount(numbers).astype(np.float64)
    sums = np.bincount(numbers, agreed).astype(np.float64)
    n, mean = len(agreed), float(agreed.mean())
    estimated = np.asarray(max(intraclass_correlation(sizes, sums), 0.0))
    correlation = shrunk_to(USUAL_CORRELATION, estimated, min(sums.sum(), n - sums.sum()))
    share = quantile() ** 2 / effective_size(sizes, correlation)
    centre = (mean + share / 2) / (1 + share)
    half = np.sqrt(mean * (1 - mean) * share + share**2 / 4) / (1 + share)
    return float(mean - centre + half), float(centre + half - mean)
