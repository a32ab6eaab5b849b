"""Small things that take their time, done on a thread one after another."""

import threading
from collections.abc import Callable, Collection, Hashable

from qtpy.QtCore import QObject, Qt, Signal

from napari_image_classifier.errors import ImageClassifierError
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
            self._waiting = {key: errand for key, errand in self._waiting.items() if key in keys}

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running = False
                    return
                key = next(iter(self._waiting))
                errand = self._waiting.pop(key)
            tell(self, (key, errand()))


class Lookup(QObject):
    """Calls a function that may take its time on a thread; the newest question is answered.

    For looks at the disk that are too slow for the GUI thread and too small for a process.
    """

    answered = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._question: object = None
        post().told.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    def ask(self, question: Callable[[], object]) -> None:
        """Call ``question`` on a thread; `answered` has its answer, None after an error of ours."""
        self._question = question

        def run() -> None:
            try:
                answer = question()
            except (ImageClassifierError, OSError):
                answer = None
            tell(question, answer)

        threading.Thread(target=run, name="look", daemon=True).start()

    def _hear(self, question: object, answer: object) -> None:
        if self._question is not None and question is self._question:
            self._question = None
            self.answered.emit(answer)
