"""Which items may not part, and splits that keep them together."""

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_image_classifier.items import Item
from napari_image_classifier.training import TrainingRefused

# Below this many independent groups in a class, a score says little about new images.
GROUPS_FOR_MORE_THAN_EXPLORATION = 5
SHUFFLES_TRIED = 20

IntArray = npt.NDArray[np.intp]


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


def validation_split(
    items: Sequence[Item], fraction: float, seed: int
) -> tuple[IntArray, IntArray]:
    """Return the indices of the training items and of the validation items, both sorted.

    About ``fraction`` of the items go to validation, of every class alike as far as the units
    allow; no unit is on both sides, and every class is. The order of ``items`` does not matter.

    Raises
    ------
    TrainingRefused
        Too few classes or groups, or groups so entangled that no such split was found.
    """
    check_enough(items)
    # The splitter's ties are broken by order, so the order must be one of our own.
    order = sorted(range(len(items)), key=lambda i: (items[i].file, items[i].selection))
    ordered = [items[i] for i in order]
    classes = np.array([item.class_name for item in ordered])
    for validation in _folds(classes, units_of(ordered), fraction, seed):
        chosen = np.zeros(len(items), bool)
        chosen[[order[i] for i in validation]] = True
        names = np.array([item.class_name for item in items])
        if set(names[chosen]) == set(names[~chosen]) == set(names):
            return np.flatnonzero(~chosen), np.flatnonzero(chosen)
    fewest = min(units_per_class(items).items(), key=lambda pair: pair[1])
    raise TrainingRefused(
        f"No split was found that has every class on both sides and parts no group; the class "
        f"with the fewest groups is “{fewest[0]}” ({fewest[1]}). Add images of other groups."
    )


def _folds(
    classes: npt.NDArray[Any], units: IntArray, fraction: float, seed: int
) -> Iterable[IntArray]:
    from sklearn.model_selection import StratifiedGroupKFold

    largest_class = max(Counter(classes.tolist()).values())
    wanted = min(max(2, round(1 / fraction)), largest_class)
    # Fewer folds are larger ones, in which every class is more easily found.
    for n_folds in range(wanted, 1, -1):
        for shuffle in range(SHUFFLES_TRIED):
            splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed + shuffle)
            with warnings.catch_warnings():
                # It warns of classes with fewer images than folds, which is looked at above.
                warnings.simplefilter("ignore", UserWarning)
                folds = [test for _, test in splitter.split(classes, classes, units)]
            # The fold nearest to the size asked for is tried first.
            yield from sorted(folds, key=lambda fold: abs(len(fold) - fraction * len(classes)))
