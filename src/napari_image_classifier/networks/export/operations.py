"""Keras's operations on whole arrays as nodes of an ONNX graph: parts, axes, means, arithmetic.

They see arrays as Keras has them, (n, y, x, channel); the runtime joins the transpositions between
them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from napari_image_classifier.networks.export.graph import GraphError, GraphWriter, Layer, Value
from napari_image_classifier.networks.guard.operations import picks_by_axis
from napari_image_classifier.typing import FloatArray

AddLayer = Callable[[Layer], Value]
Given = Value | float | FloatArray

MERGES: Mapping[str, str] = {
    "Add": "Add",
    "Average": "Mean",
    "Concatenate": "Concat",
    "Divide": "Div",
    "Maximum": "Max",
    "Minimum": "Min",
    "Multiply": "Mul",
    "Power": "Pow",
    "Stack": "Concat",
    "Subtract": "Sub",
    "TrueDivide": "Div",
}
_BEYOND = 2**31 - 1


def merged(
    writer: GraphWriter, kind: str, settings: Mapping[str, Any], inputs: Sequence[Given]
) -> Value:
    """Add what makes one array of several."""
    ranks = {given.rank for given in inputs if isinstance(given, Value)}
    if kind in ("Concatenate", "Stack"):
        return _joined(writer, kind, settings, inputs)
    if len(ranks) > 1:
        inputs = [_widened(writer, given, max(ranks)) for given in inputs]
    first, second, *others = (_in_layout(given, max(ranks)) for given in inputs)
    if kind == "Average":
        return writer.node("Mean", first, second, *others)
    output = writer.node(MERGES[kind], first, second)
    for other in others:
        output = writer.node(MERGES[kind], output, other)
    return output


def _widened(writer: GraphWriter, given: Given, rank: int) -> Given:
    """Return (n, channel) as (n, 1, 1, channel), so that it can meet images."""
    if not isinstance(given, Value) or given.rank == rank:
        return given
    if given.rank != 2 or rank != 4:
        raise GraphError("The network joins arrays of numbers of axes that can't be joined here.")
    return writer.node("Unsqueeze", given, np.array([2, 3], np.int64), rank=4)


def _in_layout(given: Given, rank: int) -> Given:
    """Return numbers as the graph has arrays of that rank."""
    if not isinstance(given, np.ndarray) or rank != 4 or given.ndim < 2:
        if isinstance(given, np.ndarray) and rank == 4 and given.ndim == 1:
            return given.reshape(-1, 1, 1)
        return given
    wide = given.reshape((1,) * (4 - given.ndim) + given.shape)
    return wide.transpose(0, 3, 1, 2)


def _joined(
    writer: GraphWriter, kind: str, settings: Mapping[str, Any], inputs: Sequence[Given]
) -> Value:
    values = [writer.channels_last(given) for given in inputs if isinstance(given, Value)]
    rank = values[0].rank
    if kind == "Concatenate" and settings.get("axis", -1) in (-1, rank - 1) and rank in (2, 4):
        return writer.node("Concat", *inputs, axis=1)
    axis = settings.get("axis", -1)
    if kind == "Stack":
        rank += 1
        axis += rank if axis < 0 else 0
        new = np.array([axis], np.int64)
        values = [writer.node("Unsqueeze", value, new, rank=rank) for value in values]
    return writer.channels_first(writer.node("Concat", *values, axis=axis, rank=rank))


def _as_keras_has_it(add: AddLayer) -> AddLayer:
    def added(layer: Layer) -> Value:
        inner = layer.writer.channels_last(layer.value)
        return layer.writer.channels_first(add(replace(layer, value=inner)))

    return added


def _picked(layer: Layer) -> Value:
    picks = picks_by_axis(layer.settings["picks"], layer.value.rank)
    of_axes = [pick for pick in picks if pick is not None]
    value = layer.value
    for axis, pick in enumerate(of_axes):
        start, stop, step = (pick, pick + 1 or None, 1) if isinstance(pick, int) else tuple(pick)
        if (start, stop, step) != (None, None, None):
            ends = [[end] for end in (*_ends(start, stop, step or 1), axis, step or 1)]
            value = layer.writer.node("Slice", value, *np.array(ends, np.int64))
    alone = [axis for axis, pick in enumerate(of_axes) if isinstance(pick, int)]
    value = _with_axes(layer.writer, "Squeeze", value, alone, -1)
    left = [pick for pick in picks if not isinstance(pick, int)]
    new = [axis for axis, pick in enumerate(left) if pick is None]
    return _with_axes(layer.writer, "Unsqueeze", value, new, 1)


def _with_axes(
    writer: GraphWriter, kind: str, value: Value, axes: Sequence[int], more: int
) -> Value:
    if not axes:
        return value
    rank = value.rank + more * len(axes)
    return writer.node(kind, value, np.array(axes, np.int64), rank=rank)


def _ends(start: int | None, stop: int | None, step: int) -> tuple[int, int]:
    if step < 0:
        return _BEYOND if start is None else start, -_BEYOND if stop is None else stop
    return start or 0, _BEYOND if stop is None else stop


def _reduced(layer: Layer) -> Value:
    axes = _axes(layer)
    how, kept = layer.settings["how"], bool(layer.settings["keepdims"])
    rank = layer.value.rank - (0 if kept else len(axes))
    where = np.array(axes, np.int64)
    if how not in ("Std", "Var"):
        return layer.node(f"Reduce{how}", where, keepdims=int(kept), rank=rank)
    writer = layer.writer
    centred = layer.node("Sub", layer.node("ReduceMean", where, keepdims=1))
    squares = writer.node("Mul", centred, centred)
    variance = writer.node("ReduceMean", squares, where, keepdims=int(kept), rank=rank)
    return writer.node("Sqrt", variance) if how == "Std" else variance


def _axes(layer: Layer) -> list[int]:
    axes = layer.settings["axis"]
    each = [axes] if isinstance(axes, int) else axes
    return sorted(axis % layer.value.rank for axis in each)


def _with_new_axis(layer: Layer) -> Value:
    return _with_axes(layer.writer, "Unsqueeze", layer.value, [layer.settings["axis"]], 1)


def _squeezed(layer: Layer) -> Value:
    return _with_axes(layer.writer, "Squeeze", layer.value, _axes(layer), -1)


def _flipped(layer: Layer) -> Value:
    value = layer.value
    for axis in _axes(layer):
        ends = np.array([[_BEYOND], [-_BEYOND], [axis], [-1]], np.int64)
        value = layer.writer.node("Slice", value, *ends)
    return value


def _padded(layer: Layer) -> Value:
    before, after = zip(*layer.settings["pad_width"], strict=True)
    return layer.node("Pad", np.array([*before, *after], np.int64))


def _permuted(layer: Layer) -> Value:
    return layer.node("Transpose", perm=[0, *layer.settings["dims"]])


def _grey(layer: Layer) -> Value:
    weights = np.array([[0.2989], [0.587], [0.114]], np.float32)
    return layer.node("MatMul", weights)


def _clipped(layer: Layer) -> Value:
    return layer.node("Clip", float(layer.settings["x_min"]), float(layer.settings["x_max"]))


def _gelu(layer: Layer) -> Value:
    return layer.node("Gelu", approximate="tanh" if layer.settings["approximate"] else "none")


def _node(kind: str) -> AddLayer:
    return lambda layer: layer.node(kind)


OPERATIONS: Mapping[str, AddLayer] = {
    "Absolute": _node("Abs"),
    "Clip": _clipped,
    "ExpandDims": _as_keras_has_it(_with_new_axis),
    "Flip": _as_keras_has_it(_flipped),
    "Gelu": _gelu,
    "GetItem": _as_keras_has_it(_picked),
    "Log": _node("Log"),
    "Log1p": lambda layer: layer.writer.node("Log", layer.node("Add", 1.0)),
    "Negative": _node("Neg"),
    "Pad": _as_keras_has_it(_padded),
    "RGBToGrayscale": _as_keras_has_it(_grey),
    "Reduction": _as_keras_has_it(_reduced),
    "Sqrt": _node("Sqrt"),
    "Square": lambda layer: layer.node("Mul", layer.value),
    "Squeeze": _as_keras_has_it(_squeezed),
}
PERMUTED = _as_keras_has_it(_permuted)
