"""Groups of items that are not independent of each other, and so never part."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.items.duplicates import Pair
from napari_image_classifier.items.item import Item
from napari_image_classifier.typing import IntArray
from napari_image_classifier.wording import first_few

# Below this many independent groups in a class, a score says little about new images.
GROUPS_FOR_MORE_THAN_EXPLORATION = 5
# Of what was joined to one group, and of what such a group was made of.
JOINS_NAMED = 3
NAMES_SHOWN = 4


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


@contextmanager
def joins_named(items: Sequence[Item], duplicates: Sequence[Pair] = ()) -> Iterator[None]:
    """Add to a refusal of items in the block which of them were joined to one group, and why.

    Parameters
    ----------
    items
        The items whose groups are too few, or too entangled.
    duplicates
        Pairs of indices of items (see `find_duplicates`).

    Yields
    ------
    None
        The block deals the items out.

    Raises
    ------
    TrainingRefused
        The block raised it.
    """
    try:
        yield
    except TrainingRefused as refused:
        joined = _joined_in_words(items, duplicates)
        if not joined:
            raise
        raise TrainingRefused(f"{refused} {joined}") from refused


def _joined_in_words(items: Sequence[Item], duplicates: Sequence[Pair]) -> str:
    """Return which groups, or images that stand alone, count as one; "" where none do."""
    named = [item.file if item.group is None else item.group for item in items]
    numbers = group_numbers(items, duplicates)
    members: dict[int, list[int]] = defaultdict(list)
    for index, number in enumerate(numbers.tolist()):
        members[number].append(index)
    joined = [indices for indices in members.values() if len({named[i] for i in indices}) > 1]
    if not joined:
        return ""
    # The class that has the fewest groups is the one that has too few.
    counts = groups_per_class(items, numbers)
    joined.sort(key=lambda indices: min(counts.get(items[i].class_name or "", 0) for i in indices))
    told = [_join_in_words(items, named, some, duplicates) for some in joined[:JOINS_NAMED]]
    more = f"; and {len(joined) - len(told)} more" if len(joined) > len(told) else ""
    return f"Counted as one group: {'; '.join(told)}{more}."


def _join_in_words(
    items: Sequence[Item], named: Sequence[str], indices: Sequence[int], duplicates: Sequence[Pair]
) -> str:
    """Return the names of what became one group, and why."""
    names = list(dict.fromkeys(named[index] for index in indices))
    shown = first_few(names, NAMES_SHOWN, between=", " if len(names) > 2 else " and ")
    members = set(indices)
    for one, other in duplicates:
        if one in members and named[one] != named[other]:
            files = f"{items[one].file} and {items[other].file}"
            who = "they" if shown == files else files
            return f"{shown}, as {who} show the same (copied, turned, mirrored or overlapping)"
    first: dict[str, int] = {}
    for index in indices:
        for file in _files(items[index]):
            if named[first.setdefault(file, index)] != named[index]:
                return f"{shown}, as {file} belongs to both"
    return shown


def _files(item: Item) -> Iterator[str]:
    yield item.file
    for part in item.image.parts:
        yield str(part.path)
