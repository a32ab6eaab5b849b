"""What a classifier says of many items, and which of them would teach it most, as a job."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any

import numpy as np

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.predict import ITEMS_AT_ONCE, seen_items
from napari_image_classifier.errors import Cancelled, ImageClassifierError
from napari_image_classifier.images.image import read_image
from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.raters.active_learning import how_much_it_teaches, order_to_teach
from napari_image_classifier.system.progress import TimeLeft, throttled

Row = dict[str, Any]


def order_job(
    request: Mapping[str, Any],
    emit: Callable[[dict[str, Any]], None],
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """Have a classifier look at all items, and put those that nobody has labelled in order.

    The request holds "items" (as `ItemTable.to_json`), "classifier" (its file) and "annotated"
    (pairs of file and item). The result has "items", a row each with file, item, class (None where
    it can't be classified, and "message" says why), confidence and teaches; and "order", pairs of
    file and item.

    Raises
    ------
    Cancelled
        ``should_stop`` returned True.
    """
    table = ItemTable.from_json(request["items"])
    classifier = load_classifier(request["classifier"])
    annotated = {tuple(key) for key in request["annotated"]}
    emit, progress = throttled(emit), TimeLeft(len(table.items))
    rows: dict[tuple[str, str], Row] = {}
    for row in _rows(classifier, table):
        if should_stop():
            raise Cancelled
        rows[row["file"], row["item"]] = row
        progress.done = len(rows)
        emit({"event": "progress", "stage": "looking", "done": progress.done,
              "total": progress.total, "seconds_left": progress.seconds_left})  # fmt: skip
    found = list(rows.values())
    return {"items": found, "order": _order(found, annotated)}


def _order(rows: Sequence[Row], annotated: set[tuple[str, ...]]) -> list[tuple[str, str]]:
    free = [row for row in rows if row["class"] and (row["file"], row["item"]) not in annotated]
    teaches = np.array([row["teaches"] for row in free])
    order = order_to_teach(teaches, [row["class"] for row in free])
    return [(free[index]["file"], free[index]["item"]) for index in order]


def _rows(classifier: Classifier, table: ItemTable) -> Iterator[Row]:
    for _, items in groupby(table.items, lambda item: item.image):
        of_image = list(items)
        try:
            yield from _rows_of_image(classifier, of_image, table.axes)
        except ImageClassifierError as error:
            # Those that came before the damage get a second row, which counts.
            for item in of_image:
                yield {"file": item.file, "item": item.selection, "class": None,
                       "confidence": None, "teaches": 0.0, "message": str(error)}  # fmt: skip


def _rows_of_image(
    classifier: Classifier, items: Sequence[Item], axes: str | None
) -> Iterator[Row]:
    with read_image(items[0].image, axes=axes) as image:
        seen = seen_items(classifier, image, selections=[item.selection for item in items])
        while some := list(islice(seen, ITEMS_AT_ONCE)):
            said, how_far, disagreement = classifier.judge_by_members(
                np.stack([one.pixels for one in some])
            )
            teaches = how_much_it_teaches(said, disagreement, how_far)
            for one, row, much in zip(some, said, teaches, strict=True):
                yield {
                    "file": items[0].file,
                    "item": one.selection,
                    "class": classifier.class_names[int(row.argmax())],
                    "confidence": float(row.max()),
                    "teaches": float(much),
                    "message": one.why_unlike,
                }
