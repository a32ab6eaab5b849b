"""training_loss: what decides which epoch is kept."""

import numpy as np
import pytest

from napari_image_classifier.networks.fit.loss import balanced_accuracy_and_error


def test_every_class_counts_alike():
    """Nine of ten right in one class, none of two in the other."""
    truth = np.array([0] * 10 + [2] * 2)
    predicted = np.array([0] * 9 + [1] + [0, 1])
    score, _ = balanced_accuracy_and_error(truth, predicted)
    assert score == pytest.approx(0.45)


def test_the_error_is_that_of_the_classes_together():
    """As the standard error of a mean of two proportions, each with one more right and wrong."""
    truth = np.array([0] * 8 + [1] * 4)
    predicted = np.array([0] * 4 + [1] * 8)
    first, second = 5 / 10, 5 / 6
    expected = np.sqrt(first * (1 - first) / 8 + second * (1 - second) / 4) / 2
    assert balanced_accuracy_and_error(truth, predicted)[1] == pytest.approx(expected)


def test_few_items_that_are_all_right_are_not_certain():
    """Else a perfect first epoch could never be followed by a better network."""
    truth = np.array([0, 1])
    assert balanced_accuracy_and_error(truth, truth) == (1.0, pytest.approx(0.333, abs=0.01))
