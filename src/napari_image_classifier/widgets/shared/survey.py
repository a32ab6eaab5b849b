"""A look at the items of a folder, taken anew a moment after a person has changed what is asked."""

from collections.abc import Callable, Mapping
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.path_probe import DriveWatch

MILLISECONDS_BEFORE_A_LOOK = 300

Request = Mapping[str, Any]


class ItemsLook(QObject):
    """Runs the job "list_items" with what ``request`` returns; None: there is nothing to look at.

    ``changed`` tells that `found` has: it holds the job's result, None while it is not known.
    ``failed`` carries a sentence.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, request: Callable[[], Request | None], parent: QObject) -> None:
        super().__init__(parent)
        self._request = request
        self.found: Mapping[str, Any] | None = None
        self._worker = Worker(self, looks=True)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(MILLISECONDS_BEFORE_A_LOOK)
        self._wait.timeout.connect(self._look)
        self._drives = DriveWatch(self)
        self._drives.answered.connect(self._look_if_unknown)
        self._worker.finished.connect(self._take)
        self._worker.failed.connect(lambda message, _: self.failed.emit(message))

    @property
    def under_way(self) -> bool:
        """Whether a look is taken, or is about to be."""
        return self._worker.running or self._wait.isActive()

    def again(self) -> None:
        """Forget what was found, and look anew soon."""
        self.found = None
        self._worker.kill()
        self._wait.start()
        self.changed.emit()

    def stop(self) -> None:
        """End a look that is under way."""
        self._wait.stop()
        self._worker.kill()

    def _look_if_unknown(self) -> None:
        if self.found is None and not self.under_way:
            self.again()

    def _look(self) -> None:
        request = self._request()
        if request is None:
            self.changed.emit()
        else:
            self._worker.start("survey", {**request, "thumbnails": 0, "listed": True})

    def _take(self, found: Mapping[str, Any]) -> None:
        self.found = found
        self.changed.emit()
