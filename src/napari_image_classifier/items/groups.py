"""Groups of items that are not independent of each other, and so never part."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.items.duplicates import Pair
from napari_image_classifier.items.item import Item
from napari_image_classifier.typing import IntArray

# Below this many independent groups in a class, a score says little about new images.
GROUPS_FOR_MORE_THAN_EXPLORATION = 5


def group_numbers(items: Sequence[Item], duplicates: Iterable[Pair] = ()) -> IntArray:
    """Return the number of the group that each item belongs to.

    Items of one file (its planes and time points) or of one named group are one, as are duplicates,
    and so are items that are linked through others: two groups that share a file are one.

    Parameters
    ----------
    items
        The items.
    duplicates
        Pairs of indices of items (see `find_duplicates`).

    Returns
    -------
    array
        Shape (item), counted from 0 in order of appearance.
    """
    n, numbers = len(items), dict[str, int]()
    links = [
        (index, n + numbers.setdefault(key, len(numbers)))
        for index, item in enumerate(items)
        for key in _keys(item)
    ]
    return _linked(n, [*links, *duplicates])


def joined_groups(groups: IntArray, acquisitions: IntArray) -> IntArray:
    """Return larger groups, of items that are linked by a group or by an acquisition.

    Parameters
    ----------
    groups
        The number of each item's group, shape (item).
    acquisitions
        The number of each item's acquisition, shape (item).

    Returns
    -------
    array
        Shape (item), counted from 0 in order of appearance.
    """
    n = len(groups)
    first = n + groups.max() + 1
    return _linked(n, [*enumerate(n + groups), *enumerate(first + acquisitions)])


def _linked(n_items: int, links: Sequence[tuple[int, int]]) -> IntArray:
    """Return the number of what each item is linked to, in order of appearance.

    Numbers in ``links`` that are no items stand for what links them.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if n_items == 0:
        return np.array([], np.intp)
    rows, columns = np.array(links, np.intp).reshape(-1, 2).T
    size = int(max(rows.max(), columns.max())) + 1
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(size, size))
    components = connected_components(graph, directed=False)[1][:n_items]
    return numbered(components)


def numbered(names: Sequence[str] | Sequence[int] | IntArray) -> IntArray:
    """Return for each name the number of its first appearance among different ones, from 0."""
    import pandas as pd

    return np.asarray(pd.factorize(np.asarray(names))[0], np.intp)


def _keys(item: Item) -> Iterable[str]:
    yield f"image {item.file}"
    if item.group is not None:
        yield f"group {item.group}"
    for part in item.image.parts:
        yield f"file {part.path}"


def groups_per_class(items: Sequence[Item], groups: IntArray) -> dict[str, int]:
    """Return the number of independent groups in each class.

    Parameters
    ----------
    items
        The items; those without a class are not counted.
    groups
        The number of each item's group, shape (item).

    Returns
    -------
    dict
        By class name, sorted.
    """
    pairs = {(item.class_name, int(group)) for item, group in zip(items, groups, strict=True)}
    counts = Counter(name for name, _ in pairs if name is not None)
    return dict(sorted(counts.items()))


def check_enough(items: Sequence[Item], groups: IntArray, needed: int = 2) -> None:
    """Refuse items that can't be learnt from and checked.

    Parameters
    ----------
    items
        The items.
    groups
        The number of each item's group, shape (item).
    needed
        How many groups each class needs: 2, one to learn from and one to check with, or 3, where
        another one is kept to test with.

    Raises
    ------
    TrainingRefused
        There are fewer than two classes, or a class has fewer than the needed groups.
    """
    counts = groups_per_class(items, groups)
    if len(counts) < 2:
        present = (
            f"there is one class, “{next(iter(counts))}”" if counts else "no image has a class"
        )
        raise TrainingRefused(f"Training needs at least two classes, and {present}.")
    short = [name for name, count in counts.items() if count < needed]
    if short:
        group = "images" if all(item.group is None for item in items) else "groups"
        listed = ", ".join(f"“{name}” ({counts[name]})" for name in short)
        purpose = {2: "two independent {}, one to learn from and one to check with",
                   3: "three independent {}, one to learn from, one to choose the epoch with and "
                      "one to test with"}[needed]  # fmt: skip
        raise TrainingRefused(
            f"Every class needs at least {purpose.format(group)}; there are too few in {listed}. "
            "Add images or leave that class out."
        )
