"""Between napari's Labels, Points and Shapes layers and the objects of an image.

Nothing here needs a viewer or Qt. A layer is looked at by `open_objects`, and once more by
`located`; `objects_in` works on what that gives, so it may run on any thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.display import METADATA_KEY
from napari_image_classifier.images.image import Image
from napari_image_classifier.items.objects import Objects, objects_of
from napari_image_classifier.items.selection import Each, parse_selection
from napari_image_classifier.plates.tracks import INDEX, TRACK_ID, TrackId, track_ids_of
from napari_image_classifier.typing import Float64Array
from napari_image_classifier.widgets.viewer.layers import (
    LayersError,
    OpenImage,
    kept_with,
    largest_level,
    lengths_of,
)

if TYPE_CHECKING:
    import pandas as pd

IS_COPY = "copy"
Kind = Literal["Labels", "Points", "Shapes"]


@dataclass(frozen=True, eq=False)
class OpenObjects:
    """A layer that marks the objects of an image.

    ``shape`` is that of a Labels layer's array, in which every object has its number; of others it
    is the number of axes alone. ``layer`` is napari's own. `located` fills in the rest, which no
    longer needs it: ``labels``, the array, and what its last ``axes`` are, such as "TYX"; or
    ``places`` in pixels of the image, shape (n, number of axes), and ``sizes``, height, width and
    area in pixels, shape (n, 3), 0 where there are none. The label of a point or a shape is its
    row, counted from 1. ``features`` is a copy of the layer's table.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    layer: Any
    labels: Any = None
    axes: str = ""
    places: Float64Array | None = None
    sizes: Float64Array | None = None
    features: "pd.DataFrame | None" = None


def as_copy() -> dict[str, Any]:
    """Return the metadata of a layer that is a copy, made to be coloured or clicked on."""
    return {METADATA_KEY: {IS_COPY: True}}


def open_objects(layer: Any) -> OpenObjects | None:
    """Return what a layer is as one that marks objects, None where it marks none.

    Copies that were made here mark nothing new, and so are none (see `as_copy`).
    """
    if kept_with(layer).get(IS_COPY):
        return None
    kind: Any = type(layer).__name__
    if kind == "Labels":
        return OpenObjects(layer.name, kind, tuple(largest_level(layer).shape), layer)
    if kind in ("Points", "Shapes") and len(layer.data):
        return OpenObjects(layer.name, kind, (layer.ndim,), layer)
    return None


def fitting(image: OpenImage, candidates: Sequence[OpenObjects]) -> list[OpenObjects]:
    """Return the layers that can be of an image, those named like it first."""
    fits = [marked for marked in candidates if _axes_of(marked, image) is not None]
    return sorted(fits, key=lambda marked: not _is_named_like(marked, image))


def named_like(candidates: Sequence[OpenObjects], image: OpenImage) -> bool:
    """Return whether one of the layers, and no other, has the name of the image in its own."""
    return sum(_is_named_like(marked, image) for marked in candidates) == 1


def _is_named_like(marked: OpenObjects, image: OpenImage) -> bool:
    return image.name.rsplit(".", 1)[0].casefold() in marked.name.casefold()


def located(marked: OpenObjects, image: OpenImage) -> OpenObjects:
    """Take what is needed of a layer; call this on the main thread."""
    layer = marked.layer
    marked = replace(marked, features=layer.features.copy())
    if marked.kind == "Labels":
        return replace(marked, labels=largest_level(layer), axes=_axes_of(marked, image) or "")
    of_image = image.channels[0].layer.layer
    # A point is a shape with one corner.
    corners = [_moved(np.atleast_2d(shape), layer, of_image) for shape in layer.data]
    low, high = (
        np.array([getattr(shape, end)(axis=0) for shape in corners]) for end in ("min", "max")
    )
    areas = np.array([_area(shape[:, -2:]) for shape in corners])
    sizes = np.column_stack([(high - low)[:, -2:], areas])
    return replace(marked, places=(low + high) / 2, sizes=sizes)


def objects_in(marked: OpenObjects, opened: OpenImage, image: Image, each: Each) -> Objects:
    """Return the objects that a layer, which was `located`, marks in an image.

    ``opened`` is what ``image`` was made of; a Labels layer becomes its mask.

    Raises
    ------
    LayersError
        The layer does not fit, or something is marked outside the image.
    MaskError
        Its labels do not fit.
    """
    axes = _axes_of(marked, opened)
    if axes is None:
        raise LayersError(f"The layer {marked.name} does not fit {opened.name}.")
    if marked.labels is not None:
        shape = marked.shape[len(marked.shape) - len(axes) :]
        image.mask = Image.from_array(marked.labels.reshape(shape), axes, name=marked.name)
        return objects_of(image, each)
    assert marked.places is not None
    assert marked.sizes is not None
    by_axis = dict(zip(axes, marked.places[:, -len(axes) :].T, strict=True))
    return _at_places(marked.name, image, by_axis, marked.sizes)


def tracks_in(
    marked: OpenObjects, predictions: Sequence[Prediction], n_times: int
) -> list[TrackId | None]:
    """Return the track of each object of a layer, which was `located`; None where it has none.

    It is in the column "track_id" of the layer's features: of a Labels layer in the rows that
    `track_ids_of` finds, of others in the row of the point or the shape.

    Raises
    ------
    TrackError
        The features do not say which object is meant.
    """
    features = marked.features
    if features is None or TRACK_ID not in features:
        return [None] * len(predictions)
    if marked.kind != "Labels":
        features = features[[TRACK_ID]].assign(**{INDEX: np.arange(1, len(features) + 1)})
    return track_ids_of(predictions, features, n_times)


def _axes_of(marked: OpenObjects, image: OpenImage) -> str | None:
    """Return the image's axes that a layer has, None where it does not fit."""
    if not image.channels:
        return None
    lengths = lengths_of(image.channels[0])
    axes = "".join(lengths)
    for present in (axes, axes.replace("Z", "")):
        of_labels = marked.kind == "Labels"
        wanted = tuple(lengths[axis] for axis in present) if of_labels else (len(present),)
        if marked.shape == (1,) * (len(marked.shape) - len(wanted)) + wanted:
            return present
    return None


def _at_places(
    name: str, image: Image, by_axis: Mapping[str, Float64Array], sizes: Float64Array
) -> Objects:
    y, x = by_axis["Y"], by_axis["X"]
    zeros = np.zeros(len(y))
    time, z = (np.rint(by_axis.get(axis, zeros)).astype(np.intp) for axis in "TZ")
    _check_within(name, image, (time, z, y, x))
    in_planes = "Z" in by_axis and image.n_z > 1
    order = np.lexsort((np.arange(len(y)), z * in_planes, time))
    height, width = np.rint(sizes[order, :2]).astype(np.intp).T
    first, end = (z, z + 1) if in_planes else (np.zeros_like(z), np.full_like(z, image.n_z))
    return Objects(
        label=order + 1,
        time=time[order],
        first_z=first[order],
        end_z=end[order],
        y=y[order],
        x=x[order],
        area=sizes[order, 2],
        height=height,
        width=width,
        in_planes=in_planes,
    )


def _check_within(name: str, image: Image, places: Sequence[Any]) -> None:
    lengths = (image.n_times, image.n_z, *image.shape[-2:])
    outside = np.zeros(len(places[0]), bool)
    for values, length in zip(places, lengths, strict=True):
        outside |= (values < -0.5) | (values > length - 0.5)
    if outside.any():
        first = int(np.flatnonzero(outside)[0]) + 1
        raise LayersError(
            f"{int(outside.sum())} of what the layer {name} marks lie outside {image.name}, the "
            f"first is number {first}; move or delete them."
        )


def _moved(places: Any, layer: Any, of_image: Any) -> Float64Array:
    """Return places of a layer, shape (n, axes), in the pixels of another one."""
    moved = []
    for place in places:
        world = np.asarray(layer.data_to_world(place), np.float64)
        missing = max(of_image.ndim - len(world), 0)
        moved.append(of_image.world_to_data(np.concatenate([np.zeros(missing), world])))
    return np.array(moved, np.float64)[:, -layer.ndim :]


def _area(corners: Float64Array) -> float:
    """Return the area of a polygon, shape (n, 2), by the shoelace formula."""
    y, x = corners.T
    return float(abs(y @ np.roll(x, 1) - x @ np.roll(y, 1)) / 2)


ALL = slice(None)


def numbered(marked: OpenObjects, items: Sequence[str]) -> tuple[Any, list[int]]:
    """Return a copy of a layer's array in which each of the items has one number, and these.

    Where an item is a label alone, that is its number; objects that are no item keep theirs. In
    time-lapses, and where planes have objects of their own, objects are counted from 1, and what
    is no item is 0.
    """
    from skimage.util import map_array

    array = np.array(marked.labels)
    places = [parse_selection(item) for item in items]
    if not any("t" in place or "z" in place for place in places):
        return array, [place["label"] for place in places]
    counted = np.zeros(array.shape, np.int32)
    numbers = list(range(1, len(items) + 1))
    by_place: dict[tuple[int | None, ...], dict[int, int]] = {}
    for number, place in zip(numbers, places, strict=True):
        key = tuple(place.get(axis.lower()) for axis in marked.axes[:-2])
        by_place.setdefault(key, {})[place["label"]] = number
    for key, of_place in by_place.items():
        at = (..., *(ALL if index is None else index for index in key), ALL, ALL)
        labels, new = (np.array(list(values)) for values in (of_place, of_place.values()))
        counted[at] = map_array(array[at], labels, new)  # type: ignore[no-untyped-call]
    return counted, numbers
