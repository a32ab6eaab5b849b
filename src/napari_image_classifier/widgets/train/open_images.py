"""The open images to learn from: a table in which a person fills in their classes."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.items.selection import Each, parse_selection
from napari_image_classifier.system.csv_tables import write_table
from napari_image_classifier.widgets.qt.parts import button, choice, line_edit, offer, show, stacked
from napari_image_classifier.widgets.qt.plain_text import Label, in_cell, set_tool_tip
from napari_image_classifier.widgets.viewer.layers import MEANINGS, OpenImage, group_layers
from napari_image_classifier.widgets.viewer.layers_watch import LayersWatch, image_layers
from napari_image_classifier.widgets.viewer.navigation import move_sliders

IMAGE, CLASS, GROUP = range(3)
HEADERS = ("Image", "Class", "Same well, dish, animal")
GROUP_TOOLTIP = (
    "Images of one well, dish or animal are not independent: write the same word for them, and "
    "they stay together. Empty: the image stands alone."
)
LONGEST_NAME = 60
AXIS_WORDS = {"Z": "planes", "T": "time points", "C": "channels"}


class OpenImages(QWidget):
    """A row per open image; the layers of one image are one row."""

    changed = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._images: list[OpenImage] = []
        self._meanings: dict[int, str] = {}
        self._answers: dict[str, tuple[str, str]] = {}
        self._written: dict[str, OpenImage] = {}
        self._layers = LayersWatch(viewer, self)
        self.table = _table()
        self._question = Label("What a stack's planes are:")
        self._meaning = choice({}, "The layers don't say what their first axes mean; say it here.")
        self._name = line_edit("class", "A class for the rows that are selected above.")
        self._give = button("Give to selected", "Write this class into the selected rows.")
        stacked(self, self.table, (self._name, self._give), (self._question, self._meaning))
        self.table.itemChanged.connect(self._keep_answers)
        self._give.clicked.connect(self._give_class)
        self._meaning.activated.connect(self._explain)
        self._layers.changed.connect(self.refresh)
        self.refresh()

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The channels of the first image."""
        return self._images[0].channel_names if self._images else ()

    def folder(self) -> Path:
        """Return the folder of the first image's file; the home folder where it has none."""
        return folder_of(self._images)

    def set_class(self, row: int, name: str) -> None:
        """Fill in a class."""
        self.table.item(row, CLASS).setText(name)

    def why_unusable(self) -> str | None:
        """Return why nothing can be learnt from the open images yet."""
        if not self._images:
            return "Open images first, then give each its class."
        if any(image.unknown_axes for image in self._images):
            return "Say what the planes of the stacks are."
        if len({name for name, _ in self._filled_in().values() if name}) < 2:
            return "Give the images at least two classes in the table."
        return None

    def items(self, temporary: Path, each: Each) -> Callable[[], ItemTable]:
        """Return a function that writes the images and returns the table of items."""
        answers = self._filled_in()
        chosen = [image for image in self._images if answers[image.name][0]]
        self._written = written = {
            f"{number:05} {plain_name(image.name)}".strip() + ".tif": image
            for number, image in enumerate(chosen, 1)
        }

        def write() -> ItemTable:
            table = temporary / "items.csv"
            header, rows = ["file", "class", "group"], []
            for name, image in written.items():
                write_image(temporary / name, image.as_image())
                rows.append(dict(zip(header, [name, *answers[image.name]], strict=True)))
            write_table(table, header, rows)
            return read_items(temporary, items_csv=table, each=each)

        return write

    def show_image(self, file: str, item: str) -> bool:
        """Select the image that `items` wrote as ``file``; whether it is still open."""
        image = self._written.get(file)
        if image is None or not _is_among(image, set(self._viewer.layers)):
            return False
        self._viewer.layers.selection = {layer.layer for layer in image.layers}
        first = image.layers[0]
        move_sliders(self._viewer, first.layer, first.axes, parse_selection(item))
        return True

    def refresh(self) -> None:
        """Make a row of every image that is open now; classes given before stay."""
        self._images = group_layers(image_layers(self._viewer), (), self._meanings)
        # What is closed need not stay in memory.
        present = set(self._viewer.layers)
        self._written = {
            name: image for name, image in self._written.items() if _is_among(image, present)
        }
        with signals_blocked(self.table):
            self.table.setRowCount(len(self._images))
            for row, image in enumerate(self._images):
                self._fill_row(row, image)
        self._ask_for_meaning()
        self.changed.emit()

    def _fill_row(self, row: int, image: OpenImage) -> None:
        texts = (in_cell(image.name), *self._answers.get(image.name, ("", "")))
        name, _class_name, group = items = [QTableWidgetItem(text) for text in texts]
        name.setFlags(name.flags() & ~Qt.ItemFlag.ItemIsEditable)
        set_tool_tip(name, "\n".join(layer.name for layer in image.layers))
        set_tool_tip(group, GROUP_TOOLTIP)
        for column, item in enumerate(items):
            self.table.setItem(row, column, item)

    def _filled_in(self) -> dict[str, tuple[str, str]]:
        cells = self.table.item
        return {
            image.name: (cells(row, CLASS).text().strip(), cells(row, GROUP).text().strip())
            for row, image in enumerate(self._images)
        }

    def _keep_answers(self) -> None:
        self._answers.update(self._filled_in())
        self.changed.emit()

    def _give_class(self) -> None:
        for index in self.table.selectionModel().selectedRows():
            self.set_class(index.row(), self._name.text().strip())

    def _ask_for_meaning(self) -> None:
        unknown = next((image.unknown_axes for image in self._images if image.unknown_axes), 0)
        show(unknown in MEANINGS, self._question, self._meaning)
        meanings = [
            ((unknown, axes), ", then ".join(AXIS_WORDS[axis] for axis in axes))
            for axes in MEANINGS.get(unknown, ())
        ]
        offer(self._meaning, [(None, "please choose…"), *meanings])

    def _explain(self) -> None:
        if (chosen := self._meaning.currentData()) is not None:
            self._meanings |= [chosen]
            self.refresh()


def _is_among(image: OpenImage, layers: set[Any]) -> bool:
    return all(layer.layer in layers for layer in image.layers)


def folder_of(images: Iterable[OpenImage]) -> Path:
    """Return the folder of the first image that has a file; the home folder where none has."""
    sources = (layer.source for image in images for layer in image.layers)
    source = next(filter(None, sources), None)
    return Path(source).parent if source else Path.home()


def plain_name(image_name: str) -> str:
    """Return a name that a person knows an image by, and that every file system takes."""
    return re.sub(r"[^\w.-]+", " ", image_name)[:LONGEST_NAME].strip()


def _table() -> QTableWidget:
    table = QTableWidget(0, len(HEADERS))
    table.setHorizontalHeaderLabels(HEADERS)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setMinimumHeight(160)
    set_tool_tip(table, "Give each image its class; images without one are not learnt from.")
    header = table.horizontalHeader()
    header.setSectionResizeMode(IMAGE, QHeaderView.ResizeMode.Stretch)
    set_tool_tip(table.horizontalHeaderItem(GROUP), GROUP_TOOLTIP)
    table.setColumnWidth(CLASS, 90)
    table.setColumnWidth(GROUP, 90)
    table.verticalHeader().hide()
    return table
