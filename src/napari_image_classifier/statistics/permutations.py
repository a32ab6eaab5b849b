"""Permutations of the classes of items that respect what is independent.

Where all items of a unit have one class, whole units change classes with each other; where a unit
has items of several classes, these change within it; both only within a stratum, such as what was
taken together (Good, 2005, “Permutation, Parametric and Bootstrap Tests of Hypotheses”).
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from napari_image_classifier.typing import IntArray

# So many numbers are held at once while permutations are drawn.
NUMBERS_AT_ONCE = 1_000_000


class Permutations:
    """All permutations of the classes ``truth``; all arrays hold one entry per item."""

    def __init__(self, truth: IntArray, units: IntArray, strata: IntArray | None = None) -> None:
        self._truth = truth
        self._blocks = _blocks(truth, units, np.zeros_like(truth) if strata is None else strata)

    @property
    def number(self) -> int:
        """How many different ones there are, the true one among them."""
        return math.prod(_orders(block.labels) for block in self._blocks)

    def all(self) -> IntArray:
        """Return all of them, (permutation, item)."""
        choices = product(*(_distinct(tuple(map(int, block.labels))) for block in self._blocks))
        permuted = np.tile(self._truth, (self.number, 1))
        for row, chosen in zip(permuted, choices, strict=True):
            for block, labels in zip(self._blocks, chosen, strict=True):
                block.give(row, np.array(labels))
        return permuted

    def drawn(self, number: int, seed: int) -> Iterator[IntArray]:
        """Yield ``number`` permutations drawn at random, some at a time, (permutation, item)."""
        random = np.random.default_rng(seed)
        at_once = max(1, NUMBERS_AT_ONCE // max(1, len(self._truth)))
        for start in range(0, number, at_once):
            permuted = np.tile(self._truth, (min(at_once, number - start), 1))
            for block in self._blocks:
                labels = np.tile(block.labels, (len(permuted), 1))
                block.give(permuted, random.permuted(labels, axis=1))
            yield permuted


@dataclass(frozen=True)
class _Block:
    """What may change places: the class of each group, and the group of each of its items."""

    items: IntArray
    group_of_item: IntArray
    labels: IntArray

    def give(self, permuted: IntArray, labels: IntArray) -> None:
        """Write the classes of groups (…, group) to their items in ``permuted`` (…, item)."""
        permuted[..., self.items] = labels[..., self.group_of_item]


def _blocks(truth: IntArray, units: IntArray, strata: IntArray) -> list[_Block]:
    blocks = []
    for stratum in np.unique(strata):
        within = np.flatnonzero(strata == stratum)
        whole = []
        for unit in np.unique(units[within]):
            members = within[units[within] == unit]
            if (truth[members] == truth[members[0]]).all():
                whole.append(members)
            else:
                blocks.append(_Block(members, np.arange(len(members)), truth[members]))
        if whole:
            numbers = np.repeat(np.arange(len(whole)), [len(members) for members in whole])
            labels = truth[[members[0] for members in whole]]
            blocks.append(_Block(np.concatenate(whole), numbers, labels))
    return blocks


def _orders(labels: IntArray) -> int:
    of_equal = math.prod(map(math.factorial, Counter(labels.tolist()).values()))
    return math.factorial(len(labels)) // of_equal


def _distinct(labels: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the permutations of labels of which some are equal, each once."""
    if not labels:
        yield ()
        return
    for first in sorted(set(labels)):
        rest = list(labels)
        rest.remove(first)
        for others in _distinct(rest):
            yield (first, *others)
