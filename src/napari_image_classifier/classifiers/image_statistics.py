"""How bright, how rich in contrast and how sharp an image is, in a few numbers per channel."""

from collections.abc import Sequence

import numpy as np

from napari_image_classifier.items.preparation import RANGE_PERCENTILES
from napari_image_classifier.typing import Float64Array, FloatArray

# In the order of the numbers: what is higher or lower, and how each is said.
BRIGHTNESS = (
    ("has a darker background", "has a brighter background"),
    ("is darker", "is brighter"),
    ("is darker where it is brightest", "is brighter where it is brightest"),
    ("has less contrast", "has more contrast"),
)
DETAIL = (
    ("shows less fine detail", "shows more fine detail, or noise,"),
    ("shows less detail", "shows more detail"),
    ("shows less coarse structure", "shows more coarse structure"),
)
CONTRAST = len(BRIGHTNESS) - 1

PIXELS_SAMPLED = 4_000
# Of the range of intensities: below, differences count as such, and above as ratios.
FAINT = 0.05
_NO_ENERGY = 1e-9


def planes_of(pixels: FloatArray) -> FloatArray:
    """Return measured pixels, float32 (y, x, channel), as planes, (channel, y, x), in memory."""
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))


def brightness_of(planes: FloatArray, ranges: Sequence[tuple[float, float]]) -> Float64Array:
    """Return how bright each channel is, shape (channel, `BRIGHTNESS`).

    ``planes`` are as `planes_of` returns them, ``ranges`` the intensities of every channel that
    count as 0 and 1. The numbers are the low percentile, the mean, the high percentile and the
    distance of the percentiles, on a scale that is that of logarithms for what is bright and goes
    through 0.
    """
    flat = planes.reshape(len(planes), -1)
    step = max(1, flat.shape[1] // PIXELS_SAMPLED)
    low, high = np.transpose(ranges)
    with np.errstate(invalid="ignore", over="ignore"):
        darkest, brightest = np.transpose(
            [np.percentile(channel[::step], RANGE_PERCENTILES) for channel in flat]
        )
        mean = flat.mean(axis=1)
        found = (np.stack([darkest, mean, brightest]) - low) / (high - low)
        found = np.concatenate([found, (found[2] - found[0])[np.newaxis]])
        return np.asarray(np.arcsinh(found / FAINT).T)


def detail_of(planes: FloatArray) -> Float64Array:
    """Return how much of each channel's variance is fine detail, shape (channel, `DETAIL`).

    ``planes`` are as `planes_of` returns them. The numbers are decimal logarithms of the part of
    the variance that is gone when pixels are averaged two by two, then of what is gone when that is
    done again, and again: the energy of Haar wavelets by octave (Mallat, 1989). Blurring lowers
    them, the first ones most; noise raises the first one.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        return np.stack([_detail_of_plane(plane) for plane in planes])


def _detail_of_plane(plane: FloatArray) -> Float64Array:
    finer = plane - plane.mean()
    variance = _energy(finer)
    parts = []
    for _ in DETAIL:
        finer, before = _halved(finer)
        parts.append(max(before - _energy(finer), 0.0))
    return np.log10((np.array(parts) + _NO_ENERGY) / (variance + _NO_ENERGY))


def _energy(plane: FloatArray) -> float:
    flat = plane.ravel()
    return float(flat @ flat) / flat.size


def _halved(plane: FloatArray) -> tuple[FloatArray, float]:
    """Return pixels averaged two by two, and the energy of those that were averaged."""
    height, width = (length - length % 2 for length in plane.shape)
    if not (height and width):
        return plane, _energy(plane)
    cropped = plane[:height, :width]
    rows = cropped[::2] + cropped[1::2]
    halved: FloatArray = rows[:, ::2] + rows[:, 1::2]
    halved *= 0.25
    return halved, _energy(cropped)
