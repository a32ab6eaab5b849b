"""What holds for every split, tried on many sets of items.

SPLIT_EXAMPLES says on how many; `make fuzz` tries 1,000.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.names.patterns import FilePart, ImageFiles
from napari_image_classifier.items.groups import group_numbers, groups_per_class, joined_groups
from napari_image_classifier.items.item import Item
from napari_image_classifier.items.splits import (
    cross_validation,
    digest,
    part_of_groups,
    sealed_split,
    validation_split,
    validation_splits,
)

pytestmark = pytest.mark.long

settings.register_profile(
    "splits",
    max_examples=int(os.environ.get("SPLIT_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
SPLITS = settings.get_profile("splits")
SEEDS = st.integers(0, 2**20)


@st.composite
def tables(draw, fewest_groups=2):
    """Items of two to four classes, in groups of unequal size, some of which hold two classes."""
    items = []
    for name in "abcd"[: draw(st.integers(2, 4))]:
        for group in range(draw(st.integers(fewest_groups, 8))):
            for number in range(draw(st.integers(1, 4))):
                items.append(made(f"{name}{group}_{number}.tif", name, f"{name}{group}"))
    for number in range(draw(st.integers(0, 3))):
        other = draw(st.sampled_from(items))
        items.append(made(f"mixed{number}.tif", draw(st.sampled_from("ab")), other.group))
    return draw(st.permutations(items))


def made(file, class_name, group=None):
    """An item of a file that need not exist."""
    return Item(ImageFiles(file, (FilePart(Path("/i") / file),), {}), "", class_name, group)


def split_of(items, seed):
    """The validation split, where there is one."""
    try:
        return validation_split(items, group_numbers(items), 0.2, seed)
    except TrainingRefused:
        assume(False)


def folds_of(items, seed, n_folds=5):
    """The folds, where there are some."""
    try:
        return cross_validation(items, group_numbers(items), n_folds, seed)
    except TrainingRefused:
        assume(False)


def files(items, indices):
    """What is chosen, whatever the order."""
    return sorted(items[i].file for i in indices)


@SPLITS
@given(tables(), SEEDS)
def test_nothing_crosses_a_validation_split(items, seed):
    """Property 1: no unit is on both sides."""
    units = group_numbers(items)
    training, validation = split_of(items, seed)
    assert not set(units[training]) & set(units[validation])


@SPLITS
@given(tables(), SEEDS)
def test_every_item_is_on_one_side(items, seed):
    """Property 2: none is lost, none is twice."""
    training, validation = split_of(items, seed)
    assert sorted([*training, *validation]) == list(range(len(items)))


@SPLITS
@given(tables(), SEEDS)
def test_every_class_is_on_both_sides(items, seed):
    """Property 3."""
    given_classes = {item.class_name for item in items}
    for side in split_of(items, seed):
        assert {items[i].class_name for i in side} == given_classes


@SPLITS
@given(tables(), SEEDS)
def test_the_same_seed_gives_the_same_split(items, seed):
    """Property 4: and the same digest."""
    one, other = split_of(items, seed), split_of(items, seed)
    assert digest(items, [one]) == digest(items, [other])


@SPLITS
@given(tables(), SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter(items, seed, random):
    """Property 5: the same files are kept aside, with the same digest."""
    others = random.sample(items, len(items))
    one, other = split_of(items, seed), split_of(others, seed)
    assert files(items, one[1]) == files(others, other[1])
    assert digest(items, [one]) == digest(others, [other])


@SPLITS
@given(tables(), SEEDS, st.permutations("abcd"))
def test_names_of_classes_do_not_matter(items, seed, names):
    """Property 6: control and treated may be called the other way round."""
    called = dict(zip("abcd", names, strict=True))
    renamed = [replace(item, class_name=called[item.class_name]) for item in items]
    assert files(items, split_of(items, seed)[1]) == files(renamed, split_of(renamed, seed)[1])
    try:
        folds = cross_validation(items, group_numbers(items), 4, seed)
    except TrainingRefused:
        return
    others = cross_validation(renamed, group_numbers(renamed), 4, seed)
    assert digest(items, folds) == digest(renamed, others)


@SPLITS
@given(tables(), SEEDS)
def test_names_of_groups_do_not_matter(items, seed):
    """Property 7: only which items share one."""
    renamed = [replace(item, group=item.group[::-1] + "!") for item in items]
    assert files(items, split_of(items, seed)[1]) == files(renamed, split_of(renamed, seed)[1])


@SPLITS
@given(tables(fewest_groups=3), SEEDS)
def test_folds_test_each_item_once(items, seed):
    """Property 8."""
    tested = np.concatenate([one for _, one in folds_of(items, seed)])
    assert sorted(tested) == list(range(len(items)))


@SPLITS
@given(tables(fewest_groups=3), SEEDS)
def test_nothing_crosses_a_fold(items, seed):
    """Property 9: what is learnt from and what is tested share no unit, and make up everything."""
    units = group_numbers(items)
    for learnt, tested in folds_of(items, seed):
        assert not set(units[learnt]) & set(units[tested])
        assert len(learnt) + len(tested) == len(items)


@SPLITS
@given(tables(fewest_groups=3), SEEDS, st.integers(2, 10))
def test_folds_leave_enough_to_learn_from(items, seed, n_folds):
    """Property 10: two units of each class, and no more folds than asked for."""
    units = group_numbers(items)
    folds = folds_of(items, seed, n_folds)
    counts = groups_per_class(items, units)
    assert 2 <= len(folds) <= n_folds
    for learnt, _ in folds:
        found = groups_per_class([items[i] for i in learnt], units[learnt])
        assert found.keys() == counts.keys()
        assert min(found.values()) >= 2


@SPLITS
@given(tables(fewest_groups=3), SEEDS)
def test_what_is_sealed_leaves_enough_to_learn_from(items, seed):
    """Property 17: two units of every class to learn from, every class sealed, nothing crosses."""
    units = group_numbers(items)
    try:
        learnt, sealed = sealed_split(items, units, 0.5, seed)
    except TrainingRefused:
        assume(False)
    assert sorted([*learnt, *sealed]) == list(range(len(items)))
    assert not set(units[learnt]) & set(units[sealed])
    assert min(groups_per_class([items[i] for i in learnt], units[learnt]).values()) >= 2
    assert {items[i].class_name for i in sealed} == {item.class_name for item in items}


@SPLITS
@given(tables(), SEEDS, st.data())
def test_copies_never_part(items, seed, data):
    """Property 11: two items that show the same thing are on one side, with their groups."""
    pair = tuple(data.draw(st.lists(st.integers(0, len(items) - 1), min_size=2, max_size=2)))
    units = group_numbers(items, [pair])
    try:
        training, _ = validation_split(items, units, 0.3, seed)
    except TrainingRefused:
        assume(False)
    groups = {items[i].group for i in pair}
    linked = {i for i, item in enumerate(items) if item.group in groups}
    assert linked <= set(training) or not linked & set(training)


@SPLITS
@given(tables(), st.randoms(use_true_random=False))
def test_units_are_the_same_in_any_order(items, random):
    """Property 12: which items share one does not depend on their order."""
    order = random.sample(range(len(items)), len(items))
    one, other = group_numbers(items), group_numbers([items[i] for i in order])
    np.testing.assert_array_equal(
        one[order][:, None] == one[order][None], other[:, None] == other[None]
    )


@SPLITS
@given(tables(), st.data())
def test_joined_units_hold_both(items, data):
    """Property 13: items of one unit or one acquisition are one; no more than that is joined."""
    units = group_numbers(items)
    n = len(items)
    taken = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    larger = joined_groups(units, taken)
    for smaller in (units, taken):
        for one in np.unique(smaller):
            assert len(set(larger[smaller == one])) == 1
    # Walking from item to item over shared units and acquisitions reaches a whole one.
    reached = larger == larger[0]
    walked = np.arange(n) == 0
    for _ in range(n):
        walked = np.isin(units, units[walked]) | np.isin(taken, taken[walked])
    np.testing.assert_array_equal(walked, reached)


@SPLITS
@given(tables(fewest_groups=3), SEEDS)
def test_parts_of_groups_are_nested(items, seed):
    """Property 14: a half holds a quarter, whole units, at least two of every class."""
    units = group_numbers(items)
    learnt = np.arange(len(items))
    quarter, half, whole = (
        part_of_groups(items, units, learnt, part, seed) for part in (0.25, 0.5, 1.0)
    )
    assert set(quarter) <= set(half) <= set(whole)
    assert list(whole) == list(learnt)
    for part in (quarter, half):
        assert not set(units[part]) & set(units[np.setdiff1d(learnt, part)])
        assert min(groups_per_class([items[i] for i in part], units[part]).values()) >= 2


@SPLITS
@given(tables(), SEEDS, st.integers(2, 4))
def test_several_splits_begin_with_the_one(items, seed, number):
    """Property 15: and each holds what one split holds."""
    split_of(items, seed)
    units = group_numbers(items)
    splits = validation_splits(items, units, 0.2, seed, number)
    assert len(splits) == number
    assert files(items, splits[0][1]) == files(items, split_of(items, seed)[1])
    for training, validation in splits:
        assert not set(units[training]) & set(units[validation])


def test_two_groups_of_many_images_a_class_can_be_split():
    """Fewer units than a fifth of the items would make folds: found by property 3."""
    items = [made(f"{name}{g}_{n}.tif", name, f"{name}{g}")
             for name in "ab" for g in range(2) for n in range(5)]  # fmt: skip
    training, validation = validation_split(items, group_numbers(items), 0.2, 0)
    assert len(training) == len(validation) == 10


@SPLITS
@given(tables(), SEEDS)
def test_a_class_of_one_group_is_refused(items, seed):
    """Property 16: always, with its name, never a split without it."""
    alone = [*items, made("z.tif", "rare", "z")]
    with pytest.raises(TrainingRefused, match="“rare” \\(1\\)"):
        validation_split(alone, group_numbers(alone), 0.2, seed)
