"""The model of the table of predictions: texts, tooltips and sort keys of its cells."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from qtpy.QtGui import QPixmap

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.widgets.qt.delegates import GREY, PALE_ROLE
from napari_image_classifier.widgets.qt.parts import pixmap
from napari_image_classifier.widgets.qt.plain_text import as_tool_tip, in_cell

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
    words = item.replace("t=", "time ").replace("z=", "plane ").replace("label=", "")
    return words.replace(",", ", ")


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
        of_role = _OF_ROLE.get(role)
        return of_role(self.predictions[index.row()], index.column()) if of_role else None

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
            self._pixmaps[row] = pixmap(thumbnail)
        return self._pixmaps[row]


def _status(prediction: Prediction) -> str:
    return STATUS_WORDS.get(prediction.status, prediction.status)


def _is_pale(prediction: Prediction) -> bool:
    return prediction.status != "ok"


def _sort_key_of_part(prediction: Prediction) -> str:
    # Numbers in text: "t=10" comes after "t=9".
    return re.sub(r"\d+", lambda number: number[0].zfill(9), prediction.item)


def _message_or_status(prediction: Prediction) -> str | None:
    return in_cell(prediction.message) if prediction.status == "error" else _status(prediction)


def _confidence_or_less(prediction: Prediction) -> float:
    return -1.0 if prediction.confidence is None else prediction.confidence


Cell = Callable[[Prediction], Any]
# By column: what a cell shows, and what it is sorted by.
_CELLS: Mapping[int, tuple[Cell, Cell]] = {
    PICTURE: (lambda _: None, lambda prediction: prediction.file),
    IMAGE: (lambda prediction: in_cell(prediction.file), lambda prediction: prediction.file),
    PART: (lambda prediction: part_in_words(prediction.item), _sort_key_of_part),
    CLASS: (
        lambda prediction: prediction.class_name and in_cell(prediction.class_name),
        lambda prediction: prediction.class_name or "",
    ),
    CONFIDENCE: (lambda prediction: prediction.confidence, _confidence_or_less),
    STATUS: (_message_or_status, _status),
}


def _tooltip(prediction: Prediction) -> str:
    place = " · ".join(filter(None, (prediction.file, part_in_words(prediction.item))))
    likely = sorted(prediction.probabilities.items(), key=lambda entry: -entry[1])
    lines = [f"{name}: {probability:.3f}" for name, probability in likely]
    return as_tool_tip("\n".join(filter(None, (place, *lines, prediction.message))))


# By role: what it is of a cell, given its prediction and column.
_OF_ROLE: Mapping[int, Callable[[Prediction, int], Any]] = {
    Role.DisplayRole: lambda prediction, column: _CELLS[column][0](prediction),
    SORT_ROLE: lambda prediction, column: _CELLS[column][1](prediction),
    Role.ToolTipRole: lambda prediction, _: _tooltip(prediction),
    Role.ForegroundRole: lambda row, column: GREY if column == CLASS and _is_pale(row) else None,
    PALE_ROLE: lambda prediction, _: _is_pale(prediction),
}
