"""Groups: what was joined, and how a refusal says so."""

from pathlib import Path

import pytest

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.names.patterns import FilePart, ImageFiles
from napari_image_classifier.items.groups import check_enough, group_numbers, joins_named
from napari_image_classifier.items.item import Item


def item(file, class_name, group=None, parts=()):
    """An item of one file, or of several."""
    root = Path("images")
    files = tuple(FilePart(root / part) for part in parts) or (FilePart(root / file),)
    return Item(ImageFiles(file, files), class_name=class_name, group=group)


def refusal(items, duplicates=()):
    """The sentence with which such items are refused."""
    with pytest.raises(TrainingRefused) as refused, joins_named(items, duplicates):
        check_enough(items, group_numbers(items, duplicates))
    return str(refused.value)


def test_a_refusal_names_the_images_that_show_the_same():
    """They stand alone otherwise, so these are images."""
    items = [item(f"{name}{number}.tif", name) for name in "ab" for number in range(3)]
    said = refusal(items, [(0, 1), (1, 2)])
    assert "too few in “a” (1)" in said
    assert (
        "Counted as one group: a0.tif, a1.tif, a2.tif, as a0.tif and a1.tif show the same" in said
    )
    assert "b0.tif" not in said


def test_a_refusal_names_the_groups_that_share_an_image():
    """Two wells that were given the same file are one."""
    items = [
        item("1.tif", "a", "A01", ("1.tif", "flat.tif")),
        item("2.tif", "a", "A02", ("2.tif", "flat.tif")),
        item("3.tif", "b", "B01"),
        item("4.tif", "b", "B02"),
    ]
    shared = Path("images") / "flat.tif"
    assert f"one group: A01 and A02, as {shared} belongs to both." in refusal(items)


def test_a_refusal_names_a_few_of_many():
    """Those of the class that has too few come first."""
    items = [item(f"{name}{number}.tif", name) for name in "ab" for number in range(20)]
    pairs = [(i, i + 1) for i in range(0, 19)] + [(i, i + 1) for i in range(20, 39, 2)]
    said = refusal(items, pairs)
    assert "a0.tif, a1.tif, a2.tif, a3.tif and 16 more, as a0.tif and a1.tif show the same" in said
    assert "b0.tif and b1.tif, as they show the same" in said
    assert said.endswith("; and 8 more.")


def test_a_refusal_of_what_stands_alone_stays_as_it_is():
    """Nothing was joined."""
    assert "Counted" not in refusal([item("1.tif", "a"), item("2.tif", "b"), item("3.tif", "b")])
