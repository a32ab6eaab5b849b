"""Sentences and progress on the terminal.

Progress is a bar on a terminal, and now and then a line where there is none. Texts of strangers are
readable, and none of them acts on the terminal (see `system.shown_text`).
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from napari_image_classifier.system import events
from napari_image_classifier.system.shown_text import ReadableStream, readable, readable_lines
from napari_image_classifier.training.train_job import Epoch

SECONDS_BETWEEN_LINES = 20.0

STAGES = {
    "looking": "Looking at the images",
    "reading": "Reading the images",
    "comparing": "Looking for copies among them",
    "measuring": "Measuring brightness and texture",
    "classifying": "Classifying",
    "evaluating": "Training and testing",
    "starting": "Starting the network",
    "finishing": "Learning from all images in the end",
}


def say(sentence: str, *, err: bool = False) -> None:
    """Write a sentence, or several lines, to stdout; with ``err`` to stderr."""
    stream = sys.stderr if err else sys.stdout
    if stream is not None:
        stream.write(f"{readable_lines(sentence)}\n")
        stream.flush()


@contextmanager
def readable_streams() -> Iterator[None]:
    """Let stdout and stderr take any text: as numbers what acts, as question marks what they lack.

    That is for what libraries, warnings and tracebacks write.
    """
    before = sys.stdout, sys.stderr
    for stream in filter(None, before):
        # A terminal or a pipe that has no µ or “ gets a question mark in its place.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.stdout, sys.stderr = (stream and ReadableStream(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def libraries_silent() -> Iterator[TextIO]:
    """Keep the chatter of native libraries off stderr; what is yielded still writes there.

    Whoever sets TF_CPP_MIN_LOG_LEVEL wants to read it, and does.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield sys.stderr
        return
    sys.stderr.flush()
    saved = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        with os.fdopen(os.dup(saved), "w", encoding="utf-8", errors="replace") as ours:
            yield ours
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


class Progress:
    """Shows on ``file`` (stderr unless told) how far a command is; use it with ``with``."""

    def __init__(self, file: TextIO | None = None) -> None:
        console = Console(file=file or sys.stderr)
        self._console = console
        self._bars: Bars | None = None
        if console.is_terminal:
            self._bars = Bars(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[how_far]}", markup=False),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
        self._task: TaskID | None = None
        self._step = ""
        self._last_line = 0.0

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def note(self, sentence: str) -> None:
        """Show a sentence that stays."""
        self._console.print(
            readable_lines(sentence), highlight=False, markup=False, emoji=False, soft_wrap=True
        )

    def show(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done."""
        self._show(what, done, total, f"{done} of {total}")

    def hear(self, event: events.Event) -> None:
        """Show an event of a training, an evaluation or what is made again."""
        match event:
            case events.Progress(stage="evaluating", done=done, total=total):
                self._show(STAGES["evaluating"], done, total, f"{done / total:.1%}")
            case events.Progress(stage=stage, done=done, total=total):
                self.show(STAGES.get(stage, stage), done, total)
            case events.Note(message=message):
                self.note(message)
            case Epoch():
                scores = (
                    f"accuracy {event.accuracy:.2f}, on images kept aside {event.val_accuracy:.2f}"
                )
                self.show(f"Training ({scores})", event.epoch, event.epochs)

    def _show(self, what: str, done: int, total: int, how_far: str) -> None:
        what = readable(what)
        if self._bars is None:
            self._line_now_and_then(what, how_far)
        elif self._task is None:
            self._task = self._bars.add_task(what, completed=done, total=total, how_far=how_far)
        else:
            self._bars.update(
                self._task, description=what, completed=done, total=total, how_far=how_far
            )

    def _line_now_and_then(self, what: str, how_far: str) -> None:
        step = what.partition(" (")[0]
        if step != self._step or time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._step, self._last_line = step, time.monotonic()
            self.note(f"{what}: {how_far}")
