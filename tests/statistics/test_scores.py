"""scores: the same numbers as other people's programs."""

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.inter_rater import cohens_kappa

from napari_image_classifier.statistics.scores import balanced_accuracy, scores_of

RANDOM = np.random.default_rng(3)
TABLES = 500


def random_case():
    """Classes and probabilities of some items, some classes without any."""
    n_classes = int(RANDOM.integers(2, 6))
    n = int(RANDOM.integers(4, 60))
    present = RANDOM.choice(n_classes, RANDOM.integers(2, n_classes + 1), replace=False)
    truth = RANDOM.choice(present, n)
    truth[:2] = present[:2]
    probabilities = RANDOM.dirichlet(np.ones(n_classes), n)
    # Some certainty, some ties.
    probabilities[np.arange(n), truth] += RANDOM.integers(0, 2, n)
    probabilities = np.round(probabilities, 1) + 1e-3
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True)


def scored(truth, probabilities):
    names = tuple(f"class {number}" for number in range(probabilities.shape[1]))
    return scores_of(truth, probabilities, np.arange(len(truth)), names)


def multiclass_correlation(table):
    """Gorodkin's formula, from the sums of the table."""
    n, right = table.sum(), np.trace(table)
    given, said = table.sum(axis=1), table.sum(axis=0)
    below = np.sqrt(float(n**2 - (said**2).sum())) * np.sqrt(float(n**2 - (given**2).sum()))
    return (right * n - (given * said).sum()) / below if below else 0.0


@pytest.mark.long
def test_kappa_matthews_and_auc_equal_their_oracles():
    """On random tables, empty classes included."""
    for _ in range(TABLES):
        truth, probabilities = random_case()
        found = scored(truth, probabilities)
        table = found.confusion
        assert table.sum() == len(truth)
        used = (table.sum(axis=0) + table.sum(axis=1)) > 0
        kappa = cohens_kappa(table[np.ix_(used, used)], return_results=False)
        assert found.kappa == pytest.approx(kappa if np.isfinite(kappa) else 0, abs=1e-12)
        assert found.matthews == pytest.approx(multiclass_correlation(table), abs=1e-12)
        for label, one in enumerate(found.classes):
            members = truth == label
            if not members.any() or members.all():
                assert one.auc is None
                continue
            said = probabilities[:, label]
            u = scipy.stats.mannwhitneyu(said[members], said[~members]).statistic
            assert one.auc == pytest.approx(u / (members.sum() * (~members).sum()), abs=1e-12)


def test_a_class_without_images_has_no_sensitivity():
    """Nor does it count for the balanced accuracy."""
    truth = np.array([0, 0, 2, 2])
    probabilities = np.eye(3)[[0, 0, 2, 0]]
    found = scored(truth, probabilities)
    first, empty, last = found.classes
    assert (first.sensitivity.score, last.sensitivity.score) == (1, 0.5)
    assert first.precision == pytest.approx(2 / 3)
    assert first.f1 == pytest.approx(0.8)
    assert (empty.sensitivity, empty.precision, empty.f1, empty.n_items) == (None, None, None, 0)
    assert found.balanced_accuracy.score == pytest.approx(0.75)
    assert balanced_accuracy(truth, np.array([1, 1, 1, 0])) == pytest.approx(0.75)


def test_groups_are_counted_not_images():
    """Ten times the images of the same groups don't make the interval narrower than one does."""
    truth = np.repeat([0, 1], 10)
    probabilities = np.eye(2)[np.where(np.arange(20) % 5 == 0, 1 - truth, truth)]
    few = scores_of(truth, probabilities, np.arange(20), ("a", "b"))
    repeated = [np.repeat(one, 10, axis=0) for one in (truth, probabilities, np.arange(20))]
    many = scores_of(*repeated, ("a", "b"))
    assert [one.n_groups for one in many.classes] == [10, 10]
    width = few.balanced_accuracy.high - few.balanced_accuracy.low
    assert many.balanced_accuracy.high - many.balanced_accuracy.low > 0.9 * width
