"""Predictions as a table that sorts, filters and grows by thousands of rows."""

from collections import Counter
from collections.abc import Sequence

from qtpy.QtCore import QModelIndex, QObject, QSize, QSortFilterProxyModel, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.thumbnails import SIDE
from napari_image_classifier.widgets.qt.delegates import ConfidenceBar, FileName
from napari_image_classifier.widgets.qt.dock import let_be_narrow
from napari_image_classifier.widgets.qt.parts import (
    choice,
    in_a_row,
    line_edit,
    offer,
    stacked,
    wrapped,
)
from napari_image_classifier.widgets.shared.prediction_model import (
    CONFIDENCE,
    IMAGE,
    PART,
    PICTURE,
    SORT_ROLE,
    AnyIndex,
    PredictionModel,
)
from napari_image_classifier.widgets.viewer.class_colours import DOUBTS, label_of

WIDTHS = (SIDE + 4, 100, 56, 102, 86, 50)
EVERYTHING = "All classes"


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
        prediction = self.sourceModel().predictions[source_row]
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
        self._hide_empty_columns()
        self.search = line_edit("Filter by name", "Show only images whose name holds this text.")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter.set_text)
        self.class_choice = choice({}, "Show only images of this class.")
        let_be_narrow(self.class_choice)
        self.class_choice.currentIndexChanged.connect(
            lambda _: self._filter.set_label(self.class_choice.currentData() or EVERYTHING)
        )
        self.summary = wrapped()
        self.set_class_names(())
        filters = in_a_row(self.search, self.class_choice)
        filters.setStretch(0, 1)
        stacked(self, filters, self.view, self.summary).setStretch(1, 1)

    def set_class_names(self, names: Sequence[str]) -> None:
        """Offer these classes to filter by."""
        labels = [EVERYTHING, *names, *DOUBTS.values()]
        self.class_choice.clear()
        offer(self.class_choice, zip(labels, labels, strict=True))

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
        view.doubleClicked.connect(lambda index: self.item_activated.emit(self._prediction(index)))
        return view

    def _hide_empty_columns(self) -> None:
        self.view.setColumnHidden(PICTURE, True)
        self.view.setColumnHidden(PART, True)
        self.view.verticalHeader().setDefaultSectionSize(24)

    def _prediction(self, index: QModelIndex) -> Prediction:
        return self.model.predictions[self._filter.mapToSource(index).row()]

    def _select(self, index: QModelIndex) -> None:
        # It is of no row after the last one has gone.
        if index.isValid():
            self.item_selected.emit(self._prediction(index))

    def _show_counts(self) -> None:
        counted = [f"{name}: {count}" for name, count in self._counts.most_common()]
        self.summary.setText("   ".join(counted))
