"""Calibration: whether predicted probabilities are as often right as they say."""

from dataclasses import dataclass

import numpy as np

from napari_image_classifier.classifiers.confidence import SMALLEST_PROBABILITY, temperature_for
from napari_image_classifier.typing import Float64Array, IntArray

BINS = 10
TEMPERATURES = (0.2, 10.0)


@dataclass(frozen=True)
class Calibration:
    """Log loss, Brier score, and how often predictions of a given confidence were right.

    ``curve`` holds, for each tenth of confidence that occurs, the mean confidence, the part that
    was right and the number of items. ``expected_error`` is the mean distance of the two (Naeini,
    Cooper & Hauskrecht, 2015). ``temperature`` is what the logarithms of the probabilities would
    have to be divided by for the smallest log loss (Guo et al., 2017): above 1, they are too sure.
    ``abstaining`` holds, for each part of the items that is answered, the surest first, the part of
    the answers that is right.
    """

    log_loss: float
    brier: float
    expected_error: float
    temperature: float
    curve: tuple[tuple[float, float, int], ...]
    abstaining: tuple[tuple[float, float], ...]


def calibration_of(truth: IntArray, probabilities: Float64Array) -> Calibration:
    """Return the calibration of probabilities (item, class), ``truth`` being the classes given."""
    of_truth = probabilities[np.arange(len(truth)), truth]
    one_hot = np.eye(probabilities.shape[1])[truth]
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    tenths = np.minimum((confidence * BINS).astype(int), BINS - 1)
    curve = tuple(
        (float(confidence[tenths == b].mean()), float(right[tenths == b].mean()),
         int((tenths == b).sum()))
        for b in np.unique(tenths)
    )  # fmt: skip
    surest_first = right[np.argsort(-confidence, kind="stable")]
    n_answered = [max(1, round(part * len(truth))) for part in np.linspace(0.1, 1, 10)]
    return Calibration(
        log_loss=float(-np.log(np.maximum(of_truth, SMALLEST_PROBABILITY)).mean()),
        brier=float(((probabilities - one_hot) ** 2).sum(axis=1).mean()),
        expected_error=sum(n * abs(mean - part) for mean, part, n in curve) / len(truth),
        temperature=temperature_for(one_hot, probabilities, TEMPERATURES),
        curve=curve,
        abstaining=tuple((n / len(truth), float(surest_first[:n].mean())) for n in n_answered),
    )
