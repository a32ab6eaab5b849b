"""Ctrl-C on the command line: a wish to stop, which keeps what was done."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import typer

# As shells report a program that Ctrl-C ended.
STOPPED = 130


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Yield a function that is True after the first Ctrl-C; a second one ends at once."""
    asked = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def leave_at_once(sentence: str) -> NoReturn:
    """Say why and end the process, whatever its other threads still do."""
    typer.echo(sentence, err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(STOPPED)
