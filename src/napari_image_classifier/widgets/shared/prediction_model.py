"""What the table of predictions shows in each cell, sorts by and says in its tooltips."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qtpy.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from qtpy.QtGui import QColor, QPixmap

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.widgets.qt.delegates import GREY, PALE_ROLE

AnyIndex = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

HEADERS = ("", "Image", "Part", "Class", "Confidence", "Status")
PICTURE, IMAGE, PART, CLASS, CONFIDENCE, STATUS = range(len(HEADERS))
SORT_ROLE = Role.UserRole
# As the column is narrow; the tooltip says the rest.
STATUS_WORDS = {"unlike-training": "unlike"}
NO_PARENT = QModelIndex()
PIXMAPS_KEPT = 500


def part_in_words(item: str) -> str:
    """Return "time 3, plane 5" for "t=3,z=5", counted as sliders do, "12" for "label=12"."""
    said = item.replace("t=", "time ").replace("z=", "plane ").replace("label=", "")
    return said.replace(",", ", ")


class PredictionModel(QAbstractTableModel):
    """One row per prediction; the pictures are decoded when they come into view."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.predictions: list[Prediction] = []
        self._pixmaps: dict[int, QPixmap] = {}

    def rowCount(self, parent: AnyIndex = NO_PARENT) -> int:  # noqa: N802 - Qt's name
        """Return the number of predictions."""
        return 0 if parent.isValid() else len(self.predictions)

    def columnCount(self, parent: AnyIndex = NO_PARENT) -> int:  # noqa: N802 - Qt's name
        """Return the number of columns."""
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """Return a column's title."""
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return HEADERS[section]
        return None

    def data(self, index: AnyIndex, role: int = Role.DisplayRole) -> Any:
        """Return what a cell shows, sorts by or says in its tooltip."""
        if role == Role.DecorationRole and index.column() == PICTURE:
            return self._pixmap(index.row())
        tell = _TOLD.get(role)
        return tell(self.predictions[index.row()], index.column()) if tell else None

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Append rows, in one step for the view."""
        first = len(self.predictions)
        self.beginInsertRows(NO_PARENT, first, first + len(predictions) - 1)
        self.predictions.extend(predictions)
        self.endInsertRows()

    def clear(self) -> None:
        """Remove all rows."""
        self.beginResetModel()
        self.predictions.clear()
        self._pixmaps.clear()
        self.endResetModel()

    def _pixmap(self, row: int) -> QPixmap | None:
        thumbnail = self.predictions[row].thumbnail
        if thumbnail is None:
            return None
        if row not in self._pixmaps:
            if len(self._pixmaps) >= PIXMAPS_KEPT:
                self._pixmaps.clear()
            pixmap = QPixmap()
            pixmap.loadFromData(thumbnail)
            self._pixmaps[row] = pixmap
        return self._pixmaps[row]


def _text(prediction: Prediction, column: int) -> str | float | None:
    if column == IMAGE:
        return prediction.file
    if column == PART:
        return part_in_words(prediction.item)
    if column == CLASS:
        return prediction.class_name
    if column == CONFIDENCE:
        return prediction.confidence
    if column == STATUS:
        return prediction.message if prediction.status == "error" else _status(prediction)
    return None


def _status(prediction: Prediction) -> str:
    return STATUS_WORDS.get(prediction.status, prediction.status)


def _sort_key(prediction: Prediction, column: int) -> str | float:
    if column == CONFIDENCE:
        return -1.0 if prediction.confidence is None else prediction.confidence
    if column == STATUS:
        return _status(prediction)
    if column == PART:
        # Numbers in text: "t=10" comes after "t=9".
        return re.sub(r"\d+", lambda number: number[0].zfill(9), prediction.item)
    if column == CLASS:
        return prediction.class_name or ""
    return prediction.file


def _colour(prediction: Prediction, column: int) -> QColor | None:
    return GREY if column == CLASS and _is_pale(prediction, column) else None


def _is_pale(prediction: Prediction, column: int) -> bool:
    return prediction.status != "ok"


def _tooltip(prediction: Prediction, column: int) -> str:
    where = " · ".join(filter(None, (prediction.file, part_in_words(prediction.item))))
    likely = sorted(prediction.probabilities.items(), key=lambda entry: -entry[1])
    lines = [f"{name}: {probability:.3f}" for name, probability in likely]
    return "\n".join(filter(None, (where, *lines, prediction.message)))


_TOLD: Mapping[int, Callable[[Prediction, int], Any]] = {
    Role.DisplayRole: _text,
    Role.ForegroundRole: _colour,
    Role.ToolTipRole: _tooltip,
    SORT_ROLE: _sort_key,
    PALE_ROLE: _is_pale,
}
