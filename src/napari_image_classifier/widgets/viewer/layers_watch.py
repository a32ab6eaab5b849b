"""The events of napari that a widget follows, as long as Qt has it."""

from typing import Any

import napari
from qtpy.QtCore import QObject, QTimer, Signal

from napari_image_classifier.widgets.qt.parts import timer

MILLISECONDS_BEFORE_TELLING = 100


def start_after(soon: QTimer, owner: QObject, *emitters: Any) -> None:
    """Start a timer after each event of these emitters, until Qt deletes ``owner``."""

    def wake(event: Any = None) -> None:
        soon.start()

    def leave() -> None:
        for emitter in emitters:
            emitter.disconnect(wake)

    for emitter in emitters:
        emitter.connect(wake)
    # The viewer may be half gone by then, so its emitters are held here.
    owner.destroyed.connect(leave)


class LayersWatch(QObject):
    """``changed`` tells a moment after layers have come or gone; a dozen are told once."""

    changed = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QObject) -> None:
        super().__init__(parent)
        wait = timer(self, self.changed.emit, MILLISECONDS_BEFORE_TELLING)
        start_after(wait, self, viewer.layers.events.inserted, viewer.layers.events.removed)
