"""Sizes that a file states: each is a number within the limit, or refused in a sentence."""

import math
import time
from itertools import count

import numpy as np
import pytest

from napari_image_classifier.system.declared_sizes import (
    SizeRefused,
    checked_length,
    checked_memory,
    checked_number,
    checked_product,
    checked_range,
)


def kind(stated):
    """The name of a test; Python refuses to write the longest numbers."""
    return type(stated).__name__


NO_NUMBERS = (None, True, False, "", " ", "x", "0x10", "1_000", "٣", "1,5", "NaN", "inf", math.nan)
NO_NUMBERS += (
    math.inf,
    -math.inf,
    2.5,
    "2.5",
    "1e999",
    1j,
    [3],
    {},
    b"\xff",
    object(),
    "9" * 10**6,
)
TOO_LARGE = (11, 10**18, 10**5000, 2**63, 1e308, "11", "1e9", b"11", np.uint64(2**64 - 1), 1e300)


@pytest.mark.parametrize("stated", [3, "3", " 3 ", "+3", "3.0", "3e0", b"3", 3.0, np.int16(3)])
def test_a_number_that_can_be_used_is_returned(stated):
    """As XML, JSON, names and arrays state it."""
    number = checked_number(stated, "planes", 10)
    assert (number, type(number)) == (3, int)


@pytest.mark.parametrize(
    "stated", [*NO_NUMBERS, *TOO_LARGE, -1, "-1", -(10**5000), -1e300], ids=kind
)
def test_a_number_that_nobody_states_is_refused_at_once(stated):
    """No text of a million digits becomes a number, and no number a text of a million digits."""
    started = time.process_time()
    for refused in (
        lambda: checked_number(stated, "planes", 10),
        lambda: checked_product([0, stated], "planes", 10),
        lambda: checked_product([2, stated], "planes", 10),
        lambda: checked_memory([2, stated], "planes", 10),
    ):
        with pytest.raises(SizeRefused, match=r"^it states .*planes") as error:
            refused()
        assert len(str(error.value)) < 200
    assert time.process_time() - started < 0.5


def test_least_and_most_can_be_used():
    """The limits themselves are within them."""
    assert [checked_number(n, "planes", 3, least=1) for n in (1, 3)] == [1, 3]
    with pytest.raises(SizeRefused, match="it states 0 planes, and 1 is the least"):
        checked_number(0, "planes", 3, least=1)
    with pytest.raises(SizeRefused, match="it states 1,000 planes, and at most 3 can be used"):
        checked_number(1000, "planes", 3)


def test_a_product_is_held_against_the_limit_as_soon_as_it_is_above():
    """What comes after no longer matters, as lists of lengths are from a file, too."""
    assert checked_product([4, "5", 5], "tiles", 100) == 100
    assert checked_product([], "tiles", 100) == 1
    assert checked_product([0, 50], "tiles", 100) == 0
    with pytest.raises(SizeRefused, match="110 or more tiles"):
        checked_product([11, 10, 0], "tiles", 100)
    with pytest.raises(SizeRefused):
        checked_product(count(2), "tiles", 10**9)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [((1, 3), 3), ((3, 1), 3), (("01", "24"), 24), ((5, 5), 1), ((0, 1, 0.1), 11)],
)
def test_a_range_is_counted_with_both_ends(ends, expected):
    """Up or down, by any step."""
    first, last, *step = ends
    assert (
        checked_range(first, last, "files", 24, **({"step": step[0]} if step else {})) == expected
    )


@pytest.mark.parametrize(
    "ends",
    [
        *((1, 3_000_000_000), (0, 24), (1, "3000000000"), (1, None), (math.nan, 1), (1, 2, 0)),
        *((-1e308, 1e308), (0, 1, 1e-300), (0, 10**5000, 0.5), (0, 1, math.inf), (0, 1, 0.01)),
        ("1" * 10**6, 2),
    ],
    ids=kind,
)
def test_a_range_that_nobody_states_is_refused(ends):
    """Without one number of it being made."""
    first, last, *step = ends
    with pytest.raises(SizeRefused, match="files") as error:
        checked_range(first, last, "files", 24, step=step[0] if step else 1)
    assert len(str(error.value)) < 200


def test_parts_are_counted_no_further_than_need_be():
    """Lists, tables and texts, and what never ends."""
    assert checked_length([1, 2], "classes", 2) == 2
    assert checked_length("ab", "letters", 2) == 2
    assert checked_length(iter([1, 2]), "classes", 2) == 2
    for parts in ([1, 2, 3], iter([1, 2, 3]), count()):
        with pytest.raises(SizeRefused, match=r"2 classes|at most 2"):
            checked_length(parts, "classes", 2)
    with pytest.raises(SizeRefused, match="2 is the least"):
        checked_length([1], "classes", 9, least=2)


def test_memory_is_told_in_gigabytes():
    """By the lengths of the axes, whatever their product."""
    assert checked_memory([10, 20], "images", 800, each=4) == 800
    with pytest.raises(
        SizeRefused, match="it states images of 8,192 × 8,192 × 20, which would take more than 1 GB"
    ):
        checked_memory([8192, 8192, 20], "images", 10**9, each=4)
