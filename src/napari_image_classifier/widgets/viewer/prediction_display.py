"""Predictions in the viewer: captions, and the image that a person asks for."""

from collections.abc import Mapping, Sequence
from typing import Any

import napari
from qtpy.QtCore import QObject

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.items.selection import parse_selection
from napari_image_classifier.widgets.qt.parts import timer
from napari_image_classifier.widgets.viewer.captions import Captioned, Captions
from napari_image_classifier.widgets.viewer.layers_watch import start_after
from napari_image_classifier.widgets.viewer.navigation import (
    look_at_layer,
    look_at_object,
    move_sliders,
)


class ImageViews(QObject):
    """Knows which layers a prediction is of; the layers' own looks stay as the user set them."""

    def __init__(self, viewer: napari.Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._captions = Captions(viewer)
        self._images: dict[str, Captioned] = {}
        self._hidden: list[Any] = []
        self._only: str | None = None
        self._show_only = False
        self._soon = timer(self, self._refresh)
        changes = viewer.layers.events
        start_after(self._soon, self, *self._captions.events, changes.removed, changes.inserted)

    def clear(self) -> None:
        """Forget all predictions and take the captions away."""
        self.show_only(False)
        self._images.clear()
        self._refresh()

    def add(
        self, name: str, layers: Sequence[Any], axes: str, predictions: Mapping[str, Prediction]
    ) -> None:
        """Show an image's predictions, by item; ``axes`` are those of its layers' data."""
        self._images[name] = Captioned(name, tuple(layers), axes, dict(predictions))
        self._soon.start()

    def go_to(self, prediction: Prediction) -> None:
        """Select the image's layers, move the sliders to the item, and centre the view on it.

        A small object is brought nearer, until it can be seen.
        """
        image = self._images.get(prediction.file)
        present = [layer for layer in image.layers if layer in self._viewer.layers] if image else []
        if image is None or not present:
            return
        if self._show_only:
            self._hide_instead([other for other in self._images.values() if other is not image])
        selection = self._viewer.layers.selection
        selection.clear()
        selection.update(present)
        move_sliders(self._viewer, present[0], image.axes, parse_selection(prediction.item))
        if prediction.place is not None:
            look_at_object(self._viewer, present[0], prediction.place)
        else:
            look_at_layer(self._viewer, present[0])

    def show_only(self, wanted: bool) -> None:
        """Hide the other classified images when one is gone to; without it they come back."""
        self._show_only = wanted
        if not wanted:
            self._hide_instead(())

    def _hide_instead(self, images: Sequence[Captioned]) -> None:
        """Hide these images, and show again what was hidden before."""
        for layer in self._hidden:
            layer.visible = True
        self._hidden = [layer for image in images for layer in image.visible_layers]
        for layer in self._hidden:
            layer.visible = False

    def _refresh(self) -> None:
        layers = set(self._viewer.layers)
        self._images = {
            name: image for name, image in self._images.items() if layers.issuperset(image.layers)
        }
        self._captions.show(list(self._images.values()))
