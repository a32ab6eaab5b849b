"""A folder classified in the compute process: its rows, sent to the viewer as they come."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.journal import row_of
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.system.progress import Pause, TimeLeft

SECONDS_BETWEEN_EVENTS = 0.2


class _Sender:
    """Collects rows and sends them a few times a second, with the time that is left."""

    def __init__(self, emit: Callable[[dict[str, Any]], None]) -> None:
        self._emit = emit
        self._rows: list[dict[str, Any]] = []
        self._pause = Pause(SECONDS_BETWEEN_EVENTS)
        self._progress = TimeLeft(0)

    def __call__(self, predictions: list[Prediction], done: int, total: int) -> None:
        if not self._progress.total:
            # The first one's time is that from the start; an earlier run may have done others.
            self._progress.leave_out(done - 1)
        self._progress.total, self._progress.done = total, done
        self._rows += [_event_row(prediction) for prediction in predictions]
        if self._pause.is_over():
            self._send()

    def send_rest(self) -> None:
        """Send what has been collected since the last event."""
        if self._rows:
            self._send()

    def _send(self) -> None:
        progress = self._progress
        rows, self._rows = self._rows, []
        self._emit({"event": "predictions", "rows": rows, "done": progress.done,
                    "total": progress.total, "seconds_left": progress.seconds_left})  # fmt: skip


def _event_row(prediction: Prediction) -> dict[str, Any]:
    drawn = prediction.thumbnail
    return {
        "file": prediction.file,
        **row_of(prediction),
        "png": base64.b64encode(drawn).decode() if drawn else None,
    }


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
