"""Predictions for open images: made on a thread of the viewer, kept with the layers."""

import atexit
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Qt, Signal

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.predict import predict_image
from napari_image_classifier.classifiers.prediction import Prediction, PredictionRow
from napari_image_classifier.images.display import METADATA_KEY
from napari_image_classifier.images.thumbnails import draw_thumbnail
from napari_image_classifier.system.records import as_json
from napari_image_classifier.widgets.qt.gui_thread import post, tell
from napari_image_classifier.widgets.viewer.layers import (
    OpenChannel,
    OpenImage,
    as_image,
    kept_with,
)
from napari_image_classifier.widgets.viewer.object_layers import OpenObjects, located, objects_in


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


Predicted = tuple[int, list[tuple[Task, Prediction]]]

# Longer than an item takes; one that hangs on a drive that is gone must not keep napari open.
SECONDS_TO_END = 5.0
SECONDS_BETWEEN_YIELDS = 0.2


class ImageRun(QObject):
    """One run over some images; after `stop` it says nothing more.

    ``predicted`` carries how many images are done, and pairs of a task and a prediction;
    ``finished`` comes once, with a sentence when something went wrong that should not.
    """

    predicted = Signal(int, list)
    finished = Signal(str)

    def __init__(self, classifier: Classifier, tasks: Sequence[Task], parent: QObject) -> None:
        super().__init__(parent)
        self.n_tasks = len(tasks)
        self.n_done = 0
        # The thread outlives the run by the item that is under way, so it knows this alone.
        self._stopped = stopped = threading.Event()
        # napari waits for its own workers when it is closed, for as long as they take.
        thread = threading.Thread(
            target=_predict, args=(classifier, tasks, stopped), name="classify", daemon=True
        )
        _threads[thread] = stopped
        post().told.connect(self._hear, Qt.ConnectionType.QueuedConnection)
        # The thread ends with the dock.
        self.destroyed.connect(stopped.set)
        thread.start()

    def stop(self) -> None:
        """End after the item that is being classified, and be silent from now on."""
        self._stopped.set()

    def _hear(self, sender: object, news: Predicted | str) -> None:
        if sender is not self._stopped or self._stopped.is_set():
            return
        if isinstance(news, str):
            self.finished.emit(news)
        else:
            self.n_done, pairs = news
            self.predicted.emit(self.n_done, pairs)


def _predict(classifier: Classifier, tasks: Sequence[Task], stopped: threading.Event) -> None:
    """Tell what is predicted, and at last a sentence about what went wrong, or ""."""
    try:
        for news in predict_tasks(classifier, tasks, stopped.is_set):
            tell(stopped, news)
    except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell it to
        tell(stopped, f"Something went wrong that should not: {type(error).__name__}: {error}")
    else:
        tell(stopped, "")


_threads: WeakKeyDictionary[threading.Thread, threading.Event] = WeakKeyDictionary()


@atexit.register
def _end_all() -> None:
    """Let what is being calculated come to its end before the program does."""
    for stopped in list(_threads.values()):
        stopped.set()
    until = time.monotonic() + SECONDS_TO_END
    for thread in list(_threads):
        if thread.is_alive():
            thread.join(max(0.0, until - time.monotonic()))


def predict_tasks(
    classifier: Classifier, tasks: Sequence[Task], should_stop: Callable[[], bool]
) -> Iterator[Predicted]:
    """Yield how many images are done, with what was predicted since; touches no layer.

    An image that can't be classified gives one prediction with status "error".
    """
    waiting: list[tuple[Task, Prediction]] = []
    last = time.monotonic()
    for done, task in enumerate(tasks):
        for prediction in _predictions(classifier, task, should_stop):
            waiting.append((task, prediction))
            if time.monotonic() - last > SECONDS_BETWEEN_YIELDS:
                yield done, waiting
                waiting, last = [], time.monotonic()
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
    records = [
        {
            # Where an object lies, its layer shows.
            **as_json(PredictionRow.of(replace(prediction, place=None, code=""))),
            "classifier": classifier.sha256[:12],
        }
        for prediction in predictions
    ]
    for layer in layers:
        ours = {**kept_with(layer), "predictions": records}
        layer.metadata = {**layer.metadata, METADATA_KEY: ours}
