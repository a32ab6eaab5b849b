"""The helper: a second process that reads, prepares and predicts for this one.

Threads of one Python wait for each other between the pieces of work that NumPy and ONNX Runtime do
for them; on small images they wait as long as they work.
"""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.predict import Predictions, predict_files
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import Fault
from napari_image_classifier.images.deadlines import Deadline, DeadlineExceededError
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.items.objects import ObjectPlace
from napari_image_classifier.system.child_process import (
    PICKLE,
    ChildProcess,
    connected,
    pickled_answers,
)
from napari_image_classifier.system.processes import Limits, keep_within
from napari_image_classifier.typing import DrawThumbnail

READY, BEAT = b"ready", b"beat"
SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_BETWEEN_BEATS = 0.5
SECONDS_TO_START = 120.0


class Helper:
    """A process that predicts with the same classifier, seen from the one that it helps."""

    def __init__(
        self,
        classifier: Classifier,
        axes: str | None = None,
        draw_thumbnail: DrawThumbnail | None = None,
    ) -> None:
        self._is_ready = False
        self.is_gone = False
        self._began = time.monotonic()
        self._process = ChildProcess(
            "napari_image_classifier.batch.helper",
            pickled_answers(Prediction, ObjectPlace, Fault),
            confined=True,
        )
        keep_within(self._process.pid, Limits(), lambda why: self._process.kill(), self._is_over)
        self._process.send((classifier.path, classifier.sha256, axes, draw_thumbnail))

    @property
    def is_ready(self) -> bool:
        """Whether it has opened the classifier and is still there."""
        if not self._is_ready and not self.is_gone:
            with suppress(TimeoutError):
                self._receive(0)
        return self._is_ready and not self.is_gone

    def predict(
        self, images: Sequence[ImageFiles], over: threading.Event | None = None
    ) -> Predictions | None:
        """Return what `predict_files` does, from the other process.

        None if that is gone, or ``over`` is set.

        Raises
        ------
        DeadlineExceededError
            An image took too long; the process is ended.
        """
        deadline = Deadline(images)
        self._process.send(images)
        while not (over and over.is_set()):
            try:
                message = self._receive(SECONDS_BETWEEN_LOOKS)
            except TimeoutError:
                self._check(deadline)
                continue
            if message not in (READY, BEAT):
                return cast(Predictions | None, message)
            deadline.restart()
        return None

    def end(self) -> None:
        """End the process at once; what it was doing is lost. Safe to call twice."""
        self.is_gone = True
        self._process.end()

    def _is_over(self) -> bool:
        return self.is_gone

    def _receive(self, seconds: float) -> Any:
        message = self._process.receive(seconds)
        self._is_ready |= message is not None
        self.is_gone |= message is None
        return message

    def _check(self, deadline: Deadline) -> None:
        if not self._is_ready and time.monotonic() - self._began < SECONDS_TO_START:
            deadline.restart()
            return
        try:
            deadline.check()
        except DeadlineExceededError:
            self.end()
            raise


def main() -> None:
    """Predict what is asked for on standard input until it ends."""
    asked, answer = connected(PICKLE)
    path, sha256, axes, draw_thumbnail = asked()
    classifier = _opened(path, sha256)
    answer(READY)
    told = time.monotonic()

    def beat() -> bool:
        nonlocal told
        if time.monotonic() - told > SECONDS_BETWEEN_BEATS:
            told = time.monotonic()
            answer(BEAT)
        return False

    while True:
        answer(predict_files(classifier, asked(), axes, draw_thumbnail, beat))


def _opened(path: Path, sha256: str) -> Classifier:
    classifier = load_classifier(path, threads=1)
    if classifier.sha256 != sha256:
        # Another file has taken its place since; the process that asked goes on alone.
        os._exit(1)
    return classifier
