"""Takes a classifier's file that is dropped on the viewer, and leaves all other drops alone."""

from collections.abc import Iterator
from pathlib import Path

from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QMainWindow, QWidget

SUFFIX = ".keras"
_DRAGGED = (QEvent.Type.DragEnter, QEvent.Type.DragMove)


class ClassifierDrop(QObject):
    """An event filter for the widgets it is installed on; ``dropped`` carries the path."""

    dropped = Signal(object)

    def watch(self, widget: QWidget) -> None:
        """Take drops on this widget."""
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def watch_canvas(self, widget: QWidget) -> None:
        """Take drops on the canvas of the main window that ``widget`` belongs to."""
        for part in _taking_drops(widget):
            part.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Qt's hook: say whether the event ends here."""
        if isinstance(event, QDropEvent) and (path := _classifier(event)) is not None:
            if event.type() in _DRAGGED:
                event.acceptProposedAction()
                return True
            if event.type() == QEvent.Type.Drop:
                event.acceptProposedAction()
                self.dropped.emit(path)
                return True
        return super().eventFilter(watched, event)


def _classifier(event: QDropEvent) -> Path | None:
    mime = event.mimeData()
    urls = mime.urls() if mime is not None else []
    if len(urls) == 1 and urls[0].isLocalFile():
        path = Path(urls[0].toLocalFile())
        return path if path.suffix.lower() == SUFFIX else None
    return None


def _taking_drops(widget: QWidget) -> Iterator[QWidget]:
    """Yield what takes drops in the middle of the main window: napari's canvas."""
    above: QWidget | None = widget
    while above is not None and not isinstance(above, QMainWindow):
        above = above.parentWidget()
    centre = above.centralWidget() if above is not None else None
    if centre is not None:
        yield from (part for part in (centre, *centre.findChildren(QWidget)) if part.acceptDrops())
