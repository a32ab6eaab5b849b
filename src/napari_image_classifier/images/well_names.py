"""Names of wells, and the plates that they lie on."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from napari_image_classifier.errors import ImageClassifierError

# Rows and columns of the plates there are: 6, 12, 24, 48, 96, 384 and 1536 wells.
PLATES = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# A01, a1, B-12, AF48; and Operetta's r01c02.
_LETTERED = re.compile(r"([A-Z]|A[A-F])[ _-]?(\d{1,2})", re.IGNORECASE)
_NUMBERED = re.compile(r"r(\d{1,2})c(\d{1,2})", re.IGNORECASE)


class WellError(ImageClassifierError):
    """A name that is no well's, or wells that no plate has."""


class Well(NamedTuple):
    """A place on a plate, counted from 0."""

    row: int
    column: int


def parse_well(name: str) -> Well:
    """Return the well called “A01”, “a1”, “AF48” or “r01c02”.

    Raises
    ------
    WellError
        No plate of up to 1536 wells has a well of that name.
    """
    text = name.strip()
    well = None
    if match := _LETTERED.fullmatch(text):
        well = Well(_row_lettered(match[1].upper()), int(match[2]) - 1)
    elif match := _NUMBERED.fullmatch(text):
        well = Well(int(match[1]) - 1, int(match[2]) - 1)
    rows, columns = PLATES[-1]
    if well is None or not (0 <= well.row < rows and 0 <= well.column < columns):
        raise WellError(f"“{name}” is no name of a well; wells are called A01, or r01c02.")
    return well


def row_letters(row: int) -> str:
    """Return what a row is called: A to Z, then AA to AF."""
    return LETTERS[row] if row < len(LETTERS) else "A" + LETTERS[row - len(LETTERS)]


def plate_shape(wells: Iterable[Well]) -> tuple[int, int]:
    """Return the rows and columns of the smallest plate that has all these wells."""
    lowest = [(well.row + 1, well.column + 1) for well in wells]
    return next(
        (rows, columns)
        for rows, columns in PLATES
        if all(row <= rows and column <= columns for row, column in lowest)
    )


def _row_lettered(letters: str) -> int:
    if len(letters) == 1:
        return LETTERS.index(letters)
    return len(LETTERS) + LETTERS.index(letters[1])
