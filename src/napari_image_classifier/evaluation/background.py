"""What an image shows where there is nothing to see: its background and how it is lit.

If the classes can be told by that, lamp, camera or day may be what tells them apart.
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from napari_image_classifier.typing import Flags, Float64Array, FloatArray

BLUR = 1.5
# What is so many deviations brighter than the background mostly is, is something else.
BRIGHTER = 3.0
# Light spreads: what lies this near to something bright, as part of the side, is no background.
MARGIN = 0.08
SMALLEST_PART = 0.05
HISTOGRAM_BINS = 128
PERCENTILES = (5, 25, 50)


def background_of(pixels: FloatArray) -> Flags | None:
    """Return where an image (y, x, channel) shows background in every channel, of shape (y, x).

    Bright is what is clearly brighter than the background mostly is, in any channel, or lies above
    the threshold of Otsu (1979) where this is lower, as it is where cells fill most of the image.
    None where hardly anything is left.
    """
    bright = np.zeros(pixels.shape[:2], bool)
    for channel in np.moveaxis(np.asarray(pixels, np.float64), -1, 0):
        smooth = ndimage.gaussian_filter(channel, BLUR)
        if smooth.max() > smooth.min():
            bright |= smooth > _threshold(smooth)
    reach = max(1, round(MARGIN * max(bright.shape)))
    dark = ~ndimage.binary_dilation(bright, iterations=reach)
    return dark if dark.mean() >= SMALLEST_PART else None


def background_features(pixels: FloatArray) -> Float64Array | None:
    """Return how bright, how noisy and how evenly lit the background of an image is.

    For each channel of an image (y, x, channel): percentiles, the deviation from pixel to pixel,
    and the quadratic surface through it, which has an offset, slopes and vignetting. None where no
    background can be told.
    """
    dark = background_of(pixels)
    if dark is None:
        return None
    surface = _quadratic(dark.shape)
    found: list[Float64Array] = []
    for channel in np.moveaxis(np.asarray(pixels, np.float64), -1, 0):
        fitted, *_ = np.linalg.lstsq(surface[dark], channel[dark], rcond=None)
        steps = np.diff(channel, axis=1)[dark[:, 1:] & dark[:, :-1]]
        noise = np.median(np.abs(steps)) if steps.size else 0.0
        found.append(np.array([*np.percentile(channel[dark], PERCENTILES), noise, *fitted]))
    return np.concatenate(found)


def lighting_features(pixels: FloatArray) -> Float64Array:
    """Return the quadratic surface through each channel of a whole image (y, x, channel)."""
    surface = _quadratic(pixels.shape[:2]).reshape(-1, 6)
    values = np.asarray(pixels, np.float64).reshape(len(surface), -1)
    return np.asarray(np.linalg.lstsq(surface, values, rcond=None)[0].T.ravel())


def _threshold(smooth: Float64Array) -> float:
    from skimage.filters import threshold_otsu

    otsu: Callable[[Float64Array], float] = threshold_otsu
    counts, edges = np.histogram(smooth, HISTOGRAM_BINS)
    mode = edges[counts.argmax() : counts.argmax() + 2].mean()
    # Of the darker half alone: the brighter one has the light of what is no background.
    deviation = np.sqrt(((smooth[smooth <= mode] - mode) ** 2).mean())
    return min(float(mode + BRIGHTER * deviation), float(otsu(smooth)))


def _quadratic(shape: tuple[int, ...]) -> Float64Array:
    y, x = np.meshgrid(*(np.linspace(-1, 1, length) for length in shape), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)
