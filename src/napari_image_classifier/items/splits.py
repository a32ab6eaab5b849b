"""Splits of items into parts, between which no group is divided.

`groups` are arrays of shape (item) with the number of each item's group, as `group_numbers` has
them. The order of the items never matters.
"""

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.items.groups import check_enough, groups_per_class, numbered
from napari_image_classifier.items.item import Item
from napari_image_classifier.typing import Flags, IntArray

SHUFFLES_TRIED = 5
SHUFFLES_TRIED_FOR_FOLDS = 200
# Shuffles of one seed must not be those of the next.
SEEDS_APART = 1_000_003

Split = tuple[IntArray, IntArray]


def validation_split(items: Sequence[Item], groups: IntArray, fraction: float, seed: int) -> Split:
    """Return a part of the items to train with and one to validate with.

    No group is on both sides, and every class is.

    Parameters
    ----------
    items
        The items.
    groups
        The number of each item's group, shape (item).
    fraction
        About this part of the items goes to validation, of every class alike as far as groups
        allow.
    seed
        Of the shuffling.

    Returns
    -------
    tuple
        The indices of the training items and of the validation items, both sorted.

    Raises
    ------
    TrainingRefused
        Too few classes or groups, or groups so entangled that no such split was found.
    """
    return validation_splits(items, groups, fraction, seed, 1)[0]


def validation_splits(
    items: Sequence[Item], groups: IntArray, fraction: float, seed: int, number: int
) -> list[Split]:
    """Return several splits as `validation_split` does, whose validation parts overlap least.

    With ``number`` = 1 / ``fraction`` they are about a cross-validation: nearly every item is kept
    aside once.

    Parameters
    ----------
    items
        The items.
    groups
        The number of each item's group, shape (item).
    fraction
        About this part of the items goes to validation.
    seed
        Of the shuffling.
    number
        Of splits.

    Returns
    -------
    list of tuple
        The first one is that of `validation_split`.

    Raises
    ------
    TrainingRefused
        As in `validation_split`.
    """
    check_enough(items, groups)
    order, ordered, classes, table = _in_own_order(items, groups)
    n_folds = max(2, round(1 / fraction))
    usable = [
        mended
        for shuffle in range(SHUFFLES_TRIED)
        for fold in _folds(classes, ordered, n_folds, seed + shuffle)
        if (mended := _with_every_class(fold, table)) is not None
    ]
    if not usable:
        counts = groups_per_class(items, groups)
        fewest = min(counts, key=lambda name: counts[name])
        raise TrainingRefused(
            f"No split was found that has every class on both sides and parts no group; the class "
            f"with the fewest groups is “{fewest}” ({counts[fewest]}). Add images of other groups."
        )
    chosen = _least_overlapping(usable, table.sum(axis=1), fraction * len(items), number)
    return [_as_split(fold[ordered], order) for fold in chosen]


def sealed_split(items: Sequence[Item], groups: IntArray, part: float, seed: int) -> Split:
    """Return a part of the items to learn from and one to keep sealed until the end.

    Every class keeps two groups to learn from: one more to choose the epoch with.

    Parameters
    ----------
    items
        The items.
    groups
        The number of each item's group, shape (item).
    part
        About this part of the items is sealed.
    seed
        Of the shuffling.

    Returns
    -------
    tuple
        The indices learnt from and those sealed, both sorted.

    Raises
    ------
    TrainingRefused
        There is no such split.
    """
    _, sealed = validation_split(items, groups, part, seed)
    order, ordered, _, table = _in_own_order(items, groups)
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
    items: Sequence[Item], groups: IntArray, n_folds: int, seed: int
) -> list[Split]:
    """Return folds in which every item is tested once.

    Classes are spread as evenly as the groups allow, and every class keeps two groups to learn from
    in every fold. A class of few groups is not tested in every fold.

    Parameters
    ----------
    items
        The items.
    groups
        The number of each item's group, shape (item).
    n_folds
        How many are wanted; of few items there are fewer.
    seed
        Of the shuffling.

    Returns
    -------
    list of tuple
        The indices learnt from and those tested, both sorted, for each fold.

    Raises
    ------
    TrainingRefused
        Too few classes or groups, or groups so entangled that there are no such folds.
    """
    check_enough(items, groups, needed=3)
    order, ordered, classes, table = _in_own_order(items, groups)
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
    items: Sequence[Item], groups: IntArray, learnt: IntArray, part: float, seed: int
) -> IntArray:
    """Return the items of a part of the groups, as for a learning curve.

    Of every class there is that part of its groups, and at least two. A larger part holds every
    group of a smaller one.

    Parameters
    ----------
    items
        The items.
    groups
        The number of each item's group, shape (item).
    learnt
        Indices of the items that are chosen from.
    part
        From 0 to 1.
    seed
        Of the shuffling.

    Returns
    -------
    array
        Those of ``learnt`` that are chosen, sorted as they are there.
    """
    chosen_items = [items[i] for i in learnt]
    order, ordered, _, table = _in_own_order(chosen_items, groups[learnt])
    present = table > 0
    chosen = np.zeros(len(present), bool)
    shuffled = np.random.default_rng(seed).permutation(len(present))
    for column in np.argsort(present.sum(axis=0), kind="stable"):
        members = shuffled[present[shuffled, column]]
        wanted = max(2, int(np.ceil(part * len(members))))
        chosen[members[:wanted]] = True
    _, tested = _as_split(chosen[ordered], order)
    return np.asarray(learnt[tested], np.intp)


def digest(items: Sequence[Item], splits: Sequence[Split]) -> str:
    """Return a hash of which items are tested together.

    Parameters
    ----------
    items
        The items.
    splits
        Of these items; the order does not matter.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits; equal splits have equal ones.
    """
    tested = sorted(
        sorted(f"{items[i].file}\0{items[i].selection}" for i in test) for _, test in splits
    )
    return hashlib.sha256(repr(tested).encode()).hexdigest()


def _in_own_order(
    items: Sequence[Item], groups: IntArray
) -> tuple[list[int], IntArray, IntArray, IntArray]:
    """Return an order of the items, their groups and classes numbered in it, and their numbers.

    The latter are numbers of items, shape (group, class).

    The splitter's ties are broken by order, so the order must be one of our own, and what classes
    and groups are called must not matter.
    """
    order = sorted(range(len(items)), key=lambda i: (items[i].file, items[i].selection))
    classes = numbered([str(items[i].class_name) for i in order])
    ordered = numbered(groups[order])
    table = np.zeros((ordered.max() + 1, classes.max() + 1), np.intp)
    np.add.at(table, (ordered, classes), 1)
    return order, ordered, classes, table


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


def _folds(classes: IntArray, groups: IntArray, n_folds: int, seed: int) -> Iterator[Flags]:
    """Yield stratified folds, each as a flag per group; fewer than asked for of few items."""
    from sklearn.model_selection import StratifiedGroupKFold

    n_folds = min(n_folds, np.bincount(classes).max(), groups.max() + 1)
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # It warns of classes with fewer images than folds; such folds are mended, or not used.
        warnings.simplefilter("ignore", UserWarning)
        for _, members in splitter.split(classes, classes, groups):
            yield np.isin(np.arange(groups.max() + 1), groups[members])


def _with_enough_left(dealt: IntArray, table: IntArray) -> IntArray | None:
    """Return in which fold each group is, with groups moved until enough are left.

    ``dealt`` has a fold per group, ``table`` the number of items per group and class. What is asked
    for is two groups of every class outside of each fold. The smallest groups move, to where the
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
        sizes = np.array([table[dealt == number].sum() for number in range(n_folds)])
        moves = [
            (table[group].sum(), sizes[other], group, other)
            for group in np.flatnonzero((dealt == fold) & present[:, column])
            for other in range(n_folds)
            if other != fold and (counts[other] + present[group] <= most).all()
        ]
        if not moves:
            return None
        _, _, group, other = min(moves)
        dealt[group] = other
    return None


def _with_every_class(fold: Flags, table: IntArray) -> Flags | None:
    """Return the fold with groups moved over until every class is on both sides, None if it can't.

    ``fold`` has a flag per group, ``table`` the number of items per group and class. The smallest
    groups move, and none that is a class's last on its side.
    """
    sizes = table.sum(axis=1)
    for _ in range(2):
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
        # The other side, and in the end the fold again.
        fold = ~fold
    return fold
