"""The viewer's camera, moved to an image or to an object in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import napari
import numpy as np

from napari_image_classifier.items.objects import ObjectPlace
from napari_image_classifier.raters.shown_item import Rectangle

# How large an object is on the screen at least, when it is gone to, in the screen's pixels.
PIXELS_ACROSS = 60
# How large a rectangle is on the screen when it is gone to.
RECTANGLE_ACROSS = 240
# Of what marks an object and has no size, in the image's pixels.
SMALLEST_AREA = 80


def look_at_layer(viewer: napari.Viewer, layer: Any) -> None:
    """Look at the middle of a layer."""
    _centre(viewer, layer.extent.world.mean(axis=0))


def look_at_object(viewer: napari.Viewer, layer: Any, place: ObjectPlace) -> None:
    """Look at an object of an image, of which ``layer`` is one, from near enough to see it."""
    _look_at_pixel(viewer, layer, place.y, place.x)
    across = 2 * np.sqrt(max(place.area, SMALLEST_AREA) / np.pi) * abs(float(layer.scale[-1]))
    camera = camera_of(viewer)
    camera.zoom = max(camera.zoom, PIXELS_ACROSS / across)


def look_at_rectangle(
    viewer: napari.Viewer, layer: Any, rectangle: Rectangle, *, zoom: bool
) -> None:
    """Look at a part of an image, of which ``layer`` is one; with ``zoom`` from near enough."""
    y, x = (rectangle.top + rectangle.bottom - 1) / 2, (rectangle.left + rectangle.right - 1) / 2
    _look_at_pixel(viewer, layer, y, x)
    if zoom:
        side = rectangle.longer_side * abs(float(layer.scale[-1]))
        camera_of(viewer).zoom = RECTANGLE_ACROSS / side


def look_at_all_of(viewer: napari.Viewer, layers: Sequence[Any]) -> None:
    """Look at layers as a whole."""
    try:
        viewer.reset_view(layers=layers)
    except TypeError:  # an older napari knows only all layers
        viewer.reset_view()


def camera_of(viewer: napari.Viewer) -> Any:
    """Return the camera, wherever this napari has it."""
    # Before 0.9 the camera was on the viewer itself.
    return getattr(viewer, "scene", viewer).camera


def _look_at_pixel(viewer: napari.Viewer, layer: Any, y: float, x: float) -> None:
    _centre(viewer, np.asarray(layer.data_to_world([0.0] * (layer.ndim - 2) + [y, x])))


def _centre(viewer: napari.Viewer, middle: Any) -> None:
    dims, camera = viewer.dims, camera_of(viewer)
    first = dims.ndim - len(middle)
    centre = [middle[axis - first] for axis in dims.displayed if axis >= first]
    camera.center = (*camera.center[: 3 - len(centre)], *centre)


def sliders_of(layer: Any, axes: str, dims: Any) -> dict[str, float]:
    """Return where the sliders of napari's ``dims`` are in a layer's data, by axis."""
    place = layer.world_to_data(dims.point)
    first = dims.ndim - len(place)
    return {axis: place[i] for i, axis in enumerate(axes) if first + i in dims.not_displayed}


def move_sliders(viewer: napari.Viewer, layer: Any, axes: str, item: Mapping[str, int]) -> None:
    """Move to the part of a layer that ``item`` is, as `parse_selection` gives it.

    ``axes`` are those of the layer's data, such as "TZYX"; an axis that the layer has not got is
    left out.
    """
    if not any(axis.upper() in axes for axis in item):
        return
    dims = viewer.dims
    place = np.asarray(layer.world_to_data(dims.point), float)[-len(axes) :]
    for axis, value in item.items():
        if axis.upper() in axes:
            place[axes.index(axis.upper())] = value
    world = layer.data_to_world(place)
    for index, axis in enumerate(axes):
        if axis in "TZ":
            dims.set_point(dims.ndim - len(axes) + index, world[index])
