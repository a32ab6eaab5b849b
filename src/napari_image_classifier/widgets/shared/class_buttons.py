"""The list of the classes that can be given, with their colours, counts and keys."""

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_image_classifier.items.annotations import CANNOT_TELL
from napari_image_classifier.widgets.qt.parts import button, line_edit, stacked, swatch
from napari_image_classifier.widgets.qt.plain_text import asked, in_cell, set_tool_tip
from napari_image_classifier.widgets.shared.class_keys import MOST_CLASSES
from napari_image_classifier.widgets.viewer.class_colours import class_colours

NO_CLASS = "no class"
COUNT = Qt.ItemDataRole.UserRole
ROWS_SHOWN = 5


class ClassButtons(QWidget):
    """A list of classes, one of them chosen; the last line takes a class away.

    With ``keys`` each has the number of its key before it. ``changed`` tells that there are others,
    ``chosen_changed`` that another one is chosen, ``clicked`` carries the one that was clicked on
    (None for the last line), ``renamed`` a name and the new one, which may be another's: then they
    are one from now on.
    """

    changed = Signal()
    chosen_changed = Signal()
    clicked = Signal(object)
    renamed = Signal(str, str)

    def __init__(self, *, keys: bool = False, rows: int = ROWS_SHOWN) -> None:
        super().__init__()
        self._rows = rows
        self.list = QListWidget()
        self.list.setItemDelegate(_Line(self.list, keys))
        set_tool_tip(self.list, "The class that a click gives. F2 renames it; the name of another "
                             "class makes one of both.")  # fmt: skip
        self.name = line_edit("a new class")
        self._add = button("Add", "Add a class of this name.")
        stacked(self, (self.name, self._add), self.list)
        self._names: list[str] = []
        self._append("")
        self._set_height()
        self._add.clicked.connect(self._add_named)
        self.name.returnPressed.connect(self._add_named)
        self.list.currentRowChanged.connect(lambda _: self.chosen_changed.emit())
        self.list.itemClicked.connect(self._click)
        self.list.itemChanged.connect(self._take_name)

    @property
    def names(self) -> list[str]:
        """The classes, in the order in which they were added."""
        return self._names[:-1]

    @property
    def chosen(self) -> str | None:
        """The class that is chosen, None for “no class”."""
        row = self.list.currentRow()
        return self._names[row] or None if row >= 0 else None

    def add(self, name: str) -> None:
        """Add a class, unless it is there, and choose it if it is the first one."""
        if not name or name in (*self._names, CANNOT_TELL):
            return
        self._append(name)
        self._paint()
        if len(self.names) == 1:
            self.choose(name)
        self._set_height()
        self.changed.emit()

    def choose(self, name: str | None) -> None:
        """Choose a class, or with None “no class”."""
        self.list.setCurrentRow(self._names.index(name or ""))

    def show_given(self, name: str | None) -> None:
        """Mark the class that something has, or none, without choosing it anew."""
        with signals_blocked(self.list):
            self.list.setCurrentRow(self._names.index(name) if name in self.names else -1)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Write behind each class how many have it."""
        with signals_blocked(self.list):
            for row, name in enumerate(self.names):
                self.list.item(row).setData(COUNT, counts.get(name, 0))
        self.list.viewport().update()

    def _append(self, name: str) -> None:
        item = QListWidgetItem(name)
        item.setData(COUNT, 0)
        if name:
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        row = max(self.list.count() - 1, 0)
        self._names.insert(row, name)
        with signals_blocked(self.list):
            self.list.insertItem(row, item)

    def _paint(self) -> None:
        colours = class_colours(self.names)
        with signals_blocked(self.list):
            for row, name in enumerate(self.names):
                self.list.item(row).setIcon(swatch(colours[name]))

    def _add_named(self) -> None:
        name = self.name.text().strip()
        self.name.clear()
        if name and name != CANNOT_TELL:
            self.add(name)
            self.choose(name)

    def _click(self, item: QListWidgetItem) -> None:
        self.clicked.emit(self._names[self.list.row(item)] or None)

    def _take_name(self, item: QListWidgetItem) -> None:
        """Take what a person has written over the name."""
        row = self.list.row(item)
        name, new = self._names[row], item.text().strip()
        refused = new in ("", name, CANNOT_TELL)
        if refused or (new in self._names and not self.wants_to_merge(name, new)):
            with signals_blocked(self.list):
                item.setText(name)
            return
        if new in self._names:
            self.list.takeItem(row)
            self._names.pop(row)
            self._paint()
            self._set_height()
        else:
            self._names[row] = new
        self.renamed.emit(name, new)

    def wants_to_merge(self, name: str, new: str) -> bool:
        """Ask whether two classes shall be one."""
        question = f"There is a class “{new}” already. Make one class of both?"
        return asked(self, "Merge classes", question)

    def _set_height(self) -> None:
        rows = min(self.list.count(), self._rows)
        height = self.list.sizeHintForRow(0) * rows + 2 * self.list.frameWidth() + 4
        self.list.setFixedHeight(max(height, 40))


class _Line(QStyledItemDelegate):
    """Writes the key before a class, and behind it how many have it."""

    def __init__(self, parent: QListWidget, keys: bool) -> None:
        super().__init__(parent)
        self._keys = keys

    def initStyleOption(  # noqa: N802
        self, option: QStyleOptionViewItem | None, index: QModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        name: Any = index.data()
        if not name:
            option.text = NO_CLASS
            return
        has_key = self._keys and index.row() < MOST_CLASSES
        key = f"{index.row() + 1}   " if has_key else ""
        option.text = f"{key}{in_cell(name)}: {index.data(COUNT)}"
