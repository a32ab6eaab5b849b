"""calibration: whether probabilities mean what they say."""

import numpy as np
import pytest
from scipy.special import softmax

from napari_image_classifier.evaluation.calibration import calibration_of

RANDOM = np.random.default_rng(6)


def drawn(n, temperature):
    """Classes drawn from probabilities, and the probabilities told with another temperature."""
    logits = RANDOM.normal(0, 2, (n, 3))
    truth = np.array([RANDOM.choice(3, p=row) for row in softmax(logits, axis=1)])
    return truth, softmax(logits * temperature, axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_found_again(temperature):
    """Logits that were multiplied are to be divided."""
    truth, said = drawn(6000, temperature)
    assert calibration_of(truth, said).temperature == pytest.approx(temperature, rel=0.08)


def test_a_calibrated_method_lies_on_the_diagonal():
    """In every tenth of confidence as many are right as were promised."""
    truth, said = drawn(20000, 1.0)
    found = calibration_of(truth, said)
    assert found.expected_error < 0.02
    assert sum(n for _, _, n in found.curve) == len(truth)
    parts = [right for _, right in found.abstaining]
    assert parts[0] > 0.95 > parts[-1]


def test_by_hand():
    """Two items: one surely right, one half sure and wrong."""
    found = calibration_of(np.array([0, 1]), np.array([[1.0, 0.0], [0.5, 0.5]]))
    assert found.log_loss == pytest.approx(np.log(2) / 2)
    assert found.brier == pytest.approx(0.25)
    assert found.abstaining[0] == (0.5, 1.0)
    assert found.abstaining[-1] == (1.0, 0.5)
