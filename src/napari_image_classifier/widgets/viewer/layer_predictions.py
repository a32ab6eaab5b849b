"""Predictions for open images: made on a thread, kept with the layers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.predict import predict_image
from napari_image_classifier.classifiers.prediction import Prediction, PredictionRow
from napari_image_classifier.images.display import METADATA_KEY
from napari_image_classifier.images.thumbnails import draw_thumbnail
from napari_image_classifier.system.records import as_json
from napari_image_classifier.widgets.viewer.layers import OpenChannel, OpenImage, as_image
from napari_image_classifier.widgets.viewer.object_layers import OpenObjects, located, objects_in

SECONDS_BETWEEN_YIELDS = 0.2


@dataclass(frozen=True, eq=False)
class Task:
    """An open image, its channel for each of the classifier's, and what marks its objects."""

    image: OpenImage
    channels: tuple[OpenChannel, ...]
    objects: OpenObjects | None = None

    def located(self) -> "Task":
        """Return the task with all that is needed of the layer that marks objects."""
        if self.objects is None:
            return self
        return replace(self, objects=located(self.objects, self.image))


def predict_tasks(
    classifier: Classifier, tasks: Sequence[Task], should_stop: Callable[[], bool]
) -> Iterator[tuple[int, list[tuple[Task, Prediction]]]]:
    """Yield how many images are done, with what was predicted since; touches no layer.

    An image that can't be classified gives one prediction with status "error".
    """
    waiting: list[tuple[Task, Prediction]] = []
    last = monotonic()
    for done, task in enumerate(tasks):
        for prediction in _predictions(classifier, task, should_stop):
            waiting.append((task, prediction))
            if monotonic() - last > SECONDS_BETWEEN_YIELDS:
                yield done, waiting
                waiting, last = [], monotonic()
        if should_stop():
            return
    yield len(tasks), waiting


def _predictions(
    classifier: Classifier, task: Task, should_stop: Callable[[], bool]
) -> Iterator[Prediction]:
    name = task.image.name
    try:
        image = as_image(name, task.channels, classifier.channel_names)
        objects = None
        if task.objects is not None:
            objects = objects_in(task.objects, task.image, image, classifier.preparation.each)
        yield from predict_image(
            classifier,
            image,
            name,
            draw_thumbnail,
            range(len(task.channels)),
            should_stop,
            objects=objects,
        )
    except Exception as error:  # noqa: BLE001 - whatever a lazy layer raises, the others go on
        yield Prediction.of_failure(name, error)


def keep_in_metadata(
    layers: Sequence[Any], predictions: Sequence[Prediction], classifier: Classifier
) -> None:
    """Write predictions into each layer's metadata, in place of earlier ones."""
    kept = [
        {
            # Where an object lies, its layer shows.
            **as_json(PredictionRow.of(replace(prediction, place=None, code=""))),
            "classifier": classifier.sha256[:12],
        }
        for prediction in predictions
    ]
    for layer in layers:
        ours = layer.metadata.get(METADATA_KEY) or {}
        layer.metadata = {**layer.metadata, METADATA_KEY: {**ours, "predictions": kept}}
