"""Predictions in the viewer: captions that follow the sliders, and the image asked for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import napari
from qtpy.QtCore import QObject

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.items.selection import format_selection, parse_selection
from napari_image_classifier.widgets.qt.parts import timer
from napari_image_classifier.widgets.qt.plain_text import on_canvas
from napari_image_classifier.widgets.viewer import layer_captions
from napari_image_classifier.widgets.viewer.class_colours import NOT_CLASSIFIED, label_of
from napari_image_classifier.widgets.viewer.layers_watch import start_after
from napari_image_classifier.widgets.viewer.navigation import (
    look_at_layer,
    look_at_object,
    move_sliders,
    sliders_of,
)

OVERLAY = "image_classifier"
FONT_SIZE = 14


@dataclass(frozen=True, eq=False)
class Captioned:
    """An image with its predictions by item; ``axes`` are those of its layers' data.

    One without predictions has no caption, such as one whose objects are coloured.
    """

    name: str
    layers: tuple[Any, ...]
    axes: str
    predictions: Mapping[str, Prediction]

    @property
    def visible_layers(self) -> list[Any]:
        """Those of its layers that are shown."""
        return [layer for layer in self.layers if layer.visible]


def caption(image: Captioned, dims: Any) -> str:
    """Return the text for the time point and plane that napari's ``dims`` shows."""
    predictions = image.predictions
    if "" in predictions:
        return in_words(predictions[""])
    sliders = sliders_of(image.layers[0], image.axes, dims)
    time, z = (round(sliders[axis]) if axis in sliders else None for axis in "TZ")
    for item in (format_selection(time=t, z=p) for t, p in ((time, z), (time, None), (None, z))):
        if item in predictions:
            return in_words(predictions[item])
    counts = Counter(label_of(row) for row in predictions.values())
    return ", ".join(f"{count} × {name}" for name, count in counts.most_common())


def in_words(prediction: Prediction) -> str:
    """Return "depleted 0.97", "unsure (depleted 0.51)", or that there is no class."""
    if prediction.class_name is None or prediction.confidence is None:
        return NOT_CLASSIFIED
    answer = f"{prediction.class_name} {prediction.confidence:.2f}"
    return answer if prediction.status == "ok" else f"{label_of(prediction)} ({answer})"


class Captions:
    """Writes captions into a viewer's canvas and takes them away again.

    In the ordinary view, where images lie on top of each other, the caption is that of the image
    in front or of the selected one. In grid mode each image has its own, where napari can.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        # Before 0.9 all of this was on the viewer itself.
        self._canvas = getattr(viewer, "canvas", viewer)
        self._overlay: Any = None
        self._captioned_layers: list[Any] = []

    @property
    def events(self) -> tuple[Any, ...]:
        """What `show` is to be called after."""
        viewer = self._viewer
        return (
            viewer.dims.events.current_step,
            viewer.dims.events.ndisplay,
            viewer.layers.selection.events.changed,
            self._canvas.grid.events.enabled,
        )

    def show(self, images: Sequence[Captioned]) -> None:
        """Write the captions of these images that fit the present step, selection and view."""
        shown = [image for image in images if image.visible_layers]
        in_grid = self._canvas.grid.enabled and layer_captions.available
        self._caption_layers(shown if in_grid else [])
        front = None if in_grid else self._in_front(shown)
        if front is not None and front.predictions:
            if self._overlay is None:
                self._overlay = _canvas_overlay(self._viewer, self._canvas)
            text = caption(front, self._viewer.dims)
            self._overlay.text = on_canvas(text if len(images) == 1 else f"{front.name}\n{text}")
            self._overlay.visible = True
        elif self._overlay is not None:
            self._overlay.visible = False

    def _caption_layers(self, images: Sequence[Captioned]) -> None:
        texts = {
            image.visible_layers[0]: caption(image, self._viewer.dims)
            for image in images
            if image.predictions
        }
        for layer in self._captioned_layers:
            if layer not in texts:
                layer_captions.remove(layer)
        for layer, text in texts.items():
            layer_captions.put(layer, on_canvas(text))
        self._captioned_layers = list(texts)

    def _in_front(self, shown: Sequence[Captioned]) -> Captioned | None:
        selected = self._viewer.layers.selection
        for image in shown:
            if selected and selected.issubset(image.layers):
                return image
        height = {layer: index for index, layer in enumerate(self._viewer.layers)}
        return max(
            shown,
            key=lambda image: max(height.get(layer, -1) for layer in image.visible_layers),
            default=None,
        )


def _canvas_overlay(viewer: Any, canvas: Any) -> Any:
    """Return a text of our own in the canvas; before napari 0.9 there was only the viewer's."""
    overlays = getattr(canvas, "overlays", None)
    if overlays is None:
        overlay = viewer.text_overlay
        overlay.position, overlay.font_size = "top_left", FONT_SIZE
        return overlay
    from napari.components.overlays import TextOverlay

    overlays[OVERLAY] = TextOverlay(position="top_left", font_size=FONT_SIZE)
    return overlays[OVERLAY]


class ImageViews(QObject):
    """Knows which layers a prediction is of; the layers' own looks stay as the user set them."""

    def __init__(self, viewer: napari.Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._captions = Captions(viewer)
        self._images: dict[str, Captioned] = {}
        self._hidden: list[Any] = []
        self._show_only = False
        self._soon = timer(self, self._refresh)
        changes = viewer.layers.events
        start_after(self._soon, *self._captions.events, changes.removed, changes.inserted)

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
        self._viewer.layers.selection = set(present)
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
