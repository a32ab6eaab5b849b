"""Numbers for the objects of a Labels layer that differ between time points and planes, too."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from napari_image_classifier.items.selection import parse_selection
from napari_image_classifier.widgets.viewer.object_layers import OpenObjects

ALL = slice(None)


def numbered(marked: OpenObjects, items: Sequence[str]) -> tuple[Any, list[int]]:
    """Return a copy of a layer's array in which each of the items has one number, and these.

    Where an item is a label alone, that is its number; objects that are no item keep theirs. In
    time-lapses, and where planes have objects of their own, objects are counted from 1, and what
    is no item is 0.
    """
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
        counted[at] = _replaced(array[at], of_place)
    return counted, numbers


def _replaced(labels: Any, numbers: Mapping[int, int]) -> Any:
    known = np.array(sorted(numbers))
    index = np.searchsorted(known, labels).clip(max=len(known) - 1)
    new = np.array([numbers[label] for label in known.tolist()])
    return np.where(known[index] == labels, new[index], 0)
