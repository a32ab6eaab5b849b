"""Z-projection, resizing and orientations of images."""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal

import numpy as np
import PIL.Image

from napari_image_classifier.typing import AnyArray, Float64Array, FloatArray, IntArray

Projection = Literal["max", "mean", "sum", "middle", "sharpest"]
N_ORIENTATIONS = 8
ORIENTATION_CHOICES = (1, N_ORIENTATIONS)


# Pixels without a value are reported elsewhere; they are no reason for a warning.
@np.errstate(over="ignore", invalid="ignore")
def project(planes: Iterable[AnyArray], projection: Projection) -> AnyArray:
    """Reduce a Z stack to one plane; only "middle" holds all of its planes at once.

    Parameters
    ----------
    planes
        Arrays of one shape (y, x), in the order of z. There must be one at least.
    projection
        "max", "mean" and "sum" are taken along z at every place. "sharpest" keeps the plane with
        the largest variance of its Laplacian, "middle" the one at index n // 2.

    Returns
    -------
    ndarray
        Shape (y, x); float32 for "mean" and "sum", else of the planes' type.

    References
    ----------
    Pech-Pacheco, J. L. et al. (2000). Diatom autofocusing in brightfield microscopy: a comparative
    study. Proc. 15th Int. Conf. on Pattern Recognition 3, 314-317.
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


def _maximum(planes: Iterable[AnyArray]) -> AnyArray:
    iterator = iter(planes)
    highest = np.array(next(iterator))
    for plane in iterator:
        np.maximum(highest, plane, out=highest)
    return highest


def _total(planes: Iterable[AnyArray]) -> tuple[Float64Array, int]:
    total: Float64Array | None = None
    count = 0
    for plane in planes:
        total = plane.astype(np.float64) if total is None else np.add(total, plane, out=total)
        count += 1
    if total is None:
        raise ValueError("there are no planes to project")
    return total, count


def _sharpness(plane: AnyArray) -> float:
    pixels = np.asarray(plane, np.float32)
    if min(pixels.shape) < 3:
        return float(pixels.var())
    centre = pixels[1:-1, 1:-1]
    around = pixels[:-2, 1:-1] + pixels[2:, 1:-1] + pixels[1:-1, :-2] + pixels[1:-1, 2:]
    return float((around - 4 * centre).var())


# Pixels without a value are reported elsewhere; they are no reason for a warning.
@np.errstate(over="ignore", invalid="ignore")
def resized(plane: AnyArray, size: tuple[int, int]) -> FloatArray:
    """Return a plane in another size.

    A reduction is the average over the area that each new pixel covers, parts of pixels counted
    in part, so noise goes down and nothing aliases; an enlargement is bilinear.

    Parameters
    ----------
    plane
        An array of shape (y, x).
    size
        The new shape (y, x), in pixels; the ratio of the sides may change.

    Returns
    -------
    ndarray
        Shape ``size``, float32.
    """
    if plane.shape == size:
        return np.asarray(plane, np.float32)
    if size[0] > plane.shape[0] or size[1] > plane.shape[1]:
        return _interpolated(plane, size)
    if plane.shape[0] % size[0] == plane.shape[1] % size[1] == 0:
        return _blocks_averaged(plane, plane.shape[0] // size[0], plane.shape[1] // size[1])
    rows = _rows_averaged(plane, size[0])
    return np.ascontiguousarray(_rows_averaged(np.ascontiguousarray(rows.T), size[1]).T)


def _interpolated(plane: AnyArray, size: tuple[int, int]) -> FloatArray:
    pixels = PIL.Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(pixels.resize((size[1], size[0]), PIL.Image.Resampling.BILINEAR), np.float32)


def _blocks_averaged(plane: AnyArray, height: int, width: int) -> FloatArray:
    """Average over whole blocks by adding every n-th row, then column: several times faster."""
    rows = np.array(plane[::height], np.float32)
    for offset in range(1, height):
        np.add(rows, plane[offset::height], out=rows, casting="same_kind")
    blocks = rows[:, ::width].copy()
    for offset in range(1, width):
        blocks += rows[:, offset::width]
    blocks *= np.float32(1 / (height * width))
    return blocks


def _rows_averaged(plane: AnyArray, length: int) -> FloatArray:
    """Average over areas along the first axis, for any ratio."""
    averaged = np.zeros((length, plane.shape[1]), np.float32)
    for rows, weights in _parts(plane.shape[0], length):
        averaged += plane[rows] * weights
    return averaged


@lru_cache(maxsize=64)
def _parts(before: int, after: int) -> list[tuple[IntArray, FloatArray]]:
    """Return the rows that add up to the new ones with their weights, one of each at a time."""
    parts = []
    edges = np.linspace(0, before, after + 1)
    begin, end = edges[:-1], edges[1:]
    for offset in range(math.ceil(before / after) + 1):
        rows = np.floor(begin).astype(np.intp) + offset
        covered = np.clip(np.minimum(end, rows + 1) - np.maximum(begin, rows), 0, None)
        weights = (covered * after / before)[:, np.newaxis]
        parts.append((np.minimum(rows, before - 1), weights.astype(np.float32)))
    return parts


def orientations_of(batch: FloatArray, number: int) -> Iterator[FloatArray]:
    """Yield images as they are, mirrored and turned.

    Parameters
    ----------
    batch
        An array of shape (n, y, x, channel).
    number
        How many orientations: 1, which is the images as they are, or 8.

    Yields
    ------
    ndarray
        ``batch`` in orientation 0, 1, ...: turned by ``orientation // 2`` quarters from y to x,
        then, if the number is odd, mirrored along x. A view; shape (n, x, y, channel) after one or
        three quarters.
    """
    for orientation in range(number):
        quarters, mirrored = divmod(orientation, 2)
        images = np.rot90(batch, quarters, axes=(1, 2))
        yield images[:, :, ::-1] if mirrored else images
