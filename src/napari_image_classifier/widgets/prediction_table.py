"""Predictions as a table that sorts, filters and grows by thousands of rows."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qtpy.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_image_classifier.prediction import Prediction
from napari_image_classifier.thumbnails import SIDE
from napari_image_classifier.widgets.confidence_bar import GREY, PALE_ROLE, ConfidenceBar
from napari_image_classifier.widgets.file_name import FileName
from napari_image_classifier.widgets.prediction_words import DOUBTS, label_of

AnyIndex = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

HEADERS = ("", "Image", "Part", "Class", "Confidence", "Status")
PICTURE, IMAGE, PART, CLASS, CONFIDENCE, STATUS = range(len(HEADERS))
WIDTHS = (SIDE + 4, 100, 56, 102, 86, 50)
SORT_ROLE = Role.UserRole
# As the column is narrow; the tooltip says the rest.
STATUS_WORDS = {"unlike-training": "unlike"}
NO_PARENT = QModelIndex()
EVERYTHING = "All classes"
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


class _Filter(QSortFilterProxyModel):
    """Keeps the rows of one class, or of one doubt, whose image's name holds a text."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.label = EVERYTHING
        self.text = ""
        self.setSortRole(SORT_ROLE)

    def set_text(self, text: str) -> None:
        self.text = text.casefold()
        self.invalidate()

    def set_label(self, label: str) -> None:
        self.label = label
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: AnyIndex) -> bool:  # noqa: N802
        model = self.sourceModel()
        assert isinstance(model, PredictionModel)
        prediction = model.predictions[source_row]
        wanted = self.label in (EVERYTHING, label_of(prediction))
        return wanted and self.text in prediction.file.casefold()


class PredictionTable(QWidget):
    """The table, a text and a class to filter by, and a line that counts.

    A column whose cells would all be empty (picture, part) stays hidden, and so does the image's
    name where all rows are parts of one.
    """

    item_selected = Signal(object)
    item_activated = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: Counter[str] = Counter()
        self._files: set[str] = set()
        self.model = PredictionModel(self)
        self._filter = _Filter(self)
        self._filter.setSourceModel(self.model)
        self.view = self._make_view()
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Filter by name")
        self.search.setToolTip("Show only images whose name holds this text.")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter.set_text)
        self.class_choice = QComboBox(self)
        self.class_choice.setToolTip("Show only images of this class.")
        self.class_choice.currentTextChanged.connect(self._filter.set_label)
        self.summary = QLabel(self)
        self.summary.setWordWrap(True)
        self.set_class_names(())
        filters = QHBoxLayout()
        filters.addWidget(self.search, stretch=1)
        filters.addWidget(self.class_choice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(filters)
        layout.addWidget(self.view, stretch=1)
        layout.addWidget(self.summary)

    def set_class_names(self, names: Sequence[str]) -> None:
        """Offer these classes to filter by."""
        self.class_choice.clear()
        self.class_choice.addItems([EVERYTHING, *names, *DOUBTS.values()])

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Append predictions; give many at once where many come."""
        if not predictions:
            return
        self.model.add(predictions)
        self._counts.update(map(label_of, predictions))
        self._files.update(row.file for row in predictions)
        if any(row.item for row in predictions):
            self.view.setColumnHidden(PART, False)
        # Of one image, its name in every row says nothing.
        of_one = len(self._files) == 1 and not self.view.isColumnHidden(PART)
        self.view.setColumnHidden(IMAGE, of_one)
        if self.view.isColumnHidden(PICTURE) and any(row.thumbnail for row in predictions):
            self.view.setColumnHidden(PICTURE, False)
            self.view.verticalHeader().setDefaultSectionSize(SIDE + 4)
        self._show_counts()

    def clear(self) -> None:
        """Remove all predictions."""
        self.model.clear()
        self._counts.clear()
        self._files.clear()
        self.view.setColumnHidden(IMAGE, False)
        self._hide_empty_columns()
        self._show_counts()

    def selected(self) -> Prediction | None:
        """Return the prediction whose row is selected."""
        return self._prediction(self.view.currentIndex())

    def of_file(self, file: str) -> list[Prediction]:
        """Return the predictions of one image."""
        return [row for row in self.model.predictions if row.file == file]

    def _make_view(self) -> QTableView:
        view = QTableView(self)
        view.setModel(self._filter)
        view.setItemDelegateForColumn(IMAGE, FileName(view))
        view.setItemDelegateForColumn(CONFIDENCE, ConfidenceBar(view))
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        view.setWordWrap(False)
        view.setShowGrid(False)
        view.setIconSize(QSize(SIDE, SIDE))
        view.setMinimumHeight(220)
        view.setSortingEnabled(True)
        # As they come, until a person sorts.
        view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        view.verticalHeader().hide()
        header = view.horizontalHeader()
        for column, width in enumerate(WIDTHS):
            view.setColumnWidth(column, width)
        header.setSectionResizeMode(IMAGE, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(40)
        view.selectionModel().currentRowChanged.connect(self._select)
        view.clicked.connect(self._select)
        view.doubleClicked.connect(self._activate)
        self.view = view
        self._hide_empty_columns()
        return view

    def _hide_empty_columns(self) -> None:
        self.view.setColumnHidden(PICTURE, True)
        self.view.setColumnHidden(PART, True)
        self.view.verticalHeader().setDefaultSectionSize(24)

    def _prediction(self, index: QModelIndex) -> Prediction | None:
        if not index.isValid():
            return None
        return self.model.predictions[self._filter.mapToSource(index).row()]

    def _select(self, index: QModelIndex) -> None:
        if (prediction := self._prediction(index)) is not None:
            self.item_selected.emit(prediction)

    def _activate(self, index: QModelIndex) -> None:
        if (prediction := self._prediction(index)) is not None:
            self.item_activated.emit(prediction)

    def _show_counts(self) -> None:
        counted = [f"{name}: {count}" for name, count in self._counts.most_common()]
        self.summary.setText("   ".join(counted))
