"""Standard streams that take whatever is written: closed ones, full disks, readers that leave.

What a command prints is never worth its work: a table is written whether or not anybody reads how
far it is.
"""

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_STANDARD = 3


class _Enduring(io.RawIOBase):
    """Writes to a raw file; from its first error on, to nothing."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return bool(self._raw.isatty())

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def write(self, content: Any) -> int | None:
        if self.error is None:
            try:
                written: int | None = self._raw.write(content)
            except OSError as error:
                self.error = error
            else:
                return written
        return memoryview(content).nbytes


@contextmanager
def standard_streams() -> Iterator[Callable[[], str]]:
    """Have stdout and stderr take all that is written in the block.

    A terminal or a pipe that has no µ or “ gets a question mark in its place.

    Yields
    ------
    Callable
        What says, in a sentence, why something of stdout was lost; "" where nothing was, or nobody
        wanted to read on.
    """
    _open_closed_ones()
    before = sys.stdout, sys.stderr
    sys.stdout, raw = _enduring(sys.stdout, 1)
    sys.stderr, _ = _enduring(sys.stderr, 2)

    def why_lost() -> str:
        sys.stdout.flush()
        error = raw.error if raw is not None else None
        if error is None or error.errno in (errno.EPIPE, errno.EINVAL):
            return ""
        return f"What this prints can't be written: {error.strerror or error}."

    try:
        yield why_lost
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        sys.stdout, sys.stderr = before


def enduring_text(raw: Any, like: TextIO | None = None) -> tuple[TextIO, _Enduring]:
    """Return a text file that writes to a raw one as long as that takes it, and its lowest layer.

    Parameters
    ----------
    raw
        Where it writes to.
    like
        A file whose encoding it has; UTF-8 without.
    """
    enduring = _Enduring(raw)
    encoding = like.encoding if like is not None else "utf-8"
    buffer = io.BufferedWriter(enduring)
    return io.TextIOWrapper(buffer, encoding, errors="replace", line_buffering=True), enduring


def _enduring(stream: TextIO | None, number: int) -> tuple[TextIO, _Enduring | None]:
    if stream is None:
        return enduring_text(io.FileIO(number, "w", closefd=False))
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    if isinstance(raw, io.RawIOBase):
        return enduring_text(raw, stream)
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return stream, None


def _open_closed_ones() -> None:
    """Open closed streams on nothing, or a file of the work would get the number of one."""
    with suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) < _STANDARD:
            # Children have it, too.
            os.set_inheritable(number, True)
        os.close(number)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "r", closefd=False)))
