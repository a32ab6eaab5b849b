"""Keras's Resizing and CenterCrop as nodes of an ONNX graph."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_image_classifier.networks.export.graph import GraphError, GraphWriter, Layer, Value
from napari_image_classifier.typing import FloatArray

# As TensorFlow resizes: centres of pixels on centres of pixels.
_HOW: Mapping[str, Mapping[str, Any]] = {
    "bilinear": {"mode": "linear"},
    "nearest": {"mode": "nearest", "nearest_mode": "round_prefer_ceil"},
}


def resized(layer: Layer) -> Value:
    """Add a Resizing, which may cut to the new size's shape before."""
    settings = layer.settings
    if settings.get("pad_to_aspect_ratio") or settings.get("antialias"):
        raise GraphError("The network resizes images in a way that can't be used here.")
    target = settings["height"], settings["width"]
    value = layer.value
    if settings.get("crop_to_aspect_ratio"):
        value = _of_its_shape(layer.writer, value, *target)
    return _scaled(layer.writer, value, target, settings["interpolation"])


def cropped(layer: Layer) -> Value:
    """Add a CenterCrop; a smaller image is enlarged until it fills the size."""
    height, width = _sides(layer.writer, layer.value)
    target = layer.settings["height"], layer.settings["width"]
    down, right = height - target[0], width - target[1]
    if min(down, right) >= 0:
        return _part(layer.writer, layer.value, (down // 2, right // 2), target)
    shaped = _of_its_shape(layer.writer, layer.value, *target)
    return _scaled(layer.writer, shaped, target, "bilinear")


def _of_its_shape(writer: GraphWriter, value: Value, height: int, width: int) -> Value:
    """Return the largest part, around the middle, whose sides are to each other as these."""
    there = _sides(writer, value)
    sides = (
        max(1, min(there[0], int(there[1] * height / width))),
        max(1, min(there[1], int(there[0] * width / height))),
    )
    start = int((there[0] - sides[0]) / 2), int((there[1] - sides[1]) / 2)
    return _part(writer, value, start, sides)


def _sides(writer: GraphWriter, value: Value) -> tuple[int, int]:
    _, _, height, width = writer.lengths(value)
    if not height or not width:
        raise GraphError(
            "The network cuts images to a size, which can be used only where it takes images of "
            "one size."
        )
    return height, width


def _part(
    writer: GraphWriter, value: Value, start: tuple[int, int], sides: tuple[int, int]
) -> Value:
    ends = [first + side for first, side in zip(start, sides, strict=True)]
    return writer.node("Slice", value, *np.array([start, ends, [2, 3]], np.int64))


def _scaled(writer: GraphWriter, value: Value, sides: tuple[int, int], how: str) -> Value:
    _, _, *there = writer.lengths(value)
    if not all(there):
        return _scaled_from_any_size(writer, value, sides, how)
    if how == "bicubic":
        down, right = map(_cubic, there, sides)
        return writer.node("MatMul", writer.node("MatMul", down, value), right.T)
    for axis, length, new in zip((2, 3), there, sides, strict=True):
        value = _between(writer, value, axis, length, new, how)
    return value


def _between(
    writer: GraphWriter, value: Value, axis: int, length: int, new: int, how: str
) -> Value:
    """Return what lies between pixels along an axis, with the rounding of TensorFlow."""
    middle = (np.arange(new, dtype=np.float32) + np.float32(0.5)) * np.float32(length / new)
    if how == "nearest":
        nearest = np.minimum(np.floor(middle), length - 1).astype(np.int64)
        return writer.node("Gather", value, nearest, axis=axis, rank=4)
    first = np.floor(middle - np.float32(0.5))
    share = (middle - np.float32(0.5) - first).reshape(-1, *(1,) * (3 - axis))
    before, after = (
        writer.node(
            "Gather", value, np.clip(place, 0, length - 1).astype(np.int64), axis=axis, rank=4
        )
        for place in (first, first + 1)
    )
    change = writer.node("Mul", writer.node("Sub", after, before), share)
    return writer.node("Add", before, change)


def _scaled_from_any_size(
    writer: GraphWriter, value: Value, sides: tuple[int, int], how: str
) -> Value:
    if how not in _HOW:
        raise GraphError(
            f"The network resizes images by {how} interpolation, which can be used only where it "
            "takes images of one size."
        )
    nothing = Value("", value.rank)
    # The attribute "axes" would do, but the runtime loses it where it moves a transposition.
    kept = writer.node("Shape", value, start=0, end=2, rank=1)
    return writer.node(
        "Resize",
        value,
        nothing,
        nothing,
        writer.node("Concat", kept, np.array(sides, np.int64), axis=0),
        coordinate_transformation_mode="half_pixel",
        **_HOW[how],
    )


def _cubic(length: int, new: int) -> FloatArray:
    """Return the weights, shape (new, length), of a cubic interpolation by Keys (1981).

    TensorFlow's has a table of 1,024 steps between two pixels, and leaves out what is not there.
    """
    centre = (np.arange(new) + 0.5) * (length / new) - 0.5
    first = np.floor(centre).astype(int)
    step = np.rint((centre - first) * 1024) / 1024
    weights = np.zeros((new, length + 4))
    for place, distance in enumerate((step + 1, step, 1 - step, 2 - step)):
        near = (1.5 * distance - 2.5) * distance**2 + 1
        far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
        weights[np.arange(new), first + place + 1] = np.where(distance <= 1, near, far)
    inside = weights[:, 2 : length + 2]
    shares: FloatArray = (inside / inside.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
