"""The classes that objects can be given: named, chosen one at a time, in their colours."""

from collections.abc import Mapping

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_image_classifier.widgets.class_colours import class_colours
from napari_image_classifier.widgets.class_legend import SWATCH

NO_CLASS = "no class"
NAME = Qt.ItemDataRole.UserRole
ROWS_SHOWN = 5


class ClassButtons(QWidget):
    """A list of classes, one of them chosen; the last line takes a class away from an object.

    ``changed`` tells that there are others, ``chosen_changed`` that another one is chosen,
    ``renamed`` carries a name and the new one.
    """

    changed = Signal()
    chosen_changed = Signal()
    renamed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: Mapping[str, int] = {}
        self.list = QListWidget()
        self.list.setToolTip("The class that a click gives to an object. F2 renames it.")
        self.name = QLineEdit()
        self.name.setPlaceholderText("a new class")
        self._add = QPushButton("Add")
        self._add.setToolTip("Add a class of this name.")
        line = QHBoxLayout()
        line.addWidget(self.name)
        line.addWidget(self._add)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        column.addWidget(self.list)
        self._append("")
        self._set_height()
        self._add.clicked.connect(self._add_named)
        self.name.returnPressed.connect(self._add_named)
        self.list.currentRowChanged.connect(lambda _: self.chosen_changed.emit())
        self.list.itemChanged.connect(self._take_name)

    @property
    def names(self) -> list[str]:
        """The classes, in the order in which they were added."""
        return [self._name(row) for row in range(self.list.count() - 1)]

    @property
    def chosen(self) -> str | None:
        """The class that is chosen, None for “no class”."""
        item = self.list.currentItem()
        return str(item.data(NAME)) or None if item is not None else None

    def add(self, name: str) -> None:
        """Add a class, unless it is there, and choose it if it is the first one."""
        if not name or name in self.names:
            return
        self._append(name)
        if len(self.names) == 1:
            self.choose(name)
        self._set_height()
        self.changed.emit()

    def choose(self, name: str | None) -> None:
        """Choose a class, or with None “no class”."""
        names = self.names
        self.list.setCurrentRow(names.index(name) if name is not None else len(names))

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Write behind each class how many objects have it."""
        self._counts = counts
        self._write()

    def _append(self, name: str) -> None:
        item = QListWidgetItem()
        item.setData(NAME, name)
        if name:
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        self.list.blockSignals(True)
        self.list.insertItem(max(self.list.count() - 1, 0) if name else 0, item)
        self.list.blockSignals(False)
        self._write()

    def _write(self) -> None:
        colours = class_colours(self.names)
        self.list.blockSignals(True)
        for row in range(self.list.count()):
            item, name = self.list.item(row), self._name(row)
            item.setText(f"{name}: {self._counts.get(name, 0)}" if name else NO_CLASS)
            if name:
                swatch = QPixmap(SWATCH, SWATCH)
                swatch.fill(QColor.fromRgbF(*colours[name]))
                item.setIcon(QIcon(swatch))
        self.list.blockSignals(False)

    def _name(self, row: int) -> str:
        return str(self.list.item(row).data(NAME))

    def _add_named(self) -> None:
        name = self.name.text().strip()
        self.name.clear()
        if name:
            self.add(name)
            self.choose(name)

    def _take_name(self, item: QListWidgetItem) -> None:
        """Take what a person has written over “name: count”."""
        name = str(item.data(NAME))
        new = item.text().removesuffix(f": {self._counts.get(name, 0)}").strip()
        if new and new != name and new not in self.names:
            item.setData(NAME, new)
            self.renamed.emit(name, new)
        self._write()

    def _set_height(self) -> None:
        rows = min(self.list.count(), ROWS_SHOWN)
        height = self.list.sizeHintForRow(0) * rows + 2 * self.list.frameWidth() + 4
        self.list.setFixedHeight(max(height, 40))
