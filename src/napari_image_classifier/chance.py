"""Could it be chance? Tests by permutation that respect what is independent.

Under the hypothesis that an image's class tells nothing about its pixels, the classes could as well
be given otherwise: where all items of a unit have one class, whole units change classes with each
other; where a unit has items of several classes, these change within it; both only within a
stratum, such as what was taken together (Good, 2005, “Permutation, Parametric and Bootstrap Tests
of Hypotheses”).
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from napari_image_classifier.arrays import Float64Array, IntArray
from napari_image_classifier.scores import balanced_accuracy

# Where there are fewer arrangements than this, all of them are looked at.
FEW_ARRANGEMENTS = 1000
ARRANGEMENTS_DRAWN = 1999
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class ChanceTest:
    """How often chance does as well: ``p``, and the smallest that it could have been.

    ``n_arrangements`` is how many were looked at, the true one among them; ``exact`` says that
    these were all there are.
    """

    p: float
    smallest_p: float
    n_arrangements: int
    exact: bool

    @property
    def can_tell(self) -> bool:
        """Whether even a perfect score could have been told from chance."""
        return self.smallest_p <= SIGNIFICANT


def chance_test(
    truth: IntArray,
    units: IntArray,
    score: Callable[[IntArray], float],
    strata: IntArray | None = None,
    seed: int = 0,
) -> ChanceTest:
    """Test a score of given classes, ``score(truth)``, against other arrangements of them.

    All arrays hold one entry per item. ``score`` is called for every arrangement; for predictions
    that are given, that is cheap, and a method that learns has to learn anew.
    """
    blocks = _blocks(truth, units, np.zeros_like(truth) if strata is None else strata)
    number = math.prod(_arrangements(block.labels) for block in blocks)
    reached = score(truth)
    if number < FEW_ARRANGEMENTS:
        arranged: Iterator[IntArray] = _all(truth, blocks)
        found = [score(one) for one in arranged]
        at_least = sum(one >= reached - 1e-12 for one in found)
        # The true arrangement is one of them, and the only sure one to reach its own score.
        return ChanceTest(at_least / number, 1 / number, number, exact=True)
    random = np.random.default_rng(seed)
    drawn = (_drawn(truth, blocks, random) for _ in range(ARRANGEMENTS_DRAWN))
    at_least = 1 + sum(score(one) >= reached - 1e-12 for one in drawn)
    n = ARRANGEMENTS_DRAWN + 1
    return ChanceTest(at_least / n, 1 / n, n, exact=False)


def chance_of_predictions(
    truth: IntArray, predicted: IntArray, units: IntArray, strata: IntArray | None = None
) -> ChanceTest:
    """Test the balanced accuracy of one network's predictions for items it had not learnt from.

    Predictions of several folds won't do: each item's class was learnt from in the other folds, so
    their errors go together, and chance does well more often than the test believes (with 20 groups
    a class, 10 % of data without any signal passed at 5 %).
    """
    return chance_test(
        truth, units, lambda given: balanced_accuracy(given, given == predicted), strata
    )


def strata_of(classes: IntArray, acquisitions: IntArray | None) -> IntArray | None:
    """Return within what classes change places: what was taken together, as far as that goes.

    None where no acquisition has several classes, as nothing could change places then; whether the
    acquisitions explain the classes is for the controls to say.
    """
    if acquisitions is None:
        return None
    mixed = any(len(np.unique(classes[acquisitions == one])) > 1 for one in np.unique(acquisitions))
    return acquisitions if mixed else None


def smallest_p(truth: IntArray, units: IntArray, strata: IntArray | None = None) -> float:
    """Return the smallest p that any score of these items could reach."""
    blocks = _blocks(truth, units, np.zeros_like(truth) if strata is None else strata)
    number = math.prod(_arrangements(block.labels) for block in blocks)
    return 1 / number if number < FEW_ARRANGEMENTS else 1 / (ARRANGEMENTS_DRAWN + 1)


def paired_test(
    ours: Float64Array, theirs: Float64Array, truth: IntArray, units: IntArray, seed: int = 0
) -> ChanceTest:
    """Test whether one method's balanced accuracy is above another's on the same items.

    ``ours`` and ``theirs`` say how far each item was right, from 0 to 1. If the methods are alike,
    each unit's results could as well be the other's. One-sided.
    """
    kinds, numbers = np.unique(units, return_inverse=True)
    weights = 1 / np.bincount(truth)[truth]
    gains = np.bincount(numbers, weights=(ours - theirs) * weights)
    reached = gains.sum()
    telling = int((gains != 0).sum())
    if 2**telling < FEW_ARRANGEMENTS:
        signs = np.array(list(product((1, -1), repeat=telling)), float).reshape(2**telling, telling)
        at_least = int((signs @ gains[gains != 0] >= reached - 1e-12).sum())
        return ChanceTest(at_least / len(signs), 1 / len(signs), len(signs), exact=True)
    random = np.random.default_rng(seed)
    signs = random.choice((1.0, -1.0), (ARRANGEMENTS_DRAWN, len(kinds)))
    at_least = 1 + int((signs @ gains >= reached - 1e-12).sum())
    n = ARRANGEMENTS_DRAWN + 1
    return ChanceTest(at_least / n, 1 / n, n, exact=False)


@dataclass(frozen=True)
class _Block:
    """What may change places: groups of items, and the class of each group."""

    members: Sequence[IntArray]
    labels: tuple[int, ...]


def _blocks(truth: IntArray, units: IntArray, strata: IntArray) -> list[_Block]:
    whole: dict[int, list[tuple[IntArray, int]]] = {}
    blocks = []
    for stratum in np.unique(strata):
        within = np.flatnonzero(strata == stratum)
        for unit in np.unique(units[within]):
            members = within[units[within] == unit]
            labels = truth[members]
            if (labels == labels[0]).all():
                whole.setdefault(int(stratum), []).append((members, int(labels[0])))
            else:
                blocks.append(_Block([np.array([one]) for one in members], tuple(map(int, labels))))
    for groups in whole.values():
        members_of, labels_of = zip(*groups, strict=True)
        blocks.append(_Block(members_of, labels_of))
    return blocks


def _arrangements(labels: Sequence[int]) -> int:
    number = math.factorial(len(labels))
    for count in Counter(labels).values():
        number //= math.factorial(count)
    return number


def _all(truth: IntArray, blocks: Sequence[_Block]) -> Iterator[IntArray]:
    for chosen in product(*(list(_distinct(block.labels)) for block in blocks)):
        arranged = truth.copy()
        for block, labels in zip(blocks, chosen, strict=True):
            for members, label in zip(block.members, labels, strict=True):
                arranged[members] = label
        yield arranged


def _distinct(labels: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the arrangements of labels of which some are equal, each once."""
    if not labels:
        yield ()
        return
    for first in sorted(set(labels)):
        rest = list(labels)
        rest.remove(first)
        for others in _distinct(rest):
            yield (first, *others)


def _drawn(truth: IntArray, blocks: Sequence[_Block], random: np.random.Generator) -> IntArray:
    arranged = truth.copy()
    for block in blocks:
        for members, label in zip(block.members, random.permutation(block.labels), strict=True):
            arranged[members] = label
    return arranged
