"""Scores of predictions against the classes that were given."""

from dataclasses import dataclass

import numpy as np

from napari_image_classifier.statistics.intervals import (
    Interval,
    balanced_interval,
    proportion_interval,
)
from napari_image_classifier.typing import Flags, Float64Array, IntArray


@dataclass(frozen=True)
class ClassScores:
    """How one class fared; None where there is nothing to divide by.

    ``sensitivity`` is the part of its images that was recognised, ``precision`` the part of the
    images predicted to be of it that are, ``auc`` how often an image of it got a higher
    probability for it than an image of another class.
    """

    name: str
    n_items: int
    n_groups: int
    sensitivity: Interval | None
    precision: float | None
    f1: float | None
    auc: float | None


@dataclass(frozen=True)
class Scores:
    """Scores of predictions that were made for images not learnt from.

    Attributes
    ----------
    confusion
        Numbers of images, shape (class given, class predicted).
    accuracy
        The part that was right.
    balanced_accuracy
        The mean sensitivity of the classes.
    matthews
        Matthews' correlation; for several classes that of Gorodkin [1]_.
    kappa
        Cohen's.
    classes
        The scores of each class.

    References
    ----------
    .. [1] Gorodkin (2004), “Comparing two K-category assignments by a K-category correlation
       coefficient”.
    """

    balanced_accuracy: Interval
    accuracy: Interval
    matthews: float
    kappa: float
    classes: tuple[ClassScores, ...]
    confusion: IntArray


def scores_of(
    truth: IntArray, probabilities: Float64Array, units: IntArray, class_names: tuple[str, ...]
) -> Scores:
    """Score predictions.

    Parameters
    ----------
    truth
        The index of the class that was given to each item, shape (item,).
    probabilities
        Of each class, shape (item, class).
    units
        The number of each item's unit, items of which are not independent, shape (item,).
    class_names
        The names of the classes, in their order.

    Returns
    -------
    Scores
        With intervals that respect units.
    """
    from sklearn.metrics import cohen_kappa_score, confusion_matrix, matthews_corrcoef

    labels = np.arange(len(class_names))
    predicted = probabilities.argmax(axis=1)
    right = predicted == truth
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa = cohen_kappa_score(truth, predicted, labels=labels)
    return Scores(
        confusion=confusion_matrix(truth, predicted, labels=labels),
        accuracy=proportion_interval(right, units),
        balanced_accuracy=balanced_interval(right, truth, units),
        matthews=float(matthews_corrcoef(truth, predicted)),
        # One class only, always predicted: no agreement beyond chance is possible.
        kappa=float(kappa) if np.isfinite(kappa) else 0.0,
        classes=tuple(
            _of_class(int(label), class_names[label], truth, probabilities, units)
            for label in labels
        ),
    )


def balanced_accuracy(truth: IntArray, right: Flags) -> float:
    """Return the mean over classes of the part that was right.

    Parameters
    ----------
    truth
        The index of the class that was given to each item, shape (item,).
    right
        Which items were right, shape (item,).

    Returns
    -------
    float
        From 0 to 1.
    """
    return float(balanced_accuracies(truth[np.newaxis], right[np.newaxis])[0])


def balanced_accuracies(truth: IntArray, right: Flags) -> Float64Array:
    """Return the balanced accuracy of several predictions.

    Parameters
    ----------
    truth
        The index of the class that was given, shape (prediction, item).
    right
        Which items were right, of the same shape.

    Returns
    -------
    Float64Array
        The mean over classes of the part that was right, shape (prediction,).
    """
    # Of the shape (class, prediction, item).
    members = truth == np.unique(truth)[:, np.newaxis, np.newaxis]
    counts, hits = members.sum(axis=2), (members & right).sum(axis=2)
    parts = hits / np.maximum(counts, 1)
    return np.asarray(parts.sum(axis=0) / (counts > 0).sum(axis=0), np.float64)


def _of_class(
    label: int, name: str, truth: IntArray, probabilities: Float64Array, units: IntArray
) -> ClassScores:
    from sklearn.metrics import roc_auc_score

    members = truth == label
    predicted = probabilities.argmax(axis=1) == label
    n_items, n_predicted = int(members.sum()), int(predicted.sum())
    hits = int((members & predicted).sum())
    both = 0 < n_items < len(members)
    return ClassScores(
        name=name,
        n_items=n_items,
        n_groups=len(np.unique(units[members])),
        sensitivity=proportion_interval(predicted[members], units[members]) if n_items else None,
        precision=hits / n_predicted if n_predicted else None,
        f1=2 * hits / (n_items + n_predicted) if n_items + n_predicted else None,
        auc=float(roc_auc_score(members, probabilities[:, label])) if both else None,
    )
