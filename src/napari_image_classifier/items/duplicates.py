"""Duplicates: images that show the same thing, also turned, mirrored, dimmed to 8 bits or shifted.

Each image is described by small patches around its most striking spots, every patch turned and
mirrored into one position, so that a duplicate in any orientation has the same ones. Patches that
look alike in two images are whitened first: what all images of a set have in common (edges, round
spots) counts for little, what only one image has counts for much (as in Hariharan, Malik & Ramanan,
2012). Where two images share a patch, they are laid over each other and compared pixel by pixel.

What looks the same may be merely alike, as two discs of one size are. A duplicate shares more: the
grain, which no second picture has, the places of several objects, or spots that look like none of
the others.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain

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
# Of two images, so many pairs of spots are tried, those that look most alike first.
TRIES = 6
ROWS_AT_ONCE = 1024
# Two images may be the same where they overlap by so much and agree so well there.
OVERLAP = 0.1
AGREEMENT = 0.8
# Noise from one pixel to the next, which flat, sloping and curved surfaces don't show (Immerkær,
# 1996): there is more of it than structure, and less than at an edge.
GRAIN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
LEAST_GRAIN = 0.5
MOST_GRAIN = 4.0
# Duplicates share their grain; of pictures merely alike, edges do.
SAME_GRAIN = 0.5
# Objects whose places agree. What is so bright or dark, in spreads of the structure, is one; how
# far it reaches is asked more broadly, so that the corners of a square are not four.
FEWEST_OBJECTS = 3
AN_OBJECT = 1.5
OF_AN_OBJECT = 0.5
AROUND_AN_OBJECT = 4
# What no grain tells (of drawings, of JPEG files) is told by spots with structure around them, if
# the strongest look unlike each other: those on the outline of a disc or square look alike.
LEAST_AROUND = 0.1
STRONGEST = 6
FEWEST_STRONG = 4
MOST_REPEATED = 1
REPEATED = 0.8
# Duplicates have few neighbours; what is alike has many.
MOST_BY_SPOTS = 3
MOST_OVERLAPPING = 8


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
    looks = []
    for number, image in enumerate(images, start=1):
        looks.append(_Looks.of(image))
        on_image(number)
    spots = _described([look.structure for look in looks])
    is_varied = [_is_varied(spots.numbers[spots.image == i]) for i in range(len(looks))]
    found: dict[Pair, _Evidence] = {}
    alike: Counter[int] = Counter()
    for one, other in _alike(spots.numbers, spots.image, sources):
        pair = int(spots.image[one]), int(spots.image[other])
        before = found.get(pair, _Evidence.UNLIKE)
        if before is _Evidence.SAME_GRAIN:
            continue
        # Where many look the same, places say nothing.
        by_places = max(alike[number] for number in pair) <= MOST_OVERLAPPING
        evidence = _compared(looks, spots, one, other, by_places=by_places)
        if evidence is _Evidence.SAME_SPOTS and not all(is_varied[number] for number in pair):
            evidence = _Evidence.ALIKE
        found[pair] = max(evidence, before)
        if before is _Evidence.UNLIKE and evidence is not _Evidence.UNLIKE:
            alike.update(pair)
    return _beyond_likeness(found)


class _Evidence(IntEnum):
    """What says that two images are the same, the surest last."""

    UNLIKE = 0
    ALIKE = 1
    SAME_SPOTS = 2
    SAME_PLACES = 3
    SAME_GRAIN = 4


# After which two images may be merely alike.
_LIKENESSES = (_Evidence.ALIKE, _Evidence.SAME_SPOTS, _Evidence.SAME_PLACES)


def _beyond_likeness(found: Mapping[Pair, _Evidence]) -> list[Pair]:
    """Return the pairs that are duplicates, leaving out images that many others look like."""
    likenesses = (pair for pair, evidence in found.items() if evidence in _LIKENESSES)
    others = Counter(chain.from_iterable(likenesses))
    most: dict[_Evidence, float] = {
        _Evidence.SAME_SPOTS: MOST_BY_SPOTS,
        _Evidence.SAME_PLACES: MOST_OVERLAPPING,
        _Evidence.SAME_GRAIN: np.inf,
    }
    return sorted(
        pair
        for pair, evidence in found.items()
        if evidence in most and max(others[number] for number in pair) <= most[evidence]
    )


@dataclass(frozen=True)
class _Looks:
    """An image without its background, and its grain, both of shape (y, x, channel).

    ``structure`` has a spread of 1 in every channel, ``grain`` a noise of 1; where a channel has
    none, it is 0.
    """

    structure: FloatArray
    grain: FloatArray

    @classmethod
    def of(cls, image: FloatArray) -> "_Looks":
        return cls(_structure(image), _grain(image))

    def turned(self, orientation: int) -> "_Looks":
        return _Looks(_turned(self.structure, orientation), _turned(self.grain, orientation))

    def part(self, begin: IntArray, end: IntArray) -> "_Looks":
        return _Looks(_rectangle(self.structure, begin, end), _rectangle(self.grain, begin, end))


@dataclass(frozen=True)
class _Spots:
    """Striking spots of all images: of which image, where (y, x), how turned, and how they look."""

    image: IntArray
    place: IntArray
    orientation: IntArray
    numbers: FloatArray


def _structure(image: FloatArray) -> FloatArray:
    """Return the image without its background and its finest grain, every channel as strong."""
    structure = _between_blurs(image)
    return _in_units(structure, structure.std(axis=(0, 1)), _rounding(image))


def _grain(image: FloatArray) -> FloatArray:
    """Return what changes from one pixel to the next, every channel as strong."""
    pixels = np.asarray(image, np.float32)
    grain = ndimage.convolve(pixels, GRAIN[..., np.newaxis], mode="nearest")
    noise, smooth = (
        np.median(np.abs(values), axis=(0, 1)) for values in (grain, _between_blurs(image))
    )
    # What is smooth, or the tail of something bright, is no noise.
    return _in_units(grain, noise, np.maximum(_rounding(image), LEAST_GRAIN * smooth))


def _between_blurs(image: FloatArray) -> FloatArray:
    sigmas = [(sigma, sigma, 0) for sigma in (FINE, COARSE)]
    fine, coarse = (ndimage.gaussian_filter(np.asarray(image, np.float32), s) for s in sigmas)
    return np.asarray(fine - coarse, np.float32)


def _rounding(image: FloatArray) -> FloatArray:
    """Return what is not more than rounding, for each channel."""
    return np.asarray(1e-5 * (np.abs(image).max(axis=(0, 1)) + 1e-30), np.float32)


def _in_units(values: FloatArray, unit: FloatArray, floor: FloatArray) -> FloatArray:
    visible = unit > floor
    return np.where(visible, values / np.where(visible, unit, 1), 0).astype(np.float32)


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
    floor = max(SMALLEST_VARIANCE * variances[-1], np.finfo(np.float32).tiny)
    numbers = centred @ (directions / np.sqrt(np.maximum(variances, 0) + floor))
    lengths = np.linalg.norm(numbers, axis=1, keepdims=True)
    return np.asarray(numbers / np.maximum(lengths, 1e-12), np.float32)


def _is_varied(numbers: FloatArray) -> bool:
    """Return whether the strongest spots of an image, which come first, look unlike each other."""
    strongest = numbers[:STRONGEST]
    likeness = strongest @ strongest.T
    np.fill_diagonal(likeness, 0)
    n_repeated = int((likeness > REPEATED).any(axis=1).sum())
    return len(strongest) >= FEWEST_STRONG and n_repeated <= MOST_REPEATED


def _alike(numbers: FloatArray, image: IntArray, sources: Sequence[int] | None) -> Iterator[Pair]:
    """Yield the spots of different sources that look alike, the earlier image's first.

    Each comes with the one of every other image that looks most like it.
    """
    source = image if sources is None else np.asarray(sources, np.intp)[image]
    for start in range(0, len(numbers), ROWS_AT_ONCE):
        rows = numbers[start : start + ROWS_AT_ONCE]
        likeness = rows @ numbers[start:].T
        begins = np.flatnonzero(np.diff(image[start:], prepend=-1))
        ends = np.append(begins[1:], likeness.shape[1])
        best = np.maximum.reduceat(likeness, begins, axis=1)
        tried: Counter[Pair] = Counter()
        rows_in_order, columns = np.nonzero(best > ALIKE)
        for place in np.argsort(-best[rows_in_order, columns], kind="stable").tolist():
            row, column = int(rows_in_order[place]), int(columns[place])
            one, begin = start + row, int(begins[column])
            pair = int(image[one]), int(image[start + begin])
            if pair[0] >= pair[1] or source[one] == source[start + begin]:
                continue
            tried[pair] += 1
            if tried[pair] <= TRIES:
                yield one, start + begin + int(likeness[row, begin : ends[column]].argmax())


def _compared(
    looks: Sequence[_Looks], spots: _Spots, one: int, other: int, *, by_places: bool
) -> _Evidence:
    """Return what says that two images are the same where they overlap, laid spot upon spot."""
    first, here = _laid_out(looks, spots, one)
    second, there = _laid_out(looks, spots, other)
    before = np.minimum(here, there)
    after = np.minimum(first.structure.shape[:2] - here, second.structure.shape[:2] - there)
    ours = first.part(here - before, here + after)
    theirs = second.part(there - before, there + after)
    if ours.structure.size < OVERLAP * min(first.structure.size, second.structure.size):
        return _Evidence.UNLIKE
    # Round cells look alike one by one; it is what lies around them that no two images share.
    around = np.ones(ours.structure.shape[:2], bool)
    _rectangle(around, before - RADIUS, before + RADIUS + 1)[:] = False
    if _likeness(ours.structure[around], theirs.structure[around]) <= AGREEMENT:
        return _Evidence.UNLIKE
    in_one_position = spots.orientation[one] == spots.orientation[other]
    # At edges it is the shape that agrees.
    flat = (np.abs([ours.grain, theirs.grain]) < MOST_GRAIN).all(axis=0)
    if _likeness(ours.grain[flat], theirs.grain[flat]) > SAME_GRAIN or (
        in_one_position and np.array_equal(first.structure, second.structure)
    ):
        return _Evidence.SAME_GRAIN
    if by_places and _objects_agree(ours.structure, theirs.structure, before):
        return _Evidence.SAME_PLACES
    around_spot = np.linalg.norm(ours.structure[around]) / np.linalg.norm(ours.structure)
    return _Evidence.SAME_SPOTS if around_spot**2 > LEAST_AROUND else _Evidence.ALIKE


def _likeness(ours: FloatArray, theirs: FloatArray) -> float:
    """Return the cosine between two arrays of one shape, 0 where one of them is 0."""
    ours, theirs = ours.ravel(), theirs.ravel()
    lengths = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
    return float(ours @ theirs) / lengths if lengths else 0.0


def _objects_agree(ours: FloatArray, theirs: FloatArray, spot: IntArray) -> bool:
    """Return whether two structures agree on several objects besides the one at the spot."""
    whole = ours.mean(axis=2) / ours.std()
    at_spot = np.zeros(whole.shape, bool)
    _rectangle(at_spot, spot - RADIUS, spot + RADIUS + 1)[:] = True
    objects = [ndimage.label(sign * whole > OF_AN_OBJECT)[0] for sign in (1, -1)]
    of_spot = at_spot.copy()
    for labels in objects:
        of_spot |= np.isin(labels, np.unique(labels[at_spot & (labels > 0)]))
    # What lies in a ring is the ring's.
    inside = ndimage.binary_fill_holes(of_spot)
    rest = ~ndimage.binary_dilation(inside, iterations=AROUND_AN_OBJECT)
    strong = rest & (np.abs(whole) > AN_OBJECT)
    n_further = max(len(np.unique(labels[strong & (labels > 0)])) for labels in objects)
    return n_further >= FEWEST_OBJECTS and _likeness(ours[rest], theirs[rest]) > AGREEMENT


def _rectangle(array: AnyArray, begin: IntArray, end: IntArray) -> AnyArray:
    return array[begin[0] : end[0], begin[1] : end[1]]


def _laid_out(looks: Sequence[_Looks], spots: _Spots, spot: int) -> tuple[_Looks, IntArray]:
    """Return the image of a spot, turned as the spot is, and the spot's place in it."""
    look = looks[spots.image[spot]]
    orientation = int(spots.orientation[spot])
    height, width = look.structure.shape[:2]
    y, x = (int(value) for value in spots.place[spot])
    if orientation & 1:
        x = width - 1 - x
    if orientation & 2:
        y = height - 1 - y
    place = (x, y) if orientation & 4 else (y, x)
    return look.turned(orientation), np.array(place, np.intp)
