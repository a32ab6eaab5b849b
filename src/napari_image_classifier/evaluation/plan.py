"""The plan of an evaluation: all that is trained and tested, known before the first run begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.evaluation.evaluate import EvaluationChoices
from napari_image_classifier.evaluation.perturbations import CHANGES, Change
from napari_image_classifier.items.groups import check_enough, joined_groups
from napari_image_classifier.items.item import Item
from napari_image_classifier.items.splits import (
    Split,
    cross_validation,
    part_of_groups,
    sealed_split,
)
from napari_image_classifier.statistics.permutation_tests import SIGNIFICANT, smallest_p, strata_of
from napari_image_classifier.typing import Float64Array, IntArray

# For the test against chance: so many of the groups.
SEALED_PART = 0.5
# So many acquisitions are left out one by one; of more, some together.
MOST_LEFT_OUT = 10
PARTS_OF_GROUPS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Run:
    """One training and one test.

    Attributes
    ----------
    name
        Unlike that of any other run of the evaluation.
    seed
        That of the training.
    learnt
        The indices of the items learnt from.
    tested
        The indices of the items tested.
    change
        What is taken from all images before, None for nothing.
    """

    name: str
    seed: int
    learnt: IntArray
    tested: IntArray
    change: Change | None = None


@dataclass(frozen=True)
class Folds:
    """Runs that test every item once."""

    runs: tuple[Run, ...]

    @property
    def splits(self) -> list[Split]:
        """What is learnt from and what is tested, run by run."""
        return [(run.learnt, run.tested) for run in self.runs]

    def of_every_item(self, results: Mapping[str, Float64Array], n_items: int) -> Float64Array:
        """Return the probabilities (item, class) from those of each run, (tested item, class)."""
        probabilities = np.zeros((n_items, results[self.runs[0].name].shape[1]))
        for run in self.runs:
            probabilities[run.tested] = results[run.name]
        return probabilities

    def of_each_item(self, n_items: int) -> IntArray:
        """Return the number of the run that each item is tested in, from 1."""
        folds = np.zeros(n_items, np.intp)
        for number, run in enumerate(self.runs, start=1):
            folds[run.tested] = number
        return folds


@dataclass(frozen=True)
class Plan:
    """All runs of an evaluation.

    ``seeds`` holds the folds of every seed, of which the first was chosen to count. ``sealed`` are
    the runs for the tests against chance, each on groups that another learns from; there are none
    where the groups are so few that no result could be told from chance (``smallest_p`` is the
    smallest that one could reach). On the folds of the first seed, ``fewer`` learns from a part of
    the groups and ``changed`` from changed images. ``new_acquisitions`` tests on acquisitions never
    seen; None where there are too few. ``simple`` are the folds of the simpler methods, None where
    there are too few groups.
    """

    seeds: tuple[Folds, ...]
    sealed: tuple[Run, ...]
    smallest_p: float
    simple: Folds | None
    fewer: Mapping[float, Folds] = field(default_factory=dict)
    changed: Mapping[Change, Folds] = field(default_factory=dict)
    new_acquisitions: Folds | None = None

    @property
    def is_of_finished(self) -> bool:
        """Whether nothing is trained but simpler methods."""
        return all(len(run.learnt) == 0 for run in self.runs)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Every run, those that the verdict rests on first."""
        others = (*self.seeds[1:], *self.changed.values(), *self.fewer.values())
        if self.new_acquisitions:
            others = (*others, self.new_acquisitions)
        runs = [*self.seeds[0].runs, *self.sealed, *(run for folds in others for run in folds.runs)]
        # The one run of a finished classifier is a sealed one, too.
        return tuple({run.name: run for run in runs}.values())


def plan_of(
    items: Sequence[Item],
    units: IntArray,
    classes: IntArray,
    acquisitions: IntArray | None,
    choices: EvaluationChoices,
    seed: int,
) -> Plan:
    """Return what is to be done for these items, of which ``units`` may not part.

    ``seed`` is the first of those that are chosen.

    Raises
    ------
    TrainingRefused
        Too few classes or groups, or groups so entangled that there are no folds.
    """
    n_folds, controls = choices.folds, choices.controls
    of_seeds = [
        _folds(f"seed {one}, fold", one, cross_validation(items, units, n_folds, one))
        for one in range(seed, seed + choices.seeds)
    ]
    first = of_seeds[0]
    sealed, smallest = _sealed(items, units, classes, acquisitions, seed)
    new_acquisitions = None
    if controls and acquisitions is not None:
        new_acquisitions = _new_acquisitions(items, units, acquisitions, n_folds, seed)
    return Plan(
        tuple(of_seeds),
        sealed,
        smallest,
        simple=first,
        fewer=_fewer(items, units, first) if choices.curve else {},
        changed={change: _changed(first, change) for change in CHANGES} if controls else {},
        new_acquisitions=new_acquisitions,
    )


def plan_of_finished(
    items: Sequence[Item], units: IntArray, classes: IntArray, *, n_folds: int, seed: int
) -> Plan:
    """Return the plan for a classifier that is finished and has not learnt from these items.

    One run tests everything, and so serves the tests against chance, too. Only simpler methods
    learn from the items.
    """
    everything = np.arange(len(items))
    run = Run("finished classifier", seed, everything[:0], everything)
    try:
        simple = _folds("simple, fold", seed, cross_validation(items, units, n_folds, seed))
    except TrainingRefused:
        simple = None
    return Plan((Folds((run,)),), (run,), smallest_p(classes, units), simple)


def _folds(name: str, seed: int, splits: Sequence[Split]) -> Folds:
    return Folds(tuple(Run(f"{name} {i}", seed, *split) for i, split in enumerate(splits, 1)))


def _sealed(
    items: Sequence[Item],
    units: IntArray,
    classes: IntArray,
    acquisitions: IntArray | None,
    seed: int,
) -> tuple[tuple[Run, ...], float]:
    """Return the runs on sealed groups, and the smallest p that their test could reach.

    Two halves are each other's sealed part, where both could tell; else there is one.
    """
    strata = strata_of(classes, acquisitions)

    def smallest(part: IntArray) -> float:
        within = None if strata is None else strata[part]
        return smallest_p(classes[part], units[part], within)

    try:
        halves = cross_validation(items, units, 2, seed)
        of_both = len(halves) * max(smallest(sealed) for _, sealed in halves)
    except TrainingRefused:
        of_both = 1.0
    if of_both <= SIGNIFICANT:
        return _folds("sealed half", seed, halves).runs, of_both
    try:
        learnt, sealed = sealed_split(items, units, SEALED_PART, seed)
    except TrainingRefused:
        return (), 1.0
    of_one = smallest(sealed)
    runs = (Run("sealed", seed, learnt, sealed),) if of_one <= SIGNIFICANT else ()
    return runs, of_one


def _fewer(items: Sequence[Item], units: IntArray, folds: Folds) -> dict[float, Folds]:
    """Return the folds with a part of the groups to learn from, where that makes a difference."""
    fewer, before = {}, 0
    for part in PARTS_OF_GROUPS:
        runs = [
            replace(
                run,
                name=f"{part:.0%} of the groups, {run.name}",
                learnt=part_of_groups(items, units, run.learnt, part, run.seed),
            )
            for run in folds.runs
        ]
        n_learnt = sum(len(run.learnt) for run in runs)
        if before < n_learnt < sum(len(run.learnt) for run in folds.runs):
            fewer[part] = Folds(tuple(runs))
        before = n_learnt
    return fewer


def _changed(folds: Folds, change: Change) -> Folds:
    return Folds(
        tuple(replace(run, name=f"{change}, {run.name}", change=change) for run in folds.runs)
    )


def _new_acquisitions(
    items: Sequence[Item], units: IntArray, acquisitions: IntArray, n_folds: int, seed: int
) -> Folds | None:
    larger = joined_groups(units, acquisitions)
    if larger.max() == units.max():
        return None
    try:
        splits = (
            _each_left_out(items, units, larger)
            if larger.max() < MOST_LEFT_OUT
            else cross_validation(items, larger, n_folds, seed)
        )
    except TrainingRefused:
        return None
    return _folds("new acquisitions, fold", seed, splits)


def _each_left_out(items: Sequence[Item], units: IntArray, larger: IntArray) -> list[Split]:
    """Return what is learnt from and tested where each of the larger units is left out in turn."""
    splits = []
    for left_out in range(int(larger.max()) + 1):
        learnt: IntArray = np.flatnonzero(larger != left_out)
        check_enough([items[i] for i in learnt], units[learnt])
        splits.append((learnt, np.flatnonzero(larger == left_out)))
    return splits
