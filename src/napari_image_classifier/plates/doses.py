"""Doses of wells, and the rank correlation of a column of their summary with them."""

import math
from collections.abc import Hashable, Iterator, Mapping
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.plates.columns import (
    SummaryError,
    check_wells,
    in_words,
    numbers_to_show,
)
from napari_image_classifier.typing import Flags, Float64Array
from napari_image_classifier.wording import counted

if TYPE_CHECKING:
    import pandas as pd

# With fewer there is no telling whether anything rises or falls.
FEWEST_DOSES = 3
MOST_SERIES = 20
NOTHING_KNOWN = ("", "na", "nan", "n/a")
# With fewer, the formula for p is no good: four wells in perfect order would have p = 0.
MANY_WELLS = 30
ALL_ORDERS_UP_TO = 7
SHUFFLES = 9999
RHO, P, WELLS, DOSES = "rho", "p", "wells", "doses"
NO_SERIES = ""


def doses_of(summary: "pd.DataFrame", dose: str) -> Float64Array:
    """Return the doses of a summary.

    Parameters
    ----------
    summary
        What `summary.summarize` gives.
    dose
        The column of it that holds doses, as text or numbers.

    Returns
    -------
    array of shape (n_rows,)
        In the unit of the column, NaN where a cell is empty or "NA".

    Raises
    ------
    SummaryError
        There is no such column, or a cell of it is no number.
    """
    if dose not in summary:
        raise SummaryError(
            f"There is no column “{dose}” to take doses from; there are "
            f"{', '.join(summary.columns)}. Give a table of wells that has it, or, where file "
            f"names have it, summarize by well,{dose}."
        )
    return np.array([_number(cell, dose) for cell in summary[dose]], float)


def is_dose(summary: "pd.DataFrame", column: str) -> bool:
    """Return whether a column of a summary may be one of doses.

    Parameters
    ----------
    summary
        What `summary.summarize` gives.
    column
        One of its columns.

    Returns
    -------
    bool
        Whether its cells are numbers, or empty, and at least three of them differ.
    """
    try:
        doses = doses_of(summary, column)
    except SummaryError:
        return False
    return len(np.unique(doses[np.isfinite(doses)])) >= FEWEST_DOSES


def dose_correlation(
    summary: "pd.DataFrame", dose: str, column: str, by: str | None = None
) -> "pd.DataFrame":
    """Return how far a column of a summary rises or falls with the dose.

    Wells whose dose or number is not known are left out.

    Parameters
    ----------
    summary
        A row for each well, see `summary.summarize`.
    dose
        The column of the summary that holds doses.
    column
        One of its numbers, such as "percent_light".
    by
        A column whose values have a correlation each, such as the compound; None for all wells
        together.

    Returns
    -------
    pandas.DataFrame
        A row for each value of ``by``, in a column of that name: "rho", Spearman's rank correlation
        over the wells, from -1 to 1; "p", how often chance alone would give as much, either way;
        "wells" and "doses", how many there are of each. rho and p are NaN where there are fewer
        than three doses, or all numbers are the same.

    Raises
    ------
    SummaryError
        A column is not there or holds no numbers, a well has several rows, or there are fewer than
        three doses in every one of the series.

    Notes
    -----
    Spearman's coefficient [1]_ asks for no shape of the curve. With 30 wells or more p is from the
    t distribution, below that from permutations of the wells: all of them up to 7 wells, else
    9999 drawn at random with a fixed seed.

    References
    ----------
    .. [1] Spearman (1904), The proof and measurement of association between two things, The
       American Journal of Psychology 15, 72-101.
    """
    import pandas as pd

    check_wells(summary)
    numbers_to_show(summary, [column])
    doses, values = doses_of(summary, dose), summary[column].to_numpy(float)
    known = np.isfinite(doses) & np.isfinite(values)
    rows = []
    for name, members in series_of(summary, by):
        x, y = doses[members & known], values[members & known]
        rho, p = _spearman(x, y)
        series: dict[str, Any] = {} if by is None else {by: name}
        rows.append({**series, RHO: rho, P: p, WELLS: len(x), DOSES: len(np.unique(x))})
    most = max((row[DOSES] for row in rows), default=0)
    if most < FEWEST_DOSES:
        of_each = f" of one “{by}”" if by else ""
        raise SummaryError(
            f"A dose response needs three doses or more{of_each}; in the column “{dose}” there are "
            f"{most}, counting wells of which something is known."
        )
    return pd.DataFrame(rows)


def series_of(summary: "pd.DataFrame", by: str | None) -> Iterator[tuple[str, Flags]]:
    """Yield each value of the column ``by``, as they come, and which rows have it, (n_rows,).

    Without ``by`` all rows are one series, called "".

    Raises
    ------
    SummaryError
        There is no such column, or it has too many values to tell apart by colour.
    """
    if by is None:
        yield NO_SERIES, np.ones(len(summary), bool)
        return
    if by not in summary:
        raise SummaryError(
            f"There is no column “{by}” to tell series apart by; there are "
            f"{', '.join(summary.columns)}."
        )
    names = summary[by].astype(str).to_numpy()
    different = list(dict.fromkeys(names))
    if len(different) > MOST_SERIES:
        raise SummaryError(
            f"The column “{by}” has {len(different)} values; series are told apart by colour, so "
            f"give a column of at most {MOST_SERIES}, such as the compound."
        )
    for name in different:
        yield name, names == name


def correlations_in_words(correlations: "pd.DataFrame", dose: str, column: str) -> str:
    """Return correlations in words.

    Parameters
    ----------
    correlations
        What `dose_correlation` has returned.
    dose, column
        The columns that it was asked about.

    Returns
    -------
    str
        A sentence for each series, a line each.
    """
    by = [name for name in correlations if name not in (RHO, P, WELLS, DOSES)]
    sentences = []
    for row in correlations.to_dict("records"):
        named = f", {row[by[0]] or 'without ' + by[0]}" if by else ""
        start = f"{in_words(column).capitalize()} and {dose}{named}"
        sentences.append(f"{start}: {correlation_in_words(row)}.")
    return "\n".join(sentences)


def correlation_in_words(row: Mapping[Hashable, Any]) -> str:
    """Return "Spearman 0.93, p < 0.001, 36 wells of 9 doses", of a row of `dose_correlation`."""
    wells, p = counted(row[WELLS], "well"), row[P]
    if math.isfinite(row[RHO]):
        shown = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
        return f"Spearman {row[RHO]:.2f}, {shown}, {wells} of {counted(row[DOSES], 'dose')}"
    if row[DOSES] < FEWEST_DOSES:
        return f"too few doses to tell, {row[DOSES]} in {wells}"
    return f"the same in all {wells}"


def left_out_in_words(summary: "pd.DataFrame", dose: str, column: str) -> str:
    """Return which wells `dose_correlation` leaves out, in words.

    Parameters
    ----------
    summary
        A row for each well.
    dose, column
        The columns that it is asked about.

    Returns
    -------
    str
        A sentence; "" where no well is left out.

    Raises
    ------
    SummaryError
        There is no such column of doses, or a cell of it is no number.
    """
    without = ~np.isfinite(doses_of(summary, dose))
    unknown = ~without & ~np.isfinite(summary[column].to_numpy(float))
    reasons = ((without, f"without a {dose}"), (unknown, "of which nothing is known"))
    parts = [f"{counted(int(wells.sum()), 'well')} {why}" for wells, why in reasons if wells.any()]
    return f"Left out: {' and '.join(parts)}." if parts else ""


def _spearman(doses: Float64Array, values: Float64Array) -> tuple[float, float]:
    import scipy.stats

    if len(np.unique(doses)) < FEWEST_DOSES or len(np.unique(values)) < 2:
        return math.nan, math.nan
    result = scipy.stats.spearmanr(doses, values)
    p = result.pvalue
    if len(doses) < MANY_WELLS:
        p = _p_of_few(scipy.stats.rankdata(doses), scipy.stats.rankdata(values))
    return float(result.statistic), float(p)


def _p_of_few(doses: Float64Array, values: Float64Array) -> float:
    """Return how often shuffled ranks are correlated as much, either way; all orders if few."""
    doses, values = doses - doses.mean(), values - values.mean()
    if len(values) <= ALL_ORDERS_UP_TO:
        orders = np.array(list(permutations(values)))
    else:
        random = np.random.default_rng(0)
        orders = random.permuted(np.tile(values, (SHUFFLES, 1)), axis=1)
        # The order found is one of the possible ones.
        orders = np.vstack([values, orders])
    observed = abs(doses @ values)
    return float((np.abs(orders @ doses) >= observed * (1 - 1e-9)).mean())


def _number(cell: object, dose: str) -> float:
    text = str(cell).strip()
    if text.lower() in NOTHING_KNOWN:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise SummaryError(
            f"“{text}” in the column “{dose}” is no number; write a dose as 10 or 0.5, with a "
            f"point, and its unit into the column's name. Leave the cell empty where it is not "
            "known."
        )
    return number
