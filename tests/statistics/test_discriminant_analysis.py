"""Discriminant analysis, learnt anew for every permutation, and the test that rests on it."""

import numpy as np

from napari_image_classifier.statistics.discriminant_analysis import (
    DiscriminantAnalysis,
    discriminant_score,
)

RANDOM = np.random.default_rng(4)


def groups(n_groups, size, n_features, shift=0.0, alike=0.0):
    """Measurements of two classes; items of a group are alike, classes are ``shift`` apart."""
    units = np.repeat(np.arange(n_groups), size)
    truth = units % 2
    own = RANDOM.normal(size=(n_groups, n_features))[units]
    features = np.sqrt(alike) * own + np.sqrt(1 - alike) * RANDOM.normal(
        size=(len(units), n_features)
    )
    features[:, 0] += shift * truth
    return features, truth, units


def test_nothing_is_learnt_from_what_is_tested():
    """Other classes given to one part's items change nothing of what is said of that part."""
    features, truth, units = groups(10, 3, 4, shift=2.0)
    method = DiscriminantAnalysis(features, units)
    (said,) = method.predicted(truth[np.newaxis])
    for part in method._parts:
        given = truth.copy()
        given[part.tested] = 1 - given[part.tested]
        (other,) = method.predicted(given[np.newaxis])
        np.testing.assert_array_equal(other[part.tested], said[part.tested])


def test_no_unit_is_on_both_sides():
    """Groups never part."""
    features, _, units = groups(13, 4, 3)
    for part in DiscriminantAnalysis(features, units)._parts:
        assert not set(units[part.learnt]) & set(units[part.tested])
    tested = np.concatenate([part.tested for part in DiscriminantAnalysis(features, units)._parts])
    assert sorted(tested) == list(range(len(units)))


def test_finds_the_nearest_class_mean():
    """A clear difference is found beside noise; a rare class counts as much."""
    features, truth, units = groups(60, 2, 3, shift=6.0)
    kept = (truth == 0) | (units < 12)
    method = DiscriminantAnalysis(features[kept], units[kept])
    (said,) = method.predicted(truth[kept][np.newaxis])
    assert (said == truth[kept]).mean() > 0.97
    assert (said == truth[kept])[truth[kept] == 1].mean() > 0.8


def test_names_of_classes_do_not_matter():
    """Numbers with gaps, in another order."""
    features, truth, units = groups(12, 3, 4, shift=2.0)
    (said,) = DiscriminantAnalysis(features, units).predicted(truth[np.newaxis])
    (renamed,) = DiscriminantAnalysis(features, units).predicted(
        np.array([7, 3])[truth][np.newaxis]
    )
    np.testing.assert_array_equal(np.array([7, 3])[said], renamed)


def test_null_data_pass_as_often_as_they_may():
    """Groups alike in themselves, classes that mean nothing: p is below 0.1 in 10 %."""
    passed = [
        discriminant_score(features, truth, units).chance.p <= 0.1
        for features, truth, units in (groups(8, 5, 6, alike=0.5) for _ in range(200))
    ]
    # Three standard errors of 200 draws around 0.1.
    assert 0.036 <= np.mean(passed) <= 0.164


def test_a_difference_is_found():
    """And its score is told."""
    found = discriminant_score(*groups(16, 5, 6, shift=3.0))
    assert found.balanced_accuracy > 0.85
    assert found.chance.p < 0.01


def test_many_permutations_at_once_say_what_each_says():
    """Three classes, of which a permutation's learnt part may lack one."""
    features, _, units = groups(9, 2, 3)
    given = np.array([RANDOM.permutation(np.repeat([0, 1, 2], [9, 8, 1])) for _ in range(20)])
    method = DiscriminantAnalysis(features, units)
    together = method.predicted(given)
    for one, said in zip(given, together, strict=True):
        np.testing.assert_array_equal(method.predicted(one[np.newaxis])[0], said)
