"""The question which images are not independent, in those words."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

from napari_image_classifier.widgets.qt.dock import let_be_narrow
from napari_image_classifier.widgets.qt.parts import choice, stacked, wrapped

QUESTION = "Which images are not independent (same well, dish, animal)?"
TOOLTIP = (
    "Images of one well, dish or animal look alike. They must not be learnt from and tested on at "
    "the same time, or the classifier seems better than it is: they stay together on one side."
)
UNANSWERED = "please choose…"
ALONE = "each image stands alone"


class GroupChoice(QWidget):
    """A choice that must be made: a column, a folder level, or each image alone."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = choice({}, TOOLTIP)
        stacked(self, wrapped(QUESTION, TOOLTIP), self.box)
        self.offer(())
        self.box.activated.connect(lambda _: self.changed.emit())

    @property
    def answered(self) -> bool:
        """Whether a person has chosen."""
        return self.box.currentIndex() > 0

    @property
    def group(self) -> str | None:
        """What `read_items` calls ``group``; None where each image stands alone."""
        group: str | None = self.box.currentData()
        return group

    def choose(self, group: str | None) -> None:
        """Choose as a person would; what is not offered is not chosen."""
        index = 1 if group is None else self.box.findData(group)
        if index > 0:
            self.box.setCurrentIndex(index)
            self.changed.emit()

    def offer(self, columns: Sequence[str], folder_levels: Sequence[int] = ()) -> None:
        """Offer the columns and folder levels found; an answer that is still there stays.

        Level 1 is the sub-folders of the folder itself.
        """
        answered, group = self.answered, self.group
        self.box.clear()
        self.box.addItem(UNANSWERED, None)
        self.box.addItem(ALONE, None)
        offer_shared(self.box, columns, folder_levels)
        if answered:
            self.box.setCurrentIndex(1 if group is None else max(0, self.box.findData(group)))


def offer_shared(box: QComboBox, columns: Sequence[str], folder_levels: Sequence[int]) -> None:
    """Add what images may share, in words, and as `read_items` calls it."""
    let_be_narrow(box)
    for name in columns:
        box.addItem(f"images with the same “{name}”", name)
    for level in folder_levels:
        box.addItem(f"images in the same folder, {level} deep", f"folder:{level}")


ACQUISITION_QUESTION = "Which images were taken together (same plate, day, microscope)?"
ACQUISITION_TOOLTIP = (
    "If all controls were taken on one day and all treated on another, a lamp that aged looks like "
    "an effect. Whether that may be so here can only be looked at where it is known what was taken "
    "together."
)
UNKNOWN = "that is not known"


class AcquisitionChoice(QWidget):
    """A choice that may be left open: a column or a folder level."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = choice({}, ACQUISITION_TOOLTIP)
        stacked(self, wrapped(ACQUISITION_QUESTION, ACQUISITION_TOOLTIP), self.box)
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
