"""Thumbnails of prepared images, as PNG."""

import io

import numpy as np
import PIL.Image

from napari_image_classifier.typing import AnyArray, FloatArray

SIDE = 48

# Green, magenta, blue, grey: the order in which most people see their stains.
_COLOURS = np.array(
    [[0, 1, 0], [1, 0, 1], [0.2, 0.4, 1], [0.6, 0.6, 0.6], [1, 0.6, 0], [0, 1, 1]], np.float32
)


def draw_thumbnail(pixels: FloatArray, side: int = SIDE) -> bytes:
    """Return a small picture of a prepared image.

    Each channel is stretched between its own 1st and 99.8th percentile; one channel is grey,
    several are added in colours.

    Parameters
    ----------
    pixels
        An array of shape (y, x, channel); NaN is shown as 0.
    side
        The longest side of the picture, in pixels.

    Returns
    -------
    bytes
        A PNG file in 8-bit RGB.
    """
    small = np.nan_to_num(spaced_out(pixels, side))
    low, high = np.percentile(small, (1, 99.8), axis=(0, 1))
    grey = np.clip((small - low) / np.maximum(high - low, 1e-12), 0, 1)
    picture = PIL.Image.fromarray((_coloured(grey) * 255).astype(np.uint8))
    picture.thumbnail((side, side))
    written = io.BytesIO()
    picture.save(written, "PNG", compress_level=1)
    return written.getvalue()


def spaced_out(pixels: AnyArray, side: int = SIDE) -> AnyArray:
    """Return those pixels of a plane that a small picture of it is drawn from.

    Parameters
    ----------
    pixels
        An array of shape (y, x) or (y, x, channel).
    side
        The longest side of the picture, in pixels.

    Returns
    -------
    ndarray
        Of the same number of axes, at most four times as long as the picture along each; a copy.
    """
    step = max(1, max(pixels.shape[:2]) // (2 * side))
    return pixels[::step, ::step].copy()


def _coloured(grey: FloatArray) -> FloatArray:
    channels = grey.shape[-1]
    if channels == 1:
        return np.repeat(grey, 3, axis=-1)
    colours = _COLOURS[np.arange(channels) % len(_COLOURS)]
    return np.asarray(np.clip(grey @ colours, 0, 1), np.float32)
