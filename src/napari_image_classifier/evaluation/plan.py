"""What an evaluation trains and tests: known to the last run before the first one begins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from napari_image_classifier.errors import TrainingRefused
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
from napari_image_classifier.typing import IntArray

# For the test against chance: so many of the groups.
SEALED_PART = 0.5
# So many acquisitions are left out one by one; of more, some together.
MOST_LEFT_OUT = 10
PARTS_OF_GROUPS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Run:
    """One training and one test: indices of the items learnt from and of those tested."""

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

    def of_each_item(self, n_items: int) -> IntArray:
        """Return in which of the runs each item is tested, from 1."""
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
    fewer: dict[float, Folds]
    changed: dict[Change, Folds]
    new_acquisitions: Folds | None
    simple: Folds | None

    @property
    def is_of_finished(self) -> bool:
        """Whether nothing is trained but simpler methods."""
        return all(len(run.learnt) == 0 for run in self.runs)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Every run, those that the verdict rests on first."""
        return tuple(self._runs())

    def _runs(self) -> Iterator[Run]:
        yield from self.seeds[0].runs
        done = {run.name for run in self.seeds[0].runs}
        yield from (run for run in self.sealed if run.name not in done)
        others = (*self.seeds[1:], *self.changed.values(), *self.fewer.values())
        for folds in others:
            yield from folds.runs
        if self.new_acquisitions:
            yield from self.new_acquisitions.runs


def plan_of(
    items: Sequence[Item],
    units: IntArray,
    classes: IntArray,
    acquisitions: IntArray | None,
    *,
    n_folds: int,
    seeds: Sequence[int],
    controls: bool,
    curve: bool,
) -> Plan:
    """Return what is to be done for these items, of which ``units`` may not part.

    Raises
    ------
    TrainingRefused
        Too few classes or groups, or groups so entangled that there are no folds.
    """
    of_seeds = [
        _folds(f"seed {seed}, fold", seed, cross_validation(items, units, n_folds, seed))
        for seed in seeds
    ]
    sealed, smallest = _sealed(items, units, classes, acquisitions, seeds[0])
    return Plan(
        seeds=tuple(of_seeds),
        sealed=sealed,
        smallest_p=smallest,
        fewer=_fewer(items, units, of_seeds[0]) if curve else {},
        changed={change: _changed(of_seeds[0], change) for change in CHANGES} if controls else {},
        new_acquisitions=_new_acquisitions(items, units, acquisitions, n_folds, seeds[0])
        if controls and acquisitions is not None
        else None,
        simple=of_seeds[0],
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
    return Plan(
        seeds=(Folds((run,)),),
        sealed=(run,),
        smallest_p=smallest_p(classes, units),
        fewer={},
        changed={},
        new_acquisitions=None,
        simple=simple,
    )


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
        return tuple(
            Run(f"sealed half {number}", seed, *half) for number, half in enumerate(halves, 1)
        ), of_both
    try:
        learnt, sealed = sealed_split(items, units, SEALED_PART, seed)
    except TrainingRefused:
        return (), 1.0
    of_one = smallest(sealed)
    runs = (Run("sealed", seed, learnt, sealed),) if of_one <= SIGNIFICANT else ()
    return runs, of_one


def _fewer(items: Sequence[Item], units: IntArray, folds: Folds) -> dict[float, Folds]:
    """Return the folds with a part of the groups to learn from, where that makes a difference."""
    found, before = {}, 0
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
            found[part] = Folds(tuple(runs))
        before = n_learnt
    return found


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
    for one in range(int(larger.max()) + 1):
        learnt: IntArray = np.flatnonzero(larger != one)
        check_enough([items[i] for i in learnt], units[learnt])
        splits.append((learnt, np.flatnonzero(larger == one)))
    return splits
