"""Interpretation of stored numbers: intensities, indices of a palette, or red, green and blue."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile

from napari_image_classifier.typing import AnyArray

_WHITE_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 0, 2, 3, 5, 6, 8
_ALPHA = (1, 2)


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
    inverted
        Whether white is stored as 0.
    assumptions
        Sentences on what the file leaves open and was assumed.
    """

    dtype: np.dtype[Any]
    samples: int = 1
    samples_are_colors: bool = True
    is_rgb: bool = False
    palette: AnyArray | None = None
    inverted: bool = False
    assumptions: tuple[str, ...] = ()

    def apply(self, plane: AnyArray, sample: int) -> AnyArray:
        """Return the intensities of a stored plane of shape (y, x)."""
        if self.palette is not None:
            plane = self.palette[sample].take(plane, mode="clip")
        if self.inverted:
            plane = ~plane if plane.dtype.kind in "bi" else _highest(plane.dtype) - plane
        return np.ascontiguousarray(plane, self.dtype)


def _highest(dtype: np.dtype[Any]) -> Any:
    return dtype.type(np.iinfo(dtype).max) if dtype.kind == "u" else dtype.type(0)


def interpret_pixels(
    tiff: tifffile.TiffFile, series: Any, *, labels: bool = False
) -> PixelInterpretation:
    """Return how the numbers of a series become intensities, by its photometric interpretation.

    With ``labels`` they number objects: they stay as they are stored, whatever shows them.
    """
    page = series.keyframe
    dtype = page.dtype.newbyteorder("=")
    photometric = int(page.photometric)
    samples = int(page.samplesperpixel)
    are_labels = labels and samples == 1 and dtype.kind != "b"
    if samples > 1 and "S" in series.axes:
        return _of_samples(page, dtype, photometric, samples)
    # ImageJ stores an inverted or coloured display, never other intensities.
    shown_only = bool(tiff.is_imagej or tiff.is_stk or tiff.is_lsm)
    if photometric == _WHITE_IS_ZERO and not are_labels:
        if shown_only:
            return PixelInterpretation(
                dtype, assumptions=("White stands for 0 on display only; values are as stored.",)
            )
        return PixelInterpretation(
            dtype,
            inverted=True,
            assumptions=("The file stores white as 0; it was inverted, so bright is high.",),
        )
    if photometric == _PALETTE and page.colormap is not None and not are_labels:
        if shown_only or tiff.is_ome:
            return PixelInterpretation(dtype, assumptions=_display_palette(tiff))
        return _of_palette(page)
    return PixelInterpretation(dtype)


def _display_palette(tiff: tifffile.TiffFile) -> tuple[str, ...]:
    if (tiff.imagej_metadata or {}).get("channels", 1) > 1:
        return ()
    return ("Its palette colours the display; the stored numbers are taken as intensities.",)


def _of_samples(
    page: Any, dtype: np.dtype[Any], photometric: int, samples: int
) -> PixelInterpretation:
    colors = 3 if photometric in (_RGB, _YCBCR, _LAB, _CMYK) else 1
    extra = tuple(int(kind) for kind in page.extrasamples)
    if colors == 3 and samples == 3:
        return PixelInterpretation(dtype, 3, is_rgb=True)
    if colors == 3 and samples == 4:
        assumption = (
            "The fourth number of each pixel is taken as transparency (alpha) and left out."
        )
        return PixelInterpretation(dtype, 3, is_rgb=True, assumptions=(assumption,))
    if colors == 1 and samples == 2 and extra and extra[-1] in _ALPHA:
        assumption = "The second number of each pixel is transparency (alpha) and left out."
        return PixelInterpretation(dtype, 1, assumptions=(assumption,))
    if samples <= 4:
        assumption = f"The {samples} numbers of each pixel are taken as {samples} channels."
        return PixelInterpretation(dtype, samples, assumptions=(assumption,))
    return PixelInterpretation(dtype, 1, samples_are_colors=False)


def _of_palette(page: Any) -> PixelInterpretation:
    table = np.asarray(page.colormap)
    # Palettes have 16 bits, of which the colours of pictures need the upper 8; some writers
    # fill in the lower ones alone.
    table = (table if table.max(initial=0) < 256 else table >> 8).astype(np.uint8)
    if (table == table[0]).all():
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
