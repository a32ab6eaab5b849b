"""An open image whose objects get classes by clicks on a copy of its Labels layer."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import napari
import numpy as np
import xxhash
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.raters.object_annotations import ObjectAnnotations
from napari_image_classifier.system.csv_tables import write_table
from napari_image_classifier.system.shown_text import never_html
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.train.open_images import plain_name
from napari_image_classifier.widgets.viewer.class_colours import class_colours
from napari_image_classifier.widgets.viewer.coloured_objects import placement
from napari_image_classifier.widgets.viewer.layers import OpenImage
from napari_image_classifier.widgets.viewer.object_layers import (
    OpenObjects,
    as_copy,
    located,
    numbered,
    objects_in,
)

OPACITY = 0.6
# Of objects that have no class yet.
PALE = (0.7, 0.7, 0.7, 0.35)
NOTHING = (0.0, 0.0, 0.0, 0.0)
# In pixels of the screen.
LARGEST_MOVE_OF_A_CLICK = 4
LEFT = 1


class AnnotatedImage:
    """The objects that a Labels layer marks in an open image, with a copy of it to click on.

    ``on_click`` is told the item that was clicked on, such as "label=12".

    Raises
    ------
    ImageClassifierError
        The layer does not fit the image, or numbers no objects.
    OSError
        The classes of last time can't be opened.
    """

    def __init__(
        self,
        viewer: napari.Viewer,
        opened: OpenImage,
        marked: OpenObjects,
        on_click: Callable[["AnnotatedImage", str], None],
    ) -> None:
        self._viewer = viewer
        self._on_click = on_click
        self.opened = opened
        in_image = located(marked, opened)
        # What was marked when it was chosen: a person may go on painting in the layer.
        labels = np.array(in_image.labels)
        self.marked = replace(in_image, labels=labels)
        self._image = opened.as_image()
        objects = objects_in(self.marked, opened, self._image, "image")
        items = objects.selections(self._image)
        source = opened.layers[0].source
        self.file = Path(source).name if source else f"{_stem(opened.name)}.tif"
        self.group = ""
        digest = xxhash.xxh3_64_hexdigest(np.ascontiguousarray(labels).data)
        path = settings.folder() / "annotations" / f"{_stem(opened.name)} {digest}.csv"
        self.annotations = ObjectAnnotations(path, self.file, items)
        array, numbers = numbered(self.marked, items)
        self._items = dict(zip(numbers, items, strict=True))
        self.copy = self._add_copy(array)

    @property
    def mask(self) -> Image:
        """The mask, as an image."""
        assert self._image.mask is not None
        return self._image.mask

    @property
    def is_open(self) -> bool:
        """Whether the copy is still in the viewer."""
        return self.copy in self._viewer.layers

    def activate(self) -> None:
        """Let clicks on the canvas be clicks on the copy."""
        self._viewer.layers.selection = {self.copy}
        self.copy.mode = "pan_zoom"

    def show(self, class_names: list[str]) -> None:
        """Colour the copy by the classes that were given, and tell them under the mouse."""
        if not self.is_open:
            return
        names = dict.fromkeys([*class_names, *self.annotations.counts])
        colours = class_colours(list(names))
        given = [self.annotations.classes.get(item) for item in self._items.values()]
        by_number: dict[int | None, Any] = {None: PALE, 0: NOTHING}
        by_number |= {
            number: (*colours[name], 1.0) if name is not None else PALE
            for number, name in zip(self._items, given, strict=True)
        }
        self.copy.colormap = DirectLabelColormap(color_dict=by_number)
        self.copy.features = {
            "index": [0, *self._items],
            "class": ["", *(never_html(g or "") for g in given)],
        }

    def from_features(self, column: str) -> int:
        """Take the classes that stand in a column of the Labels layer's features.

        Rows are of the label in their column "index", else of their number, counted from 0. Returns
        how many objects got a class.
        """
        features = self.marked.layer.features
        labels = features["index"] if "index" in features else np.arange(len(features))
        named = {f"label={int(label)}": str(name).strip()
                 for label, name in zip(labels, features[column], strict=True)
                 if name is not None and str(name).strip() not in ("", "nan", "None")}  # fmt: skip
        # Of a time-lapse the label is the same object at every time.
        given = {
            item: named[label]
            for item in self._items.values()
            if (label := item.rsplit(",", 1)[-1]) in named
        }
        self.annotations.give(given)
        return len(given)

    def from_points(self, layers: list[Any]) -> tuple[int, int, int]:
        """Give objects the names of the Points layers whose points lie on them.

        Returns how many objects got a class, how many points lie on none, and how many objects
        have points of several layers and so get none.
        """
        names_of: dict[str | None, set[str]] = defaultdict(set)
        beside = 0
        for layer in layers:
            for point in layer.data:
                item = self._item_at(layer.data_to_world(point))
                names_of[item].add(layer.name)
                beside += item is None
        names_of.pop(None, None)
        given = {item: min(names) for item, names in names_of.items() if item and len(names) == 1}
        self.annotations.give(given)
        return len(given), beside, len(names_of) - len(given)

    def leave(self) -> None:
        """Take no more clicks; the copy stays."""
        if self._clicked in self.copy.mouse_drag_callbacks:
            self.copy.mouse_drag_callbacks.remove(self._clicked)

    def _add_copy(self, array: Any) -> Labels:
        copy = Labels(
            array,
            name=f"{self.marked.name} as annotated",
            opacity=OPACITY,
            metadata=as_copy(),
            **placement(self.marked.layer),
        )
        # A slip of the keyboard must not paint or erase objects here.
        copy.editable = False
        copy.mouse_drag_callbacks.append(self._clicked)
        self._viewer.add_layer(copy)
        return copy

    def _item_at(self, point: Any) -> str | None:
        """Return the item at a place in the world; None where there is none."""
        place = self.copy.world_to_data(np.asarray(point)[-self.copy.ndim :])
        index = np.rint(place).astype(int)
        inside = ((index >= 0) & (index < self.copy.data.shape)).all()
        return self._items.get(int(self.copy.data[tuple(index)])) if inside else None

    def _clicked(self, layer: Any, event: Any) -> Iterator[None]:
        if event.button != LEFT or event.modifiers:
            return
        begin = np.asarray(event.pos, float)
        yield
        while event.type == "mouse_move":
            yield
        # A drag moves the view, and gives no class.
        if np.abs(np.asarray(event.pos, float) - begin).max() > LARGEST_MOVE_OF_A_CLICK:
            return
        value = layer.get_value(
            event.position,
            view_direction=event.view_direction,
            dims_displayed=event.dims_displayed,
            world=True,
        )
        if (item := self._items.get(int(value or 0))) is not None:
            self._on_click(self, item)


def _stem(image_name: str) -> str:
    return plain_name(image_name.removesuffix(".tif").removesuffix(".tiff")) or "image"


def written(images: list[AnnotatedImage], folder: Path) -> ItemTable:
    """Write the images, their masks and classes below ``folder``; return the items."""
    table = folder / "items.csv"
    for name in ("images", "masks"):
        (folder / name).mkdir(exist_ok=True)
    rows = []
    for number, image in enumerate(images, start=1):
        name = f"{number:05} {_stem(image.opened.name)}.tif"
        write_image(folder / "images" / name, image.opened.as_image())
        write_image(folder / "masks" / name, image.mask)
        for item, class_name in image.annotations.classes.items():
            rows.append({"file": name, "item": item, "class": class_name, "group": image.group})
    write_table(table, ["file", "item", "class", "group"], rows)
    return read_items(folder / "images", items_csv=table, masks=folder / "masks")
