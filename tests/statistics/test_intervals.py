"""intervals: scores of grouped images, and how sure they are."""

import numpy as np
import pytest
import scipy.stats

from napari_image_classifier.statistics.intervals import (
    Interval,
    balanced_interval,
    intraclass_correlation,
    mean_interval,
    proportion_interval,
)


def drawn(random, accuracy, correlation, groups, items=20):
    """Flags of items that correlate within their groups, and the groups."""
    strength = (1 - correlation) / correlation
    own = random.beta(accuracy * strength, (1 - accuracy) * strength, groups)
    right = random.random((groups, items)) < own[:, np.newaxis]
    return right.ravel(), np.repeat(np.arange(groups), items)


def test_independent_items_get_the_exact_binomial_interval():
    """A thousand groups of one item: Clopper and Pearson, as scipy has it."""
    right = np.arange(1000) < 930
    found = proportion_interval(right, np.arange(1000))
    exact = scipy.stats.binomtest(930, 1000).proportion_ci(method="exact")
    assert found.score == 0.93
    assert found.low == pytest.approx(exact.low, abs=2e-4)
    assert found.high == pytest.approx(exact.high, abs=2e-4)


def test_items_of_a_group_are_no_independent_witnesses():
    """The same items in ten groups tell less than alone, more than ten items."""
    random = np.random.default_rng(0)
    right, groups = drawn(random, 0.8, 0.2, 10)
    alone = proportion_interval(right, np.arange(len(right)))
    together = proportion_interval(right, groups)
    assert alone.score == together.score
    assert together.low < alone.low < alone.high < together.high
    few = proportion_interval(right[::20], groups[::20])
    assert together.high - together.low < few.high - few.low


def test_always_right_is_not_certain():
    """Where the t interval on group means has no width at all."""
    found = proportion_interval(np.ones(100, bool), np.repeat(np.arange(5), 20))
    assert found.high == 1
    assert 0.5 < found.low < 0.9
    never = proportion_interval(np.zeros(100, bool), np.repeat(np.arange(5), 20))
    assert (never.low, never.high) == (0, pytest.approx(1 - found.low))


def test_one_group_tells_nothing():
    found = proportion_interval(np.ones(100, bool), np.zeros(100, int))
    assert (found.low, found.high) == (0, 1)


def test_correlation_is_found_where_there_is_one():
    """Within 0.05 of the one that was drawn, from many groups."""
    random = np.random.default_rng(1)
    for correlation in (0.05, 0.2, 0.4):
        right, _ = drawn(random, 0.7, correlation, 2000)
        hits = right.reshape(2000, 20).sum(axis=1).astype(float)
        found = intraclass_correlation(np.full(2000, 20.0), hits)
        assert found == pytest.approx(correlation, abs=0.05)


def test_the_mean_of_alike_scores_is_surer_than_each():
    """The half-widths shrink by the square root of their number."""
    one = Interval(0.8, 0.7, 0.88)
    found = mean_interval([one] * 4)
    assert found.score == pytest.approx(0.8)
    assert found.low == pytest.approx(0.75)
    assert found.high == pytest.approx(0.84)


def test_every_class_counts_alike():
    """Names and order of classes and groups do not matter."""
    random = np.random.default_rng(2)
    right, groups = drawn(random, 0.8, 0.2, 12)
    classes = (groups > 7).astype(int)
    found = balanced_interval(right, classes, groups)
    assert found.score == pytest.approx(
        (right[classes == 0].mean() + right[classes == 1].mean()) / 2
    )
    order = random.permutation(len(right))
    again = balanced_interval(right[order], 5 - 3 * classes[order], 100 - groups[order])
    assert (again.score, again.low, again.high) == pytest.approx(
        (found.score, found.low, found.high)
    )


@pytest.mark.parametrize("accuracy", [0.5, 0.8, 0.95])
def test_the_interval_holds_the_truth(accuracy):
    """A short round of benchmarks/interval_coverage.py."""
    random = np.random.default_rng(3)
    held = 0
    for _ in range(300):
        right, groups = drawn(random, accuracy, 0.3, 16)
        found = balanced_interval(right, (groups >= 8).astype(int), groups)
        held += found.low <= accuracy <= found.high
    # Of 300 runs at 95 %, fewer than 275 are as good as impossible.
    assert held >= 275
