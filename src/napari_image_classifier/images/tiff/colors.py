"""Interpretation of stored numbers: intensities, indices of a palette, or colours of some kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from tifffile import COMPRESSION

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.read_errors import ImageReadError, unreadable
from napari_image_classifier.images.tiff.conversion import cmyk_to_rgb, lab_to_rgb, ycbcr_to_rgb
from napari_image_classifier.typing import AnyArray

_WHITE_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _CIE_LAB, _ICC_LAB = 0, 2, 3, 5, 6, 8, 9
_COLORS = (_RGB, _CMYK, _YCBCR, _CIE_LAB, _ICC_LAB)
# L*a*b* of fax machines, and logarithms of luminance.
_NOT_READ = {10: "ITU L*a*b*", 32844: "LogL", 32845: "LogLuv"}
_ALPHA = (1, 2)
_INK_SET, _CMYK_INKS = 332, 1
_COEFFICIENTS, _BLACK_AND_WHITE = 529, 532
# Compressions that leave colours as they were; the decoders of all others give red, green, blue.
_PLAIN = (
    COMPRESSION.NONE, COMPRESSION.LZW, COMPRESSION.ADOBE_DEFLATE, COMPRESSION.DEFLATE,
    COMPRESSION.PACKBITS, COMPRESSION.LZMA, COMPRESSION.ZSTD,
)  # fmt: skip

ToRgb = Callable[[AnyArray], AnyArray]


@dataclass(frozen=True)
class PixelInterpretation:
    """How stored numbers become intensities.

    Attributes
    ----------
    dtype
        The type of the intensities.
    samples
        How many numbers of a pixel are channels; more may be stored.
    samples_are_colors
        Whether the axis S of the file is such channels, not an axis without a meaning.
    is_rgb
        Whether these are red, green and blue.
    palette
        Intensities by index, shape (sample, index); None where numbers are intensities.
    to_rgb
        Turns stored colours of shape (..., sample) into red, green and blue of the same type; None
        where they are.
    highest
        What is stored for black where white is stored as 0; None where it isn't.
    assumptions
        Sentences on what the file leaves open and was assumed.
    """

    dtype: np.dtype[Any]
    samples: int = 1
    samples_are_colors: bool = True
    is_rgb: bool = False
    palette: AnyArray | None = None
    to_rgb: ToRgb | None = None
    highest: int | None = None
    assumptions: tuple[str, ...] = ()

    def apply(self, plane: AnyArray, sample: int) -> AnyArray:
        """Return the intensities of a stored plane of shape (y, x)."""
        if self.palette is not None:
            plane = self.palette[sample].take(plane, mode="clip")
        if self.highest is not None:
            inverted = plane.dtype.kind in "bi"
            plane = ~plane if inverted else plane.dtype.type(self.highest) - plane
        return np.ascontiguousarray(plane, self.dtype)


def is_for_libtiff(path: Path, page: Any) -> bool:
    """Return whether the colours of a page are beyond tifffile, not beyond the libtiff in Pillow.

    These are the JPEG of before 1995, and colours that are stored for fewer places than pixels.

    Raises
    ------
    ImageReadError
        They are beyond both.
    """
    if page.compression == COMPRESSION.OJPEG:
        return True
    if not page.is_subsampled or page.compression not in _PLAIN:
        return False
    whole = sum(page.databytecounts) >= page.nbytes
    if page.dtype != np.uint8 or (page.compression == COMPRESSION.NONE and not whole):
        raise _not_rgb(path, "YCbCr, for fewer places than pixels")
    return True


def interpret_pixels(
    path: Path, tiff: tifffile.TiffFile, series: Any, *, labels: bool = False
) -> PixelInterpretation:
    """Return how the numbers of a series become intensities, by its photometric interpretation.

    With ``labels`` they number objects: they stay as they are stored, whatever shows them.

    Raises
    ------
    ImageReadError
        They are colours that can't be made red, green and blue here.
    """
    page = series.keyframe
    dtype = page.dtype.newbyteorder("=")
    photometric = int(page.photometric)
    samples = int(page.samplesperpixel)
    are_labels = labels and samples == 1 and dtype.kind != "b"
    if photometric in _NOT_READ:
        raise _not_rgb(path, _NOT_READ[photometric])
    if samples > 1 and "S" in series.axes:
        return _of_samples(path, page, dtype, samples)
    # ImageJ stores an inverted or coloured display, never other intensities.
    shown_only = bool(tiff.is_imagej or tiff.is_stk or tiff.is_lsm)
    if photometric == _WHITE_IS_ZERO and not are_labels:
        return _of_white_as_zero(tiff, page, dtype, shown_only)
    if photometric == _PALETTE and page.colormap is not None and not are_labels:
        if shown_only or tiff.is_ome:
            return PixelInterpretation(dtype, assumptions=_display_palette(tiff))
        return _of_palette(page)
    return PixelInterpretation(dtype)


def _of_white_as_zero(
    tiff: tifffile.TiffFile, page: Any, dtype: np.dtype[Any], shown_only: bool
) -> PixelInterpretation:
    if shown_only:
        return PixelInterpretation(
            dtype, assumptions=("White stands for 0 on display only; values are as stored.",)
        )
    # tifffile calls True black and writes it as 1 all the same; napari saves with tifffile.
    if dtype == np.bool_ and (tiff.is_shaped or tiff.pages.first.software.startswith("tifffile")):
        return PixelInterpretation(
            dtype, assumptions=("True and False are as tifffile wrote them, not black and white.",)
        )
    return PixelInterpretation(
        dtype,
        highest=2 ** int(page.bitspersample) - 1 if dtype.kind == "u" else 0,
        assumptions=("The file stores white as 0; it was inverted, so bright is high.",),
    )


def _display_palette(tiff: tifffile.TiffFile) -> tuple[str, ...]:
    if (tiff.imagej_metadata or {}).get("channels", 1) > 1:
        return ()
    return ("Its palette colours the display; the stored numbers are taken as intensities.",)


def _of_samples(path: Path, page: Any, dtype: np.dtype[Any], samples: int) -> PixelInterpretation:
    photometric = int(page.photometric)
    extra = tuple(int(kind) for kind in page.extrasamples)
    n_colors = 4 if photometric == _CMYK else 3 if photometric in _COLORS else 1
    if n_colors > 1 and samples in (n_colors, n_colors + 1):
        colors = _of_colors(path, page, dtype)
        if samples == n_colors:
            return colors
        left_out = (
            f"The {_ORDINALS[samples]} number of each pixel is taken as transparency (alpha) and "
            "left out."
        )
        return replace(colors, assumptions=(*colors.assumptions, left_out))
    if n_colors == 1 and samples == 2 and extra and extra[-1] in _ALPHA:
        assumption = "The second number of each pixel is transparency (alpha) and left out."
        return PixelInterpretation(dtype, 1, assumptions=(assumption,))
    if samples <= 4:
        assumption = f"The {samples} numbers of each pixel are taken as {samples} channels."
        return PixelInterpretation(dtype, samples, assumptions=(assumption,))
    return PixelInterpretation(dtype, 1, samples_are_colors=False)


_ORDINALS = {4: "fourth", 5: "fifth"}


def _of_colors(path: Path, page: Any, dtype: np.dtype[Any]) -> PixelInterpretation:
    """Return how colours of any kind become red, green and blue."""
    photometric = int(page.photometric)
    to_rgb: ToRgb | None = None
    kind = ""
    if photometric == _CMYK:
        kind = "CMYK"
        inks = page.tags.get(_INK_SET)
        to_rgb = cmyk_to_rgb if inks is None or inks.value == _CMYK_INKS else None
    elif photometric == _YCBCR and page.compression in _PLAIN:
        kind = "YCbCr"
        to_rgb = partial(
            ycbcr_to_rgb,
            coefficients=_fractions(page.tags.get(_COEFFICIENTS)),
            black_and_white=_fractions(page.tags.get(_BLACK_AND_WHITE)),
        )
    elif photometric in (_CIE_LAB, _ICC_LAB):
        kind = "L*a*b*"
        if dtype == np.uint8:
            to_rgb = partial(lab_to_rgb, signed=photometric == _CIE_LAB)
    else:
        return PixelInterpretation(dtype, 3, is_rgb=True)
    if to_rgb is None or dtype not in (np.uint8, np.uint16):
        raise _not_rgb(path, kind)
    return PixelInterpretation(
        dtype,
        3,
        is_rgb=True,
        to_rgb=to_rgb,
        assumptions=(
            f"Its colours ({kind}) were turned into red, green and blue, without a colour profile.",
        ),
    )


def _not_rgb(path: Path, kind: str) -> ImageReadError:
    why = f"its numbers are colours ({kind}) of a kind that can't be turned into red, green, blue"
    return unreadable(path, Fault.PIXEL_TYPE, f"{why}; save it as RGB.")


def _fractions(tag: Any) -> tuple[float, ...] | None:
    """Return the numbers of a tag, which are numerators and denominators in turn."""
    if tag is None:
        return None
    pairs = zip(tag.value[::2], tag.value[1::2], strict=False)
    return tuple(float(above) / (float(below) or 1.0) for above, below in pairs)


def _of_palette(page: Any) -> PixelInterpretation:
    table = np.asarray(page.colormap)
    grey, small = bool((table == table[0]).all()), table.max(initial=0) < 256
    # Palettes have 16 bits, of which the colours of pictures need the upper 8; some writers
    # fill in the lower ones alone. Grey ones may be intensities that need all 16.
    if not grey or small or not (table % 257).any() or not (table & 255).any():
        table = (table if small else table >> 8).astype(np.uint8)
    if grey:
        identity = table.shape[1] <= 256 and (table[0] == np.arange(table.shape[1])).all()
        assumptions = () if identity else ("The grey palette was applied, so bright is high.",)
        return PixelInterpretation(table.dtype, 1, palette=table[:1], assumptions=assumptions)
    return PixelInterpretation(
        table.dtype,
        3,
        is_rgb=True,
        palette=table,
        assumptions=("The colours of its palette are taken as red, green and blue.",),
    )
