"""Probabilities from what networks say, and how far several of them disagree."""

from collections.abc import Sequence

import numpy as np

from napari_image_classifier.typing import Float64Array, IntArray


def divergence(said: Float64Array) -> Float64Array:
    """Return how far several disagree about each item, shape (n,), from 0 to 1.

    ``said`` are probabilities of shape (who, n, class). The Jensen–Shannon divergence, of a
    single one 0, is divided by the most that so many can reach.
    """
    import scipy.stats

    of_the_mean = scipy.stats.entropy(said.mean(axis=0), axis=-1, base=2)
    each = scipy.stats.entropy(said, axis=-1, base=2)
    most = max(np.log2(len(said)), 1.0)
    return np.asarray(np.clip(of_the_mean - each.mean(axis=0), 0, None) / most)


SMALLEST_PROBABILITY = 1e-7
# Beyond these, a few images would have to be taken at their word.
TEMPERATURES = (0.25, 4.0)


def tempered(probabilities: Float64Array, temperature: float) -> Float64Array:
    """Return probabilities (item, class) whose logarithms were divided by ``temperature``.

    Above 1 they are less sure, below 1 surer; the order of the classes stays as it is.
    """
    if temperature == 1:
        return probabilities
    from scipy.special import softmax

    with np.errstate(divide="ignore"):
        return np.asarray(softmax(np.log(probabilities) / temperature, axis=1))


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
