"""Crops of objects: the box around each that a classifier sees."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.transforms import Projection, project, resized
from napari_image_classifier.items.objects import Objects, mask_plane
from napari_image_classifier.typing import AnyArray, Flags, FloatArray, IntArray

Neighbours = Literal["kept", "masked"]
Unit = Literal["px", "µm"]

BOXES_AT_ONCE = 256
# Of planes that are held while boxes are cut from them.
BYTES = 256 * 1024**2
# Stands for a channel's number.
MASK = -1
# So many times as long as its box, and too little of an object is seen.
MUCH_TOO_LONG = 2
SMALLEST_BOX, LARGEST_BOX = 4, 2048
# In any unit; how many pixels that may be is asked of each image.
LARGEST_SIDE = 1_000_000
# A box that holds the objects learnt from, but for the largest few, with something around them.
SHARE_HELD = 0.95
MARGIN = 1.25
STEP = 8

_BOX = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(px|µm|μm|um)?\s*")


class BoxError(ImageClassifierError):
    """A box that can't be understood, or can't be cut from an image."""


@dataclass(frozen=True)
class ObjectBox:
    """How objects are cut out: a square around the centre of each.

    Where the box reaches beyond the image, the image's border is repeated.

    Parameters
    ----------
    side
        Of the square, in ``unit``.
    unit
        "px" or "µm".
    neighbours
        What belongs to other objects is "kept", or "masked": replaced by the median of what in the
        box belongs to none (by the object's darkest pixel where there is no such).

    Raises
    ------
    BoxError
        There is no such box.
    """

    side: float
    unit: Unit = "px"
    neighbours: Neighbours = "kept"

    def __post_init__(self) -> None:
        if self.neighbours not in get_args(Neighbours):
            raise BoxError(f"Neighbours are kept or masked, not {self.neighbours!r}.")
        if not 0 < self.side <= LARGEST_SIDE:
            raise BoxError(
                f"A box can't be {self.side:g} {self.unit} wide; more than 0 and at most "
                f"{LARGEST_SIDE:,} can be used."
            )

    @classmethod
    def parse(cls, text: str, neighbours: Neighbours = "kept") -> Self:
        """Return the box of a side written as "48", "48 px" or "12.5 µm".

        Raises
        ------
        BoxError
            It is written otherwise.
        """
        match = _BOX.fullmatch(text)
        if match is None or float(match[1]) == 0:
            raise BoxError(f"A box is so many pixels wide, 48, or 12.5 µm, not {text!r}.")
        unit: Unit = "px" if match[2] in (None, "px") else "µm"
        return cls(float(match[1]), unit, neighbours)

    def pixels(self, image: Image) -> tuple[int, int]:
        """Return the box's height and width in the pixels of an image.

        Raises
        ------
        BoxError
            The box is in µm, and the image does not say how large its pixels are, or they are too
            large or too small for it.
        """
        if self.unit == "px":
            sides = (round(self.side), round(self.side))
        else:
            size = image.pixel_size
            if size is None or size.unit != "µm":
                raise BoxError(
                    f"{image.name} does not say how many µm its pixels measure, and objects are "
                    f"cut out in boxes of {self.side:g} µm; save it with its pixel size (in Fiji: "
                    "Image ▸ Properties)."
                )
            sides = (round(self.side / size.y), round(self.side / size.x))
        if not SMALLEST_BOX <= min(sides) <= max(sides) <= LARGEST_BOX:
            raise BoxError(
                f"A box of {self.side:g} {self.unit} has {sides[0]} × {sides[1]} pixels in "
                f"{image.name}; {SMALLEST_BOX} to {LARGEST_BOX} a side can be used."
            )
        return sides


def is_box(text: str) -> bool:
    """Return whether a box can be written so.

    Parameters
    ----------
    text
        As `ObjectBox.parse` takes it.

    Returns
    -------
    bool
        False where it would raise an error.
    """
    try:
        ObjectBox.parse(text)
    except BoxError:
        return False
    return True


def why_too_large(height: int, width: int, sides: tuple[int, int]) -> str:
    """Return in a sentence that a box of ``sides`` shows too little of an object; "" if not so."""
    if height <= MUCH_TOO_LONG * sides[0] and width <= MUCH_TOO_LONG * sides[1]:
        return ""
    return (
        f"The object has {height} × {width} pixels, and what is seen of it is its middle, "
        f"{sides[0]} × {sides[1]}."
    )


def side_for(longest_sides: Sequence[float]) -> int:
    """Return the side of a box that suits objects of one kind.

    Parameters
    ----------
    longest_sides
        Of the rectangles around the objects that are learnt from, in pixels.

    Returns
    -------
    int
        In pixels, a multiple of 8: all but the largest 5 % of the objects fit in, with a margin.
    """
    usual = float(np.quantile(np.asarray(longest_sides, np.float64), SHARE_HELD))
    side = STEP * int(np.ceil(MARGIN * usual / STEP))
    return int(np.clip(side, 2 * STEP, LARGEST_BOX))


def cut_objects(
    image: Image,
    objects: Objects,
    box: ObjectBox,
    channels: Sequence[int],
    projection: Projection,
    size: tuple[int, int],
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield all objects, some at a time: their indices, and float32 of shape (n, y, x, channel).

    A stack is projected within each box, over the planes that the object is in. Boxes are brought
    to ``size``. What comes of an object depends on nothing outside its box.

    Raises
    ------
    BoxError
        The box does not suit the image, or neighbours can't be told from the object.
    ImageReadError
        The image or its mask turned out to be unreadable.
    """
    if box.neighbours == "masked" and objects.mask is None:
        raise BoxError(
            f"The objects of {image.name} have no outlines, and this classifier blanks out what "
            "belongs to neighbours; use a Labels layer or a mask."
        )
    cutter = _Cutter(image, objects, box, projection)
    for chosen in _portions(objects):
        pixels = np.empty((len(chosen), *size, len(channels)), np.float32)
        for number, channel in enumerate(channels):
            for place, cut in enumerate(cutter.cut(chosen, channel)):
                pixels[place, ..., number] = resized(cut, size)
        yield chosen, pixels


def _portions(objects: Objects) -> Iterator[IntArray]:
    """Yield indices of objects that are of one time point, and of one plane if each has its own."""
    scenes = np.column_stack([objects.time, objects.first_z * objects.in_planes])
    begins = np.flatnonzero(np.any(np.diff(scenes, axis=0) != 0, axis=1)) + 1
    for scene in np.split(np.arange(len(objects)), begins):
        for start in range(0, len(scene), BOXES_AT_ONCE):
            yield scene[start : start + BOXES_AT_ONCE]


class _Cutter:
    """Cuts boxes, holding on to the planes that the next ones are likely to be cut from."""

    def __init__(
        self, image: Image, objects: Objects, box: ObjectBox, projection: Projection
    ) -> None:
        self._image = image
        self._objects = objects
        self._projection = projection
        self._masked = box.neighbours == "masked"
        self._sides = box.pixels(image)
        half = np.array(self._sides)
        centres = np.column_stack([objects.y, objects.x])
        # Where each box begins in a plane that has been widened by a box on every side.
        self._begins = np.floor(centres - (half - 1) / 2 + 0.5).astype(np.intp) + half
        self._held = _WidenedPlanes(self._sides)

    def cut(self, chosen: IntArray, channel: int) -> Iterator[AnyArray]:
        """Yield the boxes of objects of one scene, projected, of shape (y, x)."""
        objects = self._objects
        time = int(objects.time[chosen[0]])
        planes = set(zip(objects.first_z[chosen], objects.end_z[chosen], strict=True))
        first, end = (int(z) for z in next(iter(planes)))
        by_whole_planes = len(planes) == 1 and (self._projection != "sharpest" or end - first == 1)
        if by_whole_planes and not (self._masked and self._several_mask_planes):
            yield from self._boxes(chosen, time, channel, first, end)
        else:
            yield from self._boxes_of_bodies(chosen, time, channel)

    @property
    def _several_mask_planes(self) -> bool:
        mask, in_planes = self._objects.mask, self._objects.in_planes
        return mask is not None and mask.n_z > 1 and not in_planes

    def _boxes(
        self, chosen: IntArray, time: int, channel: int, first: int, end: int
    ) -> Iterator[AnyArray]:
        boxes = self._windows(self._widened(time, channel, first, end), chosen)
        if self._masked:
            self._blank_neighbours(boxes, chosen, time, first)
        yield from boxes

    def _boxes_of_bodies(self, chosen: IntArray, time: int, channel: int) -> Iterator[AnyArray]:
        objects = self._objects
        stacks: dict[int, list[AnyArray]] = {int(index): [] for index in chosen}
        for z in range(int(objects.first_z[chosen].min()), int(objects.end_z[chosen].max())):
            there = chosen[(objects.first_z[chosen] <= z) & (z < objects.end_z[chosen])]
            for index, box in zip(there, self._boxes(there, time, channel, z, z + 1), strict=True):
                stacks[int(index)].append(box)
        for index in chosen:
            yield project(stacks.pop(int(index)), self._projection)

    def _windows(self, widened: AnyArray, chosen: IntArray) -> AnyArray:
        begins = self._begins[chosen]
        windows = sliding_window_view(widened, self._sides)
        return np.asarray(windows[begins[:, 0], begins[:, 1]])

    def _blank_neighbours(self, boxes: AnyArray, chosen: IntArray, time: int, z: int) -> None:
        labels = self._windows(self._widened_mask(time, z), chosen)
        own = self._objects.label[chosen, np.newaxis, np.newaxis]
        others = (labels > 0) & (labels != own)
        for number in np.flatnonzero(others.any(axis=(1, 2))):
            of_none = labels[number] <= 0
            boxes[number][others[number]] = _background(boxes[number], of_none, ~others[number])

    def _widened(self, time: int, channel: int, first: int, end: int) -> AnyArray:
        if self._projection == "middle":
            first = (first + end) // 2
            end = first + 1
        key = time, channel, first, end
        return self._held.get(key, lambda: self._projected(*key))

    def _widened_mask(self, time: int, z: int) -> AnyArray:
        mask = self._objects.mask
        assert mask is not None
        return self._held.get((time, MASK, z, z + 1), lambda: mask_plane(mask, time, z))

    def _projected(self, time: int, channel: int, first: int, end: int) -> AnyArray:
        planes = (self._image.plane(time=time, channel=channel, z=z) for z in range(first, end))
        return next(planes) if end - first == 1 else project(planes, self._projection)


class _WidenedPlanes:
    """The planes that were asked for last, with a border of ``sides``, as many as memory allows."""

    def __init__(self, sides: tuple[int, int]) -> None:
        self._sides = sides
        self._planes: OrderedDict[tuple[int, int, int, int], AnyArray] = OrderedDict()

    def get(self, key: tuple[int, int, int, int], read: Callable[[], AnyArray]) -> AnyArray:
        if key not in self._planes:
            height, width = self._sides
            self._planes[key] = np.pad(read(), ((height, height), (width, width)), mode="edge")
        self._planes.move_to_end(key)
        plane, held = self._planes[key], self._planes.values()
        while len(held) > 1 and sum(each.nbytes for each in held) > BYTES:
            self._planes.popitem(last=False)
        return plane


def _background(box: AnyArray, of_none: Flags, of_it_and_none: Flags) -> Any:
    if of_none.any():
        return np.median(box[of_none]).astype(box.dtype)
    return box[of_it_and_none].min()
