"""The loss of a training, its class weights, and the standard error of its score."""

import numpy as np

from napari_image_classifier.statistics.scores import balanced_accuracy
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.typing import Float64Array, FloatArray, IntArray

SMALLEST_PROBABILITY = 1e-7


class TrainingLoss:
    """Cross-entropy with smoothed labels and a weight per class, the training part's balance."""

    def __init__(self, data: TrainingSet, config: TrainingConfig) -> None:
        n_classes = len(data.class_names)
        counts = np.bincount(data.classes[data.training], minlength=n_classes)
        self._class_weights = class_weights(counts) if config.class_weights else np.ones(n_classes)
        smoothing = config.label_smoothing
        self._one_hot = np.eye(n_classes) * (1 - smoothing) + smoothing / n_classes

    def targets(self, classes: IntArray) -> FloatArray:
        """Return the target probabilities, shape (item, class)."""
        return self._one_hot[classes].astype(np.float32)

    def weights(self, classes: IntArray) -> FloatArray:
        """Return how much each item counts."""
        return self._class_weights[classes].astype(np.float32)

    def of(self, probabilities: Float64Array, classes: IntArray) -> float:
        """Return the loss of probabilities, shape (item, class), for the items' true classes."""
        logarithms = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))
        losses = -(self._one_hot[classes] * logarithms).sum(axis=1)
        return float(np.average(losses, weights=self._class_weights[classes]))


def class_weights(counts: IntArray) -> Float64Array:
    """Return a weight per class, such that rare ones count for more; they average 1 over items.

    The square root of the usual inverse frequency: the full one lets a handful of images of one
    class outshout all others.
    """
    weights = 1 / np.sqrt(counts)
    return np.asarray(weights * counts.sum() / (weights * counts).sum(), np.float64)


def balanced_accuracy_and_error(truth: IntArray, predicted: IntArray) -> tuple[float, float]:
    """Return the mean over classes of the part that was right, and its standard error.

    Both hold one class per item. The error takes each class as if one more item had been right
    and one more wrong (Laplace), or few items that are all right would seem certain.
    """
    n = np.bincount(truth)
    n_right = np.bincount(truth[predicted == truth], minlength=len(n))
    n, n_right = n[n > 0], n_right[n > 0]
    part = (n_right + 1) / (n + 2)
    error = np.sqrt((part * (1 - part) / n).sum()) / len(n)
    return balanced_accuracy(truth, predicted == truth), float(error)
