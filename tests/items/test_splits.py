"""Which items may not part, and the split into training and validation."""

from pathlib import Path

import numpy as np
import pytest

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.names.patterns import FilePart, ImageFiles
from napari_image_classifier.items.groups import group_numbers, groups_per_class
from napari_image_classifier.items.item import Item
from napari_image_classifier.items.splits import validation_split, validation_splits


def item(file, class_name, group=None, selection=""):
    """An item of one file that need not exist."""
    image = ImageFiles(file, (FilePart(Path("/images") / file),), {})
    return Item(image, selection, class_name, group)


def wells(class_name, n_wells, n_images=3):
    """Images of a class in wells of their own."""
    return [
        item(f"{class_name}/{well}_{number}.tif", class_name, f"{class_name} {well}")
        for well in range(n_wells)
        for number in range(n_images)
    ]


def test_items_of_a_file_or_a_group_are_one_unit():
    """Planes of one file and images of one group share a number; the rest stand alone."""
    items = [
        item("a.tif", "x", selection="z=0"),
        item("b.tif", "x", "well 1"),
        item("a.tif", "x", selection="z=1"),
        item("c.tif", "x", "well 1"),
        item("d.tif", "x"),
    ]
    assert group_numbers(items).tolist() == [0, 1, 0, 1, 2]


def test_groups_that_share_a_file_are_one_unit():
    """What is linked through others can't part either."""
    items = [
        item("a.tif", "x", "well 1"),
        item("b.tif", "x", "well 2"),
        item("c.tif", "x", "well 1", "t=0"),
        item("c.tif", "x", "well 2", "t=1"),
    ]
    assert group_numbers(items).tolist() == [0, 0, 0, 0]


def test_a_group_named_like_a_file_is_another_thing():
    """A name is only looked for among names of its own kind."""
    items = [item("a.tif", "x"), item("b.tif", "x", "a.tif")]
    assert group_numbers(items).tolist() == [0, 1]


def test_counts_units_per_class():
    """Three images of a well count once."""
    items = [*wells("b", 2), *wells("a", 4)]
    assert groups_per_class(items, group_numbers(items)) == {"a": 4, "b": 2}


@pytest.mark.parametrize("seed", range(5))
def test_no_group_parts_and_every_class_is_on_both_sides(seed):
    """About the fraction asked for, of every class."""
    items = [*wells("a", 10), *wells("b", 10), *wells("c", 3, 1)]
    training, validation = validation_split(items, group_numbers(items), 0.2, seed)
    assert sorted([*training, *validation]) == list(range(len(items)))
    units = group_numbers(items)
    assert not set(units[training]) & set(units[validation])
    classes = np.array([one.class_name for one in items])
    assert set(classes[training]) == set(classes[validation]) == {"a", "b", "c"}
    assert 0.1 < len(validation) / len(items) < 0.3


def test_rare_classes_scattered_over_groups_are_still_on_both_sides():
    """Where no plain fold has every class, small groups move over, and only a few."""
    items = [
        item(f"{plate}_{number}.tif", f"class {(plate + number) % 9}", f"plate {plate}")
        for plate in range(18)
        for number in range(2)
    ]
    training, validation = validation_split(items, group_numbers(items), 0.2, 0)
    classes = np.array([one.class_name for one in items])
    assert set(classes[training]) == set(classes[validation]) == set(classes)
    assert len(validation) <= 0.4 * len(items)


def test_the_same_seed_gives_the_same_split_in_any_order():
    """Only the items themselves and the seed matter."""
    items = [*wells("a", 7), *wells("b", 9, 2)]
    shuffled = [items[i] for i in np.random.default_rng(0).permutation(len(items))]
    _, validation = validation_split(items, group_numbers(items), 0.2, 3)
    _, again = validation_split(shuffled, group_numbers(shuffled), 0.2, 3)
    assert {items[i].file for i in validation} == {shuffled[i].file for i in again}
    others = [
        validation_split(items, group_numbers(items), 0.2, seed)[1].tolist() for seed in range(6)
    ]
    assert any(other != validation.tolist() for other in others)


def test_several_splits_keep_nearly_every_image_aside_once():
    """A cross-validation by group, whose first part is that of a single split."""
    items = wells("a", 10) + wells("b", 10)
    splits = validation_splits(items, group_numbers(items), 0.2, 0, 5)
    times = np.bincount(np.concatenate([validation for _, validation in splits]), minlength=60)
    assert times.tolist() == [1] * 60
    first = validation_split(items, group_numbers(items), 0.2, 0)
    assert all(map(np.array_equal, splits[0], first))
    units = group_numbers(items)
    for training, validation in splits:
        assert not set(units[training]) & set(units[validation])


def test_more_splits_than_parts_go_round_again():
    """Seven of four wells, with every class on both sides each time."""
    items = wells("a", 4) + wells("b", 4)
    splits = validation_splits(items, group_numbers(items), 0.25, 0, 7)
    assert len(splits) == 7
    times = np.bincount(np.concatenate([validation for _, validation in splits]), minlength=24)
    assert times.min() >= 1


def test_two_images_of_each_class_are_enough():
    """The smallest set that can be checked at all: one of each on each side."""
    items = [item(f"{name}{number}.tif", name) for name in "ab" for number in range(2)]
    training, validation = validation_split(items, group_numbers(items), 0.2, 0)
    assert [items[i].class_name for i in training] == ["a", "b"]
    assert [items[i].class_name for i in validation] == ["a", "b"]


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([], "no image has a class"),
        (wells("control", 4), "there is one class, “control”"),
        ([*wells("a", 3), *wells("treated", 1)], "too few in “treated” \\(1\\)"),
        ([item("a.tif", "a"), item("b.tif", "b"), item("c.tif", "b")], "independent images"),
    ],
)
def test_refuses_what_can_not_be_checked(items, says):
    """The sentence names what is missing."""
    with pytest.raises(TrainingRefused, match=says):
        validation_split(items, group_numbers(items), 0.2, 0)


def test_refuses_groups_that_hold_all_of_two_classes_together():
    """Each class has two groups, but no way to have both classes on both sides."""
    items = [
        item("a1.tif", "a", "well 1"),
        item("a2.tif", "a", "well 2"),
        item("b1.tif", "b", "well 2"),
        item("b2.tif", "b", "well 3"),
        item("c1.tif", "c", "well 1"),
        item("c2.tif", "c", "well 3"),
    ]
    with pytest.raises(TrainingRefused, match="No split was found"):
        validation_split(items, group_numbers(items), 0.2, 0)
