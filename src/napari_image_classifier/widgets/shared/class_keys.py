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
        self._shortcuts = []
        if not on:
            return
        for number in range(MOST_CLASSES):
            self._bind(str(number + 1), partial(self.chosen.emit, number))
        self._bind("0", self.cannot_tell.emit)
        self._bind("Space", self.skipped.emit)
        self._bind("Backspace", self.undone.emit)

    def _bind(self, key: str, act: Callable[[], None]) -> None:
        shortcut = QShortcut(QKeySequence(key), window_of(self._widget))
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(act)
        self._shortcuts.append(shortcut)


def window_of(widget: QWidget) -> QWidget:
    """Return the main window, also for a widget in a dock that floats beside it."""
    above = widget
    while not isinstance(above, QMainWindow):
        parent = above.parentWidget()
        if parent is None:
            break
        above = parent
    return above
