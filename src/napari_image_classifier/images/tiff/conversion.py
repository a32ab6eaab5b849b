"""Red, green and blue from colours of other kinds that a TIFF may hold."""

from collections.abc import Sequence

import numpy as np

from napari_image_classifier.typing import AnyArray

# TIFF 6.0, section 21: the coefficients of CCIR 601, where a file names none.
_CCIR_601 = (0.299, 0.587, 0.114)


def cmyk_to_rgb(colors: AnyArray) -> AnyArray:
    """Return red, green and blue of cyan, magenta, yellow and black, along the last axis.

    Parameters
    ----------
    colors
        Amounts of ink as unsigned integers, shape (..., 4 or more).

    Returns
    -------
    ndarray
        Of the same type, shape (..., 3).
    """
    highest = int(np.iinfo(colors.dtype).max)
    inks = colors[..., :3].astype(np.uint64)
    paper = highest - colors[..., 3:4].astype(np.uint64)
    rgb: AnyArray = paper - (inks * paper + highest // 2) // highest
    return rgb.astype(colors.dtype)


def ycbcr_to_rgb(
    colors: AnyArray,
    coefficients: Sequence[float] | None = None,
    black_and_white: Sequence[float] | None = None,
) -> AnyArray:
    """Return red, green and blue of luminance and two colour differences, along the last axis.

    Parameters
    ----------
    colors
        Unsigned integers, shape (..., 3 or more).
    coefficients
        The parts of red, green and blue in the luminance; None for those of CCIR 601.
    black_and_white
        The codes of none and all of luminance, Cb and Cr in turn; None for the whole range.

    Returns
    -------
    ndarray
        Of the same type, shape (..., 3).
    """
    highest = int(np.iinfo(colors.dtype).max)
    middle = (highest + 1) // 2
    red, green, blue = coefficients or _CCIR_601
    codes = black_and_white or (0, highest, middle, highest, middle, highest)
    ranges = (highest, middle - 1, middle - 1)
    y, cb, cr = (
        (colors[..., i].astype(np.float32) - codes[2 * i])
        * (ranges[i] / ((codes[2 * i + 1] - codes[2 * i]) or 1))
        for i in range(3)
    )
    r, b = y + (2 - 2 * red) * cr, y + (2 - 2 * blue) * cb
    g = (y - red * r - blue * b) / (green or 1)
    rgb: AnyArray = np.rint(np.stack([r, g, b], axis=-1)).clip(0, highest)
    return rgb.astype(colors.dtype)


def lab_to_rgb(colors: AnyArray, *, signed: bool) -> AnyArray:
    """Return red, green and blue (sRGB) of L*, a* and b*, along the last axis.

    Parameters
    ----------
    colors
        Of 8 bits, shape (y, x, 3 or more).
    signed
        Whether a* and b* are stored with a sign, not with 128 added.

    Returns
    -------
    ndarray
        Of 8 bits, shape (y, x, 3).
    """
    import PIL.Image
    from PIL import ImageCms

    lab = np.ascontiguousarray(colors[..., :3])
    if signed:
        lab = lab ^ np.array([0, 128, 128], np.uint8)
    # Pillow makes pictures of other kinds from raw bytes alone, in which a* and b* have a sign.
    flat = lab.reshape(1, -1, 3)
    raw = (flat ^ np.array([0, 128, 128], np.uint8)).tobytes()
    picture = PIL.Image.frombytes("LAB", (flat.shape[1], 1), raw)
    profiles = (ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"))
    rgb = ImageCms.profileToProfile(picture, *profiles, outputMode="RGB")
    return np.asarray(rgb).reshape(lab.shape)
