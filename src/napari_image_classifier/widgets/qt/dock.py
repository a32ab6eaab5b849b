"""Docks: a column that scrolls, with headings, and parts that fold away."""

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_image_classifier.widgets.qt.parts import stacked, wrapped
from napari_image_classifier.widgets.qt.plain_text import Markup, in_label, on_button

USUAL_SIZE = QSize(400, 640)
NARROWEST = 330
FEWEST_LETTERS = 12


class Dock(QWidget):
    """A dock widget whose content, added to `column`, scrolls when it is taller than the window.

    ``closed`` tells that a person has closed it.
    """

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        inside = QWidget()
        self.column = QVBoxLayout(inside)
        self.column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._area = scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        stacked(self, scroll)
        self.setMinimumWidth(NARROWEST)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a width that leaves the canvas its room."""
        return USUAL_SIZE

    def event(self, event: QEvent | None) -> bool:
        """Tell when it is taken out of the window, which is how napari closes docks."""
        if event.type() == QEvent.Type.ParentChange and self.parentWidget() is None:
            self.closed.emit()
        return super().event(event)

    def scroll_to(self, part: QWidget) -> None:
        """Bring a part of the column into view."""
        self._area.ensureWidgetVisible(part, 0, 0)

    def add(self, *parts: QWidget) -> None:
        """Add parts to the column, below each other."""
        for part in parts:
            self.column.addWidget(part)

    def add_heading(self, text: str) -> QLabel:
        """Add a heading to the column."""
        heading = wrapped(Markup("<b>{}</b>").format(text))
        heading.setContentsMargins(0, 6, 0, 0)
        self.add(heading)
        return heading


def coloured_dot(colour: str, words: str) -> Markup:
    """Return a dot in a colour such as "#0072B2", and what it stands for."""
    return Markup('<span style="color:{}">●</span> {}').format(colour, in_label(words))


def let_be_narrow(box: QComboBox) -> None:
    """Let a choice with long words be cut off rather than make its dock wider than the window."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(FEWEST_LETTERS)


def let_be_cut_off(label: QLabel) -> None:
    """Let a text with long words, such as names of files, not make its dock wider."""
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)


class Folded(QWidget):
    """What is folded away below a title until somebody wants it; more goes into `inside`."""

    def __init__(self, title: str, *content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._button = QPushButton(self)
        self._button.setCheckable(True)
        self._button.setFlat(True)
        self._button.setStyleSheet(
            "QPushButton { text-align: left; border: none; background: transparent; padding: 3px }"
        )
        self._button.toggled.connect(self._show)
        self._content = QWidget(self)
        self.inside = QVBoxLayout(self._content)
        self.inside.setContentsMargins(12, 0, 0, 0)
        for widget in content:
            self.inside.addWidget(widget)
        stacked(self, self._button, self._content).setSpacing(2)
        self._show(False)

    def set_title(self, title: str) -> None:
        """Change the title."""
        self._title = title
        self._show(self._button.isChecked())

    def unfold(self) -> None:
        """Show the content."""
        self._button.setChecked(True)

    def fold(self) -> None:
        """Fold the content away."""
        self._button.setChecked(False)

    def _show(self, unfolded: bool) -> None:
        self._button.setText(f"{'▾' if unfolded else '▸'}  {on_button(self._title)}")
        self._content.setVisible(unfolded)
