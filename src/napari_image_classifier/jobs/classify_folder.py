"""A folder classified in the compute process: its rows, sent to the viewer as they come."""

import time

from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.result import (
    CLASSIFY_FOLDER,
    FolderRequest,
    FolderResult,
    Predictions,
)
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.system.events import Emit, Note
from napari_image_classifier.typing import ShouldStop

JOB = CLASSIFY_FOLDER
SECONDS_BETWEEN_EVENTS = 0.2


class _Sender:
    """Collects predictions and sends them a few times a second, with the time that is left."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._collected: list[Prediction] = []
        self._started = self._sent = time.monotonic()
        self._done_at_start: int | None = None
        self._unsent = (0, 0)

    def __call__(self, predictions: list[Prediction], done: int, total: int) -> None:
        if self._done_at_start is None:
            self._done_at_start = done - 1
            self._sent -= SECONDS_BETWEEN_EVENTS
        self._collected += predictions
        if time.monotonic() - self._sent > SECONDS_BETWEEN_EVENTS:
            self._send(done, total)
        else:
            self._unsent = (done, total)

    def send_rest(self) -> None:
        """Send what has been collected since the last event."""
        if self._collected:
            self._send(*self._unsent)

    def _send(self, done: int, total: int) -> None:
        self._sent = time.monotonic()
        rate = (done - (self._done_at_start or 0)) / max(self._sent - self._started, 1e-3)
        left = (total - done) / max(rate, 1e-9)
        predictions, self._collected = self._collected, []
        self._emit(Predictions(predictions=predictions, done=done, total=total, seconds_left=left))


def run(request: FolderRequest, emit: Emit, should_stop: ShouldStop) -> FolderResult:
    """Do what `classify_folder` does."""
    sender = _Sender(emit)
    result = classify_folder(
        **vars(request),
        on_predictions=sender,
        on_pause=lambda sentence: emit(Note(sentence)),
        should_stop=should_stop,
    )
    sender.send_rest()
    return result
