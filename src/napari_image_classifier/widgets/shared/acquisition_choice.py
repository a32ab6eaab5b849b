"""The question which images were taken together."""

from collections.abc import Sequence

from qtpy.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from napari_image_classifier.widgets.shared.group_choice import offer_shared

QUESTION = "Which images were taken together (same plate, day, microscope)?"
TOOLTIP = (
    "If all controls were taken on one day and all treated on another, a lamp that aged looks like "
    "an effect. Whether that may be so here can only be looked at where it is known what was taken "
    "together."
)
UNKNOWN = "that is not known"


class AcquisitionChoice(QWidget):
    """A choice that may be left open: a column or a folder level."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QComboBox()
        question = QLabel(QUESTION)
        question.setWordWrap(True)
        for widget in (question, self.box):
            widget.setToolTip(TOOLTIP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(question)
        layout.addWidget(self.box)
        self._offered: tuple[Sequence[str], Sequence[int]] | None = None
        self.offer((), ())

    @property
    def acquisition(self) -> str | None:
        """What `read_items` calls ``acquisition``; None where it is not known."""
        acquisition: str | None = self.box.currentData()
        return acquisition

    def offer(self, columns: Sequence[str], folder_levels: Sequence[int]) -> None:
        """Offer the columns and folder levels found; an answer that is still there stays."""
        if (columns, folder_levels) == self._offered:
            return
        self._offered = (columns, folder_levels)
        before = self.acquisition
        self.box.clear()
        self.box.addItem(UNKNOWN, None)
        offer_shared(self.box, columns, folder_levels)
        self.box.setCurrentIndex(max(0, self.box.findData(before)) if before else 0)
        self.setVisible(self.box.count() > 1)
