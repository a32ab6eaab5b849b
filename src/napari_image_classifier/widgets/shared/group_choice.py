"""Two choices of what images share: a well or dish, so that they are not independent; a day."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_image_classifier.widgets.qt.dock import let_be_narrow
from napari_image_classifier.widgets.qt.parts import choice, offer, stacked, wrapped

QUESTION = "Which images are not independent (same well, dish, animal)?"
TOOLTIP = (
    "Images of one well, dish or animal look alike. They must not be learnt from and tested on at "
    "the same time, or the classifier seems better than it is: they stay together on one side."
)
UNANSWERED = "please choose…"
ALONE = "each image stands alone"
ACQUISITION_QUESTION = "Which images were taken together (same plate, day, microscope)?"
ACQUISITION_TOOLTIP = (
    "If all controls were taken on one day and all treated on another, a lamp that aged looks like "
    "an effect. Whether that may be so here can only be looked at where it is known what was taken "
    "together."
)
UNKNOWN = "that is not known"


class _SharedChoice(QWidget):
    """A choice of what images share, in words, after answers that are always there."""

    def __init__(self, question: str, tooltip: str, always: Sequence[str]) -> None:
        super().__init__()
        self.box = choice({}, tooltip)
        let_be_narrow(self.box)
        stacked(self, wrapped(question, tooltip), self.box)
        self._always = always
        self._offered: tuple[Sequence[str], Sequence[int]] | None = None
        self.offer((), ())

    @property
    def shared(self) -> str | None:
        """What `read_items` calls ``group`` or ``acquisition``; None where nothing is shared."""
        shared: str | None = self.box.currentData()
        return shared

    def offer(self, columns: Sequence[str], folder_levels: Sequence[int]) -> None:
        """Offer the columns and folder levels found; an answer that is still there stays.

        Level 1 is the sub-folders of the folder itself.
        """
        if (columns, folder_levels) == self._offered:
            return
        self._offered = (columns, folder_levels)
        always = 0 if self.shared else max(0, self.box.currentIndex())
        levels = {f"folder:{n}": f"images in the same folder, {n} deep" for n in folder_levels}
        words = {name: f"images with the same “{name}”" for name in columns} | levels
        offer(self.box, [*((None, answer) for answer in self._always), *words.items()], always)


class GroupChoice(_SharedChoice):
    """A choice that must be made: a column, a folder level, or each image alone."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(QUESTION, TOOLTIP, (UNANSWERED, ALONE))
        self.box.activated.connect(lambda _: self.changed.emit())

    @property
    def answered(self) -> bool:
        """Whether a person has chosen."""
        return self.box.currentIndex() > 0

    def why_unusable(self) -> str | None:
        """Return a sentence until a person has chosen."""
        return None if self.answered else "Say which images are not independent."

    def choose(self, group: str | None) -> None:
        """Choose as a person would; what is not offered is not chosen."""
        index = 1 if group is None else self.box.findData(group)
        if index > 0:
            self.box.setCurrentIndex(index)
            self.changed.emit()


class AcquisitionChoice(_SharedChoice):
    """A choice that may be left open: a column or a folder level."""

    def __init__(self) -> None:
        super().__init__(ACQUISITION_QUESTION, ACQUISITION_TOOLTIP, (UNKNOWN,))

    def offer(self, columns: Sequence[str], folder_levels: Sequence[int]) -> None:
        """Offer what was found, and hide where there is nothing to choose."""
        super().offer(columns, folder_levels)
        self.setVisible(self.box.count() > 1)
