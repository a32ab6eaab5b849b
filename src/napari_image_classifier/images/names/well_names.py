"""Names of wells, and formats of multi-well plates."""

import re
from collections.abc import Iterable
from string import ascii_uppercase
from typing import NamedTuple

from napari_image_classifier.errors import ImageClassifierError

# Rows and columns of plates with 6, 12, 24, 48, 96, 384 and 1536 wells.
PLATES = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
ROW_LETTERS: tuple[str, ...] = (*ascii_uppercase, *(f"A{letter}" for letter in "ABCDEF"))

# A01, a1, B-12, A - 01, B005, AF48; and Operetta's r01c02.
_LETTERED = re.compile(r"([A-Z]|A[A-F])(?: ?[_-] ?| )?0*(\d{1,2})", re.IGNORECASE)
_NUMBERED = re.compile(r"r(\d{1,2})c(\d{1,2})", re.IGNORECASE)
# A01.a1 to H12.d4: the 1536 wells of a plate as 16 in each of 96, as Yokogawa's software has them.
_NESTED = re.compile(r"([A-H])(\d{1,2})\.([a-d])([1-4])", re.IGNORECASE)
_SIDE = 4
# Of a row or column, with zeros before it.
_LONGEST = 9


class WellError(ImageClassifierError):
    """A text that is not the name of a well."""


class Well(NamedTuple):
    """A place on a plate.

    Attributes
    ----------
    row, column
        Counted from 0: A01 is (0, 0).
    """

    row: int
    column: int


def parse_well(name: str) -> Well:
    """Return the well of a name.

    Parameters
    ----------
    name
        Such as “A01”, “a1”, “B-12”, “A - 01” or “AF48”; “r01c02”, as Operetta writes it; or
        “A01.d4”, one of 16 wells in a place of a plate with 96.

    Returns
    -------
    Well
        Row and column.

    Raises
    ------
    WellError
        No plate of up to 1536 wells has a well of that name.
    """
    text = name.strip()
    well = None
    if match := _LETTERED.fullmatch(text):
        well = Well(ROW_LETTERS.index(match[1].upper()), int(match[2]) - 1)
    elif match := _NUMBERED.fullmatch(text):
        well = Well(int(match[1]) - 1, int(match[2]) - 1)
    elif match := _NESTED.fullmatch(text):
        row, column = ROW_LETTERS.index(match[1].upper()), int(match[2]) - 1
        inside = ROW_LETTERS.index(match[3].upper()), int(match[4]) - 1
        well = Well(_SIDE * row + inside[0], _SIDE * column + inside[1])
    if well is None or not _is_on_a_plate(well):
        raise WellError(f"“{name}” is no name of a well; wells are called A01, or r01c02.")
    return well


def name_of_well(row: str, column: str) -> str | None:
    """Return the name of the well in a row and a column that stand in the name of a file.

    Parameters
    ----------
    row
        A number, counted from 1, or letters.
    column
        A number, counted from 1.

    Returns
    -------
    str or None
        Such as "B03"; None where no plate of up to 1536 wells has such a row or column.
    """
    letters = row.upper()
    if max(len(row), len(column)) > _LONGEST:
        return None
    if row.isdecimal():
        number = int(row) - 1
    elif letters in ROW_LETTERS:
        number = ROW_LETTERS.index(letters)
    else:
        return None
    well = Well(number, int(column) - 1)
    return f"{ROW_LETTERS[number]}{well.column + 1:02}" if _is_on_a_plate(well) else None


def _is_on_a_plate(well: Well) -> bool:
    rows, columns = PLATES[-1]
    return 0 <= well.row < rows and 0 <= well.column < columns


def row_letters(row: int) -> str:
    """Return what a row is called.

    Parameters
    ----------
    row
        Counted from 0, at most 31.

    Returns
    -------
    str
        A to Z, then AA to AF.
    """
    return ROW_LETTERS[row]


def plate_shape(wells: Iterable[Well]) -> tuple[int, int]:
    """Return the size of the smallest plate that has all these wells.

    Parameters
    ----------
    wells
        Wells of a plate of up to 1536.

    Returns
    -------
    tuple of int
        Numbers of rows and columns; one of `PLATES`.
    """
    places = list(wells)
    return next(
        (rows, columns)
        for rows, columns in PLATES
        if all(row < rows and column < columns for row, column in places)
    )
