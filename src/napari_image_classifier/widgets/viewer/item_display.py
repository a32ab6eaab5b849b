"""Items shown in the viewer, in the same layers, which look as a person set them."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any

import napari
import numpy as np
from napari.layers import Image as ImageLayer
from qtpy.QtCore import QObject, Signal

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.display import Limits
from napari_image_classifier.raters.shown_item import ShownItem
from napari_image_classifier.system.shown_text import never_html
from napari_image_classifier.widgets.qt.background import Errands
from napari_image_classifier.widgets.viewer.navigation import look_at_all_of, look_at_rectangle

OBJECT = "object"
# How a channel looks; what a person changes here is the same for the next item.
LOOKS = (
    "visible",
    "opacity",
    "colormap",
    "contrast_limits_range",
    "contrast_limits",
    "gamma",
    "interpolation2d",
    "blending",
)


class ItemStage:
    """Shows items in ``viewer``; layers are called as their channels are, and tell nothing else.

    Layers that a person had open are out of sight meanwhile, and come back with `leave`; when
    ``blinded`` they are not even listed. Until a person sets the contrast of a channel, it is that
    of ``limits``, by the channel's name, or suits each item.
    """

    def __init__(
        self,
        viewer: napari.Viewer,
        *,
        blinded: bool = False,
        limits: Mapping[str, Limits] | None = None,
    ) -> None:
        self._viewer = viewer
        self._blinded = blinded
        self._limits = limits or {}
        self._suited: dict[str, Limits] = {}
        self._layers: dict[str, ImageLayer] = {}
        self._looks: dict[str, dict[str, Any]] = {}
        self._frame: Any = None
        self._put_aside: list[Any] = []

    @property
    def layers(self) -> Sequence[ImageLayer]:
        """The layers of the item that is shown, one a channel."""
        return [layer for layer in self._layers.values() if layer in self._viewer.layers]

    def show(self, shown: ShownItem) -> None:
        """Show an item in place of the one before."""
        self._put_others_aside()
        same_place = self._is_like_the_last(shown)
        if not same_place:
            self._make_layers(shown)
        for number, (name, layer) in enumerate(self._layers.items()):
            layer.data = shown.channels[number]
            if tuple(layer.scale) != shown.scale:
                layer.scale = shown.scale
            self._suit_contrast(name, layer, shown.contrast_limits[number])
        first = next(iter(self._layers.values()))
        if shown.channels[0].ndim == 3 and not same_place:
            _go_to_plane(self._viewer, first, shown.plane)
        self._show_rectangle(shown)
        if shown.rectangle is not None:
            look_at_rectangle(self._viewer, first, shown.rectangle, zoom=not same_place)
        elif not same_place:
            look_at_all_of(self._viewer, self.layers)

    def clear(self) -> None:
        """Show nothing; the looks of the channels are kept."""
        for name, layer in self._layers.items():
            self._looks[name] = {what: getattr(layer, what) for what in LOOKS}
        for layer in self.layers:
            self._viewer.layers.remove(layer)
        self._layers = {}
        self._remove_frame()

    def leave(self) -> None:
        """Show nothing any more, and again what was open before."""
        self.clear()
        for layer in self._put_aside:
            if self._blinded:
                self._viewer.layers.append(layer)
            elif layer in self._viewer.layers:
                layer.visible = True
        self._put_aside = []

    def _suit_contrast(self, name: str, layer: ImageLayer, limits: Limits) -> None:
        """Set the contrast of a channel, unless a person has."""
        suited, limits = self._suited.get(name), self._limits.get(name, limits)
        if tuple(layer.contrast_limits) == suited and limits != suited:
            layer.contrast_limits = self._suited[name] = limits

    def _put_others_aside(self) -> None:
        own = {*self._layers.values(), self._frame}
        for layer in [layer for layer in self._viewer.layers if layer not in own]:
            if self._blinded:
                self._viewer.layers.remove(layer)
                self._put_aside.append(layer)
            elif layer.visible:
                layer.visible = False
                self._put_aside.append(layer)

    def _is_like_the_last(self, shown: ShownItem) -> bool:
        """Return whether the layers that are there can take the pixels as they are."""
        names = _different(shown.channel_names)
        if names != list(self._layers) or len(self.layers) != len(names):
            return False
        pairs = zip(self._layers.values(), shown.channels, strict=True)
        return all(layer.data.shape == channel.shape for layer, channel in pairs)

    def _make_layers(self, shown: ShownItem) -> None:
        self.clear()
        names = _different(shown.channel_names)
        for number, name in enumerate(names):
            limits = self._limits.get(name, shown.contrast_limits[number])
            layer = ImageLayer(
                shown.channels[number],
                name=never_html(name),
                scale=shown.scale,
                units=(shown.unit,) * len(shown.scale),
                colormap=shown.colormaps[number],
                contrast_limits=limits,
                blending="additive",
            )
            # Room for items that are brighter.
            layer.contrast_limits_range = min(limits[0], 0), 2 * limits[1]
            if name not in self._looks:
                self._suited[name] = limits
            for what, look in self._looks.get(name, {}).items():
                setattr(layer, what, look)
            self._viewer.add_layer(layer)
            self._layers[name] = layer

    def _show_rectangle(self, shown: ShownItem) -> None:
        if shown.rectangle is None:
            self._remove_frame()
            return
        top, left, bottom, right = (np.asarray(shown.rectangle) - 0.5).tolist()
        corners = np.array([[top, left], [top, right], [bottom, right], [bottom, left]])
        if self._frame in self._viewer.layers:
            self._frame.data = [corners]
            self._frame.scale = shown.scale[-2:]
            return
        active = self._viewer.layers.selection.active
        self._frame = self._viewer.add_shapes(
            [corners],
            shape_type="polygon",
            name=OBJECT,
            scale=shown.scale[-2:],
            units=(shown.unit,) * 2,
            face_color="transparent",
            edge_color="white",
            edge_width=0.5,
            opacity=0.7,
        )
        # Clicks and the contrast stay with the image.
        self._viewer.layers.selection.active = active

    def _remove_frame(self) -> None:
        if self._frame in self._viewer.layers:
            self._viewer.layers.remove(self._frame)
        self._frame = None


def _different(names: Sequence[str]) -> list[str]:
    """Return names for layers, which differ even where channels do not."""
    return [name if names.index(name) == i else f"{name} ({i + 1})" for i, name in enumerate(names)]


def _go_to_plane(viewer: napari.Viewer, layer: ImageLayer, plane: int) -> None:
    axis = viewer.dims.ndim - 3
    viewer.dims.set_point(axis, layer.data_to_world((plane, 0, 0))[0])


class ItemsAhead(QObject):
    """Keeps what is wanted at hand, and only that; ``read`` makes it of whatever it is wanted by.

    ``arrived`` carries the key of what has been read, or can't be: then `why_not` has the sentence.
    """

    arrived = Signal(object)

    def __init__(self, read: Callable[[Any], ShownItem], parent: QObject) -> None:
        super().__init__(parent)
        self._read = read
        self._at_hand: dict[Hashable, ShownItem | str] = {}
        self._wanted: Mapping[Hashable, Any] = {}
        self._errands = Errands(self)
        self._errands.done.connect(self._take)

    def want(self, wanted: Mapping[Hashable, Any]) -> None:
        """Have these read, by their keys, the first one first; what is not among them is let go."""
        self._wanted = dict(wanted)
        self._at_hand = {key: result for key, result in self._at_hand.items() if key in wanted}
        # What waits already is asked for again, in the new order.
        self._errands.keep_only(())
        for key, what in wanted.items():
            if key not in self._at_hand:
                self._errands.do(key, partial(_read_or_why_not, self._read, what))

    def get(self, key: Hashable) -> ShownItem | None:
        """Return what has been read; None where it has not, or can't be."""
        result = self._at_hand.get(key)
        return result if isinstance(result, ShownItem) else None

    def why_not(self, key: Hashable) -> str:
        """Return why it can't be shown; "" where it can, or nobody knows yet."""
        result = self._at_hand.get(key)
        return result if isinstance(result, str) else ""

    def _take(self, key: Hashable, result: ShownItem | str) -> None:
        if key in self._wanted:
            self._at_hand[key] = result
            self.arrived.emit(key)


def _read_or_why_not(read: Callable[[Any], ShownItem], what: Any) -> ShownItem | str:
    try:
        return read(what)
    except (ImageClassifierError, OSError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - one image must not end the session
        return f"It can't be shown: {type(error).__name__}: {error}"
