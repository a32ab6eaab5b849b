"""The wells of a table of predictions, for the tab *Wells*; no Qt."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.errors import sentence_of
from napari_image_classifier.images.names.well_names import WellError, parse_well
from napari_image_classifier.plates.columns import (
    COUNTED,
    EMPTY_IMAGES,
    PER_CENT,
    PLATE,
    PROBABILITY,
    WELL,
    columns_of_wells,
    in_words,
    interval_columns,
)
from napari_image_classifier.plates.doses import MOST_SERIES, is_dose
from napari_image_classifier.plates.summary import BEFORE_FIELDS, read_predictions, summarize
from napari_image_classifier.plates.well_table import wells_not_listed
from napari_image_classifier.wording import counted

if TYPE_CHECKING:
    import pandas as pd

HOW_TO_GET_WELLS = (
    "This table says nothing of wells. They come from file names: unfold “One image in several "
    "files” above, give a name pattern that has {well} in it, such as {well}_s{site}.tif, also "
    "where each file is one image, and classify with “Start over”."
)
ITEMS = "items"
Place = tuple[str, str]


@dataclass(frozen=True)
class WellSummary:
    """A summary with a row per well, and what can be done with it.

    ``on_plates`` says whether all wells are named after places on a plate. ``files`` are the images
    of each row. ``known`` are the columns that say what a well is, ``doses`` those of them that are
    doses, ``series`` those that tell kinds of wells apart. ``note`` is a sentence for the person,
    "" for none.
    """

    summary: "pd.DataFrame"
    on_plates: bool
    files: tuple[tuple[str, ...], ...]
    known: tuple[str, ...]
    doses: tuple[str, ...]
    series: tuple[str, ...]
    note: str

    @property
    def plates(self) -> list[str]:
        """The names of the plates; one without a name where there is no such column."""
        return list(dict.fromkeys(self.summary[PLATE])) if PLATE in self.summary else [""]

    @property
    def columns(self) -> list[str]:
        """The numbers that wells can be coloured by, the usual ones first."""
        names = list(self.summary.columns)
        return [
            *(name for name in names if name.startswith(PER_CENT)),
            *(name for name in names if name.startswith(PROBABILITY)),
            *self.counts,
            ITEMS,
            *(name for name in names if name.startswith("n_")),
        ]

    @property
    def counts(self) -> list[str]:
        """The columns that say how many items have each status."""
        return [name for name in (*COUNTED, EMPTY_IMAGES) if name in self.summary]

    def name_of(self, row: int) -> str:
        """Return what a well is called, after its plate."""
        return " ".join(self.summary[columns_of_wells(self.summary)].iloc[row])

    def explain(self, row: int, column: str) -> str:
        """Return a well in words: what was found, how surely, and what is known of it."""
        of_well = self.summary.iloc[row]
        doubts = [
            f"{of_well[name]} {name.replace('_', ' ')}" for name in self.counts if of_well[name]
        ]
        lines = [
            self.name_of(row),
            f"{counted(len(self.files[row]), 'image')}: {', '.join(doubts)}",
            f"{in_words(column)}: {_in_digits(of_well, column)}",
        ]
        known = [f"{name}: {of_well[name]}" for name in self.known if of_well[name]]
        return "\n".join([*lines, *known])


def summarize_wells(table: Path, wells: Path | None) -> WellSummary | str:
    """Return what a table of predictions says of its wells, or why it says nothing, as a sentence.

    ``wells`` is a table of what is known of the wells (see `well_table`).
    """
    try:
        rows = read_predictions(table)
        if WELL not in rows:
            return HOW_TO_GET_WELLS
        return _of_rows(rows, table, wells)
    except Exception as error:  # noqa: BLE001 - on a thread nobody else would hear of it
        return sentence_of(error)


def _of_rows(rows: "pd.DataFrame", table: Path, wells: Path | None) -> WellSummary:
    keys = columns_of_wells(rows)
    fields = _fields_of_wells(rows, keys)
    summary = summarize(table, [*keys, *fields], wells)
    end = list(summary.columns).index(ITEMS)
    known = tuple(name for name in summary.columns[:end] if name not in keys)
    files: Mapping[object, tuple[str, ...]] = {
        key: tuple(dict.fromkeys(of_well)) for key, of_well in rows.groupby(keys)["file"]
    }
    why_none = _why_no_plates(summary[WELL])
    doses = tuple(name for name in known if is_dose(summary, name))
    kinds = (name for name in (PLATE, *known) if name not in doses)
    not_listed = wells_not_listed(summary, wells) if wells else ""
    note = " ".join(filter(None, (why_none, not_listed, *summary.attrs["assumptions"])))
    return WellSummary(
        summary,
        not why_none,
        tuple(files[key] for key in summary[keys].itertuples(index=False, name=None)),
        known,
        doses,
        tuple(name for name in kinds if _tells_apart(summary, name)),
        note,
    )


def _fields_of_wells(rows: "pd.DataFrame", keys: list[str]) -> list[str]:
    """Return the further fields of the file names that are the same for all images of a well."""
    header = list(rows.columns)
    fields = [name for name in header[header.index(BEFORE_FIELDS) + 1 :] if name not in keys]
    return [name for name in fields if (rows.groupby(keys)[name].nunique() <= 1).all()]


def _why_no_plates(names: Iterable[str]) -> str:
    try:
        for name in names:
            parse_well(name)
    except WellError as error:
        return f"{error} So no plate is drawn."
    return ""


def _tells_apart(summary: "pd.DataFrame", name: str) -> bool:
    return name in summary and 1 < summary[name].nunique() <= MOST_SERIES


def _in_digits(of_well: "pd.Series[object]", column: str) -> str:
    value = float(of_well[column])
    if math.isnan(value):
        return "nothing is known"
    digits = 2 if column.startswith(PROBABILITY) else 0
    ends = interval_columns(column)
    if ends is None:
        return f"{value:.{digits}f}"
    low, high = (float(of_well[name]) for name in ends)
    return f"{value:.0f} ({low:.0f} to {high:.0f})"
