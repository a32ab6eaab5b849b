"""Names of wells, and the plates that they lie on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_image_classifier.images.well_names import (
    PLATES,
    Well,
    WellError,
    parse_well,
    plate_shape,
    row_letters,
)

ROWS, COLUMNS = PLATES[-1]


@given(st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1))
def test_every_well_of_every_plate_has_its_names(row, column):
    """With a zero and without, in small letters, and as Operetta writes it."""
    letters = row_letters(row)
    for name in (f"{letters}{column + 1:02}", f"{letters.lower()}{column + 1}",
                 f" {letters}-{column + 1}", f"r{row + 1:02}c{column + 1:02}"):  # fmt: skip
        assert parse_well(name) == Well(row, column)


@pytest.mark.parametrize("name", ["", "A", "A0", "A49", "AG1", "1A", "r00c01", "r33c1", "B2b", "X"])
def test_other_names_are_refused(name):
    """Rather than coloured somewhere."""
    with pytest.raises(WellError, match="is no name of a well"):
        parse_well(name)


@pytest.mark.parametrize(
    ("last", "plate"),
    [("B3", (2, 3)), ("C4", (3, 4)), ("A12", (8, 12)), ("H12", (8, 12)), ("I1", (16, 24)),
     ("A25", (32, 48)), ("AF48", (32, 48))],
)  # fmt: skip
def test_the_smallest_plate_that_has_them_all(last, plate):
    """A screen of some wells of a 384-well plate is no 96-well plate."""
    assert plate_shape([parse_well("A1"), parse_well(last)]) == plate
