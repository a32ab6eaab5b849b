"""learning_rate: how large the steps are, from the first epoch to the last."""

import pytest

from napari_image_classifier.networks.fit.schedule import LearningRate
from napari_image_classifier.training.config import TrainingConfig

CONFIG = TrainingConfig(epochs=42, learning_rate=0.004)


def test_steps_rise_then_fall_to_nothing():
    """In a line over two epochs, then in half a cosine."""
    rate = LearningRate(CONFIG)
    said = [rate.after(epochs) for epochs in (0, 1, 2, 22, 42)]
    assert said == pytest.approx([0, 0.002, 0.004, 0.002, 0])


def test_a_short_training_warms_up_for_a_quarter():
    """Else a training of one epoch would never learn."""
    rate = LearningRate(TrainingConfig(epochs=1, learning_rate=0.004))
    assert [rate.after(0.25), rate.after(1)] == pytest.approx([0.004, 0])


def test_the_end_takes_a_quarter_more_at_half_the_rate():
    """Falling once more."""
    rate = LearningRate(CONFIG)
    assert rate.finishing_epochs == 11
    assert [rate.finishing(0), rate.finishing(5.5), rate.finishing(11)] == pytest.approx(
        [0.002, 0.001, 0]
    )
