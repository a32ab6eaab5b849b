"""Confidence: probabilities that mean what they say, and how far several networks disagree."""

from collections.abc import Sequence

import numpy as np

from napari_image_classifier.typing import Float64Array, IntArray


def divergence(probabilities: Float64Array) -> Float64Array:
    """Return how far several networks disagree about each item, shape (n,), from 0 to 1.

    ``probabilities`` have the shape (network, n, class). The Jensen–Shannon divergence, of a single
    one 0, is divided by the most that so many can reach.
    """
    import scipy.stats

    of_the_mean = scipy.stats.entropy(probabilities.mean(axis=0), axis=-1, base=2)
    each = scipy.stats.entropy(probabilities, axis=-1, base=2)
    most = max(np.log2(len(probabilities)), 1.0)
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
    """Return the temperature of a classifier [1]_.

    What is aimed at is not quite 1 for the class given but what that many items can show at most,
    (n + 1) / (n + classes) [2]_: else four images, all of them right, would make a classifier of
    any certainty.

    Parameters
    ----------
    truth
        The class of each item, shape (item), as an index; no item was learnt from.
    probabilities
        Its probabilities, shape (item, class).

    Returns
    -------
    float
        Above 1 where the classifier is too sure; from 0.25 to 4.

    References
    ----------
    .. [1] Guo et al. (2017), “On calibration of modern neural networks”, ICML.
    .. [2] Platt (1999), “Probabilistic outputs for support vector machines”.
    """
    n_items, n_classes = probabilities.shape
    aimed_at = (np.eye(n_classes)[truth] * n_items + 1) / (n_items + n_classes)
    return temperature_for(aimed_at, probabilities, TEMPERATURES)


def temperature_for(
    aimed_at: Float64Array, probabilities: Float64Array, bounds: Sequence[float]
) -> float:
    """Return the temperature of the smallest log loss.

    Parameters
    ----------
    aimed_at
        The probabilities that are wanted, shape (item, class).
    probabilities
        Those that the classifier gives, shape (item, class).
    bounds
        The smallest and the largest temperature that is tried.

    Returns
    -------
    float
        Within the bounds.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    logarithms = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))

    def log_loss(log_temperature: float) -> float:
        scaled = log_softmax(logarithms / np.exp(log_temperature), axis=1)
        return float(-(aimed_at * scaled).sum(axis=1).mean())

    result = minimize_scalar(log_loss, bounds=np.log(bounds), method="bounded")
    return float(np.exp(result.x))
