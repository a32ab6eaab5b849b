"""Items as small pictures, many at once, with the classes they have."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from qtpy.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor, QPainter, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.annotations import ItemKey
from napari_image_classifier.widgets.qt.background import Errands
from napari_image_classifier.widgets.qt.parts import pixmap
from napari_image_classifier.widgets.qt.plain_text import as_tool_tip, in_cell, set_tool_tip
from napari_image_classifier.widgets.viewer.class_colours import Colour

SIDE = 72
CAPTION = 16
MARGIN = 4
NO_COLOUR = (0.5, 0.5, 0.5)
KEY = Qt.ItemDataRole.UserRole
# So many pictures wait at most; those that were scrolled past are not drawn.
MOST_WAITING = 60
MOST_PICTURES = 2000

AnyIndex = QModelIndex | QPersistentModelIndex
Draw = Callable[[ItemKey], bytes]


class GalleryModel(QAbstractListModel):
    """The items that are shown, in order; their pictures are drawn on a thread when needed.

    ``draw`` returns the PNG of an item.
    """

    def __init__(self, draw: Draw, parent: QObject) -> None:
        super().__init__(parent)
        self.keys: list[ItemKey] = []
        self._rows: dict[ItemKey, int] = {}
        self._draw = draw
        self._words: Mapping[ItemKey, str] = {}
        self._colours: Mapping[str, Colour] = {}
        self._pictures: dict[ItemKey, QPixmap] = {}
        self._waiting: dict[ItemKey, None] = {}
        self._errands = Errands(self)
        self._errands.done.connect(self._take)

    def show_items(self, keys: Sequence[ItemKey]) -> None:
        """Show these items."""
        self.beginResetModel()
        self.keys = list(keys)
        self._rows = {key: row for row, key in enumerate(self.keys)}
        self.endResetModel()

    def show_words(self, words: Mapping[ItemKey, str], colours: Mapping[str, Colour]) -> None:
        """Write below each item what it is, on the colour that these words have."""
        self._words, self._colours = words, colours
        if self.keys:
            self.dataChanged.emit(self.index(0), self.index(len(self.keys) - 1))

    def index_of(self, key: ItemKey | None) -> QModelIndex:
        """Return where an item is; an index that is not valid where it is not shown."""
        return self.index(self._rows[key]) if key in self._rows else QModelIndex()

    def rowCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802
        """Return how many items there are."""
        return 0 if parent is not None and parent.isValid() else len(self.keys)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the picture, the words, their colour or the key of an item."""
        if not index.isValid():
            return None
        key = self.keys[index.row()]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._picture(key)
        words = self._words.get(key, "")
        said: dict[int, object] = {
            Qt.ItemDataRole.DisplayRole: words,
            Qt.ItemDataRole.BackgroundRole: self._colours.get(words),
            Qt.ItemDataRole.ToolTipRole: as_tool_tip(f"{key.file} {key.item}".strip()),
            KEY: key,
        }
        return said.get(role)

    def _picture(self, key: ItemKey) -> QPixmap | None:
        if key not in self._pictures and key not in self._waiting:
            self._waiting[key] = None
            if len(self._waiting) > MOST_WAITING:
                self._waiting.pop(next(iter(self._waiting)))
                self._errands.keep_only(self._waiting.keys())
            self._errands.do(key, partial(_drawn, self._draw, key))
        return self._pictures.get(key)

    def _take(self, key: ItemKey, png: bytes) -> None:
        self._waiting.pop(key, None)
        self._pictures[key] = pixmap(png)
        if len(self._pictures) > MOST_PICTURES:
            self._pictures.pop(next(iter(self._pictures)))
        index = self.index_of(key)
        if index.isValid():
            self.dataChanged.emit(index, index)


def _drawn(draw: Draw, key: ItemKey) -> bytes:
    try:
        return draw(key)
    except (ImageClassifierError, OSError):
        return b""  # it has no picture; the sentence comes when it is shown


class Gallery(QListView):
    """Pictures in rows; several can be picked at once, with Shift and Ctrl or by dragging.

    ``went_to`` carries the item that was picked last.
    """

    went_to = Signal(object)

    def __init__(self, draw: Draw, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items = GalleryModel(draw, self)
        self.setModel(self.items)
        self.setItemDelegate(_Cell(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setSpacing(1)
        self.setMinimumHeight(3 * (SIDE + CAPTION + 2 * MARGIN) + 16)
        set_tool_tip(self, "Pick several with Shift, Ctrl or by dragging: a class goes to all.")
        self.selectionModel().currentChanged.connect(self._go_to)

    @property
    def picked(self) -> list[ItemKey]:
        """The items that are picked, in order."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return [self.items.keys[row] for row in rows]

    def go_to(self, key: ItemKey | None) -> None:
        """Pick one item alone."""
        index = self.items.index_of(key)
        selection = self.selectionModel()
        selection.blockSignals(True)
        selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if index.isValid():
            self.scrollTo(index)
        selection.blockSignals(False)
        self.viewport().update()

    def _go_to(self, index: QModelIndex, _: QModelIndex) -> None:
        if index.isValid():
            self.went_to.emit(index.data(KEY))


class _Cell(QStyledItemDelegate):
    """Paints a picture with its class below it, on the colour of the class."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:  # noqa: N802
        return QSize(SIDE + 2 * MARGIN, SIDE + CAPTION + 2 * MARGIN)

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: AnyIndex
    ) -> None:
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, option.palette.highlight())
        inside = option.rect.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        place = QRect(inside.left(), inside.top(), SIDE, SIDE)
        painter.fillRect(place, Qt.GlobalColor.black)
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if picture is not None and not picture.isNull():
            scaled = picture.scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
            within = scaled.rect()
            within.moveCenter(place.center())
            painter.drawPixmap(within, scaled)
        words, colour = index.data(), index.data(Qt.ItemDataRole.BackgroundRole)
        caption = QRect(inside.left(), inside.top() + SIDE, SIDE, CAPTION)
        if words:
            painter.fillRect(caption, QColor.fromRgbF(*(colour or NO_COLOUR)))
            painter.setPen(Qt.GlobalColor.black)
            elided = option.fontMetrics.elidedText(
                in_cell(words), Qt.TextElideMode.ElideRight, SIDE - 4
            )
            painter.drawText(caption, Qt.AlignmentFlag.AlignCenter, elided)
        painter.restore()
