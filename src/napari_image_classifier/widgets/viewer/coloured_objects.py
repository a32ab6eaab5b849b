"""Objects coloured by class in the canvas: in a copy, never in the user's own layer."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import napari
import numpy as np
from napari.layers import Labels, Points
from napari.utils.colormaps import DirectLabelColormap

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.items.selection import parse_selection
from napari_image_classifier.system.shown_text import never_html
from napari_image_classifier.widgets.viewer.class_colours import NOT_CLASSIFIED, Colour, label_of
from napari_image_classifier.widgets.viewer.object_layers import OpenObjects, as_copy, numbered

OPACITY = 0.6
SMALLEST_POINT = 8


def compile_colouring(dtype: Any) -> None:
    """Have napari's colouring compiled for labels of that type, once in a process.

    It takes seconds, in which the window would not answer; call this on another thread.
    """
    colours: dict[int | None, Any] = {None: "red", 1: "green"}
    DirectLabelColormap(color_dict=colours).map(np.zeros((2, 2), dtype))


class ColouredObjects:
    """The coloured copies in a viewer."""

    def __init__(self, viewer: napari.Viewer) -> None:
        self._viewer = viewer
        # Each copy's objects, by number, and their names in the legend. A label at several times
        # is one colour, so of time-lapses the copy has numbers of its own.
        self._copies: dict[Any, Mapping[int, str]] = {}
        self._colours: Mapping[str, Colour] = {}
        self._hidden: Collection[str] = frozenset()

    @property
    def layers(self) -> list[Any]:
        """The coloured layers, as far as they are still there."""
        return [layer for layer in self._copies if layer in self._viewer.layers]

    @property
    def counts(self) -> Counter[str]:
        """How many objects there are of each name in the legend."""
        return Counter(name for names in self._copies.values() for name in names.values())

    def clear(self) -> None:
        """Take the copies out of the viewer."""
        for layer in self.layers:
            self._viewer.layers.remove(layer)
        self._copies.clear()
        self._hidden = frozenset()

    def add(
        self,
        marked: OpenObjects,
        predictions: Sequence[Prediction],
        colours: Mapping[str, Colour],
        more_features: Mapping[str, list[Any]] | None = None,
    ) -> None:
        """Add a copy of a layer that marks objects, coloured by what was predicted of them.

        ``more_features`` has further columns for its features, a value per prediction.
        """
        self._colours = colours
        features = _as_text({**_features(predictions), **(more_features or {})})
        names, items = map(label_of, predictions), [prediction.item for prediction in predictions]
        if marked.kind == "Labels":
            array, numbers = numbered(marked, items)
            make: Callable[..., Any] = partial(Labels, array, opacity=OPACITY)
            features = {"index": [0, *numbers], **{k: [None, *v] for k, v in features.items()}}
        else:
            rows = [parse_selection(item)["label"] - 1 for item in items]
            numbers = list(range(len(items)))
            size = _point_size(marked.layer)
            make = partial(Points, _centres(marked.layer)[rows], size=size, opacity=0.8)
        layer = make(
            name=never_html(f"{marked.name} by class"),
            features=features,
            metadata=as_copy(),
            **placement(marked.layer),
        )
        self._viewer.add_layer(layer)
        self._copies[layer] = dict(zip(numbers, names, strict=True))
        self._paint(layer)

    def hide(self, names: Collection[str]) -> None:
        """Show all objects but those of these names in the legend."""
        self._hidden = names
        for layer in self.layers:
            self._paint(layer)

    def _paint(self, layer: Any) -> None:
        names = self._copies[layer]
        shown = {
            name: (*colour, 0.0 if name in self._hidden else 1.0)
            for name, colour in self._colours.items()
        }
        if isinstance(layer, Points):
            layer.face_color = np.array([shown[name] for name in names.values()])
            layer.shown = [name not in self._hidden for name in names.values()]
            return
        unknown = (*self._colours[NOT_CLASSIFIED], 0.0)
        colours: dict[int | None, Any] = {None: unknown, 0: (0.0, 0.0, 0.0, 0.0)}
        colours |= {number: shown[name] for number, name in names.items()}
        layer.colormap = DirectLabelColormap(color_dict=colours)


def _features(predictions: Sequence[Prediction]) -> dict[str, list[Any]]:
    names = next((list(row.probabilities) for row in predictions if row.probabilities), [])
    return {
        "class": [row.class_name for row in predictions],
        "confidence": [row.confidence for row in predictions],
        "status": [row.status for row in predictions],
        **{f"p_{name}": [row.probabilities.get(name) for row in predictions] for name in names},
        "item": [row.item for row in predictions],
    }


def _as_text(features: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Return features that napari's status bar shows as they are."""
    return {
        never_html(name): [never_html(value) if isinstance(value, str) else value for value in of]
        for name, of in features.items()
    }


def placement(layer: Any) -> dict[str, Any]:
    """Return where a layer lies, as a copy of it takes it."""
    names = ("scale", "translate", "rotate", "shear", "units", "axis_labels")
    return {name: getattr(layer, name) for name in names}


def _centres(layer: Any) -> Any:
    corners = map(np.atleast_2d, layer.data)
    return np.array([(shape.min(axis=0) + shape.max(axis=0)) / 2 for shape in corners])


def _point_size(layer: Any) -> float:
    if isinstance(layer, Points) and len(layer.size):
        return max(float(np.mean(layer.size)), 1.0)
    return SMALLEST_POINT
