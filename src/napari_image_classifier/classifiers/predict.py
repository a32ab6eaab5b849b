"""Predictions of images and of whole files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

import numpy as np

from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.classifiers.novelty import UNLIKE_EVERY_CLASS, ImageKind
from napari_image_classifier.classifiers.onnx_runtime import PIXELS_AT_ONCE
from napari_image_classifier.classifiers.prediction import NO_OBJECTS, Prediction
from napari_image_classifier.errors import Fault
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.images.pixel_hash import PixelHash
from napari_image_classifier.items.objects import Objects
from napari_image_classifier.items.preparation import (
    Channels,
    ImageItem,
    finished,
    items_of_image,
)
from napari_image_classifier.system.shown_text import readable
from napari_image_classifier.typing import DrawThumbnail, Float64Array, FloatArray

ITEMS_AT_ONCE = 16
Predictions = list[list[Prediction]]


class Predictor(Protocol):
    """The part of a classifier that predicting needs."""

    @property
    def description(self) -> ClassifierDescription:
        """The classes, the preparation, the threshold and the novelty detection."""

    def judge_prepared(self, batch: FloatArray) -> tuple[Float64Array, Float64Array]:
        """Return probabilities, shape (item, class), and the novelty of each item, shape (item)."""


def predict_files(
    classifier: Predictor,
    images: Sequence[ImageFiles],
    axes: str | None = None,
    draw_thumbnail: DrawThumbnail | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Predictions:
    """Return the predictions of many images.

    Parameters
    ----------
    classifier
        What predicts.
    images
        Images by their files.
    axes
        What axes mean in files that don't say.
    draw_thumbnail
        What draws a small picture for each prediction.
    should_stop
        Whether to stop before the end.

    Returns
    -------
    list of list of Prediction
        Those of the items of each image, in order. An image that can't be classified gives one with
        status "error"; one that was passed over because of a stop has none.
    """
    batch = _Batch(classifier, draw_thumbnail)
    for files in images:
        if should_stop():
            break
        try:
            with read_image(files, axes=axes) as image:
                batch.add_image(files.name, image, should_stop)
        except Exception as error:  # noqa: BLE001 - one image must not end a batch of thousands
            batch.fail(files.name, error)
    predictions = batch.predictions()
    return [predictions.get(files.name, []) for files in images]


class _Batch:
    """Items of several images that go through the network together."""

    def __init__(self, classifier: Predictor, draw_thumbnail: DrawThumbnail | None) -> None:
        self._classifier = classifier
        self._draw_thumbnail = draw_thumbnail
        self._waiting: list[_Waiting] = []
        self._found: dict[str, list[Prediction]] = {}
        self._failed: dict[str, Prediction] = {}

    def add_image(self, file: str, image: Image, should_stop: Callable[[], bool]) -> None:
        """Add all items of an image, or none where there is a stop on the way."""
        read = PixelHash(image)
        seen = None
        for seen in seen_items(self._classifier, image):
            self._waiting.append(_Waiting(file, seen, read.hexdigest()))
            height, width = seen.pixels.shape[:2]
            if len(self._waiting) * height * width >= PIXELS_AT_ONCE:
                self._predict_waiting()
            if should_stop():
                self.forget(file)
                return
        if seen is None:
            empty = Prediction(file, "", "empty", message=NO_OBJECTS, code=Fault.NO_OBJECTS)
            self._found[file] = [replace(empty, pixels=read.hexdigest())]

    def forget(self, file: str) -> None:
        """Leave out an image of which not all items are known."""
        self._waiting = [item for item in self._waiting if item.file != file]
        self._found.pop(file, None)

    def fail(self, file: str, error: Exception) -> None:
        """Give the image an error in place of whatever its other items are found to be."""
        self.forget(file)
        self._failed[file] = Prediction.of_failure(file, error)

    def predictions(self) -> dict[str, list[Prediction]]:
        """Return the predictions of each image by its name."""
        self._predict_waiting()
        return self._found | {file: [failed] for file, failed in self._failed.items()}

    def _predict_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._predict(waiting)

    def _predict(self, items: "list[_Waiting]") -> None:
        try:
            seen = [(item.file, item.seen) for item in items]
            predictions = _predictions(self._classifier, seen, self._draw_thumbnail)
        except Exception as error:  # noqa: BLE001 - as for a single image
            if len(items) == 1:
                self.fail(items[0].file, error)
                return
            # One image must not fail those beside it.
            for item in items:
                self._predict([item])
            return
        for item, prediction in zip(items, predictions, strict=True):
            self._found.setdefault(item.file, []).append(replace(prediction, pixels=item.hash))


@dataclass(frozen=True)
class _Waiting:
    file: str
    seen: ImageItem
    hash: str


def predict_image(
    classifier: Predictor,
    image: Image,
    file: str,
    draw_thumbnail: DrawThumbnail | None = None,
    channels: Channels = None,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    objects: Objects | None = None,
    selections: Sequence[str] | None = None,
) -> Iterator[Prediction]:
    """Yield the predictions of all items of one image: itself, its time points, planes or objects.

    Parameters
    ----------
    classifier
        What predicts.
    image
        An open image.
    file
        What predictions call it.
    draw_thumbnail
        What draws a small picture for each prediction.
    channels
        As in `preparation.matched_channels`.
    should_stop
        Whether to stop before the end.
    objects
        As in `items_of_image`.
    selections
        As in `items_of_image`.

    Yields
    ------
    Prediction
        One for each item, in order.
    """
    items = seen_items(classifier, image, channels, objects, selections)
    while not should_stop() and (chosen := list(islice(items, ITEMS_AT_ONCE))):
        yield from _predictions(classifier, [(file, item) for item in chosen], draw_thumbnail)


def seen_items(
    classifier: Predictor,
    image: Image,
    channels: Channels = None,
    objects: Objects | None = None,
    selections: Sequence[str] | None = None,
) -> Iterator[ImageItem]:
    """Yield what the network sees of each item of an image.

    Parameters
    ----------
    classifier
        Its preparation and novelty detection are used.
    image
        An open image.
    channels
        As in `predict_image`.
    objects
        As in `items_of_image`.
    selections
        As in `items_of_image`.

    Yields
    ------
    ImageItem
        One for each item, in order, its pixels as the network sees them.
    """
    preparation, gate = classifier.description.preparation, classifier.description.gate
    kind = ImageKind.of(image)
    if channels is None or isinstance(channels, Mapping):
        said = image.channel_map if channels is None else channels
        channels = {**classifier.description.channel_map, **said}
    for item in items_of_image(
        image, preparation, selections=selections, channels=channels, objects=objects
    ):
        why_unlike = item.why_unlike
        if gate is not None and not why_unlike:
            why_unlike = gate.why_unlike(kind, item.pixels, preparation.channel_names)
        yield item._replace(pixels=finished(item.pixels, preparation), why_unlike=why_unlike)


def _predictions(
    classifier: Predictor,
    items: Sequence[tuple[str, ImageItem]],
    draw_thumbnail: DrawThumbnail | None,
) -> list[Prediction]:
    """Return the prediction of each item, which comes with the name of its file."""
    rows, distances = classifier.judge_prepared(np.stack([item.pixels for _, item in items]))
    return [
        _prediction(classifier.description, file, item, row, distance > 1, draw_thumbnail)
        for (file, item), row, distance in zip(items, rows, distances, strict=True)
    ]


def _prediction(
    description: ClassifierDescription,
    file: str,
    item: ImageItem,
    row: Float64Array,
    is_far: bool,
    draw_thumbnail: DrawThumbnail | None,
) -> Prediction:
    """Return the prediction of an item with these probabilities."""
    found = Prediction(file, item.selection, "ok", place=item.place)
    # What an image lacks, some layers take for 0; a class of such pixels is none.
    if not (np.isfinite(item.pixels).all() and np.isfinite(row).all()):
        message = (
            f"{readable(file)} has pixels without a value (NaN or infinite), so it can't be "
            "classified; export it without them."
        )
        return replace(found, status="error", message=message, code=Fault.NOT_FINITE)
    if draw_thumbnail is not None:
        found = replace(found, thumbnail=draw_thumbnail(item.pixels))
    by_class = dict(zip(description.class_names, row.tolist(), strict=True))
    best = max(by_class, key=by_class.__getitem__)
    found = replace(found, class_name=best, confidence=by_class[best], probabilities=by_class)
    if why := item.why_unlike or (UNLIKE_EVERY_CLASS if is_far else ""):
        return replace(found, status="unlike-training", message=why)
    surest = description.answers_from
    if by_class[best] < surest:
        message = f"Less sure than {surest:.2f}, from which on this classifier answers."
        return replace(found, status="unsure", message=message)
    return found
