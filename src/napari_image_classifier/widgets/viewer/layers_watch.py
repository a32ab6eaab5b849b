"""The Image layers of a viewer, and the events of napari that a widget follows."""

from collections.abc import Collection
from typing import Any

import napari
from napari.layers import Image as ImageLayer
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_image_classifier.widgets.qt.parts import timer
from napari_image_classifier.widgets.viewer.layers import OpenLayer, open_layer

MILLISECONDS_BEFORE_TELLING = 100


def image_layers(viewer: napari.Viewer) -> list[OpenLayer]:
    """Return the Image layers of a viewer as they are now; call this on the main thread."""
    return [open_layer(layer) for layer in viewer.layers if isinstance(layer, ImageLayer)]


def start_after(soon: QTimer, *emitters: Any, types: Collection[str] = ()) -> None:
    """Start a timer after each event of these emitters and ``types``, until Qt deletes it.

    Parameters
    ----------
    soon
        The timer.
    *emitters
        Those of napari: of one event or, as ``layer.events``, of all.
    types
        The events that count, such as "name"; none: all of them.
    """

    def wake(event: Any = None) -> None:
        # A function that hears `destroyed` in place of this is a crash: Python may have collected
        # it together with the wrapper of the widget by the time that Qt deletes the widget.
        if not isalive(soon):  # type: ignore[no-untyped-call]
            for emitter in emitters:
                emitter.disconnect(wake)
        elif not types or event.type in types:
            soon.start()

    for emitter in emitters:
        emitter.connect(wake)


class LayersWatch(QObject):
    """``changed`` tells a moment after layers have come or gone; a dozen are told once."""

    changed = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QObject) -> None:
        super().__init__(parent)
        wait = timer(self, self.changed.emit, MILLISECONDS_BEFORE_TELLING)
        start_after(wait, viewer.layers.events.inserted, viewer.layers.events.removed)
