"""selection: which part of an image an item is."""

import numpy as np
import pytest

from napari_image_classifier.images.image import Image
from napari_image_classifier.items.selection import (
    SelectionError,
    check_selection,
    format_selection,
    parse_selection,
    selections_of,
)


@pytest.mark.parametrize("text", ["", "t=3", "z=5", "t=3,z=5"])
def test_what_is_written_reads_back(text):
    """Formatting what was parsed gives the same text."""
    chosen = parse_selection(text)
    assert format_selection(time=chosen.get("t"), z=chosen.get("z")) == text


@pytest.mark.parametrize(
    "text", ["3", "c=1", "t=-1", "t=1,t=2", "t=x", "t=²", "label=" + "9" * 5000]
)
def test_nonsense_is_refused(text):
    """What is no selection is refused with how to write one."""
    with pytest.raises(SelectionError, match="t=3"):
        parse_selection(text)


@pytest.mark.parametrize(
    ("axes", "shape", "each", "expected"),
    [
        ("CZYX", (2, 3, 4, 4), "image", [""]),
        ("CZYX", (2, 3, 4, 4), "plane", ["z=0", "z=1", "z=2"]),
        ("CZYX", (2, 3, 4, 4), "time", [""]),
        ("TYX", (2, 4, 4), "image", ["t=0", "t=1"]),
        ("TZYX", (2, 2, 4, 4), "time", ["t=0", "t=1"]),
        ("TZYX", (2, 2, 4, 4), "plane", ["t=0,z=0", "t=0,z=1", "t=1,z=0", "t=1,z=1"]),
    ],
)
def test_an_image_splits_into_its_items(axes, shape, each, expected):
    """Whole images, time points and planes, in order; time is never projected."""
    image = Image.from_array(np.zeros(shape, np.uint8), axes)
    assert selections_of(image, each) == expected


def test_a_plane_past_the_last_is_refused():
    """The sentence says how many there are."""
    image = Image.from_array(np.zeros((3, 4, 4), np.uint8), "ZYX", name="cell.tif")
    check_selection(image, "z=2")
    with pytest.raises(SelectionError, match="has 3 planes"):
        check_selection(image, "z=3")


def test_what_lies_between_objects_is_none():
    with pytest.raises(SelectionError, match="between objects"):
        parse_selection("t=3,label=0")
