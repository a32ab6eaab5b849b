"""PNG and JPEG files, and TIFF files of a single old-style JPEG, read by Pillow."""

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.checks import check_memory, check_proportion
from napari_image_classifier.images.opened_file import RGB_DISPLAY, RGB_NAMES, OpenedFile
from napari_image_classifier.images.read_errors import not_of_its_suffix, read_failure, unreadable
from napari_image_classifier.typing import AnyArray

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})

_ALPHA_LEFT_OUT = "The transparency (alpha) of the picture is left out."
# The bytes up to those that say how many bits a sample has, and which samples there are.
_PNG_HEADER = 26
_GREY_AND_ALPHA = 4
_GREY_MODES = ("1", "L", "I", "I;16", "I;16B", "F")


def open_picture(path: Path, *, of_tiff: bool = False, labels: bool = False) -> OpenedFile:
    """Read a picture: grey as it is, everything else as red, green and blue.

    With ``of_tiff`` the file is a TIFF that holds a JPEG. With ``labels`` the numbers of a palette
    are those of objects, whatever colours show them.

    Raises
    ------
    ImageReadError
        The file is damaged, cut short, too large, or no picture.
    """
    try:
        with PIL.Image.open(path, formats=("TIFF",) if of_tiff else ("PNG", "JPEG")) as picture:
            n_colors = _n_deep_colors(path, picture)
            _check_size(path, picture, deep=n_colors > 0)
            if n_colors:
                pixels, assumptions = _deep_pixels(path, n_colors)
            else:
                picture.load()
                pixels, assumptions = _pixels(picture, labels)
            metadata = {str(key): value for key, value in picture.info.items() if _is_plain(value)}
    except PIL.UnidentifiedImageError as error:
        raise not_of_its_suffix(path, "PNG or JPEG") from error
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        most = f"{2 * (PIL.Image.MAX_IMAGE_PIXELS or 0) / 1e6:.0f} million pixels"
        why = f"a picture of more than {most} is not read; save it as TIFF, or in parts."
        raise unreadable(path, Fault.TOO_LARGE, why) from error
    except Exception as error:
        # Damaged files raise nearly anything in Pillow.
        raise read_failure(path, error) from error
    is_rgb = pixels.ndim == 3
    channels = np.moveaxis(pixels, -1, 0) if is_rgb else pixels[np.newaxis]
    return OpenedFile(
        "CYX" if is_rgb else "YX",
        channels.shape if is_rgb else pixels.shape,
        pixels.dtype,
        lambda time, channel, z: np.ascontiguousarray(channels[channel]),
        channel_names=RGB_NAMES if is_rgb else (),
        is_rgb=is_rgb,
        metadata=metadata,
        assumptions=assumptions,
        display=RGB_DISPLAY if is_rgb else (),
    )


def _check_size(path: Path, picture: PIL.Image.Image, *, deep: bool) -> None:
    # Pillow holds one byte for each sample, four for the deep modes.
    deep = deep or picture.mode.startswith("I;16")
    sample = 4 if picture.mode in ("I", "F") else 2 if deep else 1
    needed = picture.width * picture.height * len(picture.getbands()) * sample
    check_proportion(path, needed, path.stat().st_size)
    check_memory(path, needed)


def _n_deep_colors(path: Path, picture: PIL.Image.Image) -> int:
    """Return how many colours of 16 bits a PNG has that Pillow would cut to 8; 0 for all others."""
    if picture.format != "PNG" or picture.mode not in ("RGB", "RGBA", "LA"):
        return 0
    with path.open("rb") as file:
        *_, bits, kind = file.read(_PNG_HEADER)
    if bits != 16:
        return 0
    return 1 if kind == _GREY_AND_ALPHA else 3


def _deep_pixels(path: Path, n_colors: int) -> tuple[AnyArray, tuple[str, ...]]:
    import imagecodecs

    samples = imagecodecs.png_decode(path.read_bytes())
    pixels = samples[..., 0] if n_colors == 1 else samples[..., :3]
    left_out = (_ALPHA_LEFT_OUT,) if samples.shape[-1] > n_colors else ()
    return np.ascontiguousarray(pixels), left_out


def _pixels(picture: PIL.Image.Image, labels: bool) -> tuple[AnyArray, tuple[str, ...]]:
    if labels and picture.mode == "P":
        return np.array(picture), ()
    assumptions = []
    if getattr(picture, "n_frames", 1) > 1:
        assumptions.append("Of an animation only the first picture is used.")
    if "A" in picture.mode or "transparency" in picture.info:
        assumptions.append(_ALPHA_LEFT_OUT)
    if picture.mode in _GREY_MODES:
        return np.array(picture), tuple(assumptions)
    if picture.mode in ("LA", "La"):
        return np.array(picture.convert("L")), tuple(assumptions)
    if picture.mode not in ("RGB", "RGBA", "RGBX"):
        assumptions.append(f"The colours ({picture.mode}) are taken as red, green and blue.")
    pixels = np.array(picture.convert("RGB"))
    if picture.mode == "P" and (pixels == pixels[..., :1]).all():
        return np.ascontiguousarray(pixels[..., 0]), (
            "Its palette is grey, so it has one channel.",
        )
    return pixels, tuple(assumptions)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | tuple)
