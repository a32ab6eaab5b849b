"""Counts and lists in words."""

from napari_image_classifier.wording import counted, counts_of, first_few, quoted


def test_one_takes_the_singular():
    """All other numbers take the plural, none too."""
    assert [counted(n, "well") for n in (0, 1, 2)] == ["0 wells", "1 well", "2 wells"]


def test_lists_name_what_there_is():
    """In order, with names that people gave in quotation marks."""
    assert counts_of({"hidden": 3, "table": 1}) == "3 hidden, 1 table"
    assert counts_of({}) == ""
    assert quoted(["DAPI", "actin"]) == "“DAPI”, “actin”"


def test_long_lists_say_how_many_are_not_named():
    """A list that is short enough is named whole."""
    assert first_few("abc", 3) == "a, b, c"
    assert first_few("abcde", 3) == "a, b, c and 2 more"
    assert first_few("abcde", 2, between="; ", end="; and ") == "a; b; and 3 more"
