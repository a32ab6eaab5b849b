"""Names of wells, and the plates that they lie on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_image_classifier.images.names.well_names import (
    PLATES,
    Well,
    WellError,
    name_of_well,
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
                 f" {letters}-{column + 1}", f"{letters} - {column + 1:02}",
                 f"{letters}{column + 1:03}", f"r{row + 1:02}c{column + 1:02}"):  # fmt: skip
        assert parse_well(name) == Well(row, column)
    assert name_of_well(str(row + 1), f"{column + 1:02}") == f"{letters}{column + 1:02}"
    assert name_of_well(letters.lower(), str(column + 1)) == f"{letters}{column + 1:02}"


@pytest.mark.parametrize(("row", "column"), [("0", "1"), ("1", "0"), ("33", "1"), ("AG", "1")])
def test_other_rows_and_columns_make_no_well(row, column):
    """Such as those that are counted from 0."""
    assert name_of_well(row, column) is None


@pytest.mark.parametrize(
    ("name", "well"), [("A01.a1", "A1"), ("A01.d4", "D4"), ("B02.b3", "F7"), ("H12.d4", "AF48")]
)
def test_sixteen_wells_in_the_place_of_one(name, well):
    """As Yokogawa's software names the 1536 wells of a plate."""
    assert parse_well(name) == parse_well(well)


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
