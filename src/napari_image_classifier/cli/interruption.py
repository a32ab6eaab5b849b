"""Signals: a wish to stop, which keeps what was done, and an end that leaves nothing half-written.

Ctrl-C, a scheduler's TERM and a terminal that is closed mean the same; each has its exit status.
"""

import atexit
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from napari_image_classifier.system.atomic_files import remove_unfinished
from napari_image_classifier.system.output_lock import leave_locks

# As shells report it: so much more than the signal's number.
_OF_SIGNALS = 128
STOPPED = _OF_SIGNALS + 2
# Windows has neither of the last two but Ctrl-Break, which also its schedulers send.
_ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)  # fmt: skip
SECONDS_UNTIL_AGAIN = 1.0


class EndedBySignal(BaseException):
    """Raised wherever the program is when a signal ends it.

    Parameters
    ----------
    number
        The signal.

    Attributes
    ----------
    status : int
        What the program exits with.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.status = _status_of(number)


class StopWish:
    """Whether somebody wished the work to stop, asked by calling it; ``status`` to exit with."""

    def __init__(self) -> None:
        self._asked = False
        self.status = STOPPED

    def __call__(self) -> bool:
        """Return whether there was a wish."""
        return self._asked

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take a signal for a wish; another one ends the program."""
        if self._asked:
            _end(number, frame)
        self._asked, self.status = True, _status_of(number)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Have signals raise `EndedBySignal` in the block, but for those that nobody wants heard."""
    told_of_unraisable = sys.unraisablehook
    sys.unraisablehook = lambda lost: (
        None if isinstance(lost.exc_value, EndedBySignal) else told_of_unraisable(lost)
    )
    # When all is done and said, the last moments of Python's own are not interrupted.
    atexit.register(_hear_nothing)
    with _heard_by(_end):
        try:
            yield
        finally:
            _send_again(0)
            sys.unraisablehook = told_of_unraisable


@contextmanager
def asked_to_stop() -> Iterator[StopWish]:
    """Yield what is True after the first signal in the block; a second one ends the program."""
    wish = StopWish()
    with _heard_by(wish.note):
        yield wish


def is_stop(status: int) -> bool:
    """Return whether a program that exits with this status was ended by a signal."""
    return status > _OF_SIGNALS


def leave_at_once(status: int) -> NoReturn:
    """End this process without waiting for what its threads do, and leave nothing half-written.

    Parameters
    ----------
    status
        What it exits with.
    """
    _send_again(0)
    _hear_nothing()
    remove_unfinished()
    leave_locks()
    # Temporary folders are taken away here, also those of other threads.
    with suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _hear_nothing() -> None:
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _heard_by(handler: "signal._HANDLER") -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _ENDING}
    # A program that was started to outlive a terminal (nohup) goes on.
    heard = [number for number, one in before.items() if one is not signal.SIG_IGN]
    try:
        for number in heard:
            signal.signal(number, handler)
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def _status_of(number: int) -> int:
    is_of_keyboard = number in (signal.SIGINT, getattr(signal, "SIGBREAK", signal.SIGINT))
    return STOPPED if is_of_keyboard else _OF_SIGNALS + number


def _end(number: int, frame: FrameType | None) -> NoReturn:
    # What is raised in a finalizer is lost, so it is raised again, until somebody has heard it.
    _send_again(number)
    raise EndedBySignal(number)


def _send_again(number: int) -> None:
    """Have a signal raised again every second, or never again with 0; not on Windows."""
    if sys.platform == "win32":
        return
    if number:
        signal.signal(signal.SIGALRM, lambda _, frame: _end(number, frame))
    signal.setitimer(signal.ITIMER_REAL, *([SECONDS_UNTIL_AGAIN] if number else [0.0]))
