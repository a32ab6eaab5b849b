"""One line: the device that a training would use, found out in the compute process."""

from qtpy.QtWidgets import QWidget

from napari_image_classifier.training.backends import BACKENDS, DEVICE, Device, DeviceRequest
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.plain_text import Label, set_tool_tip

TOOLTIP = (
    "What the training computes on. A graphics card is faster than a processor; the page "
    "“Graphics cards” of the documentation says how to have one used."
)


class DeviceLine(Label):
    """Says what a training would compute on, by backend; each backend is looked at once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setWordWrap(True)
        set_tool_tip(self, TOOLTIP)
        self._known: dict[str | None, str] = {}
        self._backend: str | None = None
        self._worker = Worker(self, looks=True)
        self._worker.finished.connect(self._found)
        self._worker.failed.connect(lambda message, detail: self._know(message))
        self.hide()

    def show_for(self, backend: str | None) -> None:
        """Show what is known of ``backend`` (None: the one that would be used), or look."""
        if self._worker.running and backend == self._backend:
            return
        self.stop()
        self._backend = backend
        if backend not in self._known:
            self._worker.start(DEVICE, DeviceRequest(backend))
        self.setText(self._known.get(backend, "Trains on: looking…"))
        self.show()

    def stop(self) -> None:
        """End a look that is under way, and say nothing of what is not known."""
        self._worker.kill()
        self.setVisible(self._backend in self._known)

    def _found(self, result: Device) -> None:
        self._know(f"Trains on: {result.device}, with {BACKENDS[result.backend]}")

    def _know(self, text: str) -> None:
        self._known[self._backend] = text
        self.setText(text)
