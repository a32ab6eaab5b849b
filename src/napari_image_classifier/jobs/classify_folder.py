"""The classification of a folder, whose rows are sent as they come."""

from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.result import (
    CLASSIFY_FOLDER,
    FolderRequest,
    FolderResult,
    Predictions,
)
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.system.events import Emit, Note
from napari_image_classifier.system.progress import Pause, TimeLeft
from napari_image_classifier.typing import ShouldStop

JOB = CLASSIFY_FOLDER
SECONDS_BETWEEN_EVENTS = 0.2


class _Sender:
    """Collects predictions and sends them a few times a second, with the time that is left."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._collected: list[Prediction] = []
        self._pause = Pause(SECONDS_BETWEEN_EVENTS)
        self._work = TimeLeft(0)

    def __call__(self, predictions: list[Prediction], done: int, total: int) -> None:
        if not self._work.total:
            # The first one's time is that from the start; an earlier run may have done others.
            self._work.leave_out(done - 1)
        self._work.done, self._work.total = done, total
        self._collected += predictions
        if self._pause.is_over():
            self._send()

    def send_rest(self) -> None:
        """Send what has been collected since the last event."""
        if self._collected:
            self._send()

    def _send(self) -> None:
        predictions, self._collected = self._collected, []
        self._emit(
            Predictions(
                predictions=predictions,
                done=int(self._work.done),
                total=int(self._work.total),
                seconds_left=self._work.seconds_left,
            )
        )


def run(request: FolderRequest, emit: Emit, should_stop: ShouldStop) -> FolderResult:
    """Classify a folder, and send its rows as they come.

    Parameters
    ----------
    request
        The arguments of `batch.classify_folder.classify_folder`.
    emit
        Hears `Predictions` a few times a second, and a `Note` of each pause.
    should_stop
        Returns True when it is to end; what is classified is kept.

    Returns
    -------
    FolderResult
        As of `batch.classify_folder.classify_folder`.
    """
    sender = _Sender(emit)
    result = classify_folder(
        **vars(request),
        on_predictions=sender,
        on_pause=lambda sentence: emit(Note(sentence)),
        should_stop=should_stop,
    )
    sender.send_rest()
    return result
