"""Two choices while labelling: the items that are shown, and their order."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

from napari_image_classifier.items.annotations import CANNOT_TELL
from napari_image_classifier.raters.labelling_queue import Order, Shown
from napari_image_classifier.widgets.qt.dock import let_be_narrow
from napari_image_classifier.widgets.qt.parts import choice, form_rows, offer

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
        self.which = choice({}, "Which items are shown, in the gallery and one after another.")
        self.how = choice({}, "In which order they come.")
        form_rows(self, ("Show", self.which), ("Order", self.how))
        for box in (self.which, self.how):
            let_be_narrow(box)
            box.activated.connect(lambda _: self.changed.emit())
        self.offer((), ())

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
        _choose(self.which, shown or self.shown)
        _choose(self.how, order or self.order)
        self.changed.emit()

    def offer(self, given: Sequence[str], predicted: Sequence[str]) -> None:
        """Offer the classes given, and those that a classifier predicts, if one knows the items.

        What was chosen stays, if it is still offered.
        """
        shown = FIXED | {Shown("class", name): f"class “{name}”" for name in given}
        shown |= {Shown("said", name): f"the classifier says “{name}”" for name in predicted}
        if predicted:
            shown[Shown("differ")] = "where you and the classifier differ"
        orders = {order: words for order, words in ORDERS.items()
                  if predicted or order not in NEED_A_CLASSIFIER}  # fmt: skip
        offer(self.which, shown.items())
        offer(self.how, orders.items())


def _choose(box: QComboBox, wanted: object) -> None:
    """Choose what equals ``wanted``, else the first; Qt looks for the very same object."""
    offered = [box.itemData(index) for index in range(box.count())]
    box.setCurrentIndex(offered.index(wanted) if wanted in offered else 0)
