"""Labels, buttons, choices, timers and columns of widgets, as all docks have them."""

from collections.abc import Callable, Mapping
from typing import Any

from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)


def wrapped(text: str = "", tooltip: str = "") -> QLabel:
    """Return a label whose words go on in the next line."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setToolTip(tooltip)
    return label


def button(text: str, tooltip: str = "") -> QPushButton:
    """Return a button."""
    made = QPushButton(text)
    made.setToolTip(tooltip)
    return made


def choice(words: Mapping[Any, str], tooltip: str) -> QComboBox:
    """Return a box to choose one of some values, which are shown in words."""
    box = QComboBox()
    box.setToolTip(tooltip)
    for value, text in words.items():
        box.addItem(text, value)
    return box


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
