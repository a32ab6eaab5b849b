"""Paths, without keeping the window waiting when a drive does not answer."""

import math
import threading
import time
from enum import Enum
from pathlib import Path

from qtpy.QtCore import QObject, Qt, Signal

from napari_image_classifier.widgets.qt.gui_thread import post, tell

# A drive that works answers in thousandths of this.
SECONDS_OF_PATIENCE = 0.25
# What a slow drive has said holds so many times as long as it took to say it, but not longer than:
LASTING = 20
SECONDS_TO_LAST = 30.0


class Kind(Enum):
    """What is at a path."""

    FOLDER = "folder"
    FILE = "file"
    NOTHING = "nothing"
    NO_ANSWER = "no answer"


def kind_of(path: Path) -> Kind:
    """Return what is at ``path``; NO_ANSWER where its drive does not say so at once.

    Whoever has a `DriveWatch` hears when it does.
    """
    with _lock:
        question = _late.get(path)
    if question is not None and time.monotonic() <= question.good_until:
        return question.answer
    question = _Question(path)
    threading.Thread(target=question.find_out, name="path", daemon=True).start()
    return question.answer_soon()


def no_answer_from(path: Path) -> str:
    """Return the sentence for a drive that does not answer."""
    return f"{path} does not answer; perhaps its drive can't be reached. It is looked for again."


def why_no_name(path: Path | None, what: str) -> str | None:
    """Return why a file can't be written at ``path``; ``what`` it is, and is called for example."""
    if path is None or (kind := kind_of(path)) is Kind.FOLDER:
        return f"Choose a file name for {what}."
    return no_answer_from(path) if kind is Kind.NO_ANSWER else None


def why_not_there(path: Path | None, wanted: Kind, what: str, choose: str) -> str | None:
    """Return why ``path`` is not what is wanted, called ``what``; ``choose``: when it is empty."""
    if path is None:
        return choose
    if (kind := kind_of(path)) is wanted:
        return None
    return no_answer_from(path) if kind is Kind.NO_ANSWER else f"There is no {what} {path}."


class DriveWatch(QObject):
    """`answered` tells that a drive which had not answered has."""

    answered = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        post().told.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    def _hear(self, sender: object, _what: object) -> None:
        if sender is _late:
            self.answered.emit()


class _Question:
    """What is at a path? It is asked on a thread, which a drive may keep for ever."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked = time.monotonic()
        self.good_until = math.inf
        self._answered = threading.Event()
        self.answer = Kind.NO_ANSWER

    def answer_soon(self) -> Kind:
        """Return the answer, or go on without."""
        self._answered.wait(SECONDS_OF_PATIENCE)
        with _lock:
            if self._answered.is_set():
                _late.pop(self._path, None)
            else:
                _late[self._path] = self
        return self.answer

    def find_out(self) -> None:
        """Find the answer, and tell everybody where nobody waits for it any more."""
        kind = _kind_of(self._path)
        with _lock:
            now = time.monotonic()
            self.good_until = now + min(LASTING * (now - self._asked), SECONDS_TO_LAST)
            self.answer = kind
            self._answered.set()
            is_late = _late.get(self._path) is self
        if is_late:
            tell(_late, self._path)


def _kind_of(path: Path) -> Kind:
    try:
        if path.is_dir():
            return Kind.FOLDER
        return Kind.FILE if path.exists() else Kind.NOTHING
    except (OSError, ValueError):
        return Kind.NOTHING


_lock = threading.Lock()
# What was not answered at once.
_late: dict[Path, _Question] = {}
