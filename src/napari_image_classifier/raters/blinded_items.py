"""Which items a blinded session shows, in which order, which of them twice, and how turned."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from napari_image_classifier.images.orientations import EVERY
from napari_image_classifier.items.item import Item
from napari_image_classifier.raters.comparison import Arm

FEWEST_REPEATS = 50
PART_REPEATED = 0.25
# A repeat comes at least so much of the session later.
APART = 0.25


@dataclass(frozen=True)
class Showing:
    """One time that an item is shown: the number of the item, how it is turned, what is seen.

    ``orientation`` is one of eight, as `orientations_of` numbers them; ``again`` says that it was
    shown before in the same arm.
    """

    item: int
    orientation: int
    again: bool = False
    arm: Arm = "everything"


def in_turn(items: Sequence[Item], seed: int) -> Iterator[int]:
    """Yield the indices of items at random, classes in turn, and within a class its groups in turn.

    So the first so many of them are as balanced as can be.
    """
    random = np.random.default_rng(seed)
    of_class: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index in random.permutation(len(items)).tolist():
        item = items[index]
        of_class[item.class_name or ""][item.group or item.file].append(index)
    classes = [_groups_in_turn(of_class[name]) for name in sorted(of_class)]
    while classes:
        for members in list(classes):
            index = next(members, None)
            if index is None:
                classes.remove(members)
            else:
                yield index


def repeats_of(n_items: int) -> int:
    """Return how many of so many items are shown again."""
    return min(n_items, max(FEWEST_REPEATS, round(PART_REPEATED * n_items)))


def showings_of(n_items: int, seed: int, *, second_arm: bool = False) -> list[Showing]:
    """Return all showings of items in their order, some of them again and turned otherwise.

    With ``second_arm`` all are shown once more, after the others, as the classifier sees them.
    """
    random = np.random.default_rng(seed)
    again = set(random.choice(n_items, repeats_of(n_items), replace=False).tolist())
    placed: list[tuple[float, Showing]] = []
    for item in range(n_items):
        first, second = random.choice(EVERY, 2, replace=False).tolist()
        place = random.uniform(0, 1 - APART) if item in again else random.uniform(0, 1)
        placed.append((place, Showing(item, first)))
        if item in again:
            later = random.uniform(place + APART, 1)
            placed.append((later, Showing(item, second, again=True)))
    shown = [showing for _, showing in sorted(placed, key=lambda one: one[0])]
    if second_arm:
        order, turned = random.permutation(n_items), random.integers(0, EVERY, n_items)
        shown += [Showing(int(item), int(turned[item]), arm="classifier's view") for item in order]
    return shown


def _groups_in_turn(groups: dict[str, list[int]]) -> Iterator[int]:
    waiting = list(groups.values())
    while waiting:
        for members in list(waiting):
            yield members.pop()
            if not members:
                waiting.remove(members)
