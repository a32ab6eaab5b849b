"""The viewer's camera, moved to an image or to an object in it."""

from typing import Any

import napari
import numpy as np

from napari_image_classifier.objects import ObjectPlace

# How large an object is on the screen at least, when it is gone to, in the screen's pixels.
PIXELS_ACROSS = 60
# Of what marks an object and has no size, in the image's pixels.
SMALLEST_AREA = 80


def look_at_layer(viewer: napari.Viewer, layer: Any) -> None:
    """Look at the middle of a layer."""
    _centre(viewer, layer.extent.world.mean(axis=0))


def look_at_object(viewer: napari.Viewer, layer: Any, place: ObjectPlace) -> None:
    """Look at an object of an image, of which ``layer`` is one, from near enough to see it."""
    data = np.zeros(layer.ndim)
    data[-2:] = place.y, place.x
    _centre(viewer, np.asarray(layer.data_to_world(data)))
    across = 2 * np.sqrt(max(place.area, SMALLEST_AREA) / np.pi) * abs(float(layer.scale[-1]))
    camera = _camera(viewer)
    camera.zoom = max(camera.zoom, PIXELS_ACROSS / across)


def _camera(viewer: napari.Viewer) -> Any:
    # Before 0.9 the camera was on the viewer itself.
    return getattr(viewer, "scene", viewer).camera


def _centre(viewer: napari.Viewer, middle: Any) -> None:
    dims, camera = viewer.dims, _camera(viewer)
    first = dims.ndim - len(middle)
    centre = [middle[axis - first] for axis in dims.displayed if axis >= first]
    camera.center = (*camera.center[: 3 - len(centre)], *centre)
