"""Objects coloured by class in the canvas: in a copy, never in the user's own layer."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import napari
import numpy as np
from napari.layers import Labels, Points
from napari.utils.colormaps import DirectLabelColormap

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.items.selection import parse_selection
from napari_image_classifier.widgets.viewer.class_colours import NOT_CLASSIFIED, Colour, label_of
from napari_image_classifier.widgets.viewer.object_layers import OpenObjects, as_copy, numbered

OPACITY = 0.6
SMALLEST_POINT = 8


@dataclass(frozen=True, eq=False)
class _Copy:
    """A coloured copy of a layer, and what each of its objects is called in the legend.

    ``answers`` is keyed by label; the same label at several times is one colour, so of time-lapses
    the copy holds numbers of its own.
    """

    layer: Any
    answers: Mapping[int, str]


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
        self._copies: list[_Copy] = []
        self._colours: Mapping[str, Colour] = {}
        self._hidden: Collection[str] = frozenset()

    @property
    def layers(self) -> list[Any]:
        """The coloured layers, as far as they are still there."""
        return [copy.layer for copy in self._copies if copy.layer in self._viewer.layers]

    @property
    def counts(self) -> Counter[str]:
        """How many objects there are of each name in the legend."""
        return Counter(name for copy in self._copies for name in copy.answers.values())

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
        features = {**_features(predictions), **(more_features or {})}
        if marked.kind == "Labels":
            copy = self._labels(marked, predictions, features)
        else:
            copy = self._points(marked, predictions, features)
        self._copies.append(copy)
        self._paint(copy)

    def hide(self, names: Collection[str]) -> None:
        """Show all objects but those of these names in the legend."""
        self._hidden = names
        for copy in self._copies:
            if copy.layer in self._viewer.layers:
                self._paint(copy)

    def _labels(
        self, marked: OpenObjects, predictions: Sequence[Prediction], features: dict[str, list[Any]]
    ) -> _Copy:
        array, numbers = numbered(marked, [prediction.item for prediction in predictions])
        answers = dict(zip(numbers, map(label_of, predictions), strict=True))
        layer = Labels(
            array,
            name=f"{marked.name} by class",
            features={"index": [0, *numbers], **{k: [None, *v] for k, v in features.items()}},
            opacity=OPACITY,
            metadata=as_copy(),
            **placement(marked.layer),
        )
        self._viewer.add_layer(layer)
        return _Copy(layer, answers)

    def _points(
        self, marked: OpenObjects, predictions: Sequence[Prediction], features: dict[str, list[Any]]
    ) -> _Copy:
        rows = [_label(prediction) - 1 for prediction in predictions]
        layer = Points(
            _centres(marked.layer)[rows],
            name=f"{marked.name} by class",
            features=features,
            size=_point_size(marked.layer),
            opacity=0.8,
            metadata=as_copy(),
            **placement(marked.layer),
        )
        self._viewer.add_layer(layer)
        return _Copy(layer, dict(enumerate(map(label_of, predictions))))

    def _paint(self, copy: _Copy) -> None:
        shown = {
            name: (*colour, 0.0 if name in self._hidden else 1.0)
            for name, colour in self._colours.items()
        }
        if isinstance(copy.layer, Points):
            copy.layer.face_color = np.array([shown[name] for name in copy.answers.values()])
            copy.layer.shown = [name not in self._hidden for name in copy.answers.values()]
            return
        unknown = (*self._colours[NOT_CLASSIFIED], 0.0)
        colours: dict[int | None, Any] = {None: unknown, 0: (0.0, 0.0, 0.0, 0.0)}
        colours |= {number: shown[name] for number, name in copy.answers.items()}
        copy.layer.colormap = DirectLabelColormap(color_dict=colours)


def _features(predictions: Sequence[Prediction]) -> dict[str, list[Any]]:
    names = next((list(row.probabilities) for row in predictions if row.probabilities), [])
    return {
        "class": [row.class_name for row in predictions],
        "confidence": [row.confidence for row in predictions],
        "status": [row.status for row in predictions],
        **{f"p_{name}": [row.probabilities.get(name) for row in predictions] for name in names},
        "item": [row.item for row in predictions],
    }


def _label(prediction: Prediction) -> int:
    return parse_selection(prediction.item)["label"]


def placement(layer: Any) -> dict[str, Any]:
    """Return where a layer lies, as a copy of it takes it."""
    return {
        "scale": layer.scale,
        "translate": layer.translate,
        "rotate": layer.rotate,
        "shear": layer.shear,
        "units": layer.units,
        "axis_labels": layer.axis_labels,
    }


def _centres(layer: Any) -> Any:
    if isinstance(layer, Points):
        return np.asarray(layer.data)
    return np.array([(shape.min(axis=0) + shape.max(axis=0)) / 2 for shape in layer.data])


def _point_size(layer: Any) -> float:
    if isinstance(layer, Points) and len(layer.size):
        return max(float(np.mean(layer.size)), 1.0)
    return SMALLEST_POINT
