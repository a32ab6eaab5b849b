"""Duplicates: images that show the same thing, also turned, mirrored, dimmed to 8 bits or shifted.

Each image is described by small patches around its most striking spots, every patch turned and
mirrored into one position, so that a duplicate in any orientation has the same ones. Patches that
look alike in two images are whitened first: what all images of a set have in common (edges, round
spots) counts for little, what only one image has counts for much (as in Hariharan, Malik & Ramanan,
2012). Where two images share a patch, they are laid over each other and compared pixel by pixel.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_image_classifier.typing import AnyArray, FloatArray, IntArray

Pair = tuple[int, int]

# The structures that are looked at, in pixels: between these two Gaussian blurs.
FINE, COARSE = 0.8, 2.5
RADIUS = 7
APART = 3
SPOTS_PER_IMAGE = 24
SPOTS_IN_ALL = 100_000
NUMBERS_PER_SPOT = 64
# Directions in which the patches of a set hardly differ are noise; they must not be blown up.
SMALLEST_VARIANCE = 0.01
ALIKE = 0.9
ROWS_AT_ONCE = 1024
# Two images are the same where they overlap by so much and agree so well there.
OVERLAP = 0.1
AGREEMENT = 0.8


def find_duplicates(
    images: Sequence[FloatArray],
    on_image: Callable[[int], None] = lambda number: None,
    sources: Sequence[int] | None = None,
) -> list[Pair]:
    """Return the pairs of images that show the same thing [1]_.

    Parameters
    ----------
    images
        Each of shape (y, x, channel). They may differ in size, and are compared at the scale that
        they have. Images in which nothing stands out have no duplicates.
    on_image
        Is told how many images have been looked at; what it raises ends the search.
    sources
        A number for each image: those of one number, such as the planes of one file, are not
        compared.

    Returns
    -------
    list of tuple
        Each pair as two indices, the smaller one first, sorted.

    References
    ----------
    .. [1] Hariharan, Malik & Ramanan (2012), “Discriminative decorrelation for clustering and
       classification”, ECCV.
    """
    structures = []
    for number, image in enumerate(images, start=1):
        structures.append(_structure(image))
        on_image(number)
    spots = _described(structures)
    pairs = {
        (int(spots.image[one]), int(spots.image[other]))
        for one, other in _alike(spots.numbers, spots.image, sources)
        if _agree(structures, spots, one, other)
    }
    return sorted(pairs)


@dataclass(frozen=True)
class _Spots:
    """Striking spots of all images: of which image, where (y, x), how turned, and how they look."""

    image: IntArray
    place: IntArray
    orientation: IntArray
    numbers: FloatArray


def _structure(image: FloatArray) -> FloatArray:
    """Return the image without its background and its finest grain, every channel as strong."""
    sigmas = [(sigma, sigma, 0) for sigma in (FINE, COARSE)]
    fine, coarse = (ndimage.gaussian_filter(np.asarray(image, np.float32), s) for s in sigmas)
    structure = fine - coarse
    spread = structure.std(axis=(0, 1))
    # Rounding alone must not pass for structure.
    visible = spread > 1e-5 * (np.abs(image).max(axis=(0, 1)) + 1e-30)
    return np.where(visible, structure / np.where(visible, spread, 1), 0).astype(np.float32)


def _described(structures: Sequence[FloatArray]) -> _Spots:
    each = max(min(SPOTS_PER_IMAGE, SPOTS_IN_ALL // max(len(structures), 1)), 1)
    images, places, orientations, patches = [], [], [], []
    for number, structure in enumerate(structures):
        for y, x in _striking(structure, each):
            patch = structure[y - RADIUS : y + RADIUS + 1, x - RADIUS : x + RADIUS + 1]
            orientation = _orientation(patch)
            images.append(number)
            places.append((y, x))
            orientations.append(orientation)
            patches.append((_turned(patch, orientation) * NEAR[..., np.newaxis]).ravel())
    return _Spots(
        np.array(images, np.intp),
        np.array(places, np.intp).reshape(-1, 2),
        np.array(orientations, np.intp),
        _whitened(np.array(patches, np.float32)),
    )


def _striking(structure: FloatArray, number: int) -> Iterator[tuple[int, int]]:
    """Yield where the structure is strongest, not too near to each other or to the border."""
    strength = np.sqrt((structure**2).sum(axis=2))
    is_highest = strength == ndimage.maximum_filter(strength, 2 * APART + 1)
    inside = np.zeros_like(is_highest)
    inside[RADIUS:-RADIUS, RADIUS:-RADIUS] = True
    y, x = np.nonzero(is_highest & inside & (strength > 0))
    strongest = np.argsort(-strength[y, x], kind="stable")[:number]
    yield from zip(y[strongest].tolist(), x[strongest].tolist(), strict=True)


_STEPS = np.arange(-RADIUS, RADIUS + 1, dtype=np.float32)
NEAR = np.exp(-(_STEPS[:, np.newaxis] ** 2 + _STEPS**2) / (RADIUS**2)).astype(np.float32)


def _orientation(patch: FloatArray) -> int:
    """Return which of the eight orientations brings the patch's weight to the lower right.

    The bits say: mirrored in x, mirrored in y, axes exchanged, in this order.
    """
    weight = (patch**2).sum(axis=2) * NEAR
    to_right = float((weight * _STEPS).sum())
    down = float((weight * _STEPS[:, np.newaxis]).sum())
    return (to_right < 0) + 2 * (down < 0) + 4 * (abs(down) > abs(to_right))


def _turned(image: FloatArray, orientation: int) -> FloatArray:
    if orientation & 1:
        image = image[:, ::-1]
    if orientation & 2:
        image = image[::-1]
    return image.swapaxes(0, 1) if orientation & 4 else image


def _whitened(patches: FloatArray) -> FloatArray:
    """Return the patches' coordinates in the directions that tell them apart, of length 1."""
    if len(patches) < 2:
        return np.zeros((len(patches), 1), np.float32)
    patches = patches / np.linalg.norm(patches, axis=1, keepdims=True)
    centred = patches - patches.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    variances, directions = variances[-NUMBERS_PER_SPOT:], directions[:, -NUMBERS_PER_SPOT:]
    floor = SMALLEST_VARIANCE * variances[-1]
    numbers = centred @ (directions / np.sqrt(np.maximum(variances, 0) + floor))
    lengths = np.linalg.norm(numbers, axis=1, keepdims=True)
    return np.asarray(numbers / np.maximum(lengths, 1e-12), np.float32)


def _alike(numbers: FloatArray, image: IntArray, sources: Sequence[int] | None) -> Iterator[Pair]:
    """Yield the spots of different sources that look alike, the earlier image's first."""
    source = image if sources is None else np.asarray(sources, np.intp)[image]
    for start in range(0, len(numbers), ROWS_AT_ONCE):
        rows = numbers[start : start + ROWS_AT_ONCE]
        likeness = rows @ numbers[start:].T
        ours, theirs = (places + start for places in np.nonzero(likeness > ALIKE))
        apart = (image[ours] < image[theirs]) & (source[ours] != source[theirs])
        yield from zip(ours[apart].tolist(), theirs[apart].tolist(), strict=True)


def _agree(structures: Sequence[FloatArray], spots: _Spots, one: int, other: int) -> bool:
    """Return whether two images are the same where they overlap, laid spot upon spot."""
    first, here = _laid_out(structures, spots, one)
    second, there = _laid_out(structures, spots, other)
    before = np.minimum(here, there)
    after = np.minimum(first.shape[:2] - here, second.shape[:2] - there)
    ours = _rectangle(first, here - before, here + after)
    theirs = _rectangle(second, there - before, there + after)
    if ours.size < OVERLAP * min(first.size, second.size):
        return False
    # Round cells look alike one by one; it is what lies around them that no two images share.
    around = np.ones(ours.shape[:2], bool)
    _rectangle(around, before - RADIUS, before + RADIUS + 1)[:] = False
    ours, theirs = ours[around].ravel(), theirs[around].ravel()
    product = float(ours @ theirs)
    return product > AGREEMENT * float(np.linalg.norm(ours) * np.linalg.norm(theirs))


def _rectangle(array: AnyArray, begin: IntArray, end: IntArray) -> AnyArray:
    return array[begin[0] : end[0], begin[1] : end[1]]


def _laid_out(
    structures: Sequence[FloatArray], spots: _Spots, spot: int
) -> tuple[FloatArray, IntArray]:
    """Return the image of a spot, turned as the spot is, and the spot's place in it."""
    structure = structures[spots.image[spot]]
    orientation = int(spots.orientation[spot])
    y, x = (int(value) for value in spots.place[spot])
    if orientation & 1:
        x = structure.shape[1] - 1 - x
    if orientation & 2:
        y = structure.shape[0] - 1 - y
    place = (x, y) if orientation & 4 else (y, x)
    return _turned(structure, orientation), np.array(place, np.intp)
