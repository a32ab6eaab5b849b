"""Tables of wells, as a person keeps them: the dose, the compound and whatever else is known."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.names.well_names import WellError, parse_well
from napari_image_classifier.plates.columns import PLATE, WELL, columns_of_wells
from napari_image_classifier.system.spreadsheets import read_spreadsheet
from napari_image_classifier.wording import counted, first_few

if TYPE_CHECKING:
    import pandas as pd

# More wells than these are counted and no longer named.
NAMED = 5


class WellTableError(ImageClassifierError):
    """A table of wells that can't be read, or does not belong to the predictions."""


def read_wells(path: Path, encoding: str | None = None) -> "pd.DataFrame":
    """Return a table of wells.

    Parameters
    ----------
    path
        A CSV with the column "well", optionally "plate", and any others; commas, semicolons or tabs
        separate.
    encoding
        Of the file, see `spreadsheets.read_spreadsheet`.

    Returns
    -------
    pandas.DataFrame
        Its cells as text, without spaces around them and without empty or equal rows, and 0.1 for
        0,1. Its ``attrs["assumptions"]`` are sentences on what the file does not say.

    Raises
    ------
    WellTableError
        It is not there, can't be read, or has no column of wells.
    """
    try:
        known = read_spreadsheet(path, encoding=encoding, titles=(PLATE, WELL))
    except FileNotFoundError as error:
        raise WellTableError(f"There is no table of wells {path}.") from error
    except (OSError, ValueError) as error:
        raise WellTableError(f"The table of wells {path} can't be read: {error}.") from error
    if WELL not in known.columns:
        raise WellTableError(
            f"{path.name} has no column “well”: it has {', '.join(known.columns)}. Its first line "
            "must name the columns: well, optionally plate, and any others such as dose."
        )
    known = known.with_decimal_points(lambda title: title not in (PLATE, WELL))
    table = known.frame().apply(lambda column: column.str.strip())
    table = table[table[WELL] != ""].drop_duplicates(ignore_index=True)
    table.attrs["assumptions"] = known.assumptions
    return table


def join_wells(
    rows: "pd.DataFrame", table: Path, wells: Path, encoding: str | None = None
) -> "pd.DataFrame":
    """Return rows of predictions with the columns of a table of wells behind them.

    Wells are found by name, A1 and A01 being the same, and by plate where both have plates.

    Parameters
    ----------
    rows
        Predictions, see `summary.read_predictions`.
    table
        The file that they are from, for messages.
    wells
        The table of wells: a CSV, see `read_wells`.
    encoding
        Of the table of wells.

    Returns
    -------
    pandas.DataFrame
        A row for each of ``rows``; one whose well is not in the table has empty cells. What was
        assumed of the table of wells is among its ``attrs["assumptions"]``.

    Raises
    ------
    WellTableError
        The predictions have no wells, or none of these; a well stands there twice; a column is in
        both tables.
    """
    known = read_wells(wells, encoding)
    if WELL not in rows:
        raise WellTableError(
            f"{table.name} has no column “well” to find its wells in {wells.name} by; wells come "
            "from file names: classify with a name pattern that has {well}."
        )
    places = columns_of_wells(known, rows)
    for name in known:
        if name in rows and name not in places:
            raise WellTableError(
                f"{table.name} has a column “{name}” already; name that of {wells.name} otherwise."
            )
    by_place = _by_place(known, places, wells)
    matches = [by_place.get(place) for place in _places(rows, places)]
    if not any(matches):
        of_plates = ", or on other plates" if PLATE in places else ""
        raise WellTableError(
            f"None of the wells of {table.name} is in {wells.name}{of_plates}: the first is "
            f"{_in_words(rows, places)} here and {_in_words(known, places)} there."
        )
    joined = rows.copy()
    for name in known:
        if name not in places:
            joined[name] = [row[name] if row else "" for row in matches]
    joined.attrs["assumptions"] = (*rows.attrs["assumptions"], *known.attrs["assumptions"])
    return joined


def wells_not_listed(summary: "pd.DataFrame", wells: Path, encoding: str | None = None) -> str:
    """Return which wells of a summary a table of wells lacks, in words.

    Parameters
    ----------
    summary
        A row for each well.
    wells
        The table of wells, see `read_wells`.
    encoding
        Of the table of wells.

    Returns
    -------
    str
        A sentence that names the first of them; "" where it lacks none.

    Raises
    ------
    WellTableError
        The table of wells can't be read.
    """
    known = read_wells(wells, encoding)
    places = columns_of_wells(known, summary)
    if WELL not in places:
        return ""
    listed = set(_places(known, places))
    missing = [place not in listed for place in _places(summary, places)]
    absent = summary[missing]
    if not len(absent):
        return ""
    wells_absent = absent[columns_of_wells(summary)].itertuples(index=False)
    these = first_few([", ".join(row) for row in wells_absent], NAMED, between="; ")
    return f"{wells.name} says nothing of {counted(len(absent), 'well')}: {these}."


def _by_place(
    known: "pd.DataFrame", places: list[str], wells: Path
) -> Mapping[Hashable, Mapping[str, str]]:
    by_place: dict[Hashable, Mapping[str, str]] = {}
    for place, row in zip(_places(known, places), known.to_dict("records"), strict=True):
        if place in by_place:
            named = ", ".join(row[name] for name in places)
            plates = (
                ""
                if PLATE in places or PLATE not in known
                else ", and the predictions have no column “plate” to tell them apart by"
            )
            raise WellTableError(
                f"{wells.name} has two different rows for the well {named}{plates}; a well has "
                "one row."
            )
        by_place[place] = row
    return by_place


def _places(rows: "pd.DataFrame", places: list[str]) -> list[Hashable]:
    keys = {WELL: _same_well, PLATE: _same_number}
    return list(zip(*(rows[name].map(keys[name]) for name in places), strict=True))


def _same_well(name: str) -> Hashable:
    try:
        return parse_well(name)
    except WellError:
        return _same_number(name)


def _same_number(name: str) -> Hashable:
    """Return the same for 7 and 007, as spreadsheets take the zeros away."""
    text = name.strip().casefold()
    return int(text) if text.isdecimal() else text


def _in_words(rows: "pd.DataFrame", places: list[str]) -> str:
    return ", ".join(rows[places].iloc[0]) if len(rows) else "none"
