"""The part of *Train classifier* where objects of open images get their classes by clicks."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
from napari.layers import Points
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QFormLayout, QWidget

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.raters.object_annotations import export_annotations
from napari_image_classifier.widgets.qt.dock import let_be_narrow
from napari_image_classifier.widgets.qt.parts import (
    button,
    choice,
    in_a_row,
    line_edit,
    offer,
    stacked,
    wrapped,
)
from napari_image_classifier.widgets.qt.plain_text import in_cell
from napari_image_classifier.widgets.qt.saving import saved, told_in
from napari_image_classifier.widgets.shared.class_buttons import ClassButtons
from napari_image_classifier.widgets.train.annotated_image import AnnotatedImage, written
from napari_image_classifier.widgets.train.open_images import folder_of
from napari_image_classifier.widgets.viewer.layers import OpenImage, group_layers
from napari_image_classifier.widgets.viewer.layers_watch import LayersWatch, image_layers
from napari_image_classifier.widgets.viewer.object_layers import OpenObjects, fitting, open_objects

CHOOSE = "choose…"
GROUP_TOOLTIP = (
    "Objects of one image are never parted. Images of one well, dish or animal are not independent "
    "either: write the same word for them. Empty: the image stands alone."
)
HOW = "Choose a class, then click on objects of it in the image. Dragging moves the view."
TOO_FEW_IMAGES = (
    "Give every class to objects of at least two images, better of two wells, dishes or animals: "
    "objects of one image are not independent of each other."
)


class ObjectAnnotation(QWidget):
    """Asks which image, which layer marks its objects, and which class each object has."""

    changed = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._annotated: dict[tuple[str, Any], AnnotatedImage] = {}
        self.present: AnnotatedImage | None = None
        self._layers = LayersWatch(viewer, self)
        self._build()
        self._connect()
        self.refresh()

    def _build(self) -> None:
        self.image = choice({}, "The open image whose objects get classes now.")
        self.layer = choice({}, "The Labels layer in which its objects are numbered.")
        self.column = choice({}, "Take the classes from a column of the Labels layer's features.")
        for box in (self.image, self.layer, self.column):
            let_be_narrow(box)
        self.group = line_edit(tooltip=GROUP_TOOLTIP)
        self.classes = ClassButtons()
        self.undo_button = button("Undo", "Take back the last class that was given in this image.")
        self.points_button = button(
            "From Points layers",
            "Every Points layer is a class named like the layer: objects under its points get it.",
        )
        self.save_button = button(
            "Save classes…",
            "Write a table (CSV) of the classes of all images, for the command line's --items. "
            "They are kept safe all the same, and are here again with the same image and mask.",
        )
        self.says = wrapped()
        asked = QFormLayout()
        asked.addRow("Image", self.image)
        asked.addRow("Objects", self.layer)
        asked.addRow("Same well, dish, animal", self.group)
        lines = (in_a_row(self.undo_button, self.points_button),
                 in_a_row(self.column, self.save_button))  # fmt: skip
        for line in lines:
            line.setStretch(0, 1)
            line.setStretch(1, 1)
        stacked(self, asked, self.classes, *lines, self.says)

    def _connect(self) -> None:
        self.image.activated.connect(self._offer_layers)
        self.layer.activated.connect(self._choose)
        self.group.textEdited.connect(self._take_group)
        self.classes.changed.connect(self._show)
        self.classes.renamed.connect(self._rename)
        self.classes.chosen_changed.connect(self._activate)
        self.undo_button.clicked.connect(self._undo)
        self.points_button.clicked.connect(self._from_points)
        self.column.activated.connect(self._from_column)
        self.save_button.clicked.connect(self._ask_where_to_save)
        self._layers.changed.connect(self.refresh)

    @property
    def images(self) -> list[AnnotatedImage]:
        """The images in which objects have classes."""
        return [image for image in self._annotated.values() if image.annotations.classes]

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The channels of the present image."""
        return self.present.opened.channel_names if self.present else ()

    def why_unusable(self) -> str | None:
        """Return why nothing can be learnt yet, as a sentence."""
        if self.present is None and not self.images:
            return "Choose an open image and the Labels layer that marks its objects."
        sources: dict[str, set[str]] = {}
        for image in self.images:
            for name in image.annotations.counts:
                sources.setdefault(name, set()).add(image.group or image.file)
        if len(sources) < 2:
            return "Give objects at least two classes: choose one, then click on objects."
        if any(len(images) < 2 for images in sources.values()):
            return TOO_FEW_IMAGES
        return None

    def items(self, temporary: Path) -> Callable[[], ItemTable]:
        """Return a function that writes the images and returns the table of items."""
        images = self.images
        return lambda: written(images, temporary)

    def folder(self) -> Path:
        """Return the folder of the first image's file; the home folder where it has none."""
        return folder_of(image.opened for image in self.images)

    def leave(self) -> None:
        """Take no more clicks."""
        for image in self._annotated.values():
            image.leave()

    def save(self, path: Path) -> None:
        """Write the classes of all images."""
        with told_in(self.says):
            classes = {image.file: image.annotations.classes for image in self.images}
            self.says.setText(saved(export_annotations(path, classes)))

    def refresh(self) -> None:
        """Offer the images and layers that are open now."""
        before = self.image.currentText()
        self.image.clear()
        for image in group_layers(image_layers(self._viewer)):
            if image.channels:
                self.image.addItem(in_cell(image.name), image)
        self.image.setCurrentIndex(max(self.image.findText(before), 0))
        self._offer_layers()

    def _offer_layers(self) -> None:
        objects = filter(None, map(open_objects, self._viewer.layers))
        labels = [marked for marked in objects if marked.kind == "Labels"]
        opened: OpenImage | None = self.image.currentData()
        offered = fitting(opened, labels) if opened else []
        offer(self.layer, [(None, CHOOSE), *((marked, marked.name) for marked in offered)])
        self._show_present(None)
        for number, marked in enumerate(offered, start=1):
            if opened and (opened.name, marked.layer) in self._annotated:
                self.layer.setCurrentIndex(number)
                self._choose()
                break

    def _choose(self) -> None:
        opened: OpenImage | None = self.image.currentData()
        marked: OpenObjects | None = self.layer.currentData()
        if opened is None or marked is None:
            self._show_present(None)
            return
        key = (opened.name, marked.layer)
        known = self._annotated.get(key)
        if known is None or not known.is_open:
            try:
                known = AnnotatedImage(self._viewer, opened, marked, self._give)
            except ImageClassifierError as error:
                self.says.setText(str(error))
                return
            except OSError as error:
                self.says.setText(f"The classes that were given earlier can't be opened: {error}.")
                return
            self._annotated[key] = known
            self._offer_classes(known)
        self._show_present(known)

    def _show_present(self, image: AnnotatedImage | None) -> None:
        self.present = image
        for widget in (self.group, self.classes, self.undo_button, self.points_button, self.column,
                       self.save_button):  # fmt: skip
            widget.setEnabled(image is not None)
        self.column.clear()
        if image is not None:
            self.group.setText(image.group)
            names = [str(name) for name in image.marked.layer.features if name != "index"]
            columns = [(None, "from a column…"), *zip(names, names, strict=True)]
            offer(self.column, columns)
            taken_over = len(image.annotations.classes)
            words = f"{taken_over} objects have a class. {HOW}" if taken_over else HOW
            self._say_of(image, words)
            self._activate()
        self._show()

    def _activate(self) -> None:
        if self.present is not None and self.present.is_open:
            self.present.activate()

    def _give(self, image: AnnotatedImage, item: str) -> None:
        if not self.classes.names:
            self.says.setText("Write the name of a class first, and press Enter.")
            return
        name = self.classes.chosen
        with told_in(self.says):
            image.annotations.give({item: name})
            self._offer_classes(image)
            self._say_of(image, f"Object {item.replace('label=', '')}: {name or 'no class'}.")
            self._show()

    def _undo(self) -> None:
        with told_in(self.says):
            if self.present.annotations.undo():
                self._show()

    def _from_points(self) -> None:
        layers = [layer for layer in self._viewer.layers if isinstance(layer, Points)]
        with told_in(self.says):
            given, beside, unclear = self.present.from_points(layers)
            self._say_taken(
                given,
                f"{beside} points lie on no object" * bool(beside),
                f"{unclear} objects have points of several classes" * bool(unclear),
            )

    def _from_column(self, number: int) -> None:
        if number > 0:
            with told_in(self.says):
                self._say_taken(self.present.from_features(self.column.currentData()))

    def _say_taken(self, given: int, *others: str) -> None:
        assert self.present is not None
        self._offer_classes(self.present)
        words = "; ".join([f"{given} objects got a class", *filter(None, others)])
        self._say_of(self.present, f"{words}.")
        self._show()

    def _offer_classes(self, image: AnnotatedImage) -> None:
        """Offer the classes that its objects have, also those of another window."""
        for name in image.annotations.counts:
            self.classes.add(name)

    def _say_of(self, image: AnnotatedImage, words: str) -> None:
        """Say what happened, and where an earlier table is that could not be read."""
        self.says.setText(f"{words} {image.annotations.notice}".rstrip())

    def _rename(self, name: str, new: str) -> None:
        with told_in(self.says):
            for image in self._annotated.values():
                image.annotations.rename(name, new)
        self._show()

    def _take_group(self, text: str) -> None:
        self.present.group = text.strip()
        self.changed.emit()

    def _show(self) -> None:
        counts = sum((image.annotations.counts for image in self._annotated.values()), Counter())
        self.classes.show_counts(counts)
        if self.present is not None:
            self.present.show(self.classes.names)
        self.changed.emit()

    def _ask_where_to_save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Save classes", "objects.csv", "CSV (*.csv)")
        if chosen:
            self.save(Path(chosen))
