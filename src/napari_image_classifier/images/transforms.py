"""From a Z stack to one plane, one page at a time."""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import PIL.Image

from napari_image_classifier.typing import FloatArray

Projection = Literal["max", "mean", "sum", "middle", "sharpest"]


# Pixels without a value are found by who asks for them; they are no reason for a warning.
@np.errstate(over="ignore", invalid="ignore")
def project(planes: Iterable[npt.NDArray[Any]], projection: Projection) -> npt.NDArray[Any]:
    """Reduce planes of shape (y, x), one at a time, to one: of their type, or float32 for sums.

    "sharpest" keeps the plane with the largest variance of its Laplacian (Pech-Pacheco et al.,
    2000), "middle" the one in the middle of the stack.
    """
    if projection == "max":
        return _maximum(planes)
    if projection in ("mean", "sum"):
        total, count = _total(planes)
        return np.asarray(total / count if projection == "mean" else total, np.float32)
    if projection == "sharpest":
        return max(planes, key=_sharpness)
    stack = list(planes)
    return stack[len(stack) // 2]


def _maximum(planes: Iterable[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    iterator = iter(planes)
    highest = np.array(next(iterator))
    for plane in iterator:
        np.maximum(highest, plane, out=highest)
    return highest


def _total(planes: Iterable[npt.NDArray[Any]]) -> tuple[npt.NDArray[np.float64], int]:
    total: npt.NDArray[np.float64] | None = None
    count = 0
    for plane in planes:
        total = plane.astype(np.float64) if total is None else np.add(total, plane, out=total)
        count += 1
    if total is None:
        raise ValueError("there are no planes to project")
    return total, count


def _sharpness(plane: npt.NDArray[Any]) -> float:
    pixels = np.asarray(plane, np.float32)
    if min(pixels.shape) < 3:
        return float(pixels.var())
    centre = pixels[1:-1, 1:-1]
    around = pixels[:-2, 1:-1] + pixels[2:, 1:-1] + pixels[1:-1, :-2] + pixels[1:-1, 2:]
    return float((around - 4 * centre).var())


N_ORIENTATIONS = 8
ORIENTATION_CHOICES = (1, N_ORIENTATIONS)


def orientations_of(batch: FloatArray, number: int) -> Iterator[FloatArray]:
    """Yield ``batch``, of shape (n, y, x, channel), as it is and turned: 1 or 8 in all.

    A quarter turn of images that are not square exchanges y and x.
    """
    for turned in range(number):
        quarters, mirrored = divmod(turned, 2)
        images = np.rot90(batch, quarters, axes=(1, 2))
        yield images[:, :, ::-1] if mirrored else images


# Pixels without a value are found by who asks for them; they are no reason for a warning.
@np.errstate(over="ignore", invalid="ignore")
def resized(plane: npt.NDArray[Any], size: tuple[int, int]) -> FloatArray:
    """Return a plane of shape (y, x) at ``size``, float32.

    A reduction is the average over the area that each new pixel covers, parts of pixels counted
    in part, so noise goes down and nothing aliases; an enlargement is linear.
    """
    if plane.shape == size:
        return np.asarray(plane, np.float32)
    if size[0] > plane.shape[0] or size[1] > plane.shape[1]:
        return _interpolated(plane, size)
    if plane.shape[0] % size[0] == plane.shape[1] % size[1] == 0:
        return _blocks_averaged(plane, plane.shape[0] // size[0], plane.shape[1] // size[1])
    rows = _rows_averaged(plane, size[0])
    return np.ascontiguousarray(_rows_averaged(np.ascontiguousarray(rows.T), size[1]).T)


def _interpolated(plane: npt.NDArray[Any], size: tuple[int, int]) -> FloatArray:
    pixels = PIL.Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(pixels.resize((size[1], size[0]), PIL.Image.Resampling.BILINEAR), np.float32)


def _blocks_averaged(plane: npt.NDArray[Any], height: int, width: int) -> FloatArray:
    """Average over whole blocks by adding every n-th row, then column: several times faster."""
    rows = np.array(plane[::height], np.float32)
    for offset in range(1, height):
        np.add(rows, plane[offset::height], out=rows, casting="same_kind")
    blocks = rows[:, ::width].copy()
    for offset in range(1, width):
        blocks += rows[:, offset::width]
    blocks *= np.float32(1 / (height * width))
    return blocks


def _rows_averaged(plane: npt.NDArray[Any], length: int) -> FloatArray:
    """Average over areas along the first axis, for any ratio."""
    averaged = np.zeros((length, plane.shape[1]), np.float32)
    for rows, weights in _parts(plane.shape[0], length):
        averaged += plane[rows] * weights
    return averaged


@lru_cache(maxsize=64)
def _parts(before: int, after: int) -> list[tuple[npt.NDArray[np.intp], FloatArray]]:
    """Return which rows, with which weights, add up to the new ones; one of each at a time."""
    return list(_each_part(before, after))


def _each_part(before: int, after: int) -> Iterator[tuple[npt.NDArray[np.intp], FloatArray]]:
    edges = np.linspace(0, before, after + 1)
    begin, end = edges[:-1], edges[1:]
    for offset in range(math.ceil(before / after) + 1):
        rows = np.floor(begin).astype(np.intp) + offset
        covered = np.clip(np.minimum(end, rows + 1) - np.maximum(begin, rows), 0, None)
        weights = (covered * after / before)[:, np.newaxis]
        yield np.minimum(rows, before - 1), weights.astype(np.float32)
