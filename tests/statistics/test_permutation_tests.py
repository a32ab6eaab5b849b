"""chance: p-values by permutation, against a count of all permutations."""

from itertools import permutations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from napari_image_classifier.statistics import permutation_tests as chance
from napari_image_classifier.statistics.permutation_tests import (
    ChanceTest,
    chance_of_predictions,
    chance_test,
    either_of,
    mcnemar_test,
    paired_test,
    smallest_p,
)
from napari_image_classifier.statistics.scores import balanced_accuracy

RANDOM = np.random.default_rng(8)


def p_by_hand(truth, predicted, units):
    """All orders of the units' labels, equal ones counted as often as they come."""
    kinds = np.unique(units)
    labels = [truth[units == one][0] for one in kinds]
    reached = balanced_accuracy(truth, truth == predicted)
    scores = []
    for order in permutations(labels):
        given = np.array(order)[np.searchsorted(kinds, units)]
        scores.append(balanced_accuracy(given, given == predicted))
    return np.mean(np.array(scores) >= reached - 1e-12)


def test_p_is_the_part_of_all_permutations():
    """Of whole groups, of unequal sizes, on random tables."""
    for _ in range(60):
        sizes = RANDOM.integers(1, 4, 6)
        units = np.repeat(np.arange(6), sizes)
        labels = RANDOM.permutation([0, 0, 0, 1, 1, 2])
        truth = labels[units]
        predicted = np.where(RANDOM.random(len(truth)) < 0.6, truth, RANDOM.integers(0, 3))
        found = chance_of_predictions(truth, predicted, units)
        assert found.exact
        assert found.n_arrangements == 60
        assert found.p == pytest.approx(p_by_hand(truth, predicted, units), abs=1e-12)


def test_three_against_three_can_not_be_told():
    """Twenty permutations: p can be 0.05 and no less; two against three can't even be that."""
    truth = np.repeat([0, 1], 3)
    found = chance_of_predictions(truth, truth, np.arange(6))
    assert (found.p, found.smallest_p, found.can_tell) == (0.05, 0.05, True)
    truth = np.array([0, 0, 1, 1, 1])
    assert not chance_of_predictions(truth, truth, np.arange(5)).can_tell
    assert smallest_p(truth, np.arange(5)) == 0.1


def test_classes_within_a_group_change_within_it():
    """Two plates with both classes: their items change places, never across plates."""
    truth = np.array([0, 1, 0, 1, 1])
    units = np.array([0, 0, 1, 1, 1])
    seen = []

    def scores(given):
        seen.extend(map(tuple, given))
        return np.zeros(len(given))

    found = chance_test(truth, units, scores)
    assert found.n_arrangements == 2 * 3
    assert len(set(seen[1:])) == 6
    assert all(sum(given[:2]) == 1 and sum(given[2:]) == 2 for given in seen)


def test_nothing_changes_across_strata():
    """What was taken together stays comparable."""
    truth = np.array([0, 1, 0, 1])
    seen = set()

    def scores(given):
        seen.update(map(tuple, given))
        return np.zeros(len(given))

    chance_test(truth, np.arange(4), scores, np.array([0, 0, 1, 1]))
    assert seen == {(0, 1, 0, 1), (1, 0, 0, 1), (0, 1, 1, 0), (1, 0, 1, 0)}


def test_many_permutations_are_drawn():
    """The p of drawn ones is near that of all, and never 0."""
    truth = np.repeat([0, 1], 10)
    found = chance_of_predictions(truth, truth, np.arange(20))
    assert not found.exact
    assert found.p == found.smallest_p == 1 / 2000
    middling = np.where(np.arange(20) % 10 < 6, truth, 1 - truth)
    assert 0.1 < chance_of_predictions(truth, middling, np.arange(20)).p < 0.6


def test_null_data_pass_as_often_as_they_may(monkeypatch):
    """Predictions that know nothing are “better than chance” in one of twenty cases."""
    monkeypatch.setattr(chance, "PERMUTATIONS_DRAWN", 199)
    truth, units = np.repeat([0, 1], 40), np.repeat(np.arange(20), 4)
    passed = 0
    for _ in range(200):
        # All items of a group look alike, so that a test that counts items would be fooled.
        predicted = RANDOM.integers(0, 2, 20)[units]
        passed += chance_of_predictions(truth, predicted, units).p <= 0.05
    assert passed <= 20


def test_the_paired_test_turns_whole_groups():
    """By hand for three groups: all eight ways in which the methods could be exchanged."""
    truth = np.zeros(6, int)
    units = np.repeat([0, 1, 2], 2)
    ours = np.array([1, 1, 1, 1, 0, 1.0])
    theirs = np.array([0, 0, 1, 0, 1, 1.0])
    # Gains 2, 1 and -1 sixths: at least 2 sixths in 3 of 8 ways.
    found = paired_test(ours, theirs, truth, units)
    assert (found.p, found.n_arrangements) == (0.375, 8)
    assert paired_test(ours, ours, truth, units).p == 1
    assert paired_test(theirs, ours, truth, units).p > 0.5


def test_of_two_tests_the_better_counts_half():
    """Bonferroni: never more often than at the level, however they depend on each other."""
    found = either_of([ChanceTest(0.02, 0.004, 252, exact=True), ChanceTest(0.6, 0.01, 99, True)])
    assert found == ChanceTest(0.04, 0.008, 351, exact=True)
    assert either_of([ChanceTest(0.7, 0.1, 10, False)] * 2).p == 1


def test_mcnemar_equals_its_oracle():
    """On random tables, empty cells included."""
    for _ in range(500):
        n, share = int(RANDOM.integers(1, 80)), RANDOM.random(2)
        first, second = (RANDOM.random(n) < part for part in share)
        table = [[(first & second).sum(), (first & ~second).sum()],
                 [(~first & second).sum(), (~first & ~second).sum()]]  # fmt: skip
        found = mcnemar_test(first, second)
        assert (found.only_first, found.only_second) == (table[0][1], table[1][0])
        assert found.p == pytest.approx(mcnemar(table, exact=True).pvalue, abs=1e-12)
