"""The Image layers of a viewer, and the coming and going of layers, told once for many."""

import napari
from napari.layers import Image as ImageLayer
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_image_classifier.widgets.qt.parts import timer
from napari_image_classifier.widgets.viewer.layers import OpenLayer, open_layer

MILLISECONDS_BEFORE_TELLING = 100


def image_layers(viewer: napari.Viewer) -> list[OpenLayer]:
    """Return the Image layers of a viewer as they are now; call this on the main thread."""
    return [open_layer(layer) for layer in viewer.layers if isinstance(layer, ImageLayer)]


class LayersWatch(QObject):
    """``changed`` tells a moment after layers have come or gone; a dozen are told once."""

    changed = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._wait = timer(self, self.changed.emit, MILLISECONDS_BEFORE_TELLING)
        for happening in (viewer.layers.events.inserted, viewer.layers.events.removed):
            happening.connect(self._tell_soon)

    def _tell_soon(self) -> None:
        # napari forgets this method only when Python does, which may be after Qt.
        if isalive(self):  # type: ignore[no-untyped-call]
            self._wait.start()
