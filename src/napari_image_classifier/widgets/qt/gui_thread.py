"""Carries what threads say to the GUI thread."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Protocol
from weakref import ref

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal


class Killable(Protocol):
    """A job that can be ended at once."""

    def kill(self) -> None:
        """End it."""


class Post(QObject):
    """Carries what threads say to the GUI thread: to all who listen, with the sender's name.

    It also ends the jobs of workers that Qt has deleted.
    """

    told = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._jobs: list[tuple[ref[QObject], Sequence[Killable]]] = []

    def kill_with(self, worker: QObject, jobs: Sequence[Killable]) -> None:
        """Kill ``jobs`` when ``worker`` is no more."""
        self._jobs.append((ref(worker), jobs))
        # A lambda or a partial in place of this method is a crash: Python may have collected it
        # together with the worker's own wrapper by the time that Qt deletes the worker.
        worker.destroyed.connect(self._kill_jobs)

    def _kill_jobs(self) -> None:
        for entry in list(self._jobs):
            reference, jobs = entry
            worker = reference()
            if worker is None or not isalive(worker):  # type: ignore[no-untyped-call]
                self._jobs.remove(entry)
                for job in jobs:
                    job.kill()


@cache
def post() -> Post:
    """Return the one post of this process."""
    # One for the whole process, never deleted: a thread may speak while its widget is closed, and
    # a signal of an object that Qt is just deleting is a crash.
    return Post()


def tell(sender: object, what: object) -> None:
    """Say something on behalf of ``sender``, from any thread."""
    with suppress(RuntimeError):  # the program ends, and Qt is gone before its threads are
        post().told.emit(sender, what)
