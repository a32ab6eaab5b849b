"""The surest errors of an evaluation, with pictures; a click asks for the image."""

import base64
from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QWidget

from napari_image_classifier.evaluation.evaluate import SurestError
from napari_image_classifier.widgets.qt.parts import stacked, wrapped

SIDE = 56
ROWS_SHOWN = 5


class ErrorList(QWidget):
    """A row per error: its picture, what was given, what was predicted, and how surely.

    ``chosen`` is emitted with the file and the item, such as "t=3", of a row that is clicked.
    """

    chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = wrapped()
        self.rows = QListWidget()
        self.rows.setIconSize(QSize(SIDE, SIDE))
        self.rows.setWordWrap(True)
        self.rows.setFixedHeight(ROWS_SHOWN * (SIDE + 8))
        # The second is Enter; where it is a double click, too, the image is open by then.
        for signal in (self.rows.itemClicked, self.rows.itemActivated):
            signal.connect(lambda row: self.chosen.emit(*row.data(Qt.ItemDataRole.UserRole)))
        stacked(self, self._title, self.rows)

    def show_errors(self, errors: Sequence[SurestError]) -> None:
        """Show the surest errors of an evaluation."""
        self._title.setText(
            "<b>The surest errors</b>: some are hard, some may have been given the wrong class. "
            "A click opens the image."
            if errors
            else "No image got another class than it was given."
        )
        self.rows.clear()
        self.rows.setVisible(bool(errors))
        for error in errors:
            self.rows.addItem(_row(error))


def _row(error: SurestError) -> QListWidgetItem:
    picture = QPixmap()
    picture.loadFromData(base64.b64decode(error.picture), "PNG")
    picture = picture.scaled(
        SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    name = f"{error.file} {error.item}".strip()
    row = QListWidgetItem(
        QIcon(picture),
        f"given {error.given}, predicted {error.predicted} ({error.confidence:.0%})\n{name}",
    )
    row.setData(Qt.ItemDataRole.UserRole, (error.file, error.item))
    row.setToolTip(name)
    return row
