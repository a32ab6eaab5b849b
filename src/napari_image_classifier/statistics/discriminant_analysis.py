"""Discriminant analysis, so quick that it can learn anew for every permutation of the classes.

Discriminants by ridge regression (optimal scoring; Hastie, Tibshirani & Buja, 1994) on the
measurements and on Gaussian kernels around some of the items, so that classes need not lie on two
sides of a line. What has to be inverted depends on the measurements alone, so another permutation
costs two products of matrices. That makes permutation tests exact, which they are not for
predictions that are given (see `permutation_tests.chance_of_predictions`).
"""

from dataclasses import dataclass

import numpy as np

from napari_image_classifier.statistics.permutation_tests import ChanceTest, chance_test
from napari_image_classifier.statistics.scores import balanced_accuracies
from napari_image_classifier.typing import Float64Array, IntArray

PARTS = 5
NUMBERS_AT_ONCE = 200_000
# So much of the usual variance is added to every direction.
RIDGE = 0.01
LANDMARKS = 150
# The kernels' squared width, as part of the usual squared distance of two items.
WIDTH = 0.5
SEED = 0


@dataclass(frozen=True)
class DiscriminantScore:
    """The balanced accuracy that measurements reach, and how often chance does as well.

    Parameters
    ----------
    balanced_accuracy
        The mean over the classes of the part of each that is predicted right, 0 to 1.
    chance
        The test of permutations of the classes.
    """

    balanced_accuracy: float
    chance: ChanceTest


def discriminant_score(
    features: Float64Array, truth: IntArray, units: IntArray, strata: IntArray | None = None
) -> DiscriminantScore:
    """Test on parts of whole units what measurements tell of the classes.

    Parameters
    ----------
    features
        The measurements, shape (item, measurement).
    truth
        The number of each item's class, shape (item,).
    units
        The number of what each item belongs to and is never parted from, shape (item,).
    strata
        Numbers within which alone classes are permuted, shape (item,); None for no such limits.

    Returns
    -------
    DiscriminantScore
        What a discriminant analysis reaches on items that it has not learnt from.
    """
    score = DiscriminantAnalysis(features, units).balanced_accuracies
    reached = float(score(truth[np.newaxis])[0])
    return DiscriminantScore(reached, chance_test(truth, units, score, strata))


class DiscriminantAnalysis:
    """Learns from parts of the items and predicts the classes of the others, for any classes given.

    Parameters
    ----------
    features
        The measurements, shape (item, measurement).
    units
        The number of what each item belongs to and is never parted from, shape (item,).

    Notes
    -----
    The parts are dealt without a look at the classes, as they must be the same for every
    permutation of them.
    """

    def __init__(self, features: Float64Array, units: IntArray) -> None:
        kinds, numbers = np.unique(units, return_inverse=True)
        dealt = np.random.default_rng(SEED).permutation(len(kinds)) % min(PARTS, len(kinds))
        part_of_item = dealt[numbers]
        self._parts = [
            _Part.of(features, np.flatnonzero(part_of_item != part),
                     np.flatnonzero(part_of_item == part))
            for part in np.unique(part_of_item)
        ]  # fmt: skip

    def predicted(self, given: IntArray) -> IntArray:
        """Return what the classes ``given`` (permutation, item) of other items say of each item."""
        kinds, numbers = np.unique(given, return_inverse=True)
        numbers = numbers.reshape(given.shape)
        predicted = np.empty_like(numbers)
        at_once = max(1, NUMBERS_AT_ONCE // (given.shape[1] * len(kinds)))
        for start in range(0, len(given), at_once):
            some = slice(start, start + at_once)
            for part in self._parts:
                predicted[some, part.tested] = part.predicted(numbers[some], len(kinds))
        return np.asarray(kinds[predicted], np.intp)

    def balanced_accuracies(self, given: IntArray) -> Float64Array:
        """Return the balanced accuracy of `predicted` for each permutation."""
        return balanced_accuracies(given, self.predicted(given) == given)


@dataclass(frozen=True)
class _Part:
    """What is learnt from and what is tested, their measurements, and the inverse for both."""

    learnt: IntArray
    tested: IntArray
    measured: Float64Array
    to_test: Float64Array
    inverse: Float64Array

    @classmethod
    def of(cls, features: Float64Array, learnt: IntArray, tested: IntArray) -> "_Part":
        mean, spread = features[learnt].mean(axis=0), features[learnt].std(axis=0)
        scaled = (features - mean) / np.where(spread > 0, spread, 1)
        scaled = np.concatenate([scaled, _kernels(scaled, learnt)], axis=1)
        measured = scaled[learnt]
        gram = measured.T @ measured
        ridge = RIDGE * len(learnt) * np.eye(len(gram))
        return cls(
            learnt, tested, measured, scaled[tested], np.linalg.solve(gram + ridge, measured.T)
        )

    def predicted(self, given: IntArray, n_classes: int) -> IntArray:
        """Return, for each tested item, the class whose mean discriminant is the nearest.

        ``given`` holds numbers of classes, (permutation, item); so does what is returned, for the
        tested items.
        """
        learnt = given[:, self.learnt].T[..., np.newaxis] == np.arange(n_classes)
        counts = learnt.sum(axis=0)
        wanted = learnt / np.maximum(counts, 1)
        # To be a matrix product, permutations and classes are columns: (item, column).
        columns = (wanted - wanted.mean(axis=0)).reshape(len(self.learnt), -1)
        slopes = (self.inverse @ columns).reshape(-1, *counts.shape)
        centres = (self.measured.T @ wanted.reshape(len(self.learnt), -1)).reshape(slopes.shape)
        means = np.einsum("fak,fal->akl", centres, slopes)
        discriminants = (self.to_test @ slopes.reshape(len(slopes), -1)).reshape(-1, *counts.shape)
        # The nearest by Euclid; what all classes share of the distance is left out.
        distances = (means**2).sum(axis=2) - 2 * np.einsum("tal,akl->tak", discriminants, means)
        distances = np.where(counts > 0, distances, np.inf)
        return np.asarray(distances.argmin(axis=2).T, np.intp)


def _kernels(scaled: Float64Array, learnt: IntArray) -> Float64Array:
    """Return how near items are to some of those learnt from, together as heavy as ``scaled``."""
    landmarks = scaled[learnt][:: -(-len(learnt) // LANDMARKS)]
    squares = (scaled**2).sum(axis=1)[:, np.newaxis] + (landmarks**2).sum(axis=1)
    distances = np.maximum(squares - 2 * scaled @ landmarks.T, 0)
    usual = np.median(distances[learnt])
    near = np.exp(-distances / (WIDTH * usual)) if usual > 0 else np.ones_like(distances)
    near -= near[learnt].mean(axis=0)
    spread = near[learnt].std()
    weight = np.sqrt(scaled.shape[1] / near.shape[1]) / (spread if spread > 0 else 1)
    return np.asarray(near * weight)
