"""Confidences that mean what they say: a classifier is made as sure as it may be."""

from collections.abc import Sequence

import numpy as np

from napari_image_classifier.typing import Float64Array, IntArray

SMALLEST_PROBABILITY = 1e-7
# Beyond these, a few images would have to be taken at their word.
TEMPERATURES = (0.25, 4.0)


def tempered(probabilities: Float64Array, temperature: float) -> Float64Array:
    """Return probabilities (item, class) whose logarithms were divided by ``temperature``.

    Above 1 they are less sure, below 1 surer; the order of the classes stays as it is.
    """
    if temperature == 1:
        return probabilities
    with np.errstate(divide="ignore"):
        logarithms = np.log(probabilities) / temperature
    powers = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fitted_temperature(truth: IntArray, probabilities: Float64Array) -> float:
    """Return the temperature (Guo et al., 2017) for a classifier that said ``probabilities``.

    They are of shape (item, class), of items that were not learnt from and are of the classes
    ``truth``. What is aimed at is not quite 1 for the class given but what that many items can
    show at most, (n + 1) / (n + classes), as Platt (1999) has it: else four images, all of them
    right, would make a classifier of any certainty.
    """
    n_items, n_classes = probabilities.shape
    aimed_at = (np.eye(n_classes)[truth] * n_items + 1) / (n_items + n_classes)
    return temperature_for(aimed_at, probabilities, TEMPERATURES)


def temperature_for(
    aimed_at: Float64Array, probabilities: Float64Array, bounds: Sequence[float]
) -> float:
    """Return the temperature of the smallest log loss; both arrays have shape (item, class)."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    logarithms = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))

    def log_loss(log_temperature: float) -> float:
        scaled = log_softmax(logarithms / np.exp(log_temperature), axis=1)
        return float(-(aimed_at * scaled).sum(axis=1).mean())

    found = minimize_scalar(log_loss, bounds=np.log(bounds), method="bounded")
    return float(np.exp(found.x))
