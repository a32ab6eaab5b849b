"""Ctrl-C on the command line: a wish to stop, which keeps what was done."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from napari_image_classifier.cli.progress import Progress, libraries_silent, say
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.typing import ShouldStop

# As shells report a program that Ctrl-C ended.
STOPPED = 130


@contextmanager
def asked_to_stop() -> Iterator[ShouldStop]:
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


@contextmanager
def network_at_work() -> Iterator[tuple[Progress, ShouldStop]]:
    """Yield progress and the wish to stop while Keras works in this process."""
    with libraries_silent() as ours, Progress(ours) as progress, asked_to_stop() as should_stop:
        try:
            yield progress, should_stop
        except ImageClassifierError as error:
            if not should_stop():
                raise
            say(str(error), err=True)
            sys.stdout.flush()
            sys.stderr.flush()
            # Keras may still be at work on its thread, which nothing can hurry.
            os._exit(STOPPED)
