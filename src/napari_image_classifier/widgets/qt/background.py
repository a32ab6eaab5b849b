"""Small things that take their time, done on a thread one after another."""

import threading
from collections.abc import Callable, Collection, Hashable

from qtpy.QtCore import QObject, Qt, Signal

from napari_image_classifier.widgets.qt.gui_thread import post, tell

Errand = Callable[[], object]


class Errands(QObject):
    """Calls functions on one thread; `done` brings the key and the answer of each.

    `done` comes on the GUI thread. A function answers for its own errors.
    """

    done = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._list = _List()
        post().told.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    def do(self, key: Hashable, errand: Errand) -> None:
        """Call ``errand`` when all before it are done; one of this key that waits is replaced."""
        self._list.add(key, errand)

    def keep_only(self, keys: Collection[Hashable]) -> None:
        """Forget what waits under other keys."""
        self._list.keep_only(keys)

    def _hear(self, sender: object, what: object) -> None:
        if sender is self._list:
            assert isinstance(what, tuple)
            self.done.emit(*what)


class _List:
    """What is to be done. It outlives its `Errands` by the errand that is under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, Errand] = {}
        self._running = False

    def add(self, key: Hashable, errand: Errand) -> None:
        with self._lock:
            self._waiting[key] = errand
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="errands", daemon=True).start()

    def keep_only(self, keys: Collection[Hashable]) -> None:
        with self._lock:
            self._waiting = {key: one for key, one in self._waiting.items() if key in keys}

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running = False
                    return
                key = next(iter(self._waiting))
                errand = self._waiting.pop(key)
            tell(self, (key, errand()))
