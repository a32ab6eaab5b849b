"""Which items are shown while labelling, and in which order: two choices in words."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QWidget

from napari_image_classifier.items.annotations import CANNOT_TELL
from napari_image_classifier.raters.labelling_queue import Order, Shown
from napari_image_classifier.widgets.qt.dock import let_be_narrow

UNLABELLED = Shown("unlabelled")
FIXED: dict[Shown, str] = {
    Shown("all"): "everything",
    UNLABELLED: "what has no class yet",
    Shown("labelled"): "what has a class",
    Shown("class", CANNOT_TELL): "what you could not tell",
}
ORDERS: dict[Order, str] = {
    "random": "at random",
    "folder": "as in the folder",
    "teaching": "what teaches most first",
    "confidence": "least confident first",
}
NEED_A_CLASSIFIER = ("teaching", "confidence")


class LabellingChoices(QWidget):
    """Two boxes: what to show, and in which order."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.which, self.how = QComboBox(), QComboBox()
        self.which.setToolTip("Which items are shown, in the gallery and one after another.")
        self.how.setToolTip("In which order they come.")
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addRow("Show", self.which)
        layout.addRow("Order", self.how)
        for box in (self.which, self.how):
            let_be_narrow(box)
            box.activated.connect(lambda _: self.changed.emit())
        self.offer((), (), knows=False)

    @property
    def shown(self) -> Shown:
        """What is to be shown."""
        shown: Shown = self.which.currentData()
        return shown

    @property
    def order(self) -> Order:
        """The order."""
        order: Order = self.how.currentData()
        return order

    def choose(self, shown: Shown | None = None, order: Order | None = None) -> None:
        """Choose as a person would."""
        if shown is not None:
            _choose(self.which, shown)
        if order is not None:
            _choose(self.how, order)
        self.changed.emit()

    def offer(self, given: Sequence[str], said: Sequence[str], *, knows: bool) -> None:
        """Offer the classes given and those that a classifier says, if one ``knows`` the items.

        What was chosen stays, if it is still offered.
        """
        shown, order = self.which.currentData(), self.how.currentData()
        self.which.clear()
        for choice, words in FIXED.items():
            self.which.addItem(words, choice)
        for name in given:
            self.which.addItem(f"class “{name}”", Shown("class", name))
        if knows:
            for name in said:
                self.which.addItem(f"the classifier says “{name}”", Shown("said", name))
            self.which.addItem("where you and the classifier differ", Shown("differ"))
        self.how.clear()
        for way, words in ORDERS.items():
            if knows or way not in NEED_A_CLASSIFIER:
                self.how.addItem(words, way)
        _choose(self.which, shown)
        _choose(self.how, order)


def _choose(box: QComboBox, wanted: object) -> None:
    """Choose what equals ``wanted``, else the first; Qt looks for the very same object."""
    offered = [box.itemData(index) for index in range(box.count())]
    box.setCurrentIndex(offered.index(wanted) if wanted in offered else 0)
