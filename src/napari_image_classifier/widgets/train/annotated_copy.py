"""A copy of a Labels layer on which a person gives classes to objects by clicking them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import napari
import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_image_classifier.widgets.viewer.class_colours import Colour
from napari_image_classifier.widgets.viewer.coloured_objects import placement
from napari_image_classifier.widgets.viewer.object_layers import OpenObjects, as_copy
from napari_image_classifier.widgets.viewer.object_numbers import numbered

OPACITY = 0.6
# Of objects that have no class yet.
PALE = (0.7, 0.7, 0.7, 0.35)
NOTHING = (0.0, 0.0, 0.0, 0.0)
# A hand that clicks moves the mouse by so many pixels of the screen.
TREMBLE = 4
LEFT = 1


class AnnotatedCopy:
    """The copy; ``on_click`` is told the item that was clicked on, such as "label=12"."""

    def __init__(
        self,
        viewer: napari.Viewer,
        marked: OpenObjects,
        items: Sequence[str],
        on_click: Callable[[str], None],
    ) -> None:
        self._viewer = viewer
        array, numbers = numbered(marked, items)
        self._items = dict(zip(numbers, items, strict=True))
        self._on_click = on_click
        self.layer = Labels(
            array,
            name=f"{marked.name} as annotated",
            opacity=OPACITY,
            metadata=as_copy(),
            **placement(marked.layer),
        )
        # A slip of the keyboard must not paint or erase objects here.
        self.layer.editable = False
        self.layer.mouse_drag_callbacks.append(self._clicked)
        viewer.add_layer(self.layer)

    @property
    def is_open(self) -> bool:
        """Whether it is still in the viewer."""
        return self.layer in self._viewer.layers

    def activate(self) -> None:
        """Let clicks on the canvas be clicks on this copy."""
        self._viewer.layers.selection = {self.layer}
        self.layer.mode = "pan_zoom"

    def show(self, classes: Mapping[str, str], colours: Mapping[str, Colour]) -> None:
        """Colour the objects by their classes, given by item, and tell them under the mouse."""
        given = [classes.get(item) for item in self._items.values()]
        by_number: dict[int | None, Any] = {None: PALE, 0: NOTHING}
        by_number |= {
            number: (*colours[name], 1.0) if name is not None else PALE
            for number, name in zip(self._items, given, strict=True)
        }
        self.layer.colormap = DirectLabelColormap(color_dict=by_number)
        self.layer.features = {"index": [0, *self._items], "class": ["", *(g or "" for g in given)]}

    def items_at(self, points: Any) -> list[str | None]:
        """Return the item at each of some places in the world, None where there is none."""
        return [self._items.get(self._number_at(point)) for point in points]

    def leave(self) -> None:
        """Take no more clicks; the layer stays."""
        if self._clicked in self.layer.mouse_drag_callbacks:
            self.layer.mouse_drag_callbacks.remove(self._clicked)

    def _clicked(self, layer: Any, event: Any) -> Iterator[None]:
        if event.button != LEFT or event.modifiers:
            return
        begin = np.asarray(event.pos, float)
        yield
        while event.type == "mouse_move":
            yield
        # A drag moves the view, and gives no class.
        if np.abs(np.asarray(event.pos, float) - begin).max() > TREMBLE:
            return
        value = layer.get_value(
            event.position,
            view_direction=event.view_direction,
            dims_displayed=event.dims_displayed,
            world=True,
        )
        item = self._items.get(int(value or 0))
        if item is not None:
            self._on_click(item)

    def _number_at(self, point: Any) -> int:
        place = np.rint(self.layer.world_to_data(np.asarray(point)[-self.layer.ndim :]))
        index = tuple(place.astype(int))
        inside = all(0 <= at < length for at, length in zip(index, self.layer.data.shape,
                                                            strict=True))  # fmt: skip
        return int(self.layer.data[index]) if inside else 0
