"""Which items may not part, and splits that keep them together."""

import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from napari_image_classifier.items import Item
from napari_image_classifier.training import TrainingRefused

# Below this many independent groups in a class, a score says little about new images.
GROUPS_FOR_MORE_THAN_EXPLORATION = 5
SHUFFLES_TRIED = 5

IntArray = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Split = tuple[IntArray, IntArray]


def units_of(items: Sequence[Item]) -> IntArray:
    """Return the number of the unit each item belongs to, counted from 0 in order of appearance.

    Items of one file (its planes and time points) or of one group are one unit, and so are items
    that are linked through others: two groups that share a file are one.
    """
    parents: dict[str, str] = {}

    def root(key: str) -> str:
        parents.setdefault(key, key)
        while parents[key] != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    for item in items:
        for key in _keys(item):
            parents[root(key)] = root(f"image {item.file}")
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(root(f"image {item.file}"), len(numbers)) for item in items], np.intp
    )


def _keys(item: Item) -> Iterable[str]:
    yield f"image {item.file}"
    if item.group is not None:
        yield f"group {item.group}"
    for part in item.image.parts:
        yield f"file {part.path}"


def units_per_class(items: Sequence[Item]) -> dict[str, int]:
    """Return the number of independent units in each class, by class name, sorted."""
    found: dict[str, set[int]] = defaultdict(set)
    for item, unit in zip(items, units_of(items), strict=True):
        if item.class_name is not None:
            found[item.class_name].add(int(unit))
    return {name: len(found[name]) for name in sorted(found)}


def check_enough(items: Sequence[Item]) -> None:
    """Refuse items that can't be learnt from and checked.

    Raises
    ------
    TrainingRefused
        There are fewer than two classes, or a class has fewer than two independent groups.
    """
    counts = units_per_class(items)
    if len(counts) < 2:
        found = f"there is one class, “{next(iter(counts))}”" if counts else "no image has a class"
        raise TrainingRefused(f"Training needs at least two classes, and {found}.")
    short = [name for name, count in counts.items() if count < 2]
    if short:
        unit = "images" if all(item.group is None for item in items) else "groups"
        listed = ", ".join(f"“{name}”" for name in short)
        raise TrainingRefused(
            f"Every class needs at least two independent {unit}, one to learn from and one to "
            f"check with; there is only one in {listed}. Add images or leave that class out."
        )


def validation_split(items: Sequence[Item], fraction: float, seed: int) -> Split:
    """Return the indices of the training items and of the validation items, both sorted.

    About ``fraction`` of the items go to validation, of every class alike as far as the units
    allow; no unit is on both sides, and every class is. The order of ``items`` does not matter.

    Raises
    ------
    TrainingRefused
        Too few classes or groups, or groups so entangled that no such split was found.
    """
    return validation_splits(items, fraction, seed, 1)[0]


def validation_splits(
    items: Sequence[Item], fraction: float, seed: int, number: int
) -> list[Split]:
    """Return several splits as `validation_split` does, whose validation parts overlap least.

    With ``number`` = 1 / ``fraction`` they are about a cross-validation: nearly every item is kept
    aside once. The first one is that of `validation_split`.
    """
    check_enough(items)
    # The splitter's ties are broken by order, so the order must be one of our own.
    order = sorted(range(len(items)), key=lambda i: (items[i].file, items[i].selection))
    units = units_of([items[i] for i in order])
    names, classes = np.unique([str(items[i].class_name) for i in order], return_inverse=True)
    table = np.zeros((units.max() + 1, len(names)), int)
    np.add.at(table, (units, classes), 1)
    folds = (_with_every_class(fold, table) for fold in _folds(classes, units, fraction, seed))
    usable = [fold for fold in folds if fold is not None]
    if not usable:
        counts = units_per_class(items)
        fewest = min(counts, key=lambda name: counts[name])
        raise TrainingRefused(
            f"No split was found that has every class on both sides and parts no group; the class "
            f"with the fewest groups is “{fewest}” ({counts[fewest]}). Add images of other groups."
        )
    splits = []
    for fold in _least_overlapping(usable, table.sum(axis=1), fraction * len(items), number):
        chosen = np.zeros(len(items), bool)
        chosen[order] = fold[units]
        splits.append((np.flatnonzero(~chosen), np.flatnonzero(chosen)))
    return splits


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


def _folds(classes: IntArray, units: IntArray, fraction: float, seed: int) -> Iterable[Flags]:
    """Yield folds of about ``fraction`` of the items, each as a flag per unit."""
    from sklearn.model_selection import StratifiedGroupKFold

    n_folds = min(max(2, round(1 / fraction)), np.bincount(classes).max())
    for shuffle in range(SHUFFLES_TRIED):
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed + shuffle)
        with warnings.catch_warnings():
            # It warns of classes with fewer images than folds; such folds are mended below.
            warnings.simplefilter("ignore", UserWarning)
            for _, members in splitter.split(classes, classes, units):
                fold = np.zeros(units.max() + 1, bool)
                fold[units[members]] = True
                yield fold


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
