"""Could it be chance? Tests by permutation that respect what is independent.

Under the hypothesis that an image's class tells nothing about its pixels, the classes could as well
be given otherwise, in any of the `arrangements` that respect groups.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from napari_image_classifier.statistics.permutations import Arrangements
from napari_image_classifier.statistics.scores import balanced_accuracies
from napari_image_classifier.typing import Flags, Float64Array, IntArray

# Where there are fewer arrangements than this, all of them are looked at.
FEW_ARRANGEMENTS = 1000
ARRANGEMENTS_DRAWN = 1999
SIGNIFICANT = 0.05


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
    number = Arrangements(truth, units, strata).number
    return 1 / number if number < FEW_ARRANGEMENTS else 1 / (ARRANGEMENTS_DRAWN + 1)


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
    scores: Callable[[IntArray], Float64Array],
    strata: IntArray | None = None,
    seed: int = 0,
) -> ChanceTest:
    """Test a score of given classes against other arrangements of them.

    ``truth``, ``units`` and ``strata`` hold one entry per item. ``scores`` receives arrangements of
    the classes, (arrangement, item), and returns the score of each; for predictions that are given
    that is cheap, and a method that learns has to learn anew for each.
    """
    arrangements = Arrangements(truth, units, strata)
    (reached,) = scores(truth[np.newaxis])
    if arrangements.number < FEW_ARRANGEMENTS:
        n = arrangements.number
        # The true arrangement is one of them, and the only sure one to reach its own score.
        at_least = int((scores(arrangements.all()) >= reached - 1e-12).sum())
        return ChanceTest(at_least / n, 1 / n, n, exact=True)
    drawn = arrangements.drawn(ARRANGEMENTS_DRAWN, seed)
    at_least = 1 + sum(int((scores(some) >= reached - 1e-12).sum()) for some in drawn)
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
        truth, units, lambda given: balanced_accuracies(given, given == predicted), strata
    )


def either_of(tests: Sequence[ChanceTest]) -> ChanceTest:
    """Return the test whether any of several shows something, by Bonferroni's inequality.

    It holds however the tests depend on each other, as those of two networks do, of which each was
    tested on what the other has learnt from.
    """
    return ChanceTest(
        p=min(1.0, len(tests) * min(test.p for test in tests)),
        smallest_p=min(1.0, len(tests) * min(test.smallest_p for test in tests)),
        n_arrangements=sum(test.n_arrangements for test in tests),
        exact=all(test.exact for test in tests),
    )


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
class Disagreement:
    """Items that only one of two methods was right about, and the two-sided ``p`` of McNemar."""

    only_first: int
    only_second: int
    p: float


def mcnemar_test(first: Flags, second: Flags) -> Disagreement:
    """Test whether one of two methods is right more often, on items that stand alone.

    Both say which items the method was right about. Where it makes no difference, each item that
    they disagree on falls to either with the same chance (McNemar, 1947; exact, by the binomial
    distribution). Items of one group are no independent witnesses; `paired_test` is for those.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    return Disagreement(only_first, only_second, mcnemar(only_first, only_second))


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the p-value of McNemar's exact two-sided test."""
    import scipy.stats

    differing = only_first + only_second
    return float(scipy.stats.binomtest(only_first, differing).pvalue) if differing else 1.0
