"""Items as a person is shown them: all channels and planes, and where in them it is; no Qt."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import NamedTuple, Self

import numpy as np

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.predict import seen_items
from napari_image_classifier.images.display import (
    CHANNEL_COLORMAPS,
    colormap_of,
    contrast_limits,
    intensity_range,
)
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.thumbnails import draw_thumbnail
from napari_image_classifier.items.annotations import ItemKey
from napari_image_classifier.items.item import Item
from napari_image_classifier.items.objects import Objects, objects_of
from napari_image_classifier.items.selection import (
    Each,
    SelectionError,
    check_selection,
    parse_selection,
)
from napari_image_classifier.typing import AnyArray

# Of the images that items were taken from, so many bytes stay at hand.
KEPT_BYTES = 512 * 2**20
# So many times as wide as an object is what is seen around it.
SURROUNDINGS = 3


class Rectangle(NamedTuple):
    """A part of an image, in pixels, counted from 0.

    Attributes
    ----------
    top
        Its first row.
    left
        Its first column.
    bottom
        The row after its last one.
    right
        The column after its last one.
    """

    top: int
    left: int
    bottom: int
    right: int

    @property
    def longer_side(self) -> int:
        """How many rows or columns it has, whichever are more."""
        return max(self.bottom - self.top, self.right - self.left)

    def moved(self, rows: int, columns: int) -> "Rectangle":
        """Return it so much further down and to the right."""
        top, left, bottom, right = self
        return Rectangle(top + rows, left + columns, bottom + rows, right + columns)


@dataclass(frozen=True, eq=False)
class ShownItem:
    """The pixels of an item, as they are.

    Attributes
    ----------
    channels
        An array for each channel, shape (z, y, x), or (y, x) where there is one plane.
    channel_names
        Their names.
    colormaps
        That of each channel which the file asks for, or which suits it.
    contrast_limits
        Those of each channel which the file asks for, or which suit it, as (low, high).
    scale
        The distance of pixels along the axes of the arrays.
    unit
        That of the scale, "um" or "pixel".
    plane
        The one to begin with, counted from 0.
    rectangle
        Where an object is; None for all else.
    """

    channels: tuple[AnyArray, ...]
    channel_names: tuple[str, ...]
    colormaps: tuple[str, ...]
    contrast_limits: tuple[tuple[float, float], ...]
    scale: tuple[float, ...]
    unit: str
    plane: int = 0
    rectangle: Rectangle | None = None

    def picture(self, side: int) -> bytes:
        """Return a PNG: of an object what is around it, too, of planes the most."""
        near = self.with_surroundings()
        flat = [channel if channel.ndim == 2 else channel.max(axis=0) for channel in near.channels]
        return draw_thumbnail(np.stack(flat, axis=-1).astype(np.float32), side)

    def with_surroundings(self) -> Self:
        """Return an object with what is around it, and nothing else of its image."""
        if self.rectangle is None:
            return self
        rectangle, (height, width) = self.rectangle, self.channels[0].shape[-2:]
        side = SURROUNDINGS * rectangle.longer_side
        top = (rectangle.top + rectangle.bottom - side) // 2
        left = (rectangle.left + rectangle.right - side) // 2
        rows = slice(max(top, 0), min(top + side, height))
        columns = slice(max(left, 0), min(left + side, width))
        cut = tuple(channel[..., rows, columns] for channel in self.channels)
        within = rectangle.moved(-rows.start, -columns.start)
        return replace(self, channels=cut, rectangle=within)

    def turned(self, orientation: int) -> Self:
        """Return it turned, as `orientations_of` numbers the eight orientations, from 0."""
        quarters, mirrored = divmod(orientation, 2)
        rectangle, scale = self.rectangle, self.scale
        height, width = self.channels[0].shape[-2:]
        for _ in range(quarters):
            if rectangle:
                top, left, bottom, right = rectangle
                # What was at the right comes to the top.
                rectangle = Rectangle(width - right, top, width - left, bottom)
            height, width = width, height
            scale = (*scale[:-2], scale[-1], scale[-2])
        channels = [np.rot90(channel, quarters, axes=(-2, -1)) for channel in self.channels]
        if mirrored:
            channels = [channel[..., ::-1] for channel in channels]
        if mirrored and rectangle:
            top, left, bottom, right = rectangle
            rectangle = Rectangle(top, width - right, bottom, width - left)
        return replace(self, channels=tuple(channels), rectangle=rectangle, scale=scale)


def as_classifier_sees(item: Item, classifier: Classifier, axes: str | None = None) -> ShownItem:
    """Return an item exactly as a classifier's network receives it.

    Parameters
    ----------
    item
        The item.
    classifier
        The classifier.
    axes
        The axes of its file where this does not say them, as in `read_items`.

    Returns
    -------
    ShownItem
        Prepared channels of shape (y, x).

    Raises
    ------
    ImageClassifierError
        The image can't be read, or lacks a channel.
    """
    with read_image(item.image, axes=axes) as image:
        (seen,) = seen_items(classifier, image, selections=[item.selection])
        names = classifier.channel_names
        channels = tuple(seen.pixels[..., number] for number in range(len(names)))
        colours = ("gray",) if len(names) == 1 else CHANNEL_COLORMAPS
    return ShownItem(
        channels,
        names,
        tuple(colours[number % len(colours)] for number in range(len(names))),
        tuple(intensity_range(channel) for channel in channels),
        (1.0, 1.0),
        "pixel",
    )


class ItemReader:
    """Reads items; what was read of their images stays at hand, as the next item may be in it.

    It may be called from several threads.

    Parameters
    ----------
    each
        What an item is, as in `read_items`.
    axes
        The axes of files that don't say them, as in `read_items`.
    """

    def __init__(self, each: Each = "image", axes: str | None = None) -> None:
        self._each: Each = each
        self._axes = axes
        self._kept: OrderedDict[ItemKey, tuple[ShownItem, Objects]] = OrderedDict()
        self._lock = Lock()

    def read(self, item: Item) -> ShownItem:
        """Read all planes and channels of the image, or of the time point or plane, of an item.

        Raises
        ------
        ImageClassifierError
            The image or its mask can't be read, or there is no such item.
        """
        chosen = parse_selection(item.selection)
        if "label" not in chosen:
            with read_image(item.image, axes=self._axes) as image:
                check_selection(image, item.selection)
                if image.n_times > 1 and "t" not in chosen:
                    raise SelectionError(
                        f"{image.name} has {image.n_times} time points, which can't have one class "
                        "together; choose every time point."
                    )
                return _of_planes(image, chosen.get("t", 0), chosen.get("z"))
        around, objects = self._frame(item, chosen.get("t", 0), chosen.get("z"))
        index = int(np.flatnonzero(objects.label == chosen["label"])[0])
        return replace(around, rectangle=_rectangle(objects, index), plane=_middle(objects, index))

    def _frame(self, item: Item, time: int, z: int | None) -> tuple[ShownItem, Objects]:
        """Return the time point or plane that objects are in, and these objects."""
        key = ItemKey(item.file, f"{time} {z}")
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with read_image(item.image, axes=self._axes) as image:
            objects = objects_of(image, self._each).at(time, z)
            frame = _of_planes(image, time, z), replace(objects, mask=None)
        with self._lock:
            self._kept[key] = frame
            while len(self._kept) > 1 and self._kept_bytes > KEPT_BYTES:
                self._kept.popitem(last=False)
        return frame

    @property
    def _kept_bytes(self) -> int:
        return sum(channel.nbytes for shown, _ in self._kept.values() for channel in shown.channels)


def _of_planes(image: Image, time: int, z: int | None) -> ShownItem:
    planes = range(image.n_z) if z is None else [z]
    channels = []
    for channel in range(image.n_channels):
        stack = [image.plane(time=time, channel=channel, z=plane) for plane in planes]
        channels.append(stack[0] if len(stack) == 1 else np.stack(stack))
    size = image.pixel_size
    scale = (size.z or 1.0, size.y, size.x) if size else (1.0, 1.0, 1.0)
    numbers = range(image.n_channels)
    return ShownItem(
        tuple(channels),
        image.channel_names,
        tuple(colormap_of(image, channel) for channel in numbers),
        tuple(
            contrast_limits(image, number, _middle_plane(channels[number])) for number in numbers
        ),
        scale[3 - channels[0].ndim :],
        "um" if size and size.unit == "µm" else "pixel",
        plane=len(planes) // 2,
    )


def _middle_plane(channel: AnyArray) -> AnyArray:
    return channel if channel.ndim == 2 else channel[len(channel) // 2]


def _rectangle(objects: Objects, index: int) -> Rectangle:
    # Its centre is that of its pixels, which may lie anywhere in the rectangle around them.
    half = (max(objects.height[index], objects.width[index]) + 3) // 2
    y, x = round(objects.y[index]), round(objects.x[index])
    return Rectangle(int(y - half), int(x - half), int(y + half + 1), int(x + half + 1))


def _middle(objects: Objects, index: int) -> int:
    return int(objects.first_z[index] + objects.end_z[index] - 1) // 2
