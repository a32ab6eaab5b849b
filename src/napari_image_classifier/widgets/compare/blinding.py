"""The blinding of a window: whatever could tell what an image is, hidden while a session runs."""

from typing import Any

import napari
from qtpy.QtWidgets import QDockWidget, QWidget

from napari_image_classifier.widgets.shared.class_keys import window_of

PLAIN_TITLE = "napari"


class Blinding:
    """Hides every dock but that of ``keep``, the window's title and texts on the canvas.

    What it hid comes back with `end`.
    """

    def __init__(self, viewer: napari.Viewer, keep: QWidget) -> None:
        self._viewer = viewer
        self._keep = keep
        self._docks: list[QDockWidget] = []
        self._overlays: list[Any] = []
        self._title = viewer.title
        self._is_on = False

    def begin(self) -> None:
        """Hide it."""
        if self._is_on:
            return
        self._is_on = True
        self._title, self._viewer.title = self._viewer.title, PLAIN_TITLE
        self._viewer.status = ""
        # Also those behind a tab, which a click would bring up.
        self._docks = [
            dock
            for dock in window_of(self._keep).findChildren(QDockWidget)
            if not dock.isHidden() and not dock.isAncestorOf(self._keep)
        ]
        for dock in self._docks:
            dock.hide()
        self._overlays = [overlay for overlay in _texts(self._viewer) if overlay.visible]
        for overlay in self._overlays:
            overlay.visible = False

    def end(self) -> None:
        """Show it again."""
        if not self._is_on:
            return
        self._is_on = False
        self._viewer.title = self._title
        for dock in self._docks:
            dock.show()
        for overlay in self._overlays:
            overlay.visible = True
        self._docks, self._overlays = [], []


def _texts(viewer: Any) -> list[Any]:
    """Return the overlays that show a text, wherever this napari has them."""
    canvas = getattr(viewer, "canvas", None)
    overlays = getattr(canvas, "overlays", None)
    found = [viewer.text_overlay] if overlays is None else list(overlays.values())
    return [overlay for overlay in found if hasattr(overlay, "text")]
