"""The legend of coloured objects: the number of each class, and a box that hides it."""

from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from napari_image_classifier.widgets.qt.parts import check_box, swatch
from napari_image_classifier.widgets.qt.plain_text import on_button
from napari_image_classifier.widgets.viewer.class_colours import Colour


class ClassLegend(QWidget):
    """A box to check for each class, in its colour, with its count.

    ``hidden_changed`` carries the names whose boxes are not checked.
    """

    hidden_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, QCheckBox] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)

    @property
    def hidden(self) -> frozenset[str]:
        """The names whose objects are not to be seen."""
        return frozenset(name for name, box in self.boxes.items() if not box.isChecked())

    def show_counts(self, counts: Mapping[str, int], colours: Mapping[str, Colour]) -> None:
        """Show the names of ``colours`` that there are any of, and the classes without any."""
        total = max(sum(counts.values()), 1)
        for name, colour in colours.items():
            if name not in self.boxes:
                self.boxes[name] = self._box(colour)
            box, count = self.boxes[name], counts.get(name, 0)
            box.setText(f"{on_button(name)}: {count} ({count / total:.0%})")
            box.setVisible(bool(count))
        self.setVisible(bool(counts))

    def clear(self) -> None:
        """Forget all classes; everything is to be seen again."""
        for box in self.boxes.values():
            box.deleteLater()
        self.boxes.clear()
        self.hide()

    def _box(self, colour: Colour) -> QCheckBox:
        box = check_box("", "Uncheck to hide the objects of this class.", checked=True)
        box.setIcon(swatch(colour))
        box.toggled.connect(lambda: self.hidden_changed.emit(self.hidden))
        self._column.addWidget(box)
        return box
