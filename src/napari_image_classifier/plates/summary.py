"""Summaries of predictions: how many items of each class in each well, plate or day."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from napari_image_classifier.classifiers.prediction import Status
from napari_image_classifier.items.objects import ObjectPlace
from napari_image_classifier.plates.columns import (
    CLASSIFIED,
    COUNTED,
    EMPTY_IMAGES,
    PLATE,
    WELL,
    SummaryError,
)
from napari_image_classifier.plates.well_table import join_wells
from napari_image_classifier.statistics.intervals import Interval, proportion_interval
from napari_image_classifier.system.spreadsheets import SpreadsheetError, read_spreadsheet
from napari_image_classifier.typing import Flags, IntArray

if TYPE_CHECKING:
    import pandas as pd

FIXED_COLUMNS = ("file", "item", "status", "class", "confidence")
# The first column behind the classes' probabilities, and the last one that is not the pattern's.
BEHIND_CLASSES, BEFORE_FIELDS = "message", "classifier"
# A column that only tables of objects have.
OF_OBJECTS = "area"
NUMBER = re.compile(r"(\d+)")


def summarize(
    table: str | Path,
    by: str | Sequence[str] = WELL,
    wells: str | Path | None = None,
    *,
    encoding: str | None = None,
) -> "pd.DataFrame":
    """Return what was found in each well: a row per well, or whatever ``by`` names.

    Parameters
    ----------
    table
        A ``predictions.csv``.
    by
        One or several of its columns, such as ``["plate", "well"]``, or of those of ``wells``.
        By "well", wells of one name on several plates stay apart: "plate" is counted by, too.
    wells
        A table of what is known of the wells, a CSV, see `well_table.join_wells`.
    encoding
        How ``wells`` stores text, such as "cp1252"; without it the file's mark counts, then UTF-8,
        else Windows-1252 is assumed.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by``, rows sorted as people count, A2 before A10; by well, all columns of
        ``wells``, as text, empty for wells that are not in it. Then ``items``, of which
        ``answered`` (status "ok"), ``unsure``, ``unlike_training`` and ``errors``, of objects also
        ``empty_images``, those whose mask has none. Then for each class, NaN where nothing can be
        said:

        - ``n_<class>``, how many of the answered items it has, and ``percent_<class>`` of them;
        - ``low_<class>`` and ``high_<class>``, the 95 % interval of that, in per cent, see
          `intervals.proportion_interval`. It counts images: items of one image are no independent
          witnesses, so one image alone gives 0 to 100;
        - ``mean_p_<class>``, its mean probability over the answered and the unsure items.

        ``attrs["assumptions"]`` are sentences on what the tables do not say and was assumed.

    Raises
    ------
    SummaryError
        The file is no table of predictions, or lacks a column of ``by``.
    WellTableError
        The table of wells can't be joined.
    """
    import pandas as pd

    path = Path(table)
    columns = [by] if isinstance(by, str) else list(by)
    rows = read_predictions(path)
    names = _class_names(rows)
    _check_numbers(path, rows, names)
    own = {*rows, *columns}
    if wells is not None:
        rows = join_wells(rows, path, Path(wells), encoding)
    known = [name for name in rows if name not in own]
    _check_columns(path, rows, columns)
    columns = _with_plates(rows, columns)
    counted = list(_of_group(rows[:0], names))
    known = _checked_known(known, counted) if WELL in columns else []
    summary = [
        {
            **dict(zip(columns, key, strict=True)),
            **dict(group[known].iloc[0]),
            **_of_group(group, names),
        }
        for key, group in rows.groupby(columns, sort=False)
    ]
    summary.sort(key=lambda row: [_as_counted(row[column]) for column in columns])
    summarized = pd.DataFrame(summary, columns=[*columns, *known, *counted])
    summarized.attrs["assumptions"] = rows.attrs["assumptions"]
    return summarized


def read_predictions(path: Path) -> "pd.DataFrame":
    """Return a table of predictions.

    Parameters
    ----------
    path
        A ``predictions.csv``.

    Returns
    -------
    pandas.DataFrame
        All its columns, and cells as text. Its ``attrs["assumptions"]`` are sentences on what the
        file does not say.

    Raises
    ------
    SummaryError
        It is not there, can't be read, or is no table of predictions.
    """
    try:
        table = read_spreadsheet(path)
    except (SpreadsheetError, FileNotFoundError) as error:
        why = "is not there" if isinstance(error, FileNotFoundError) else "can't be read as a CSV"
        raise SummaryError(f"{path} {why}; give the table that classify has written.") from error
    table = table.with_decimal_points(_holds_numbers)
    rows = table.frame()
    rows.attrs["assumptions"] = table.assumptions
    missing = [name for name in (*FIXED_COLUMNS, BEHIND_CLASSES) if name not in rows]
    if missing:
        raise SummaryError(
            f"{path.name} is no table of predictions, as it has no column {missing[0]}; give the "
            "one that classify has written."
        )
    if any(f"p_{name}" not in rows for name in _class_names(rows)):
        raise SummaryError(
            f"{path.name} is damaged: between its columns confidence and message stands one that "
            "is no probability. Take the table that classify has written."
        )
    _check_rows(path, rows)
    return rows


def _check_rows(path: Path, rows: "pd.DataFrame") -> None:
    """Refuse rows that were changed or cut: what they say would be counted as something else."""
    import pandas as pd

    names = _class_names(rows)
    answered = rows["status"].isin(CLASSIFIED)
    confidence = pd.to_numeric(rows["confidence"].where(answered, "0"), errors="coerce")
    wrong = {
        "no file": rows["file"].str.strip() == "",
        "a status that is none": ~rows["status"].isin(get_args(Status)),
        "a class of none of its columns": answered & ~rows["class"].isin(names),
        "a confidence that is no number from 0 to 1": ~confidence.between(0, 1),
        "the item of another row": rows.duplicated(["file", "item"]),
    }
    if BEFORE_FIELDS in rows:
        wrong["no classifier"] = rows[BEFORE_FIELDS].str.strip() == ""
    for what, where in wrong.items():
        if where.any():
            row = rows[where].iloc[0]
            raise SummaryError(
                f"{path.name} has a row with {what}: {' '.join(row[['file', 'item', 'status']])}. "
                "The table was changed or damaged; take the one that classify has written."
            )


def _holds_numbers(title: str) -> bool:
    return title == "confidence" or title in ObjectPlace._fields or title.startswith("p_")


def _with_plates(rows: "pd.DataFrame", columns: list[str]) -> list[str]:
    """Return the columns to count by, with that of the plates where a well is on several."""
    if WELL not in columns or PLATE in columns or PLATE not in rows:
        return columns
    several = rows.groupby(WELL)[PLATE].nunique() > 1
    return [PLATE, *columns] if several.any() else columns


def _check_columns(path: Path, rows: "pd.DataFrame", columns: Sequence[str]) -> None:
    for column in columns:
        if column not in rows:
            header = list(rows.columns)
            fields = header[header.index(BEFORE_FIELDS) + 1 :] if BEFORE_FIELDS in header else []
            known = ", ".join(fields) or "none but those of every table"
            raise SummaryError(
                f"{path.name} has no column “{column}” to count by; it has {known}. Columns such "
                "as well come from file names: classify with a name pattern that has {well}."
            )


def _checked_known(known: list[str], counted: Sequence[str]) -> list[str]:
    """Return the columns of the table of wells that a summary has beside those it is by."""
    for name in known:
        if name in counted:
            raise SummaryError(
                f"The table of wells has a column “{name}”, as the summary has; name it otherwise."
            )
    return known


def _class_names(rows: "pd.DataFrame") -> list[str]:
    header = list(rows.columns)
    first, behind = header.index(FIXED_COLUMNS[-1]) + 1, header.index(BEHIND_CLASSES)
    return [name.removeprefix("p_") for name in header[first:behind]]


def _check_numbers(path: Path, rows: "pd.DataFrame", class_names: Sequence[str]) -> None:
    import pandas as pd

    classified = rows[rows["status"].isin(CLASSIFIED)]
    for name in class_names:
        wrong = ~pd.to_numeric(classified.get(f"p_{name}"), errors="coerce").between(0, 1)
        if wrong.any():
            file = classified["file"][wrong].iloc[0]
            raise SummaryError(
                f"{path.name} has no probability of {name} in the row of {file}: the table was "
                "changed or damaged. Take the one that classify has written."
            )


def _of_group(rows: "pd.DataFrame", class_names: Sequence[str]) -> dict[str, Any]:
    answered = rows[rows["status"] == "ok"]
    classified = rows[rows["status"].isin(CLASSIFIED)]
    n_empty = int((rows["status"] == "empty").sum())
    counts: dict[str, Any] = {
        "items": len(rows) - n_empty,
        **{name: int(rows["status"].isin(of).sum()) for name, of in COUNTED.items()},
    }
    if OF_OBJECTS in rows:
        counts[EMPTY_IMAGES] = n_empty
    images = np.unique(answered["file"], return_inverse=True)[1]
    for name in class_names:
        counts |= _of_class(name, answered["class"].to_numpy() == name, images)
        counts[f"mean_p_{name}"] = classified[f"p_{name}"].astype(float).mean()
    return counts


def _of_class(name: str, is_it: Flags, images: IntArray) -> Mapping[str, float]:
    unknown = Interval(np.nan, np.nan, np.nan)
    interval = proportion_interval(is_it, images) if len(is_it) else unknown
    return {
        f"n_{name}": int(is_it.sum()),
        f"percent_{name}": 100 * interval.score,
        f"low_{name}": 100 * interval.low,
        f"high_{name}": 100 * interval.high,
    }


def _as_counted(text: str) -> list[tuple[bool, int, str]]:
    """Return a key that sorts A2 before A10."""
    parts = filter(None, NUMBER.split(text))
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
