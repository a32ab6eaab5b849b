"""Doubt about a mask: whether its numbers tell objects apart, or classes of pixels.

An object may lie in two pieces, where another one crosses it or a hand slipped. Where nearly all
numbers do, or pieces of one number lie far apart again and again, the numbers are something else.
"""

import numpy as np

from napari_image_classifier.typing import AnyArray, Flags, IntArray

# So few numbers may be classes of pixels, and each of them is looked at.
FEW_NUMBERS = 10
# Without a background, so few numbers are classes, one of which is the background.
FEWEST_TO_TILE = 5
# A rectangle filled less may hold several pieces; of a round object it is filled to 0.79.
SPARSE = 0.4
# What is smaller than this part of the largest piece is a fragment that does not count.
SMALLEST_PIECE = 0.02
# So many numbers, or such a part of them, lie in pieces far apart in no mask that numbers objects.
MANY, MANY_OF_ALL = 3, 0.05
# The number at which those of a picture of 8 bits begin again.
LAST_OF_8_BITS = 255


class Pieces:
    """The pieces of each object of one plane.

    Parameters
    ----------
    codes
        Shape (y, x): 0 for the background, else the number of the object, counted from 1.
    areas
        How many pixels each object has, shape (object).
    rectangles
        Top, bottom, left and right end of each object, shape (object, 4).

    Attributes
    ----------
    count
        How many pieces each object has, without small fragments, shape (object).
    far
        Whether two of them are further apart than the larger one is long, shape (object).
    """

    def __init__(self, codes: IntArray, areas: IntArray, rectangles: IntArray) -> None:
        n = len(areas)
        self.count = np.ones(n, np.intp)
        self.far: Flags = np.zeros(n, bool)
        top, bottom, left, right = rectangles.T
        sparse = areas < SPARSE * (bottom - top) * (right - left)
        for index in np.flatnonzero(sparse) if n > FEW_NUMBERS else range(n):
            inside = codes[top[index] : bottom[index], left[index] : right[index]] == index + 1
            self.count[index], self.far[index] = _pieces(inside)


def _pieces(inside: Flags) -> tuple[int, bool]:
    from scipy import ndimage

    labels, n = ndimage.label(inside, np.ones((3, 3), bool))
    if n < 2:
        return n, False
    sizes = np.bincount(labels.ravel())[1:]
    kept = np.flatnonzero(sizes >= SMALLEST_PIECE * sizes.max())
    found = ndimage.find_objects(labels)
    ends = np.array([(y.start, y.stop, x.start, x.stop) for y, x in (found[i] for i in kept)])
    length = max((ends[:, 1] - ends[:, 0]).max(), (ends[:, 3] - ends[:, 2]).max())
    return len(kept), bool(_largest_gap(ends) > length)


def _largest_gap(ends: IntArray) -> int:
    """Return how far the piece that is farthest from the first one lies from it, in pixels."""
    first = ends[0]
    down = np.maximum(ends[:, 0] - first[1], first[0] - ends[:, 1])
    along = np.maximum(ends[:, 2] - first[3], first[2] - ends[:, 3])
    return int(np.maximum(down, along).max())


def _surrounds(plane: AnyArray) -> bool:
    """Return whether one number reaches all four sides of a plane, as a background does."""
    sides = (plane[0], plane[-1], plane[:, 0], plane[:, -1])
    return bool(set.intersection(*(set(np.unique(side).tolist()) for side in sides)))


def doubt_of_plane(plane: AnyArray, labels: IntArray, pieces: Pieces, *, is_body: bool) -> str:
    """Return why the numbers of a plane don't tell objects apart, "" where they do.

    Parameters
    ----------
    plane
        The mask, shape (y, x).
    labels
        Its numbers above 0, shape (object).
    pieces
        Those of each object.
    is_body
        Whether objects go through several planes, so that one may well have pieces in this one.

    Returns
    -------
    str
        A clause, such as "2 separate objects have the same number, 1".
    """
    n = len(labels)
    repeated = int(pieces.far.sum())
    wrapped = n == LAST_OF_8_BITS and int(labels[-1]) == LAST_OF_8_BITS
    if not is_body and 2 <= n < FEWEST_TO_TILE and (plane > 0).all() and _surrounds(plane):
        return f"every pixel has one of {n} numbers, so that the background would be an object"
    if not is_body and 2 <= n <= FEW_NUMBERS and (pieces.count - 1).sum() >= max(2, n):
        return f"it has {n} numbers for {pieces.count.sum()} separate objects"
    if wrapped and repeated >= (MANY if is_body else 1):
        return f"numbers begin again after 255: {repeated} of them stand for several objects"
    if not is_body and repeated >= max(MANY, MANY_OF_ALL * n):
        return f"{repeated} of its {n} numbers stand for several objects that lie far apart"
    return ""
