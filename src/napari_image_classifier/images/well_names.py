"""Names of wells, and formats of multi-well plates."""

import re
from collections.abc import Iterable
from string import ascii_uppercase
from typing import NamedTuple

from napari_image_classifier.errors import ImageClassifierError

# Rows and columns of plates with 6, 12, 24, 48, 96, 384 and 1536 wells.
PLATES = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
ROW_LETTERS: tuple[str, ...] = (*ascii_uppercase, *(f"A{letter}" for letter in "ABCDEF"))

# A01, a1, B-12, AF48; and Operetta's r01c02.
_LETTERED = re.compile(r"([A-Z]|A[A-F])[ _-]?(\d{1,2})", re.IGNORECASE)
_NUMBERED = re.compile(r"r(\d{1,2})c(\d{1,2})", re.IGNORECASE)


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
        Such as “A01”, “a1”, “B-12” or “AF48”; or “r01c02”, as Operetta writes it.

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
    rows, columns = PLATES[-1]
    if well is None or not (0 <= well.row < rows and 0 <= well.column < columns):
        raise WellError(f"“{name}” is no name of a well; wells are called A01, or r01c02.")
    return well


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
