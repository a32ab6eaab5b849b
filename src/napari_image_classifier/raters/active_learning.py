"""Active learning: the items whose classes would teach a classifier most.

What is least certain teaches most (Settles, 2009, “Active learning literature survey”): where the
two likeliest classes are close, where networks that learnt from different parts disagree, and what
looks like none of the images learnt from. The classes that are predicted take turns, so that those
which are asked about in a row differ, and a rare class is not left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_image_classifier.items.annotations import ItemKey
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.system.events import Result
from napari_image_classifier.system.job import Job
from napari_image_classifier.typing import Float64Array


@dataclass(frozen=True)
class SuggestRequest:
    """What a classifier is to look at.

    Attributes
    ----------
    items
        All items.
    classifier
        A .keras file.
    annotated
        Those of the items that have a label already.
    """

    items: ItemTable
    classifier: Path
    annotated: tuple[ItemKey, ...] = ()


@dataclass(frozen=True)
class SuggestedLabel:
    """The prediction of an item, and how much its label would teach.

    Attributes
    ----------
    key
        The item.
    class_name
        The class predicted, None where the item can't be read.
    confidence
        Its probability, from 0 to 1; None where there is no class.
    teaches
        See `informativeness`.
    message
        Why there is no class, or how the item is unlike the training; "" else.
    """

    key: ItemKey
    class_name: str | None
    confidence: float | None
    teaches: float
    message: str


@dataclass(frozen=True)
class SuggestedLabels(Result):
    """The predictions of all items, and which of these to label first.

    Attributes
    ----------
    items
        The prediction of every item.
    order
        Those without a label, that which teaches most first.
    """

    items: tuple[SuggestedLabel, ...]
    order: tuple[ItemKey, ...]


SUGGEST_LABELS = Job("suggest_labels", SuggestRequest, SuggestedLabels)


def informativeness(
    probabilities: Float64Array, disagreement: Float64Array, how_far: Float64Array
) -> Float64Array:
    """Return how much each item's class is likely to teach a classifier.

    Parameters
    ----------
    probabilities
        As `Classifier.judge_by_members` gives them, shape (item, class).
    disagreement
        That of the networks of an ensemble, from 0 to 1, shape (item,).
    how_far
        The novelty of each item, above 1 where it is unlike the training, shape (item,).

    Returns
    -------
    Float64Array
        From 0 to 3, shape (item,).
    """
    *_, second, highest = np.sort(probabilities, axis=1).T
    return np.asarray(1 - (highest - second) + disagreement + np.clip(how_far - 1, 0, 1))


def query_order(teaches: Float64Array, predicted: Sequence[str]) -> list[int]:
    """Return in which order a person is asked about items, predicted classes in turn.

    Parameters
    ----------
    teaches
        The `informativeness` of each item, shape (item,).
    predicted
        The class predicted for each.

    Returns
    -------
    list of int
        The indices of the items, that which teaches most first.
    """
    asked: Counter[str] = Counter()
    turns: dict[int, int] = {}
    for index in np.argsort(-teaches, kind="stable").tolist():
        turns[index] = asked[predicted[index]]
        asked[predicted[index]] += 1
    # The n-th of each class before the (n + 1)-th of any, the one that teaches most first.
    return sorted(turns, key=turns.__getitem__)
