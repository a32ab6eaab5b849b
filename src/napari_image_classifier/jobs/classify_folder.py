"""A folder classified in the compute process: its rows, sent to the viewer as they come."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.classifiers.prediction import Prediction, PredictionRow
from napari_image_classifier.system.records import as_json

SECONDS_BETWEEN_EVENTS = 0.2


class _Sender:
    """Collects rows and sends them a few times a second, with the time that is left."""

    def __init__(self, emit: Callable[[dict[str, Any]], None]) -> None:
        self._emit = emit
        self._rows: list[PredictionRow] = []
        self._started = self._sent = time.monotonic()
        self._done_at_start: int | None = None
        self._unsent = (0, 0)

    def __call__(self, predictions: list[Prediction], done: int, total: int) -> None:
        if self._done_at_start is None:
            self._done_at_start = done - 1
            self._sent -= SECONDS_BETWEEN_EVENTS
        self._rows += map(PredictionRow.sent, predictions)
        if time.monotonic() - self._sent > SECONDS_BETWEEN_EVENTS:
            self._send(done, total)
        else:
            self._unsent = (done, total)

    def send_rest(self) -> None:
        """Send what has been collected since the last event."""
        if self._rows:
            self._send(*self._unsent)

    def _send(self, done: int, total: int) -> None:
        self._sent = time.monotonic()
        rate = (done - (self._done_at_start or 0)) / max(self._sent - self._started, 1e-3)
        rows, self._rows = self._rows, []
        self._emit({"event": "predictions", "rows": as_json(rows), "done": done, "total": total,
                    "seconds_left": (total - done) / max(rate, 1e-9)})  # fmt: skip


def classify_job(
    request: Mapping[str, Any],
    emit: Callable[[dict[str, Any]], None],
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """Classify a folder in the compute process; the request holds `classify_folder`'s arguments."""
    sender = _Sender(emit)
    result = classify_folder(
        **request,
        on_predictions=sender,
        on_pause=lambda sentence: emit({"event": "note", "message": sentence}),
        should_stop=should_stop,
    )
    sender.send_rest()
    return {
        "output": str(result.output),
        "ok": result.n_ok,
        "unsure": result.n_unsure,
        "unlike": result.n_unlike,
        "errors": result.n_errors,
        "resumed": result.n_resumed,
        "stopped": result.stopped,
        "message": result.message,
    }
