"""Probabilities from what networks say, and how far several of them disagree."""

import numpy as np

from napari_image_classifier.typing import Float64Array


def softmax(logits: Float64Array) -> Float64Array:
    """Return the probabilities that logits stand for; both are of shape (n, class)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


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
