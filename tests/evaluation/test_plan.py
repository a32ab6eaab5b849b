"""evaluation_plan: every run is known beforehand, and none learns from what it tests."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.evaluation import plan as evaluation_plan
from napari_image_classifier.evaluation.evaluate import EvaluationChoices
from napari_image_classifier.evaluation.plan import plan_of, plan_of_finished
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.items.groups import groups_per_class, joined_groups
from napari_image_classifier.items.item import Item

SHORT = EvaluationChoices(folds=3, seeds=1, controls=False, curve=False)


def dishes(n_dishes, images=2):
    """Items of two classes, in dishes of one class each, and the acquisition of each dish."""
    items, units = [], []
    for dish in range(n_dishes):
        for number in range(images):
            name = f"{dish}/{number}.tif"
            image = ImageFiles.single(Path("/nowhere") / name, Path("/nowhere"))
            items.append(Item(image, class_name="ab"[dish % 2], group=str(dish)))
            units.append(dish)
    units = np.array(units)
    return items, units, units % 2, units // 4


def plates(n_plates, rare):
    """Items of two classes on every plate, and of a third one on the first ``rare`` plates."""
    items, units = [], []
    for plate in range(n_plates):
        for number, name in enumerate("aaabbb" + "cc" * (plate < rare)):
            image = ImageFiles.single(Path("/nowhere") / f"{plate}/{number}.tif", Path("/nowhere"))
            items.append(Item(image, class_name=name, group=str(plate)))
            units.append(plate)
    classes = np.array(["abc".index(item.class_name) for item in items])
    return items, np.array(units), classes, None


def plan(n_dishes=24, **choices):
    """The plan for dishes."""
    items, units, classes, acquisitions = dishes(n_dishes)
    wanted = EvaluationChoices(folds=3, seeds=2, **choices)
    found = plan_of(items, units, classes, acquisitions, wanted, seed=0)
    return items, units, acquisitions, found


def test_no_run_learns_from_a_group_that_it_tests():
    """Whatever the run is for."""
    _, units, acquisitions, found = plan()
    assert len({run.name for run in found.runs}) == len(found.runs)
    for run in found.runs:
        assert not set(units[run.learnt]) & set(units[run.tested])
    for run in found.new_acquisitions.runs:
        assert not set(acquisitions[run.learnt]) & set(acquisitions[run.tested])


def test_every_item_is_tested_once_by_each_kind_of_folds():
    """Of every seed, with fewer groups, with changed images, on new acquisitions."""
    items, _, _, found = plan()
    kinds = (*found.seeds, *found.fewer.values(), *found.changed.values(), found.new_acquisitions)
    assert len(kinds) == 2 + 3 + 2 + 1
    for folds in kinds:
        tested = np.concatenate([run.tested for run in folds.runs])
        assert sorted(tested) == list(range(len(items)))
        assert folds.of_each_item(len(items)).min() == 1


def test_fewer_groups_are_part_of_more():
    """A curve that compares like with like: nested, and every class has two groups."""
    items, units, _, found = plan()
    parts = [*found.fewer.values(), found.seeds[0]]
    for smaller, larger in pairwise(parts):
        for one, other in zip(smaller.runs, larger.runs, strict=True):
            assert set(one.learnt) < set(other.learnt)
            np.testing.assert_array_equal(one.tested, other.tested)
            counts = groups_per_class([items[i] for i in one.learnt], units[one.learnt])
            assert min(counts.values()) >= 2


def test_what_was_not_asked_for_is_not_planned():
    """A first look without controls and curve."""
    _, _, _, found = plan(controls=False, curve=False)
    assert not found.fewer
    assert not found.changed
    assert found.new_acquisitions is None


@pytest.mark.parametrize(("n_dishes", "sealed"), [(6, 0), (8, 0), (12, 1), (16, 2)])
def test_halves_are_sealed_where_they_can_tell(n_dishes, sealed):
    """Two dishes of a class on a side reach p = 1/6, three 1/20, four 1/70, enough for two."""
    items, units, classes, _ = dishes(n_dishes)
    found = plan_of(items, units, classes, None, SHORT, seed=0)
    assert len(found.sealed) == sealed
    assert (found.smallest_p <= 0.05) == (sealed > 0)
    for run in found.sealed:
        assert len(run.tested) == len(items) / 2
        assert not set(units[run.learnt]) & set(units[run.tested])
    tested = [i for run in found.sealed for i in run.tested]
    assert len(tested) == len(set(tested))


def test_plates_of_several_classes_can_be_tested_from_three_on():
    """A rare class on three plates: two to learn from, one sealed."""
    items, units, classes, _ = plates(8, rare=3)
    found = plan_of(items, units, classes, None, SHORT, seed=0)
    (run,) = found.sealed
    assert len(set(units[run.learnt][classes[run.learnt] == 2])) == 2
    assert len(set(units[run.tested][classes[run.tested] == 2])) == 1
    assert found.smallest_p <= 0.05


def test_where_nothing_can_be_sealed_nothing_can_be_told(monkeypatch):
    """No result could count, however many permutations there are."""

    def refuse(*_):
        raise TrainingRefused("too entangled")

    monkeypatch.setattr(evaluation_plan, "sealed_split", refuse)
    items, units, classes, _ = dishes(12)
    found = plan_of(items, units, classes, None, SHORT, seed=0)
    assert (found.sealed, found.smallest_p) == ((), 1.0)


def test_each_acquisition_is_left_out_in_turn():
    """Six of four dishes each; with more than ten some go together."""
    _, _, acquisitions, found = plan(24)
    left_out = [set(acquisitions[run.tested]) for run in found.new_acquisitions.runs]
    assert left_out == [{one} for one in range(6)]
    _, _, acquisitions, found = plan(48)
    left_out = [set(acquisitions[run.tested]) for run in found.new_acquisitions.runs]
    assert len(left_out) == 3
    assert sorted(one for some in left_out for one in some) == list(range(12))


def test_units_are_joined_by_what_was_taken_together():
    """A dish that was taken on two days joins these."""
    units = np.array([0, 0, 1, 1, 2, 3])
    days = np.array([0, 1, 1, 1, 2, 3])
    np.testing.assert_array_equal(joined_groups(units, days), [0, 0, 0, 0, 1, 2])


def test_a_finished_classifier_learns_nothing():
    """One run tests everything; only the simpler methods learn, where there are enough groups."""
    items, units, classes, _ = dishes(12)
    found = plan_of_finished(items, units, classes, n_folds=3, seed=0)
    (run,) = found.runs
    assert found.is_of_finished
    assert len(run.learnt) == 0
    assert list(run.tested) == list(range(len(items)))
    assert found.sealed == (run,)
    assert len(found.simple.runs) == 3
    few, units, classes, _ = dishes(4)
    assert plan_of_finished(few, units, classes, n_folds=3, seed=0).simple is None
