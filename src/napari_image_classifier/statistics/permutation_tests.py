"""Permutation tests that respect what is independent.

Under the hypothesis that an image's class tells nothing about its pixels, the classes could as well
be given otherwise, in any of the permutations that respect groups [1]_.

References
----------
.. [1] Good (2005), “Permutation, Parametric and Bootstrap Tests of Hypotheses”.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np

from napari_image_classifier.statistics.permutations import Permutations
from napari_image_classifier.statistics.scores import balanced_accuracies
from napari_image_classifier.typing import Flags, Float64Array, IntArray

# Where there are fewer permutations than this, all of them are looked at.
FEW_PERMUTATIONS = 1000
PERMUTATIONS_DRAWN = 1999
SEED = 0
SIGNIFICANT = 0.05

# Of permutations of the classes (permutation, item) the score of each.
Score = Callable[[IntArray], Float64Array]


def strata_of(classes: IntArray, acquisitions: IntArray | None) -> IntArray | None:
    """Return within what classes change places: what was taken together, as far as that goes.

    Parameters
    ----------
    classes
        The index of each item's class, shape (item,).
    acquisitions
        The number of what each item was taken with, such as a plate, shape (item,), if known.

    Returns
    -------
    IntArray or None
        The acquisitions; None where none of them has several classes, as nothing could change
        places then. Whether they explain the classes is for the controls to say.
    """
    if acquisitions is None:
        return None
    pairs = np.unique([acquisitions, classes], axis=1)
    return acquisitions if pairs.shape[1] > len(np.unique(acquisitions)) else None


def smallest_p(truth: IntArray, units: IntArray, strata: IntArray | None = None) -> float:
    """Return the smallest p that any score of these items could reach.

    Parameters
    ----------
    truth
        The index of the class that was given to each item, shape (item,).
    units
        The number of each item's unit, items of which are not independent, shape (item,).
    strata
        Within what classes change places, shape (item,); None: everywhere.

    Returns
    -------
    float
        One divided by the number of permutations that a test looks at.
    """
    number = Permutations(truth, units, strata).number
    return 1 / number if number < FEW_PERMUTATIONS else 1 / (PERMUTATIONS_DRAWN + 1)


@dataclass(frozen=True)
class ChanceTest:
    """The result of a test by permutation.

    Attributes
    ----------
    p
        How often chance does as well.
    smallest_p
        The smallest that ``p`` could have been.
    n_arrangements
        How many permutations were looked at, the true one among them; files know it by this name.
    exact
        Whether these were all there are.
    """

    p: float
    smallest_p: float
    n_arrangements: int
    exact: bool

    @classmethod
    def of_scores(cls, reached: float, scores: Float64Array, *, exact: bool) -> Self:
        """Return how often the scores of permutations are at least what was ``reached``.

        They are those of all permutations, or, where it is not ``exact``, of some that were drawn.
        """
        # Of those drawn the true permutation is not one, and it is sure to reach its own score.
        known = 0 if exact else 1
        number = known + len(scores)
        at_least = known + int((scores >= reached - 1e-12).sum())
        return cls(at_least / number, 1 / number, number, exact)

    @property
    def can_tell(self) -> bool:
        """Whether even a perfect score could have been told from chance."""
        return self.smallest_p <= SIGNIFICANT


def chance_test(
    truth: IntArray, units: IntArray, scores: Score, strata: IntArray | None = None
) -> ChanceTest:
    """Test a score of given classes against other permutations of them.

    Parameters
    ----------
    truth
        The index of the class that was given to each item, shape (item,).
    units
        The number of each item's unit, items of which are not independent, shape (item,).
    scores
        Receives permutations of the classes, (permutation, item), and returns the score of each.
        For predictions that are given that is cheap; a method that learns has to learn anew.
    strata
        Within what classes change places, shape (item,); None: everywhere.

    Returns
    -------
    ChanceTest
        All permutations are looked at where there are few, and 1999 are drawn where there are more.
    """
    permutations = Permutations(truth, units, strata)
    (reached,) = scores(truth[np.newaxis])
    if permutations.number < FEW_PERMUTATIONS:
        return ChanceTest.of_scores(reached, scores(permutations.all()), exact=True)
    drawn = [scores(batch) for batch in permutations.drawn(PERMUTATIONS_DRAWN, SEED)]
    return ChanceTest.of_scores(reached, np.concatenate(drawn), exact=False)


def chance_of_predictions(
    truth: IntArray, predicted: IntArray, units: IntArray, strata: IntArray | None = None
) -> ChanceTest:
    """Test the balanced accuracy of one network's predictions for items it had not learnt from.

    Predictions of several folds won't do: each item's class was learnt from in the other folds, so
    their errors go together, and chance does well more often than the test believes (with 20 groups
    a class, 10 % of data without any signal passed at 5 %).

    Parameters
    ----------
    truth
        The index of the class that was given to each item, shape (item,).
    predicted
        The index of the class that was predicted, shape (item,).
    units
        The number of each item's unit, items of which are not independent, shape (item,).
    strata
        Within what classes change places, shape (item,); None: everywhere.

    Returns
    -------
    ChanceTest
        See `chance_test`.
    """
    return chance_test(
        truth, units, lambda given: balanced_accuracies(given, given == predicted), strata
    )


def either_of(tests: Sequence[ChanceTest]) -> ChanceTest:
    """Return the test whether any of several shows something, by Bonferroni's inequality.

    It holds however the tests depend on each other, as those of two networks do, of which each was
    tested on what the other has learnt from.

    Parameters
    ----------
    tests
        The tests, at least one.

    Returns
    -------
    ChanceTest
        With the smallest p of them times their number.
    """
    return ChanceTest(
        p=min(1.0, len(tests) * min(test.p for test in tests)),
        smallest_p=min(1.0, len(tests) * min(test.smallest_p for test in tests)),
        n_arrangements=sum(test.n_arrangements for test in tests),
        exact=all(test.exact for test in tests),
    )


def paired_test(
    ours: Float64Array, theirs: Float64Array, truth: IntArray, units: IntArray
) -> ChanceTest:
    """Test whether one method's balanced accuracy is above another's on the same items.

    If the methods are alike, each unit's results could as well be the other's. One-sided.

    Parameters
    ----------
    ours
        How far the one was right about each item, from 0 to 1, shape (item,).
    theirs
        How far the other was.
    truth
        The index of the class that was given to each item, shape (item,).
    units
        The number of each item's unit, items of which are not independent, shape (item,).

    Returns
    -------
    ChanceTest
        Small where the one is better.
    """
    kinds, numbers = np.unique(units, return_inverse=True)
    weights = 1 / np.bincount(truth)[truth]
    gains = np.bincount(numbers, weights=(ours - theirs) * weights)
    reached = gains.sum()
    telling = int((gains != 0).sum())
    if 2**telling < FEW_PERMUTATIONS:
        signs = np.array(list(product((1, -1), repeat=telling)), float).reshape(2**telling, telling)
        return ChanceTest.of_scores(reached, signs @ gains[gains != 0], exact=True)
    random = np.random.default_rng(SEED)
    signs = random.choice((1.0, -1.0), (PERMUTATIONS_DRAWN, len(kinds)))
    return ChanceTest.of_scores(reached, signs @ gains, exact=False)


@dataclass(frozen=True)
class Disagreement:
    """Items that only one of two methods was right about.

    Attributes
    ----------
    only_first
        How many only the first was right about.
    only_second
        How many only the second was right about.
    p
        That of McNemar's two-sided test.
    """

    only_first: int
    only_second: int
    p: float


def mcnemar_test(first: Flags, second: Flags) -> Disagreement:
    """Test whether one of two methods is right more often, on items that stand alone.

    Where it makes no difference, each item that they disagree on falls to either with the same
    chance [1]_. Items of one group are not independent; `paired_test` is for those.

    Parameters
    ----------
    first
        Which items the first method was right about, shape (item,).
    second
        Which items the second was right about.

    Returns
    -------
    Disagreement
        With the exact p, by the binomial distribution.

    References
    ----------
    .. [1] McNemar (1947), “Note on the sampling error of the difference between correlated
       proportions or percentages”.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    return Disagreement(only_first, only_second, mcnemar(only_first, only_second))


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the p-value of McNemar's exact two-sided test."""
    import scipy.stats

    differing = only_first + only_second
    return float(scipy.stats.binomtest(only_first, differing).pvalue) if differing else 1.0
