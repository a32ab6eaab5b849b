"""A text on one layer, for grid mode.

napari's public `name_overlay` can only show a layer's name, so this stands on the classes behind
it, and `available` is False in a napari that has others.
"""

from typing import Any

OVERLAY = "image_classifier"
FONT_SIZE = 12

try:
    from napari._vispy.overlays.text import _VispyLayerTextOverlay
    from napari._vispy.utils.visual import overlay_to_visual
    from napari.components.overlays import TextOverlay
except ImportError:
    available = False
else:
    available = True

    class _LayerCaption(TextOverlay):  # type: ignore[misc]
        """A text of a layer; napari draws its own `TextOverlay` for the whole canvas only."""

    class _VispyLayerCaption(_VispyLayerTextOverlay):  # type: ignore[misc]
        def _connect_events(self) -> None:
            self.overlay.events.text.connect(self._on_text_change)

    overlay_to_visual[_LayerCaption] = _VispyLayerCaption


def put(layer: Any, text: str) -> None:
    """Show the text in the top left corner of the layer's cell of the grid."""
    if OVERLAY not in layer._overlays:
        caption = _LayerCaption(position="top_left", font_size=FONT_SIZE, visible=True)
        layer._overlays[OVERLAY] = caption
    layer._overlays[OVERLAY].text = text


def remove(layer: Any) -> None:
    """Take the text away again."""
    layer._overlays.pop(OVERLAY, None)
