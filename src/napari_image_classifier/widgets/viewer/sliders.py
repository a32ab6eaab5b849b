"""The viewer's sliders, moved to a time point or a plane of an image."""

from collections.abc import Mapping
from typing import Any

import napari
import numpy as np


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
