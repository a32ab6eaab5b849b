"""The open images as a table: which are classified, and which of their layers is what."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractItemModel, QModelIndex, QSignalBlocker, Qt, QTimer, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_image_classifier.images.channel_matching import NOTHING_SAID, ChannelMap
from napari_image_classifier.images.channel_names import are_names
from napari_image_classifier.widgets.classify_images.run import Task
from napari_image_classifier.widgets.qt.plain_text import in_cell, set_tool_tip
from napari_image_classifier.widgets.qt.progress_row import ERROR_COLOUR
from napari_image_classifier.widgets.viewer.layers import OpenImage, match
from napari_image_classifier.widgets.viewer.object_layers import OpenObjects, fitting, named_like

ARROW = " ▾"
MISSING = "choose"
ROW_HEIGHT = 24
ROWS_SHOWN = (3, 8)


class ChannelTable(QTableWidget):
    """One row per open image: a check box with its name, then a channel per classifier channel.

    A channel chosen by hand is also taken for the other images whose channels have the same
    names. Where objects are classified, a last column has the layer that marks them. ``changed``
    tells that `tasks` may be others now; ``said`` carries the name of a channel of the classifier,
    and of the image's that was chosen for it.
    """

    changed = Signal()
    said = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: list[OpenImage] = []
        self._wanted: tuple[str, ...] = ()
        self._wanted_named = True
        self._channel_map: ChannelMap = NOTHING_SAID
        # By hand: for images of these channel names, or of a name, the index of each channel.
        self._by_hand: dict[tuple[str, ...] | str, dict[int, int]] = {}
        self._unchecked: set[str] = set()
        self._marking: Sequence[OpenObjects] | None = None
        # By hand: for an image's name, the layer that marks its objects.
        self._marking_by_hand: dict[str, Any] = {}
        self.setItemDelegate(_ChannelCombo(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.itemChanged.connect(self._take)

    def show_images(
        self,
        images: Sequence[OpenImage],
        wanted: Sequence[str],
        wanted_named: bool,
        marking: Sequence[OpenObjects] | None = None,
        channel_map: ChannelMap = NOTHING_SAID,
    ) -> None:
        """Make a row of every image; ``wanted`` are the classifier's channels.

        ``marking`` are the layers that may mark objects, None where whole images are classified.
        ``channel_map`` is what images were said to call channels of the classifier.
        """
        if tuple(wanted) != self._wanted:
            self._by_hand.clear()
        self._images, self._wanted, self._wanted_named = list(images), tuple(wanted), wanted_named
        self._marking, self._channel_map = marking, channel_map
        titles = ["Image", *wanted] + ["Objects"] * (marking is not None)
        with QSignalBlocker(self):
            self.setColumnCount(len(titles))
            self.setHorizontalHeaderLabels([in_cell(title) for title in titles])
            self.setRowCount(len(images))
            for row in range(len(images)):
                self._fill(row)
        self._set_sizes()
        self.changed.emit()

    def tasks(self) -> list[Task]:
        """Return what is to be classified: the checked images that lack nothing."""
        return [
            Task(
                image,
                tuple(image.choices[i] for i in self._chosen(image) if i is not None),
                self._marked(image),
            )
            for image in self._checked
            if not image.unknown_axes and not self._lacks(image)
        ]

    def incomplete(self) -> list[OpenImage]:
        """Return the checked images that lack a channel, or a layer that marks their objects."""
        return [image for image in self._checked if self._lacks(image)]

    def choices(self, row: int, column: int = 1) -> list[str]:
        """Return what can be chosen in a cell: channels, or layers that mark objects."""
        image = self._images[row]
        if self._is_of_objects(column):
            return [marked.name for marked in self._fitting(image)]
        return [choice.name for choice in image.choices]

    def choose(self, row: int, channel: int, choice: int) -> None:
        """Take the image's ``choice`` for the classifier's ``channel``, both counted from 0.

        Behind the last channel, it is the layer that marks its objects.
        """
        image = self._images[row]
        if self._is_of_objects(channel + 1):
            self._marking_by_hand[image.name] = self._fitting(image)[choice].layer
        else:
            # It holds for all images of these channels, but a layer of another image for one.
            key = image.channel_names if choice < len(image.channels) else image.name
            self._by_hand.setdefault(key, {})[channel] = choice
            # Where channels have no names, they may be others in the next image.
            if choice < len(image.channels) and are_names(image.channel_names)[choice]:
                self.said.emit(self._wanted[channel], image.channels[choice].name)
        self.show_images(
            self._images, self._wanted, self._wanted_named, self._marking, self._channel_map
        )

    @property
    def _checked(self) -> list[OpenImage]:
        return [image for image in self._images if image.name not in self._unchecked]

    def _fitting(self, image: OpenImage) -> list[OpenObjects]:
        return fitting(image, self._marking or ())

    def _is_of_objects(self, column: int) -> bool:
        return self._marking is not None and column == 1 + len(self._wanted)

    def _lacks(self, image: OpenImage) -> bool:
        without_objects = self._marking is not None and self._marked(image) is None
        return None in self._chosen(image) or without_objects

    def _marked(self, image: OpenImage) -> OpenObjects | None:
        """Return the layer that marks an image's objects: chosen, or the one that can be meant."""
        candidates = self._fitting(image)
        by_hand = self._marking_by_hand.get(image.name)
        can_be_meant = len(candidates) == 1 or (candidates and named_like(candidates, image))
        first = candidates[0] if can_be_meant else None
        return next((marked for marked in candidates if marked.layer is by_hand), first)

    def _chosen(self, image: OpenImage) -> list[int | None]:
        chosen = list(match(image, self._wanted, self._wanted_named, self._channel_map))
        for key in (image.channel_names, image.name):
            for channel, choice in self._by_hand.get(key, {}).items():
                chosen[channel] = choice
        return chosen

    def _fill(self, row: int) -> None:
        image = self._images[row]
        name = QTableWidgetItem(in_cell(image.name))
        set_tool_tip(name, "\n".join([image.name, *(layer.name for layer in image.layers)]))
        name.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
        checked = image.name not in self._unchecked
        name.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
        cells = [name]
        for wanted, choice in zip(self._wanted, self._chosen(image), strict=True):
            chosen = None if choice is None else image.choices[choice].name
            tooltip = f"The channel of {image.name} that is {wanted}."
            cells.append(_cell(chosen, tooltip, "" if image.choices else "–"))
        if self._marking is not None:
            marked, fits = self._marked(image), bool(self._fitting(image))
            tooltip = (
                f"The layer (Labels, Points or Shapes) that marks the objects of {image.name}."
                if fits
                else f"No Labels, Points or Shapes layer fits {image.name}; make or open one."
            )
            cells.append(_cell(marked.name if marked else None, tooltip, "" if fits else "none"))
        for column, cell in enumerate(cells):
            self.setItem(row, column, cell)

    def _take(self, item: QTableWidgetItem) -> None:
        if item.column() == 0:
            checked = item.checkState() == Qt.CheckState.Checked
            change = self._unchecked.discard if checked else self._unchecked.add
            change(self._images[item.row()].name)
            self.changed.emit()

    def _set_sizes(self) -> None:
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMaximumSectionSize(140)
        rows = int(np.clip(self.rowCount(), *ROWS_SHOWN))
        self.setFixedHeight(header.sizeHint().height() + rows * ROW_HEIGHT + 4)


def _cell(chosen: str | None, tooltip: str, nothing: str) -> QTableWidgetItem:
    """Return a cell with what is chosen; ``nothing`` stands in it where nothing can be."""
    cell = QTableWidgetItem(nothing or (MISSING if chosen is None else in_cell(chosen)) + ARROW)
    set_tool_tip(cell, tooltip)
    if chosen is None:
        cell.setForeground(QColor(ERROR_COLOUR))
    return cell


class _ChannelCombo(QStyledItemDelegate):
    """Lets a person choose a channel from a list that opens with the first click."""

    def createEditor(  # noqa: N802
        self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget | None:
        table, column = self.parent(), index.column()
        choices = table.choices(index.row(), column) if column else []
        if not choices:
            return None
        combo = QComboBox(parent)
        combo.addItems(map(in_cell, choices))
        combo.activated.connect(lambda: self.commitData.emit(combo))
        combo.activated.connect(lambda: self.closeEditor.emit(combo))
        return combo

    def setEditorData(self, editor: QWidget | None, index: QModelIndex) -> None:  # noqa: N802
        editor.setCurrentText(str(index.data()).removesuffix(ARROW))
        editor.showPopup()

    def setModelData(  # noqa: N802
        self, editor: QWidget | None, model: QAbstractItemModel | None, index: QModelIndex
    ) -> None:
        table = self.parent()
        row, channel, choice = index.row(), index.column() - 1, editor.currentIndex()
        # Not while the combo is open: choosing fills the table anew.
        QTimer.singleShot(0, lambda: table.choose(row, channel, choice))
