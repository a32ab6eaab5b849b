"""What came out of a folder: the table of its images, its wells, and copies of either."""

from dataclasses import replace
from pathlib import Path

import napari
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.widgets.classify_folder.folder_copying import FolderCopying
from napari_image_classifier.widgets.classify_folder.image_opening import ImageOpening
from napari_image_classifier.widgets.classify_folder.wells_tab import WellsTab
from napari_image_classifier.widgets.qt.copies import save_copy
from napari_image_classifier.widgets.shared.image_opening import ClassifiedFolder
from napari_image_classifier.widgets.shared.prediction_table import PredictionTable


class FolderResults(QTabWidget):
    """The tabs *Images* and *Wells*; ``failed`` carries why an image could not be opened."""

    failed = Signal(str)

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running: ClassifiedFolder | None = None
        self._written: ClassifiedFolder | None = None
        self.table = PredictionTable()
        self.table.setMinimumHeight(280)
        self.save_button = QPushButton("Save a copy…")
        self.save_button.setToolTip("Write the table of predictions to another CSV file.")
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
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.copying.button)
        buttons.addWidget(self.save_button)
        column = QVBoxLayout(images)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self.table, stretch=1)
        column.addLayout(buttons)
        column.addWidget(self.copying)
        return images

    def begin(self, running: ClassifiedFolder | None) -> None:
        """Clear everything, as a folder is being classified."""
        self._running = running
        self._opening.forget()
        self.table.clear()
        self._show_written(None)

    def finish(self, table: Path) -> None:
        """Offer what can be done with the table, now that it is written."""
        self._show_written(self._running and replace(self._running, table=table))

    def open_image(self, prediction: Prediction) -> None:
        """Show the image of a row in the viewer."""
        if self._running is not None:
            self._opening.open(self._running, [prediction.file], prediction.item, prediction.place)

    def save_copy(self, path: Path) -> None:
        """Write the table of predictions to ``path``, too."""
        assert self._written is not None
        save_copy(self._written.table, path, self.copying.progress)

    def stop(self) -> None:
        """End what runs, at once."""
        self.copying.stop()

    def _show_written(self, written: ClassifiedFolder | None) -> None:
        self._written = written
        self.save_button.setEnabled(written is not None)
        self.copying.show_folder(written)
        self.wells.show_folder(written)

    def _save_a_copy(self) -> None:
        assert self._written is not None
        table = self._written.table
        suggested = str(table.with_name(f"{table.stem} copy.csv"))
        chosen, _ = QFileDialog.getSaveFileName(self, "Save a copy", suggested, "CSV (*.csv)")
        if chosen:
            self.save_copy(Path(chosen))
