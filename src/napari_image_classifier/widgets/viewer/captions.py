"""The class and confidence on each image in the canvas, following the time and plane sliders."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.items.selection import format_selection
from napari_image_classifier.widgets.viewer import layer_captions
from napari_image_classifier.widgets.viewer.class_colours import NOT_CLASSIFIED, label_of

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
    layer = image.layers[0]
    place = layer.world_to_data(dims.point)
    first = dims.ndim - len(place)
    shown = {
        axis: round(place[index])
        for index, axis in enumerate(image.axes)
        if axis in "TZ" and first + index in dims.not_displayed
    }
    time, z = shown.get("T"), shown.get("Z")
    for item in (format_selection(time=t, z=p) for t, p in ((time, z), (time, None), (None, z))):
        if item in predictions:
            return in_words(predictions[item])
    counts = Counter(label_of(row) for row in predictions.values())
    return ", ".join(f"{count} × {name}" for name, count in counts.most_common())


def in_words(prediction: Prediction) -> str:
    """Return "depleted 0.97", "unsure (depleted 0.51)", or that there is no class."""
    if prediction.class_name is None or prediction.confidence is None:
        return NOT_CLASSIFIED
    said = f"{prediction.class_name} {prediction.confidence:.2f}"
    return said if prediction.status == "ok" else f"{label_of(prediction)} ({said})"


class Captions:
    """Writes captions into a viewer's canvas and takes them away again.

    In the ordinary view, where images lie on top of each other, the caption is that of the image
    in front or of the selected one. In grid mode each image has its own, where napari can.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._images: tuple[Captioned, ...] = ()
        # Before 0.9 all of this was on the viewer itself.
        self._canvas = getattr(viewer, "canvas", viewer)
        self._overlay: Any = None
        self._captioned_layers: list[Any] = []

    @property
    def events(self) -> tuple[Any, ...]:
        """What `update` is to be called after."""
        viewer = self._viewer
        return (
            viewer.dims.events.current_step,
            viewer.dims.events.ndisplay,
            viewer.layers.selection.events.changed,
            self._canvas.grid.events.enabled,
        )

    def show(self, images: Sequence[Captioned]) -> None:
        """Write the captions of these images from now on."""
        self._images = tuple(images)
        self.update()

    def update(self) -> None:
        """Write what fits the present step, selection and view."""
        shown = [image for image in self._images if image.visible_layers]
        in_grid = self._canvas.grid.enabled and layer_captions.available
        self._caption_layers(shown if in_grid else [])
        front = None if in_grid else self._in_front(shown)
        if front is not None and front.predictions:
            self._caption_canvas(self._front_text(front))
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
            layer_captions.put(layer, text)
        self._captioned_layers = list(texts)

    def _caption_canvas(self, text: str) -> None:
        if self._overlay is None:
            self._overlay = _canvas_overlay(self._viewer, self._canvas)
        self._overlay.text = text
        self._overlay.visible = True

    def _front_text(self, front: Captioned) -> str:
        text = caption(front, self._viewer.dims)
        return text if len(self._images) == 1 else f"{front.name}\n{text}"

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
