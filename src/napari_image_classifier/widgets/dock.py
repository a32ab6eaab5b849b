"""What every dock of ours looks like: a column that scrolls, with headings."""

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

USUAL_SIZE = QSize(400, 640)
NARROWEST = 330


class Dock(QWidget):
    """A dock widget whose content, added to `column`, scrolls when it is taller than the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        inside = QWidget()
        self.column = QVBoxLayout(inside)
        self.column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.scroll = QScrollArea(self)
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.scroll)
        self.setMinimumWidth(NARROWEST)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a width that leaves the canvas its room."""
        return USUAL_SIZE

    def add_heading(self, text: str) -> QLabel:
        """Add a heading to the column."""
        heading = QLabel(f"<b>{text}</b>")
        heading.setWordWrap(True)
        heading.setContentsMargins(0, 6, 0, 0)
        self.column.addWidget(heading)
        return heading
