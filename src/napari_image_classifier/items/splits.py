"""Splits that never part what belongs together."""

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.items.groups import check_enough, numbered, units_per_class
from napari_image_classifier.items.item import Item
from napari_image_classifier.typing import Flags, IntArray

SHUFFLES_TRIED = 5
SHUFFLES_TRIED_FOR_FOLDS = 200
# Shuffles of one seed must not be those of the next.
SEEDS_APART = 1_000_003

Split = tuple[IntArray, IntArray]


def validation_split(items: Sequence[Item], units: IntArray, fraction: float, seed: int) -> Split:
    """Return the indices of the training items and of the validation items, both sorted.

    ``units`` says which items may not part (`independence.units_of`). About ``fraction`` of the
    items go to validation, of every class alike as far as the units allow; no unit is on both
    sides, and every class is. The order of ``items`` does not matter.

    Raises
    ------
    TrainingRefused
        Too few classes or groups, or groups so entangled that no such split was found.
    """
    return validation_splits(items, units, fraction, seed, 1)[0]


def validation_splits(
    items: Sequence[Item], units: IntArray, fraction: float, seed: int, number: int
) -> list[Split]:
    """Return several splits as `validation_split` does, whose validation parts overlap least.

    With ``number`` = 1 / ``fraction`` they are about a cross-validation: nearly every item is kept
    aside once. The first one is that of `validation_split`.
    """
    check_enough(items, units)
    order, ordered, classes = _in_own_order(items, units)
    table = _items_per_unit(classes, ordered)
    n_folds = max(2, round(1 / fraction))
    tried = (
        fold
        for shuffle in range(SHUFFLES_TRIED)
        for fold in _folds(classes, ordered, n_folds, seed + shuffle)
    )
    folds = (_with_every_class(fold, table) for fold in tried)
    usable = [fold for fold in folds if fold is not None]
    if not usable:
        counts = units_per_class(items, units)
        fewest = min(counts, key=lambda name: counts[name])
        raise TrainingRefused(
            f"No split was found that has every class on both sides and parts no group; the class "
            f"with the fewest groups is “{fewest}” ({counts[fewest]}). Add images of other groups."
        )
    chosen = _least_overlapping(usable, table.sum(axis=1), fraction * len(items), number)
    return [_as_split(fold[ordered], order) for fold in chosen]


def sealed_split(items: Sequence[Item], units: IntArray, part: float, seed: int) -> Split:
    """Return the indices learnt from and those sealed, as `validation_split` does.

    Every class keeps two units to learn from: one more to choose the epoch with.

    Raises
    ------
    TrainingRefused
        There is no such split.
    """
    _, sealed = validation_split(items, units, part, seed)
    order, ordered, classes = _in_own_order(items, units)
    table = _items_per_unit(classes, ordered)
    present, fold = table > 0, np.zeros(len(table), bool)
    place = np.argsort(order)
    fold[ordered[place[sealed]]] = True
    while (lacking := np.flatnonzero(present[~fold].sum(axis=0) < 2)).size:
        spared = present[fold].sum(axis=0) == 1
        movable = np.flatnonzero(fold & present[:, lacking[0]] & ~(present & spared).any(axis=1))
        if len(movable) == 0:
            raise TrainingRefused(
                "The groups are too few, or too entangled, to keep some of them sealed."
            )
        fold[movable[np.argmin(table[movable].sum(axis=1))]] = False
    return _as_split(fold[ordered], order)


def cross_validation(
    items: Sequence[Item], units: IntArray, n_folds: int, seed: int
) -> list[Split]:
    """Return the indices learnt from and tested on, for each fold; every item is tested once.

    No unit parts, classes are spread as evenly as the units allow, and every class keeps two
    units to learn from in every fold. A class of few units is not tested in every fold. The order
    of ``items`` does not matter.

    Raises
    ------
    TrainingRefused
        Too few classes or groups, or groups so entangled that there are no such folds.
    """
    check_enough(items, units, needed=3)
    order, ordered, classes = _in_own_order(items, units)
    table = _items_per_unit(classes, ordered)
    for shuffle in range(SHUFFLES_TRIED_FOR_FOLDS):
        first = list(_folds(classes, ordered, n_folds, seed + shuffle * SEEDS_APART))
        dealt = _with_enough_left(np.argmax(first, axis=0), table)
        if dealt is not None:
            parts = [dealt == fold for fold in range(len(first))]
            return [_as_split(part[ordered], order) for part in parts if part.any()]
    raise TrainingRefused(
        "No folds were found that leave every class two groups to learn from; add groups to the "
        "classes that have the fewest, or choose fewer folds."
    )


def part_of_groups(
    items: Sequence[Item], units: IntArray, learnt: IntArray, part: float, seed: int
) -> IntArray:
    """Return those of ``learnt`` (indices of items) that belong to a part of its groups, sorted.

    Of every class there is that part of its units, and at least two. A larger part holds every
    unit of a smaller one. The order of ``items`` does not matter.
    """
    chosen_items = [items[i] for i in learnt]
    order, ordered, classes = _in_own_order(chosen_items, units[learnt])
    present = _items_per_unit(classes, ordered) > 0
    kept = np.zeros(len(present), bool)
    shuffled = np.random.default_rng(seed).permutation(len(present))
    for column in np.argsort(present.sum(axis=0), kind="stable"):
        members = shuffled[present[shuffled, column]]
        wanted = max(2, int(np.ceil(part * len(members))))
        kept[members[:wanted]] = True
    _, tested = _as_split(kept[ordered], order)
    return np.asarray(learnt[tested], np.intp)


def digest(items: Sequence[Item], splits: Sequence[Split]) -> str:
    """Return a hash of which items are tested together; equal splits have equal ones."""
    tested = sorted(
        sorted(f"{items[i].file}\0{items[i].selection}" for i in test) for _, test in splits
    )
    return hashlib.sha256(repr(tested).encode()).hexdigest()


def _in_own_order(items: Sequence[Item], units: IntArray) -> tuple[list[int], IntArray, IntArray]:
    """Return an order of the items, and their units and classes numbered in it.

    The splitter's ties are broken by order, so the order must be one of our own, and what classes
    and groups are called must not matter.
    """
    order = sorted(range(len(items)), key=lambda i: (items[i].file, items[i].selection))
    classes = [str(items[i].class_name) for i in order]
    return order, numbered(units[order]), numbered(classes)


def _items_per_unit(classes: IntArray, units: IntArray) -> IntArray:
    table = np.zeros((units.max() + 1, classes.max() + 1), np.intp)
    np.add.at(table, (units, classes), 1)
    return table


def _as_split(tested: Flags, order: Sequence[int]) -> Split:
    chosen = np.zeros(len(order), bool)
    chosen[order] = tested
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _least_overlapping(
    folds: Sequence[Flags], sizes: IntArray, wanted: float, number: int
) -> Iterable[Flags]:
    """Yield ``number`` folds: of those with the fewest items seen before, the nearest in size."""
    times_seen = np.zeros(len(sizes), int)
    for _ in range(number):
        best = min(
            folds,
            key=lambda fold: ((times_seen * sizes)[fold].sum(), abs(sizes[fold].sum() - wanted)),
        )
        times_seen += best
        yield best


def _folds(classes: IntArray, units: IntArray, n_folds: int, seed: int) -> Iterator[Flags]:
    """Yield stratified folds, each as a flag per unit; fewer than asked for of few items."""
    from sklearn.model_selection import StratifiedGroupKFold

    n_folds = min(n_folds, np.bincount(classes).max(), units.max() + 1)
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # It warns of classes with fewer images than folds; such folds are mended, or not used.
        warnings.simplefilter("ignore", UserWarning)
        for _, members in splitter.split(classes, classes, units):
            fold = np.zeros(units.max() + 1, bool)
            fold[units[members]] = True
            yield fold


def _with_enough_left(dealt: IntArray, table: IntArray) -> IntArray | None:
    """Return in which fold each unit is, with units moved until enough are left.

    ``dealt`` has a fold per unit, ``table`` the number of items per unit and class. What is asked
    for is two units of every class outside of each fold. The smallest units move, to where the
    fewest items are; None if they can't.
    """
    present = table > 0
    most = present.sum(axis=0) - 2
    dealt = dealt.copy()
    n_folds = dealt.max() + 1
    for _ in range(len(dealt) * n_folds):
        counts = np.array([present[dealt == fold].sum(axis=0) for fold in range(n_folds)])
        crowded = np.argwhere(counts > most)
        if len(crowded) == 0:
            return dealt
        fold, column = crowded[0]
        sizes = np.array([table[dealt == one].sum() for one in range(n_folds)])
        moves = [
            (table[unit].sum(), sizes[other], unit, other)
            for unit in np.flatnonzero((dealt == fold) & present[:, column])
            for other in range(n_folds)
            if other != fold and (counts[other] + present[unit] <= most).all()
        ]
        if not moves:
            return None
        _, _, unit, other = min(moves)
        dealt[unit] = other
    return None


def _with_every_class(fold: Flags, table: IntArray) -> Flags | None:
    """Return the fold with units moved over until every class is on both sides, None if it can't.

    ``fold`` has a flag per unit, ``table`` the number of items per unit and class. The smallest
    units move, and none that is a class's last on its side.
    """
    sizes = table.sum(axis=1)
    for side in (True, False):
        fold = fold if side else ~fold
        for column in np.argsort((table > 0).sum(axis=0)):
            if table[fold, column].any():
                continue
            others = table[~fold]
            spared = ((others > 0) & ((others > 0).sum(axis=0) == 1)).any(axis=1)
            movable = np.flatnonzero(~fold)[(others[:, column] > 0) & ~spared]
            if len(movable) == 0:
                return None
            fold = fold.copy()
            fold[movable[np.argmin(sizes[movable])]] = True
        fold = fold if side else ~fold
    return fold
