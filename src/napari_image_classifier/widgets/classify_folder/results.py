"""The result of a folder: the table of its images, its wells, and copies of either."""

from dataclasses import replace
from pathlib import Path

import napari
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QTabWidget, QWidget

from napari_image_classifier.batch.result import FolderRequest
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.plates.sort_images import SORT_IMAGES, SortRequest
from napari_image_classifier.system.events import Event, Progress
from napari_image_classifier.widgets.classify_folder.opening import ImageOpening
from napari_image_classifier.widgets.classify_folder.wells_tab import WellsTab
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.parts import button, in_a_row, stacked
from napari_image_classifier.widgets.qt.progress_row import ProgressRow
from napari_image_classifier.widgets.qt.saving import save_copy
from napari_image_classifier.widgets.shared.prediction_table import PredictionTable


class FolderResults(QTabWidget):
    """The tabs *Images* and *Wells*; ``failed`` carries why an image could not be opened."""

    failed = Signal(str)

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running: FolderRequest | None = None
        self._written: FolderRequest | None = None
        self.table = PredictionTable()
        self.table.setMinimumHeight(280)
        self.save_button = button(
            "Save a copy…", "Write the table of predictions to another CSV file."
        )
        self.copying = FolderCopying()
        self.wells = WellsTab(viewer)
        self._opening = ImageOpening(viewer, self, self.table.of_file)
        self._opening.failed.connect(self.failed)
        self.table.item_activated.connect(self.open_image)
        self.save_button.clicked.connect(self._save_a_copy)
        self.addTab(self._images(), "Images")
        self.addTab(self.wells, "Wells")
        self.begin(None)

    def _images(self) -> QWidget:
        images = QWidget()
        buttons = in_a_row(self.copying.button, self.save_button)
        buttons.insertStretch(0)
        stacked(images, self.table, buttons, self.copying, above=6).setStretch(0, 1)
        return images

    def begin(self, running: FolderRequest | None) -> None:
        """Clear everything, as a folder is being classified."""
        self._running = running
        self._opening.forget()
        self.table.clear()
        self._show_written(None)

    def finish(self, table: Path) -> None:
        """Offer what can be done with the table, now that it is written."""
        self._show_written(self._running and replace(self._running, output=table))

    def open_image(self, prediction: Prediction) -> None:
        """Show the image of a row in the viewer."""
        if self._running is not None:
            self._opening.open(self._running, [prediction.file], prediction.item, prediction.place)

    def save_copy(self, path: Path) -> None:
        """Write the table of predictions to ``path``, too."""
        save_copy(self._written.output, path, self.copying.progress)

    def _show_written(self, written: FolderRequest | None) -> None:
        self._written = written
        self.save_button.setEnabled(written is not None)
        self.copying.show_folder(written)
        self.wells.show_folder(written)

    def _save_a_copy(self) -> None:
        table = self._written.output
        suggested = str(table.with_name(f"{table.stem} copy.csv"))
        chosen, _ = QFileDialog.getSaveFileName(self, "Save a copy", suggested, "CSV (*.csv)")
        if chosen:
            self.save_copy(Path(chosen))


class FolderCopying(QWidget):
    """A button that asks for an empty folder, and below it how far the copies are.

    ``ended`` is emitted when they are done, stopped or refused.
    """

    ended = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classified: FolderRequest | None = None
        self._worker = Worker(self)
        self.button = button(
            "Copy into folders by class…",
            "Copy each image into a folder named after its class. The images themselves stay as "
            "and where they are.",
        )
        self.progress = ProgressRow()
        stacked(self, self.progress)
        self.button.clicked.connect(self._ask_where)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(lambda result: self._end(result.message))
        self.progress.follow(
            self._worker, lambda: "Stopped; what was copied is whole.", self._end, self.cancel
        )
        self._worker.running_changed.connect(lambda _: self._show_what_can_run())
        self.show_folder(None)

    def show_folder(self, classified: FolderRequest | None) -> None:
        """Offer to copy the images of a folder; None for no folder yet."""
        self._classified = classified
        if not self._worker.running:
            self.progress.end("")
        self._show_what_can_run()

    def copy_to(self, output: Path) -> None:
        """Begin to copy into an empty folder."""
        self.progress.begin("Looking at the images…")
        table, folder = self._classified.output, self._classified.folder
        request = SortRequest(table, folder, output, self._classified.pattern)
        self._worker.start(SORT_IMAGES, request)

    def cancel(self) -> None:
        """Stop; the copies that are made stay."""
        # Longer than a block of a file takes, even on a slow disk.
        self.progress.cancel(self._worker, kill_after=5.0)

    def stop(self) -> None:
        """End what runs, at once."""
        self._worker.kill()

    def _ask_where(self) -> None:
        title = "Choose an empty folder for the copies"
        chosen = QFileDialog.getExistingDirectory(self, title, str(self._classified.folder.parent))
        if chosen:
            self.copy_to(Path(chosen))

    def _hear(self, event: Event) -> None:
        if isinstance(event, Progress):
            note = f"{event.done} of {event.total} images copied"
            self.progress.update_progress(event.done, event.total, note)

    def _end(self, sentence: str, error: bool = False, detail: str = "") -> None:
        self.progress.end(sentence, error=error, detail=detail)
        self.ended.emit()

    def _show_what_can_run(self) -> None:
        self.button.setEnabled(self._classified is not None and not self._worker.running)
