"""The columns of a summary: their names, words, scales and intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.typing import Float64Array

if TYPE_CHECKING:
    import pandas as pd

WELL, PLATE = "well", "plate"
PER_CENT, PROBABILITY = "percent_", "mean_p_"
WORDS = {
    PER_CENT: "per cent {}",
    "low_": "per cent {}, at least",
    "high_": "per cent {}, at most",
    PROBABILITY: "mean probability of {}",
    "n_": "number of {}",
}
# What a summary counts, by the status of the items.
COUNTED = {
    "answered": ("ok",),
    "unsure": ("unsure",),
    "unlike_training": ("unlike-training",),
    "errors": ("error", "pending"),
}
# What a summary of objects counts, too: the images whose mask has none.
EMPTY_IMAGES = "empty_images"
# Items of these have probabilities that count.
CLASSIFIED = ("ok", "unsure")


class SummaryError(ImageClassifierError):
    """A table that is none of predictions, or has no such column."""


def in_words(column: str) -> str:
    """Return what a column of a summary is called for people.

    Parameters
    ----------
    column
        Its name in the table, such as "percent_light".

    Returns
    -------
    str
        Such as "per cent light".
    """
    for start, words in WORDS.items():
        if column.startswith(start):
            return words.format(column.removeprefix(start))
    return column.replace("_", " ")


def scale_of(column: str, values: Float64Array) -> tuple[float, float]:
    """Return the ends of a column's scale: 0 to 100 for per cent, 0 to 1 for probabilities."""
    if column.startswith((PER_CENT, "low_", "high_")):
        return 0.0, 100.0
    if column.startswith(PROBABILITY):
        return 0.0, 1.0
    known = values[np.isfinite(values)]
    return 0.0, float(known.max()) if len(known) else 1.0


def interval_columns(column: str) -> tuple[str, str] | None:
    """Return the columns that hold the ends of the interval of a per cent.

    Parameters
    ----------
    column
        A column of a summary.

    Returns
    -------
    tuple of str or None
        The columns of its low and its high end; None for columns that are no per cent.
    """
    if not column.startswith(PER_CENT):
        return None
    name = column.removeprefix(PER_CENT)
    return f"low_{name}", f"high_{name}"


def columns_of_wells(*tables: "pd.DataFrame") -> list[str]:
    """Return the columns that name a well.

    Parameters
    ----------
    *tables
        Tables with a column "well", and perhaps "plate".

    Returns
    -------
    list of str
        Those of "plate" and "well" that all tables have.
    """
    return [name for name in (PLATE, WELL) if all(name in table for table in tables)]


def check_wells(summary: "pd.DataFrame") -> None:
    """Check that a summary has a row for each well.

    Raises
    ------
    SummaryError
        There is no column of wells, or a well has several rows.
    """
    if WELL not in summary:
        raise SummaryError(
            "This needs a row for each well, and there is no column “well”; summarize by well, or "
            "by plate,well."
        )
    if summary.duplicated(columns_of_wells(summary)).any():
        raise SummaryError("A well has several rows; summarize by well, or by plate and well.")


def numbers_to_show(summary: "pd.DataFrame", show: Sequence[str] | None) -> list[str]:
    """Return which numbers of a summary are shown.

    Parameters
    ----------
    summary
        What `summary.summarize` gives.
    show
        Names of its columns; None for the per cent of every class.

    Returns
    -------
    list of str
        The columns in ``show``, all of them numbers.

    Raises
    ------
    SummaryError
        One of them is not there, or holds no numbers.
    """
    shown = list(show or (name for name in summary.columns if name.startswith(PER_CENT)))
    numbers = list(summary.select_dtypes("number").columns)
    for name in shown:
        if name not in numbers:
            raise SummaryError(
                f"There is no number “{name}” to show; there are {', '.join(numbers)}."
            )
    return shown
