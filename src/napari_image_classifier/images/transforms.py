"""From a Z stack to one plane, one page at a time."""

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

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
