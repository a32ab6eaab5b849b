"""Objects in an image: those of its mask, or of places that a person marked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from napari_image_classifier.errors import Fault, ImageClassifierError
from napari_image_classifier.images.image import Image
from napari_image_classifier.items.numbering import Pieces, doubt_of_plane
from napari_image_classifier.items.selection import Each, SelectionError, format_selection
from napari_image_classifier.typing import AnyArray, Float64Array, IntArray

if TYPE_CHECKING:
    import pandas as pd

# What programs write that only tell objects from background: their "yes".
BLACK_AND_WHITE = (1, 255, 65535)
HOW_TO_NUMBER = (
    "Save labels of 16 bits in which each object has a number of its own (in Fiji Analyze "
    "Particles with Count Masks, in Python skimage.measure.label), or have the connected parts of "
    "masks taken as objects."
)


class MaskError(ImageClassifierError):
    """A mask that does not fit its image, or numbers no objects."""

    code = Fault.MASK_UNFIT


class ObjectPlace(NamedTuple):
    """Where an object is, and how large.

    Attributes
    ----------
    y
        Of its centre, the mean place of its pixels, in pixels counted from 0.
    x
        As ``y``.
    area
        How many pixels it has, in all of its planes.
    """

    y: float
    x: float
    area: float


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of one image, as arrays of shape (object), sorted by time, plane and label.

    Attributes
    ----------
    label
        The number in the mask.
    time
        The time point that the object is at.
    first_z
        The first of its planes.
    end_z
        The one after its last plane.
    y
        Of its centre, as in `ObjectPlace`.
    x
        Of its centre, as in `ObjectPlace`.
    area
        Its pixels, as in `ObjectPlace`.
    height
        Of the rectangle around it, in pixels.
    width
        Of the rectangle around it, in pixels.
    mask
        Of the shape (y, x) of the image, with its time points, and with its planes or one for all.
        Without it nothing is known of where objects end.
    in_planes
        Whether each plane has objects of its own.
    """

    label: IntArray
    time: IntArray
    first_z: IntArray
    end_z: IntArray
    y: Float64Array
    x: Float64Array
    area: Float64Array
    height: IntArray
    width: IntArray
    mask: Image | None = None
    in_planes: bool = False

    def __len__(self) -> int:
        return len(self.label)

    def place(self, index: int) -> ObjectPlace:
        """Return where an object is."""
        return ObjectPlace(float(self.y[index]), float(self.x[index]), float(self.area[index]))

    def selections(self, image: Image) -> list[str]:
        """Return what each object is called within its image, such as "t=3,label=12"."""
        times = self.time.tolist() if image.n_times > 1 else [None] * len(self)
        has_planes = self.in_planes and image.n_z > 1
        planes = self.first_z.tolist() if has_planes else [None] * len(self)
        return [
            format_selection(time=time, z=z, label=label)
            for time, z, label in zip(times, planes, self.label.tolist(), strict=True)
        ]

    def named(self, wanted: Sequence[str], image: Image) -> Self:
        """Return the objects of these selections, in the order of all.

        Raises
        ------
        SelectionError
            There is no such object.
        """
        numbers = {name: index for index, name in enumerate(self.selections(image))}
        for name in wanted:
            if name not in numbers:
                raise SelectionError(f"{image.name} has no object “{name}”.")
        return self._chosen(np.array(sorted(numbers[name] for name in wanted), np.intp))

    def at(self, time: int, z: int | None = None) -> Self:
        """Return the objects of one time point; with ``z``, those that begin in that plane."""
        here = self.time == time
        return self._chosen(np.flatnonzero(here if z is None else here & (self.first_z == z)))

    def _chosen(self, chosen: IntArray) -> Self:
        arrays: dict[str, Any] = {
            name: values[chosen]
            for name, values in vars(self).items()
            if isinstance(values, np.ndarray)
        }
        return replace(self, **arrays)


def objects_of(image: Image, each: Each = "image") -> Objects:
    """Return the objects that the mask of an image has.

    A mask without planes goes for all planes of its image. In one with planes an object is one
    body, through all planes that have its label.

    Parameters
    ----------
    image
        An image with its mask.
    each
        With "plane" every plane has objects of its own.

    Returns
    -------
    Objects
        Sorted by time, plane and label; there may be none.

    Raises
    ------
    MaskError
        The image has no mask, or it does not fit, or its objects have no numbers.
    ImageReadError
        The mask can't be read.
    """
    mask = image.mask
    if mask is None:
        raise MaskError(f"{image.name} has no mask that says where its objects are.")
    _check_fit(mask, image)
    in_planes = each == "plane" and image.n_z > 1
    table = _table(mask, image.n_z, in_planes)
    return Objects(
        table["label"].to_numpy(np.intp),
        table["time"].to_numpy(np.intp),
        table["first_z"].to_numpy(np.intp),
        table["end_z"].to_numpy(np.intp),
        y=(table["sum_y"] / table["area"]).to_numpy(),
        x=(table["sum_x"] / table["area"]).to_numpy(),
        area=table["area"].to_numpy(np.float64),
        height=(table["bottom"] - table["top"]).to_numpy(np.intp),
        width=(table["right"] - table["left"]).to_numpy(np.intp),
        mask=mask,
        in_planes=in_planes,
    )


def mask_plane(mask: Image, time: int, z: int) -> AnyArray:
    """Return the labels of one plane of a mask, shape (y, x), above 0 where there is an object.

    Of a mask that has one plane for all, that one.

    Raises
    ------
    MaskError
        Its values are no whole numbers, or too large to be labels.
    """
    plane = mask.plane(time=time, z=min(z, mask.n_z - 1))
    if plane.dtype.kind == "b":
        return plane.astype(np.uint8)
    if plane.dtype.kind in "iu" and plane.dtype != np.uint64:
        return plane
    with np.errstate(invalid="ignore"):
        labels = plane.astype(np.int64)
    # What is too large for an int64 becomes something negative, or the largest of all.
    if not (labels == plane).all() or (plane >= 2.0**63).any():
        raise MaskError(
            f"The mask {mask.name} has values that are no whole numbers below 2^63, so it numbers "
            "no objects; save it as a label image."
        )
    return labels


def _check_fit(mask: Image, image: Image) -> None:
    if mask.n_channels > 1:
        raise MaskError(
            f"The mask {mask.name} has {mask.n_channels} channels or colours; a mask has one, in "
            "which every object has its own number. Save the labels, not a picture of them."
        )
    for what, theirs, ours in (
        ("pixels high", mask.shape[-2], image.shape[-2]),
        ("pixels wide", mask.shape[-1], image.shape[-1]),
        ("time points", mask.n_times, image.n_times),
        ("planes", mask.n_z, image.n_z),
    ):
        if theirs != ours and not (what == "planes" and theirs == 1):
            raise MaskError(
                f"The mask {mask.name} has {theirs} {what} and {image.name} has {ours}; a mask "
                "must be made of the very image that it goes with."
            )


def _table(mask: Image, n_z: int, in_planes: bool) -> "pd.DataFrame":
    import pandas as pd

    planes = []
    are_bodies = mask.n_z > 1 and not in_planes
    for time in range(mask.n_times):
        for z in range(n_z if in_planes else mask.n_z):
            one_for_all = mask.n_z == 1 and not in_planes
            planes.append(
                _objects_in_plane(mask, time, z, are_bodies).assign(
                    time=time, first_z=0 if one_for_all else z, end_z=n_z if one_for_all else z + 1
                )
            )
    table = pd.concat(planes, ignore_index=True)
    _check_not_black_and_white(mask, table)
    if are_bodies:
        table = _bodies(table)
    by = ["time", "first_z", "label"] if in_planes else ["time", "label"]
    return table.sort_values(by, ignore_index=True)


def _objects_in_plane(mask: Image, time: int, z: int, are_bodies: bool) -> "pd.DataFrame":
    """Return label, area, sums of y and x, ends of the rectangle and pieces of each object."""
    import pandas as pd
    from scipy import ndimage

    plane = mask_plane(mask, time, z)
    inside = np.flatnonzero(plane > 0)
    codes, labels = pd.factorize(plane.ravel()[inside], sort=True)
    y, x = np.divmod(inside, plane.shape[1])
    numbered: IntArray = np.zeros(plane.shape, np.int32)
    numbered.ravel()[inside] = codes + 1
    n = len(labels)
    ends = np.array(
        [(rows.start, rows.stop, columns.start, columns.stop)
         for rows, columns in ndimage.find_objects(numbered, n)], np.intp,
    ).reshape(n, 4)  # fmt: skip
    area = np.bincount(codes, minlength=n)
    pieces = Pieces(numbered, area, ends)
    if doubt := doubt_of_plane(plane, labels, pieces, is_body=are_bodies):
        raise MaskError(f"The mask {mask.name} numbers no objects: {doubt}. {HOW_TO_NUMBER}")
    return pd.DataFrame(
        {
            "label": labels.astype(np.int64),
            "area": area,
            "pieces": pieces.count,
            "sum_y": np.bincount(codes, y, n),
            "sum_x": np.bincount(codes, x, n),
            **dict(zip(("top", "bottom", "left", "right"), ends.T, strict=True)),
        }
    )


def _bodies(table: "pd.DataFrame") -> "pd.DataFrame":
    """Join what has one label in several planes of a time point."""
    return table.groupby(["time", "label"], as_index=False).agg(
        dict.fromkeys(("area", "sum_y", "sum_x"), "sum")
        | dict.fromkeys(("first_z", "top", "left"), "min")
        | dict.fromkeys(("end_z", "bottom", "right"), "max")
    )


def _check_not_black_and_white(mask: Image, table: "pd.DataFrame") -> None:
    """Refuse a mask in which separate objects have one and the same number."""
    only = table["label"].unique()
    if len(only) != 1 or only[0] not in BLACK_AND_WHITE:
        return
    pieces = table["pieces"].max()
    if pieces > 1:
        raise MaskError(
            f"The mask {mask.name} is black and white: {pieces} separate objects have the same "
            f"number, {only[0]}. {HOW_TO_NUMBER}"
        )
