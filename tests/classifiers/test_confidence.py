"""Confidences that mean what they say."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from napari_image_classifier.classifiers.confidence import fitted_temperature, tempered
from napari_image_classifier.evaluation.calibration import calibration_of

RANDOM = np.random.default_rng(0)


def drawn(n_items, told):
    """Classes drawn from probabilities, and what one says who is ``told`` times as sure."""
    logits = RANDOM.normal(size=(n_items, 3)) * 2
    truth = np.array([RANDOM.choice(3, p=row) for row in softmax(logits, axis=1)])
    return truth, softmax(logits * told, axis=1)


@pytest.mark.parametrize("told", [0.5, 1.0, 2.5])
def test_who_is_too_sure_gets_a_temperature_that_mends_it(told):
    """Confidence and the part that is right agree on items that were not fitted on."""
    temperature = fitted_temperature(*drawn(4000, told))
    assert temperature == pytest.approx(told, rel=0.1)
    truth, said = drawn(4000, told)
    assert calibration_of(truth, tempered(said, temperature)).expected_error < 0.03


def test_few_images_that_are_all_right_prove_little():
    """Four right ones don't make sure what was not; four hundred do."""
    said = np.array([[0.8, 0.2], [0.2, 0.8]])
    few, many = (fitted_temperature(np.tile([0, 1], n), np.tile(said, (n, 1))) for n in (2, 200))
    assert tempered(said, few).max() == pytest.approx(5 / 6, abs=0.01)
    assert tempered(said, many).max() > 0.99


def test_classes_and_their_order_stay():
    """Even certainty is no division by zero."""
    said = np.vstack([softmax(RANDOM.normal(size=(50, 4)), axis=1), [[1, 0, 0, 0]]])
    for temperature in (0.25, 1.7, 4):
        found = tempered(said, temperature)
        assert (np.argsort(found, axis=1) == np.argsort(said, axis=1)).all()
        assert found.sum(axis=1) == pytest.approx(1)
        assert found[:-1] == pytest.approx(
            np.exp(log_softmax(np.log(said[:-1]) / temperature, axis=1))
        )
