"""What the columns of a summary hold: their words, their scales, their intervals."""

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


class SummaryError(ImageClassifierError):
    """A table that is none of predictions, or has no such column."""


def in_words(column: str) -> str:
    """Return "per cent light" for "percent_light"."""
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
    """Return the columns that hold the ends of a per cent's interval; None for other columns."""
    if not column.startswith(PER_CENT):
        return None
    name = column.removeprefix(PER_CENT)
    return f"low_{name}", f"high_{name}"


def places_in(summary: "pd.DataFrame") -> list[str]:
    """Return the columns that name a well: well, with plate before it where there are plates.

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
    places = [name for name in (PLATE, WELL) if name in summary]
    if summary.duplicated(places).any():
        raise SummaryError("A well has several rows; summarize by well, or by plate and well.")
    return places


def numbers_to_show(summary: "pd.DataFrame", show: Sequence[str] | None) -> list[str]:
    """Return the columns in ``show``, or else the per cent of every class.

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
