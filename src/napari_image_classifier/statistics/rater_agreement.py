"""How far two raters agree beyond chance: Cohen's kappa, with an interval that respects groups."""

from dataclasses import dataclass

import numpy as np

from napari_image_classifier.statistics.agreement_interval import (
    agreement_interval,
    jackknife_error,
    quantile,
)
from napari_image_classifier.statistics.intervals import CONFIDENCE
from napari_image_classifier.typing import Float64Array, IntArray


@dataclass(frozen=True)
class Kappa:
    """Kappa: 1 for perfect agreement, 0 for that of chance; None where it says nothing.

    It says nothing where both gave one and the same answer to everything. ``low`` and ``high`` are
    the ends of its interval, None (as ``standard_error``) where there are too few groups.
    ``agreement`` is the part of the ``n_items`` items, of ``n_groups`` groups, to which both gave
    the same answer.
    """

    kappa: float | None
    low: float | None
    high: float | None
    agreement: float
    n_items: int
    n_groups: int
    standard_error: float | None = None


def cohen_kappa(
    first: IntArray,
    second: IntArray,
    groups: IntArray | None = None,
    confidence: float = CONFIDENCE,
) -> Kappa:
    """Return the agreement of two raters about the same items, one entry each in the arrays.

    The numbers stand for classes, "cannot tell" being one of them (Cohen, 1960, “A coefficient of
    agreement for nominal scales”). Where items are independent (each a group of its own, or no
    ``groups``), the standard error is that of large samples (Fleiss, Cohen & Everitt, 1969); else
    it comes from leaving out group after group (a jackknife, with a t quantile). The interval is
    at least as wide as that of the agreement (see `agreement_interval`).

    Raises
    ------
    ValueError
        There are no items.
    """
    if len(first) == 0:
        raise ValueError("there are no items that both rated")
    numbers = np.arange(len(first)) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_groups = int(numbers.max()) + 1
    _, codes = np.unique([first, second], return_inverse=True)
    one, other = codes.reshape(2, -1)
    n_classes = int(codes.max()) + 1
    tables = np.zeros((n_groups, n_classes, n_classes))
    np.add.at(tables, (numbers, one, other), 1)
    table = tables.sum(axis=0)
    agreement = float(np.trace(table) / table.sum())
    value = float(_kappa(table[np.newaxis])[0])
    if np.isnan(value):
        return Kappa(None, None, None, agreement, len(first), n_groups)
    if n_groups == len(first):
        error, reach = _standard_error(table), quantile(confidence)
    else:
        error = jackknife_error(_kappa(table - tables))
        reach = quantile(confidence, n_groups - 1)
    expected, same = float(_expected(table)), (one == other).astype(np.float64)
    low, high = agreement_interval(value, reach * error, expected, same, numbers, confidence)
    known = None if np.isnan(error) else error
    return Kappa(value, low, high, agreement, len(first), n_groups, known)


def _kappa(tables: Float64Array) -> Float64Array:
    """Return kappa of contingency tables, shape (table, class, class); NaN where not defined."""
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.trace(tables, axis1=1, axis2=2) / tables.sum(axis=(1, 2))
        expected = _expected(tables)
        return np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)


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
