"""Which items a classifier would learn most from, if a person told it their classes.

What is least certain teaches most (Settles, 2009, “Active learning literature survey”): where the
two likeliest classes are close, where networks that learnt from different parts disagree, and what
looks like none of the images learnt from. The classes that are predicted take turns, so that those
which are asked about in a row differ, and a rare class is not left out.
"""

from collections import defaultdict
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
    """What a ``classifier`` is to look at, and which of these items have a label already."""

    items: ItemTable
    classifier: Path
    annotated: tuple[ItemKey, ...] = ()


@dataclass(frozen=True)
class SuggestedLabel:
    """What a classifier says of an item, and how much its label would teach.

    The class is None where it can say nothing, and ``message`` why.
    """

    key: ItemKey
    class_name: str | None
    confidence: float | None
    teaches: float
    message: str


@dataclass(frozen=True)
class SuggestedLabels(Result):
    """What is said of all items, and those without a label in the ``order`` of what they teach."""

    items: tuple[SuggestedLabel, ...]
    order: tuple[ItemKey, ...]


SUGGEST_LABELS = Job("suggest_labels", SuggestRequest, SuggestedLabels)


def margins(probabilities: Float64Array) -> Float64Array:
    """Return by how much the likeliest class is likelier than the next, for rows (n, class)."""
    highest = np.sort(probabilities, axis=1)
    return np.asarray(highest[:, -1] - highest[:, -2])


def how_much_it_teaches(
    probabilities: Float64Array, disagreement: Float64Array, how_far: Float64Array
) -> Float64Array:
    """Return for each item, from 0 to 3, how much it is likely to teach.

    ``probabilities`` are of shape (n, class), ``disagreement`` (0 to 1) and ``how_far`` (above 1:
    unlike the training) of shape (n,), as `Classifier.judge_by_members` gives them.
    """
    return 1 - margins(probabilities) + disagreement + np.clip(how_far - 1, 0, 1)


def order_to_teach(teaches: Float64Array, predicted: Sequence[str]) -> list[int]:
    """Return the indices of items, that which teaches most first, predicted classes in turn."""
    of_class: dict[str, list[int]] = defaultdict(list)
    for index in np.argsort(-teaches, kind="stable").tolist():
        of_class[predicted[index]].append(index)
    # The n-th of each class before the (n + 1)-th of any, the one that teaches most first.
    turns = [
        (turn, -teaches[index], index)
        for indices in of_class.values()
        for turn, index in enumerate(indices)
    ]
    return [index for _, _, index in sorted(turns)]
