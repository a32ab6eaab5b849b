"""How bright, how rich in contrast and how sharp an image is, in a few numbers per channel."""

from collections.abc import Sequence

import numpy as np

from napari_image_classifier.arrays import Float64Array, FloatArray
from napari_image_classifier.preparation import RANGE_PERCENTILES

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

PIXELS_SAMPLED = 10_000
# Of the range of intensities: below, differences count as such, and above as ratios.
FAINT = 0.05
_NO_ENERGY = 1e-9


def brightness_of(pixels: FloatArray, ranges: Sequence[tuple[float, float]]) -> Float64Array:
    """Return how bright each channel is, shape (channel, `BRIGHTNESS`).

    ``pixels`` are measured ones, float32 (y, x, channel), ``ranges`` the intensities of every
    channel that count as 0 and 1. The numbers are the low percentile, the mean, the high
    percentile and the distance of the percentiles, on a scale that is that of logarithms for what
    is bright and goes through 0.
    """
    flat = pixels.reshape(-1, pixels.shape[-1])
    few = flat[:: max(1, len(flat) // PIXELS_SAMPLED)]
    low, high = np.transpose(ranges)
    with np.errstate(invalid="ignore", over="ignore"):
        darkest, brightest = np.percentile(few, RANGE_PERCENTILES, axis=0)
        mean = flat.mean(axis=0, dtype=np.float64)
        found = (np.stack([darkest, mean, brightest]) - low) / (high - low)
        found = np.concatenate([found, (found[2] - found[0])[np.newaxis]])
        return np.asarray(np.arcsinh(found / FAINT).T)


def detail_of(pixels: FloatArray) -> Float64Array:
    """Return how much of each channel's variance is fine detail, shape (channel, `DETAIL`).

    ``pixels`` are measured ones, float32 (y, x, channel). The numbers are decimal logarithms of
    the part of the variance that is gone when pixels are averaged two by two, then of what is gone
    when that is done again, and again: the energy of Haar wavelets by octave (Mallat, 1989).
    Blurring lowers them, the first ones most; noise raises the first one.
    """
    finer = pixels - pixels.mean(axis=(0, 1))
    with np.errstate(invalid="ignore", over="ignore"):
        energies = [_energy(finer)]
        parts = []
        for _ in DETAIL:
            finer, cropped = _halved(finer)
            energies.append(_energy(finer))
            parts.append(np.maximum(cropped - energies[-1], 0))
        return np.asarray(
            np.log10(
                (np.stack(parts, axis=1) + _NO_ENERGY) / (energies[0][:, np.newaxis] + _NO_ENERGY)
            )
        )


def _energy(pixels: FloatArray) -> Float64Array:
    squares = np.einsum("yxc,yxc->c", pixels, pixels, dtype=np.float64)
    return np.asarray(squares / (pixels.shape[0] * pixels.shape[1]))


def _halved(pixels: FloatArray) -> tuple[FloatArray, Float64Array]:
    """Return pixels averaged two by two, and the energy of those that were averaged."""
    height, width = (length - length % 2 for length in pixels.shape[:2])
    if not (height and width):
        return pixels, _energy(pixels)
    cropped = pixels[:height, :width]
    halved: FloatArray = (
        cropped[::2, ::2] + cropped[1::2, ::2] + cropped[::2, 1::2] + cropped[1::2, 1::2]
    )
    halved /= 4
    return halved, _energy(cropped)
