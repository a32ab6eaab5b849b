"""A classifier in the words of a biologist: what it expects, and where it comes from."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.widgets.qt.plain_text import Markup, in_label
from napari_image_classifier.widgets.shared.class_keys import window_of
from napari_image_classifier.wording import counts_of

CLASSIFIES = {
    "image": "whole images",
    "time": "every time point",
    "plane": "every plane of a stack",
}
PROJECTIONS = {
    "max": "the brightest value of each pixel over its planes",
    "mean": "the mean of its planes",
    "sum": "the sum of its planes",
    "middle": "its middle plane",
    "sharpest": "its sharpest plane",
}
INTENSITIES = {
    "fixed": "measured on the training images, so brightness counts",
    "percentiles": "measured on each image, so brightness does not count",
    "none": "taken as they are in the file",
}


def description_in_words(description: ClassifierDescription) -> Markup:
    """Return a few lines, each with a title."""
    preparation = description.preparation
    lines = [
        ("Tells apart", ", ".join(description.class_names)),
        ("Looks at", _channels(preparation)),
        ("Classifies", _items(preparation)),
        ("Trained on", _training(description.training)),
    ]
    return Markup("<br>").join(
        Markup("<b>{}:</b> {}").format(title, in_label(text)) for title, text in lines if text
    )


def details_in_words(description: ClassifierDescription) -> str:
    """Return the rest, for a tooltip."""
    preparation = description.preparation
    height, width = preparation.size
    box = preparation.objects
    lines = [
        f"A box of {box.side:g} {box.unit} is cut out around each object; neighbours in it are "
        f"{box.neighbours}."
        if box
        else f"Every image is scaled to {width} × {height} pixels.",
        f"Intensities are {INTENSITIES[preparation.intensity]}.",
    ]
    if preparation.each != "plane":
        lines.append(f"Of a Z stack it sees {PROJECTIONS[preparation.projection]}.")
    if description.answers_from:
        lines.append(f"Below a confidence of {description.answers_from:g} it says unsure.")
    if description.gate is not None:
        lines.append("Images unlike those of the training are told.")
    return "\n".join(lines)


def _channels(preparation: Preparation) -> str:
    names = ", ".join(preparation.channel_names)
    return names if preparation.channels_named else f"{names} (by their order)"


def _items(preparation: Preparation) -> str:
    if preparation.objects is not None:
        return "objects" if preparation.each != "plane" else "the objects of every plane"
    return CLASSIFIES[preparation.each]


def _training(training: Mapping[str, Any]) -> str:
    counts = training.get("items_per_class")
    if not isinstance(counts, Mapping) or not counts:
        return ""
    told = counts_of(counts)
    accuracy = training.get("validation_accuracy")
    split = training.get("split") or {}
    n_learnt = split.get("training_items")
    if not isinstance(accuracy, int | float) or not isinstance(n_learnt, int):
        return told
    n_kept_aside = split.get("validation_items", sum(counts.values()) - n_learnt)
    return f"{told}; right for {accuracy:.0%} of the {n_kept_aside} kept aside to check it"


SUFFIX = ".keras"
_TAKEN = (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop)


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
        taken = event if isinstance(event, QDropEvent) and event.type() in _TAKEN else None
        if taken is not None and (path := _classifier(taken)) is not None:
            taken.acceptProposedAction()
            if taken.type() == QEvent.Type.Drop:
                self.dropped.emit(path)
            return True
        return super().eventFilter(watched, event)


def _classifier(event: QDropEvent) -> Path | None:
    urls = event.mimeData().urls()
    if len(urls) == 1 and urls[0].isLocalFile():
        path = Path(urls[0].toLocalFile())
        return path if path.suffix.lower() == SUFFIX else None
    return None


def _taking_drops(widget: QWidget) -> Iterator[QWidget]:
    """Yield what takes drops in the middle of the main window: napari's canvas."""
    window = window_of(widget)
    centre = window.centralWidget() if isinstance(window, QMainWindow) else None
    if centre is not None:
        yield from (part for part in (centre, *centre.findChildren(QWidget)) if part.acceptDrops())
