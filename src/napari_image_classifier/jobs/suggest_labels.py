"""A classifier's predictions for many items, and the order of those to label (active learning)."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, islice

import numpy as np

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.predict import ITEMS_AT_ONCE, seen_items
from napari_image_classifier.errors import Cancelled, ImageClassifierError
from napari_image_classifier.images.image import read_image
from napari_image_classifier.items.annotations import ItemKey
from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.raters.active_learning import (
    SUGGEST_LABELS,
    SuggestedLabel,
    SuggestedLabels,
    SuggestRequest,
    informativeness,
    query_order,
)
from napari_image_classifier.system.events import Emit, Progress
from napari_image_classifier.system.progress import TimeLeft, throttled
from napari_image_classifier.typing import ShouldStop

JOB = SUGGEST_LABELS


def run(request: SuggestRequest, emit: Emit, should_stop: ShouldStop) -> SuggestedLabels:
    """Have a classifier look at all items, and put those that nobody has labelled in order.

    Parameters
    ----------
    request
        The classifier, the items, and those that have a label.
    emit
        Hears `Progress` ("looking"), in items.
    should_stop
        Returns True when nobody wants the result.

    Returns
    -------
    SuggestedLabels
        A label for each item, and the unlabelled ones in the order to label them in.

    Raises
    ------
    Cancelled
        ``should_stop`` returned True.
    """
    total = len(request.items.items)
    work, tell = TimeLeft(total), throttled(emit)
    by_item: dict[ItemKey, SuggestedLabel] = {}
    for label in _labels(load_classifier(request.classifier), request.items):
        if should_stop():
            raise Cancelled
        by_item[label.key] = label
        work.done = len(by_item)
        left = work.seconds_left
        tell(Progress(stage="looking", done=len(by_item), total=total, seconds_left=left))
    labels = tuple(by_item.values())
    return SuggestedLabels(labels, _order(labels, frozenset(request.annotated)))


def _order(labels: Sequence[SuggestedLabel], annotated: Collection[ItemKey]) -> tuple[ItemKey, ...]:
    free = [label for label in labels if label.class_name and label.key not in annotated]
    teaches = np.array([label.teaches for label in free])
    order = query_order(teaches, [str(label.class_name) for label in free])
    return tuple(free[index].key for index in order)


def _labels(classifier: Classifier, table: ItemTable) -> Iterator[SuggestedLabel]:
    for _, items in groupby(table.items, lambda item: item.image):
        of_image = list(items)
        try:
            yield from _labels_of_image(classifier, of_image, table.axes)
        except ImageClassifierError as error:
            # Those that came before the damage get a second one, which counts.
            for item in of_image:
                yield SuggestedLabel(item.key, None, None, 0.0, str(error))


def _labels_of_image(
    classifier: Classifier, items: Sequence[Item], axes: str | None
) -> Iterator[SuggestedLabel]:
    with read_image(items[0].image, axes=axes) as image:
        seen = seen_items(classifier, image, selections=[item.selection for item in items])
        while batch := list(islice(seen, ITEMS_AT_ONCE)):
            probabilities, how_far, disagreement = classifier.judge_by_members(
                np.stack([item.pixels for item in batch])
            )
            teaches = informativeness(probabilities, disagreement, how_far)
            for item, of_classes, score in zip(batch, probabilities, teaches, strict=True):
                yield SuggestedLabel(
                    ItemKey(items[0].file, item.selection),
                    classifier.class_names[int(of_classes.argmax())],
                    confidence=float(of_classes.max()),
                    teaches=float(score),
                    message=item.why_unlike,
                )
