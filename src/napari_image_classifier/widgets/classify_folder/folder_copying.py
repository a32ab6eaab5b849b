"""Copying the images of a classified folder into folders by class, in the compute process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.progress_row import ProgressRow
from napari_image_classifier.widgets.shared.image_opening import ClassifiedFolder


class FolderCopying(QWidget):
    """A button that asks for an empty folder, and below it how far the copies are.

    ``ended`` is emitted when they are done, stopped or refused.
    """

    ended = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classified: ClassifiedFolder | None = None
        self._worker = Worker(self)
        self.button = QPushButton("Copy into folders by class…")
        self.button.setToolTip(
            "Copy each image into a folder named after its class. The images themselves stay as "
            "and where they are."
        )
        self.progress = ProgressRow()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.progress)
        self.button.clicked.connect(self._ask_where)
        self.progress.cancel_clicked.connect(self.cancel)
        self._worker.happened.connect(self._hear)
        self._worker.silent.connect(self.progress.show_silence)
        self._worker.finished.connect(self._finish)
        self._worker.cancelled.connect(lambda: self._end("Stopped; what was copied is whole."))
        self._worker.failed.connect(lambda message, detail: self._end(message, True, detail))
        self._worker.running_changed.connect(lambda _: self._show_what_can_run())
        self.show_folder(None)

    def show_folder(self, classified: ClassifiedFolder | None) -> None:
        """Offer to copy the images of a folder; None for no folder yet."""
        self._classified = classified
        if not self._worker.running:
            self.progress.end("")
        self._show_what_can_run()

    def copy_to(self, output: Path) -> None:
        """Begin to copy into an empty folder."""
        assert self._classified is not None
        self.progress.begin("Looking at the images…")
        self._worker.start(
            "sort_images",
            {
                "table": str(self._classified.table),
                "images": str(self._classified.folder),
                "output": str(output),
                "pattern": self._classified.pattern,
            },
        )

    def cancel(self) -> None:
        """Stop; the copies that are made stay."""
        self.progress.stopping("Stopping…")
        # Longer than a block of a file takes, even on a slow disk.
        self._worker.cancel(kill_after=5.0)

    def stop(self) -> None:
        """End what runs, at once."""
        self._worker.kill()

    def _ask_where(self) -> None:
        assert self._classified is not None
        title = "Choose an empty folder for the copies"
        chosen = QFileDialog.getExistingDirectory(self, title, str(self._classified.folder.parent))
        if chosen:
            self.copy_to(Path(chosen))

    def _hear(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "progress":
            done, total = event["done"], event["total"]
            self.progress.update_progress(done, total, f"{done} of {total} images copied")

    def _finish(self, result: Mapping[str, Any]) -> None:
        self._end(result["message"])

    def _end(self, sentence: str, error: bool = False, detail: str = "") -> None:
        self.progress.end(sentence, error=error, detail=detail)
        self.ended.emit()

    def _show_what_can_run(self) -> None:
        self.button.setEnabled(self._classified is not None and not self._worker.running)
