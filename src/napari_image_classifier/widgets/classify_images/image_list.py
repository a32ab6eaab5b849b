"""The open images that can be classified, kept up to date with the viewer's layers."""

from typing import Any

import napari
from napari.layers import Image as ImageLayer
from napari.layers import Points, Shapes
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.widgets.classify_images.channel_table import ChannelTable
from napari_image_classifier.widgets.qt.parts import stacked, timer
from napari_image_classifier.widgets.viewer.layer_predictions import Task
from napari_image_classifier.widgets.viewer.layers import (
    MEANINGS,
    OpenImage,
    group_layers,
    open_layer,
)
from napari_image_classifier.widgets.viewer.object_layers import OpenObjects, open_objects

AXIS_WORDS = {"Z": "planes", "T": "time points", "C": "channels"}
ASK = "choose"


class MeaningChoice(QWidget):
    """Asks what the ``n_axes`` axes before y and x are, where layers don't say."""

    changed = Signal()

    def __init__(self, n_axes: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = QComboBox()
        self.choice.addItem(ASK, "")
        for meaning in MEANINGS[n_axes]:
            self.choice.addItem(", then ".join(AXIS_WORDS[axis] for axis in meaning), meaning)
        self.choice.setToolTip("The layers don't say what their sliders are; say it here.")
        self.choice.currentIndexChanged.connect(self.changed)
        words = "The slider of stacks is:" if n_axes == 1 else f"The {n_axes} sliders are:"
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel(words))
        layout.addWidget(self.choice, stretch=1)

    @property
    def meaning(self) -> str:
        """The letters chosen, "" when none are."""
        return str(self.choice.currentData())


class OpenImageList(QWidget):
    """The table of open images with what it needs to ask; ``changed`` after every change."""

    changed = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._preparation: Preparation | None = None
        self.images: list[OpenImage] = []
        self.table = ChannelTable()
        self.meanings = {n_axes: MeaningChoice(n_axes) for n_axes in MEANINGS}
        self._soon = timer(self, self.refresh)
        # The room that is left over belongs to the results.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        stacked(self, self.table, *self.meanings.values())
        for choice in self.meanings.values():
            choice.hide()
            choice.changed.connect(self.refresh)
        self.table.changed.connect(self.changed)
        self._watch()
        self.refresh()

    def expect(self, preparation: Preparation | None) -> None:
        """Match the images' channels to those of this preparation."""
        self._preparation = preparation
        self.refresh()

    def tasks(self) -> list[Task]:
        """Return what can be classified and is checked."""
        return self.table.tasks() if self._preparation is not None else []

    def why_unusable(self) -> str | None:
        """Return why nothing can be classified, as a sentence."""
        if not self.images:
            return "Open images to classify: File ▸ Open, or drop them on the viewer."
        if not self.tasks() and any(image.unknown_axes for image in self.images):
            return "Say below the table what the sliders of these images are."
        if not self.tasks() and self.table.incomplete():
            if self._of_objects and not self._marking():
                return (
                    "This classifier is one of objects: open a Labels layer in which they are "
                    "numbered, such as Cellpose makes, or mark them in a Points or Shapes layer."
                )
            return "No image has all that the classifier needs: choose it in the table."
        if not self.tasks():
            return "Check the images to classify."
        return None

    def hint(self) -> str:
        """Return a sentence about images that will be left out; "" when none will."""
        left_out = [image.name for image in self.table.incomplete()]
        if not left_out:
            return ""
        which = left_out[0] if len(left_out) == 1 else f"{len(left_out)} images"
        return f"{which} will be left out until all is chosen in the table."

    def refresh(self) -> None:
        """Look at the viewer's layers again."""
        preparation = self._preparation
        wanted = preparation.channel_names if preparation else ()
        named = preparation.channels_named if preparation else True
        meanings = {n_axes: choice.meaning for n_axes, choice in self.meanings.items()}
        layers = [open_layer(layer) for layer in self._viewer.layers if _is_image(layer)]
        self.images = group_layers(
            layers, wanted, {n_axes: meaning for n_axes, meaning in meanings.items() if meaning}
        )
        unknown = {layer.n_unknown_axes for layer in layers}
        for n_axes, choice in self.meanings.items():
            choice.setVisible(n_axes in unknown)
        self.table.show_images(
            self.images, wanted, named, self._marking() if self._of_objects else None
        )

    @property
    def _of_objects(self) -> bool:
        return self._preparation is not None and self._preparation.objects is not None

    def _marking(self) -> list[OpenObjects]:
        found = [open_objects(layer) for layer in self._viewer.layers]
        return [one for one in found if one is not None]

    def _watch(self) -> None:
        soon, layers = self._soon, self._viewer.layers
        # The viewer may be half gone when `destroyed` comes, so its emitters are held here.
        layers_inserted, layers_removed = layers.events.inserted, layers.events.removed
        watched: dict[Any, tuple[Any, ...]] = {}

        # A file with many channels inserts a layer for each; the table follows once.
        def wake(event: Any = None) -> None:
            soon.start()

        def watch(layer: Any) -> None:
            watched[layer] = _happenings(layer)
            for happening in watched[layer]:
                happening.connect(wake)

        def forget(layer: Any) -> None:
            for happening in watched.pop(layer, ()):
                happening.disconnect(wake)

        def inserted(event: Any) -> None:
            watch(event.value)
            wake()

        def removed(event: Any) -> None:
            forget(event.value)
            wake()

        def leave() -> None:
            layers_inserted.disconnect(inserted)
            layers_removed.disconnect(removed)
            for layer in list(watched):
                forget(layer)

        for layer in layers:
            watch(layer)
        layers_inserted.connect(inserted)
        layers_removed.connect(removed)
        self.destroyed.connect(leave)


def _happenings(layer: Any) -> tuple[Any, ...]:
    events = layer.events
    if _is_image(layer):
        return (events.name, events.data, events.axis_labels)
    return (events.name, events.data) if isinstance(layer, Points | Shapes) else (events.name,)


def _is_image(layer: Any) -> bool:
    # Labels are a kind of image to Python, and none to a person.
    return type(layer) is ImageLayer
