"""Labels, buttons, fields, timers and layouts of widgets, as all docks have them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qtpy.QtCore import QObject, QTimer
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_image_classifier.system.shown_text import shortened
from napari_image_classifier.widgets.qt.plain_text import Label, in_cell, on_button, set_tool_tip

SWATCH = 12
LONGEST_CHOICE = 100


def wrapped(text: str = "", tooltip: str = "") -> Label:
    """Return a label whose words go on in the next line."""
    label = Label(text)
    label.setWordWrap(True)
    set_tool_tip(label, tooltip)
    return label


def show(visible: bool, *widgets: QWidget) -> None:
    """Show all of some widgets, or hide them."""
    for widget in widgets:
        widget.setVisible(visible)


def button(text: str, tooltip: str = "") -> QPushButton:
    """Return a button."""
    made = QPushButton(on_button(text))
    set_tool_tip(made, tooltip)
    return made


def check_box(text: str, tooltip: str = "", *, checked: bool = False) -> QCheckBox:
    """Return a box to check."""
    box = QCheckBox(on_button(text))
    box.setChecked(checked)
    set_tool_tip(box, tooltip)
    return box


def line_edit(placeholder: str = "", tooltip: str = "") -> QLineEdit:
    """Return a line to write in; the placeholder is shown while it is empty."""
    line = QLineEdit()
    line.setPlaceholderText(placeholder)
    set_tool_tip(line, tooltip)
    return line


def choice(words: Mapping[Any, str], tooltip: str) -> QComboBox:
    """Return a box to choose one of some values, which are shown in words."""
    box = QComboBox()
    set_tool_tip(box, tooltip)
    offer(box, words.items())
    return box


def offer(box: QComboBox, words: Iterable[tuple[Any, str]], otherwise: int = 0) -> None:
    """Let one of some values be chosen, each with its words.

    The value that was chosen stays, where it is still there; None is never one that stays. Else
    the one at ``otherwise`` is chosen.
    """
    before = box.currentData()
    box.clear()
    values = []
    for value, text in words:
        box.addItem(shortened(in_cell(text), LONGEST_CHOICE), value)
        values.append(value)
    stays = before is not None and before in values
    box.setCurrentIndex(values.index(before) if stays else min(otherwise, len(values) - 1))


def timer(
    parent: QObject, call: Callable[[], object], milliseconds: int = 0, *, repeats: bool = False
) -> QTimer:
    """Return a timer that makes one ``call`` so long after each start, or makes it ever again."""
    made = QTimer(parent)
    made.setSingleShot(not repeats)
    made.setInterval(milliseconds)
    made.timeout.connect(call)
    return made


def stacked(
    parent: QWidget, *parts: QWidget | QLayout | tuple[QWidget, ...], above: int = 0
) -> QVBoxLayout:
    """Lay parts out below each other, with a margin only ``above``; a tuple's stand in a row."""
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, above, 0, 0)
    for part in parts:
        if isinstance(part, QWidget):
            column.addWidget(part)
        else:
            column.addLayout(in_a_row(*part) if isinstance(part, tuple) else part)
    return column


def in_a_row(*parts: QWidget) -> QHBoxLayout:
    """Lay parts out side by side."""
    row = QHBoxLayout()
    for part in parts:
        row.addWidget(part)
    return row


def form_rows(parent: QWidget, *rows: QWidget | tuple[str, QWidget]) -> None:
    """Lay rows out below each other, without a margin; a tuple is a label and its field."""
    layout = QFormLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    for row in rows:
        if isinstance(row, tuple):
            layout.addRow(*row)
        else:
            layout.addRow(row)


def pixmap(content: bytes) -> QPixmap:
    """Return the picture that is the content of a file; a null one where it is none."""
    picture = QPixmap()
    picture.loadFromData(content)
    return picture


def swatch(colour: tuple[float, float, float]) -> QIcon:
    """Return a small square of a colour, whose red, green and blue are from 0 to 1."""
    square = QPixmap(SWATCH, SWATCH)
    square.fill(QColor.fromRgbF(*colour))
    return QIcon(square)
