"""Classifying open images on a thread of the viewer, with every signal on the GUI thread."""

import threading
from collections.abc import Sequence

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, Signal

from napari_image_classifier.classifier import Classifier
from napari_image_classifier.prediction import Prediction
from napari_image_classifier.widgets.layer_predictions import Task, predict_tasks

Predicted = tuple[int, list[tuple[Task, Prediction]]]


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
        self._stopped = stopped = threading.Event()
        self._worker = create_worker(
            predict_tasks, classifier, tasks, stopped.is_set, _start_thread=False
        )
        self._worker.yielded.connect(self._hear)
        self._worker.returned.connect(self._end)
        self._worker.errored.connect(self._fail)
        # The thread ends with the dock.
        self.destroyed.connect(stopped.set)

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def stop(self) -> None:
        """End after the item that is being classified, and be silent from now on."""
        self._stopped.set()

    def _hear(self, news: Predicted) -> None:
        if not self._stopped.is_set():
            self.n_done, pairs = news
            self.predicted.emit(self.n_done, pairs)

    def _end(self, _: object = None) -> None:
        if not self._stopped.is_set():
            self.finished.emit("")

    def _fail(self, error: Exception) -> None:
        if not self._stopped.is_set():
            sentence = f"Something went wrong that should not: {type(error).__name__}: {error}"
            self.finished.emit(sentence)
