"""Classifying open images on a thread of the viewer, with every signal on the GUI thread."""

import atexit
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from weakref import WeakSet

from qtpy.QtCore import QObject, Qt, Signal

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.widgets.qt.gui_thread import post, tell
from napari_image_classifier.widgets.viewer.layer_predictions import Task, predict_tasks

Predicted = tuple[int, list[tuple[Task, Prediction]]]

# Longer than an item takes; one that hangs on a drive that is gone must not keep napari open.
SECONDS_TO_END = 5.0


class _Work:
    """The thread of one run. It outlives the run by the item that is under way."""

    def __init__(self, predict: Callable[[Callable[[], bool]], Iterator[Predicted]]) -> None:
        self._predict = predict
        self._stopped = threading.Event()
        # napari waits for its own workers when it is closed, for as long as they take.
        self.thread = threading.Thread(target=self._run, name="classify", daemon=True)
        _works.add(self)

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        try:
            for news in self._predict(self._stopped.is_set):
                tell(self, news)
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell it to
            tell(self, f"Something went wrong that should not: {type(error).__name__}: {error}")
        else:
            tell(self, "")


_works: WeakSet[_Work] = WeakSet()


@atexit.register
def _end_all() -> None:
    """Let what is being calculated come to its end before the program does."""
    for work in list(_works):
        work.stop()
    until = time.monotonic() + SECONDS_TO_END
    for work in list(_works):
        if work.thread.is_alive():
            work.thread.join(max(0.0, until - time.monotonic()))


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
        self._work = work = _Work(lambda stopped: predict_tasks(classifier, tasks, stopped))
        post().told.connect(self._hear, Qt.ConnectionType.QueuedConnection)
        # The thread ends with the dock.
        self.destroyed.connect(work.stop)

    def start(self) -> None:
        """Begin."""
        self._work.thread.start()

    def stop(self) -> None:
        """End after the item that is being classified, and be silent from now on."""
        self._work.stop()

    def _hear(self, sender: object, news: Predicted | str) -> None:
        if sender is not self._work or self._work.stopped:
            return
        if isinstance(news, str):
            self.finished.emit(news)
        else:
            self.n_done, pairs = news
            self.predicted.emit(self.n_done, pairs)
