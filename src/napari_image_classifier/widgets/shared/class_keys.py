"""The keys that give classes, 1 to 9, 0, Space and Backspace, wherever the focus is."""

from collections.abc import Callable
from functools import partial

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QMainWindow, QWidget

MOST_CLASSES = 9


class ClassKeys(QObject):
    """Listens for keys in the window that ``widget`` is docked in.

    They come before the viewer's own meaning of these keys; a text that is being written gets its
    letters all the same. ``chosen`` carries the number of a class, from 0.
    """

    chosen = Signal(int)
    cannot_tell = Signal()
    skipped = Signal()
    undone = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._shortcuts: list[QShortcut] = []

    def listen(self, on: bool = True) -> None:
        """Begin to listen, or end it."""
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        actions: dict[str, Callable[[], None]] = {
            str(number + 1): partial(self.chosen.emit, number) for number in range(MOST_CLASSES)
        }
        actions |= {"0": self.cannot_tell.emit, "Space": self.skipped.emit,
                    "Backspace": self.undone.emit}  # fmt: skip
        self._shortcuts = [self._shortcut(*action) for action in actions.items()] if on else []

    def _shortcut(self, key: str, act: Callable[[], None]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(key), window_of(self._widget))
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(act)
        return shortcut


def window_of(widget: QWidget) -> QWidget:
    """Return the main window, also for a widget in a dock that floats beside it."""
    parent = widget.parentWidget()
    return widget if isinstance(widget, QMainWindow) or parent is None else window_of(parent)
