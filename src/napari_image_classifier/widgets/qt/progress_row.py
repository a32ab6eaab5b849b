"""A progress bar with the time left, a cancel button, and the sentence that ends it."""

import re
from collections.abc import Callable

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QProgressBar, QWidget

from napari_image_classifier.system.events import Progress
from napari_image_classifier.widgets.qt.compute_worker import SECONDS_TO_STOP, Worker
from napari_image_classifier.widgets.qt.parts import (
    button,
    in_a_row,
    show,
    stacked,
    timer,
    wrapped,
)
from napari_image_classifier.widgets.qt.plain_text import Markup, set_tool_tip

ERROR_COLOUR = "#e06c75"
MILLISECONDS_TO_STOP = 5000
# Such as " (--overwrite)".
_OPTION = re.compile(r" \(--[a-z]+[^()]*\)")


class ProgressRow(QWidget):
    """What a person sees of a long job: how far, how long still, and how to stop it."""

    cancel_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(True)
        self.cancel_button = button("Cancel", "Stop within a second; what is done is kept.")
        self.cancel_button.clicked.connect(self.cancel_clicked)
        self._patience = timer(self, self._offer_to_end, MILLISECONDS_TO_STOP)
        self._note, self.silence, self.message = wrapped(), wrapped(), wrapped()
        self.silence.hide()
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = in_a_row(self._bar, self.cancel_button)
        row.setStretch(0, 1)
        stacked(self, row, self._note, self.silence, self.message)
        self._show_running(False)
        self.message.hide()

    def follow(
        self,
        worker: Worker,
        stopped: Callable[[], str],
        end: Callable[..., None] | None = None,
        cancel: Callable[[], None] | None = None,
    ) -> None:
        """Cancel a worker, and tell when it is silent, has failed or was cancelled.

        Parameters
        ----------
        worker
            What runs the jobs.
        stopped
            Returns the sentence for one that was cancelled.
        end
            Takes the place of `end`.
        cancel
            Takes the place of `cancel`.
        """
        told = end or self.end
        self.cancel_clicked.connect(cancel or (lambda: self.cancel(worker)))
        worker.silent.connect(self.show_silence)
        worker.failed.connect(lambda message, detail: told(message, error=True, detail=detail))
        worker.cancelled.connect(lambda: told(stopped()))

    def cancel(self, worker: Worker, kill_after: float = SECONDS_TO_STOP) -> None:
        """Ask a worker to stop; it is ended so many seconds later."""
        self.stopping("Stopping…")
        worker.cancel(kill_after)

    def begin(self, note: str) -> None:
        """Show an empty bar, as nothing is known yet but the ``note``."""
        self.message.hide()
        # No bar that runs to and fro: beside a canvas of OpenGL each of its frames draws the
        # whole window again.
        self._bar.setRange(0, 1)
        self._bar.setValue(0)
        self._note.setText(note)
        self.silence.hide()
        self.cancel_button.setEnabled(True)
        self._show_running(True)

    def update_progress(
        self, done: int, total: int, note: str, seconds_left: float | None = None
    ) -> None:
        """Show that ``done`` of ``total`` is over."""
        self._bar.setRange(0, max(1, total))
        self._bar.setValue(done)
        left = "" if seconds_left is None else f", {time_in_words(seconds_left)} left"
        self._note.setText(note + left)

    def show_stage(self, event: Progress) -> None:
        """Show how far a stage is, by its name."""
        note = f"{event.stage.capitalize()}: {event.done} of {event.total}"
        self.update_progress(event.done, event.total, note, event.seconds_left)

    def note(self, sentence: str) -> None:
        """Show a sentence until there is progress again."""
        self._note.setText(sentence)

    def stopping(self, note: str) -> None:
        """Show that a cancel is on its way; when it takes long, let it be asked for again."""
        self.cancel_button.setEnabled(False)
        self._note.setText(note)
        self._patience.start()

    def show_silence(self, seconds: float) -> None:
        """Show for how long nothing has been heard of the work; nothing for 0."""
        self.silence.setVisible(seconds > 0)
        if seconds:
            self.silence.setText(
                f"Nothing has been heard of this work for {time_in_words(seconds)}. It may hang, "
                "or the computer be very busy. Cancel ends it at once."
            )
            self.cancel_button.setEnabled(True)

    def end(self, sentence: str, *, error: bool = False, detail: str = "") -> None:
        """Show the sentence that ends the job; ``detail`` is for a bug report."""
        self._show_running(False)
        self._patience.stop()
        self.silence.hide()
        show_sentence(self.message, sentence, error=error)
        set_tool_tip(self.message, detail)

    def _offer_to_end(self) -> None:
        self._note.setText(f"{self._note.text()} Cancel once more ends it at once.")
        self.cancel_button.setEnabled(True)

    def _show_running(self, running: bool) -> None:
        show(running, self._bar, self.cancel_button, self._note)


def show_sentence(label: QLabel, sentence: str, *, error: bool = False) -> None:
    """Show a sentence in a label, errors in their colour; "" hides the label.

    What the command line calls a choice is left out.
    """
    label.setText(sentence if isinstance(sentence, Markup) else _OPTION.sub("", sentence))
    label.setStyleSheet(f"color: {ERROR_COLOUR}" if error else "")
    label.setVisible(bool(sentence))


def time_in_words(seconds: float) -> str:
    """Return a time as a person says it: "40 s", "3 min", "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
