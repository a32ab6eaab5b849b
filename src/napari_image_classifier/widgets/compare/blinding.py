"""The blinding of a window: whatever could tell what an image is, hidden while a session runs."""

from contextlib import ExitStack
from typing import Any

import napari
from qtpy.QtWidgets import QDockWidget, QWidget

from napari_image_classifier.widgets.shared.class_keys import window_of

PLAIN_TITLE = "napari"


def blinded(viewer: napari.Viewer, keep: QWidget) -> ExitStack:
    """Hide every dock but that of ``keep``, the window's title and texts on the canvas.

    What it hid comes back when the stack is closed.
    """
    back = ExitStack()
    back.callback(setattr, viewer, "title", viewer.title)
    viewer.title, viewer.status = PLAIN_TITLE, ""
    # Also those behind a tab, which a click would bring up; the last hidden comes back first.
    for dock in reversed(window_of(keep).findChildren(QDockWidget)):
        if not dock.isHidden() and not dock.isAncestorOf(keep):
            dock.hide()
            back.callback(dock.show)
    for overlay in _texts(viewer):
        if overlay.visible:
            overlay.visible = False
            back.callback(setattr, overlay, "visible", True)
    return back


def _texts(viewer: Any) -> list[Any]:
    """Return the overlays that show a text, wherever this napari has them."""
    canvas = getattr(viewer, "canvas", None)
    overlays = getattr(canvas, "overlays", None)
    found = [viewer.text_overlay] if overlays is None else list(overlays.values())
    return [overlay for overlay in found if hasattr(overlay, "text")]
