"""Checks of the sizes that a file declares, before memory is allocated for its pixels.

A damaged file, or one made to exhaust the memory, declares far more than it holds.
"""

import math
import os
import stat
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tifffile

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.read_errors import (
    COPY_AGAIN,
    ImageReadError,
    system_failure,
    unreadable,
)
from napari_image_classifier.system.declared_sizes import (
    SizeRefused,
    checked_number,
    checked_product,
    checked_range,
)

# Real images never compress this much; files made to exhaust the memory do.
MOST_EXPANSION = 250
# Smaller planes are read without asking how much memory is free.
LARGE_PLANE = 256 * 2**20
# What OME descriptions say in the elements called TiffData.
_COUNTS = frozenset({"NumPlanes", "PlaneCount"})
_PLACES = frozenset({"FirstC", "FirstT", "FirstZ", "IFD"})
# Each channel has a name, and each plane a place, whatever they take in the file.
MOST_CHANNELS = 10_000
MOST_PLANES = 1_000_000
# So many are allowed without looking at the size of the files.
_FEW_PLANES = 1000
# The decoded plane, and its intensities.
COPIES_OF_A_PLANE = 2


def check_regular_file(path: Path) -> os.stat_result:
    """Refuse what is not an ordinary file; a pipe or device would block for ever.

    Raises
    ------
    ImageReadError
        There is no such file, it is a folder, pipe, socket or device, or it is empty.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise system_failure(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
        why = f"{path} can't be read: it is {what}, not a file."
        raise ImageReadError(path, Fault.NOT_A_FILE, why)
    if status.st_size == 0:
        raise unreadable(path, Fault.EMPTY_FILE, f"the file is empty. {COPY_AGAIN}")
    return status


@contextmanager
def sizes_of(path: Path, so: str = "") -> Iterator[None]:
    """Tell sizes that a file states, and that are refused in the block, as an `ImageReadError`.

    ``so`` ends the sentence.
    """
    try:
        yield
    except SizeRefused as error:
        raise unreadable(path, Fault.OUT_OF_PROPORTION, f"{error}{so}.") from error


def check_declared_planes(
    path: Path, described: Iterable[Any], names: Iterable[str], plane_pixels: int
) -> None:
    """Refuse OME images with more planes than there are bytes, for which lists would be made.

    Parameters
    ----------
    path
        The file.
    described
        Elements called "Pixels", each of an image, and "StructuredAnnotations", of all.
    names
        The files that hold them, beside ``path``.
    plane_pixels
        How many pixels a plane has in the file.

    Raises
    ------
    ImageReadError
        They declare more than the files can hold.
    """
    stored = sum(path.with_name(name).stat().st_size for name in {*names, path.name})
    most = max(_FEW_PLANES, min(stored, MOST_PLANES))
    so = f"; its description is damaged, or far more than its {stored:,} bytes can hold"
    with sizes_of(path, so):
        planes = sum(_declared_planes(each, most, plane_pixels) for each in described)
        checked_number(planes, "planes", most)


def check_lengths(path: Path, n_channels: int, n_planes: int) -> None:
    """Refuse images of more channels or planes than can be listed.

    Raises
    ------
    ImageReadError
        There are more than `MOST_CHANNELS` or `MOST_PLANES`.
    """
    with sizes_of(path):
        checked_number(n_channels, "channels", MOST_CHANNELS)
        checked_number(n_planes, "planes", MOST_PLANES)


def _declared_planes(element: Any, most: int, plane_pixels: int) -> int:
    if "SizeZ" not in element.attrib:
        ranges = (each.attrib for each in element.iter() if "Start" in each.attrib)
        return sum(_steps(most, **each) for each in ranges)
    sizes = [element.get(key, "1") for key in ("SizeC", "SizeT", "SizeZ")]
    planes = checked_product(sizes, "planes", most)
    plane = checked_product([element.get(f"Size{axis}", "1") for axis in "XY"], "pixels", 2**62)
    counted = 0
    for data in element:
        for key in _PLACES & data.attrib.keys():
            _number(data.get(key), most)
        counts = (data.get(key) for key in _COUNTS & data.attrib.keys())
        counted += max((_number(count, most) for count in counts), default=0)
    return max(planes, planes * plane // max(plane_pixels, 1), counted)


def _number(stated: str, most: int) -> int:
    # Nearly all are so short, and there may be a hundred thousand.
    if len(stated) < 4 and stated.isascii() and stated.isdecimal():
        return int(stated)
    return checked_number(stated, "planes", most)


def _steps(most: int, Start: str, End: str = "0", Step: str = "1", **_: str) -> int:  # noqa: N803
    return checked_range(Start, End, "steps", most, step=Step)


def no_image_error(path: Path, tiff: tifffile.TiffFile) -> ImageReadError:
    """Return the error of a TIFF file in which no image was found."""
    handle, form = tiff.filehandle, tiff.tiff
    # The directory of images may be the last that is written: a file cut short lacks it.
    handle.seek(form.offsetsize)
    (directory,) = struct.unpack(form.offsetformat, handle.read(form.offsetsize))
    if directory >= handle.size:
        return _cut_short(path, "the list of its images is past its end")
    return unreadable(path, Fault.NO_IMAGE, "there is no image in it.")


def check_series(path: Path, tiff: tifffile.TiffFile, series: Any) -> None:
    """Refuse a series whose declared pixels can't all be there.

    Raises
    ------
    ImageReadError
        An axis of length 0, complex pixels, planes that are missing, or a plane whose declared
        size is out of proportion to the file or to the memory that is free.
    """
    page = series.keyframe
    if series.dtype is None or page.dtype is None or page.dtype.kind not in "buif":
        raise _of_unknown_pixels(path, page)
    if page.ndim < 2 or min(series.shape, default=0) < 1 or page.nbytes < 1:
        raise unreadable(path, Fault.SIZE_ZERO, f"it declares an image of size 0. {COPY_AGAIN}")
    check_page(path, page)
    planes = max(declared_planes(series), _planes_of_imagej(tiff))
    if series.dataoffset is not None:
        # One block of bytes; looking at the pages behind the first would take longer than reading.
        present = (tiff.filehandle.size - series.dataoffset) // page.nbytes
        if present < planes:
            raise _lacks_planes(path, planes, present)
        return
    if any(each is None for each in series.pages):
        raise ImageReadError(
            path,
            Fault.INCOMPLETE,
            f"{path.name} declares {planes} planes, and some of them are in none of its files: "
            "copy all the files of the image into one folder.",
        )
    if len(series.pages) < planes:
        raise _lacks_planes(path, planes, len(series.pages))
    check_page(path, series.pages[-1])


def declared_planes(series: Any) -> int:
    """Return how many pages ``series`` should have, by its shape."""
    return int(math.prod(series.shape) // max(math.prod(series.keyframe.shape), 1))


def _planes_of_imagej(tiff: tifffile.TiffFile) -> int:
    images = (tiff.imagej_metadata or {}).get("images", 1)
    # Bio-Formats counts the samples of a colour picture as images, too.
    samples = max(int(tiff.pages.first.samplesperpixel), 1)
    return -(-images // samples) if isinstance(images, int) else 1


def check_whole(path: Path, series: Any, file_size: int) -> None:
    """Refuse a series that can only be read at once, and would fill the memory.

    Raises
    ------
    ImageReadError
        Its declared size is out of proportion to the file.
    """
    check_proportion(path, series.nbytes, file_size)
    check_memory(path, series.nbytes)


def check_proportion(path: Path, declared: int, stored: int) -> None:
    """Refuse pixels of ``declared`` bytes that ``stored`` bytes of a file can hardly hold.

    Raises
    ------
    ImageReadError
        They are out of proportion.
    """
    if declared > max(LARGE_PLANE, MOST_EXPANSION * stored):
        raise _out_of_proportion(path, declared, stored)


def _of_unknown_pixels(path: Path, page: Any) -> ImageReadError:
    if getattr(page.dtype, "kind", "") == "c":
        why = "its pixels are complex numbers; save their magnitude."
        return unreadable(path, Fault.COMPLEX, why)
    why = "its pixels are of an unknown kind; save them as integers or fractions of 8, 16 or 32"
    return unreadable(path, Fault.PIXEL_TYPE, f"{why} bits.")


def _lacks_planes(path: Path, declared: int, present: int) -> ImageReadError:
    return _cut_short(path, f"it declares {declared} planes and holds {present}")


def _cut_short(path: Path, seen: str) -> ImageReadError:
    return unreadable(path, Fault.CUT_SHORT, f"{seen}, so it was cut short. {COPY_AGAIN}")


def check_page(path: Path, page: Any) -> None:
    """Refuse a page that can't hold what it declares.

    Raises
    ------
    ImageReadError
        Its bytes are past the end of the file or too few for its pixels, a tile is far larger than
        the page, or there is no memory for it.
    """
    keyframe = page.keyframe
    size = page.parent.filehandle.size
    pairs = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    # Strips and tiles that lie in the same place hold no more than one of them.
    stored = min(sum(count for _, count in pairs), size)
    if not pairs or stored < 1 or any(offset + count > size for offset, count in pairs):
        raise _cut_short(path, "pixels that it declares are past its end")
    if keyframe.compression == 1:
        too_small = stored * 8 < math.prod(keyframe.shape) * keyframe.bitspersample
    else:
        too_small = keyframe.nbytes > max(LARGE_PLANE, MOST_EXPANSION * stored)
    tile = keyframe.tilewidth * keyframe.tilelength * keyframe.dtype.itemsize
    if too_small or (keyframe.is_tiled and tile > max(LARGE_PLANE, 4 * keyframe.nbytes)):
        raise _out_of_proportion(path, max(keyframe.nbytes, tile), stored)
    check_memory(path, max(keyframe.nbytes, tile))


def check_memory(path: Path, plane_bytes: int) -> None:
    """Refuse a plane for which there is no memory.

    Raises
    ------
    ImageReadError
        It needs more than is free.
    """
    if plane_bytes <= LARGE_PLANE:
        return
    needed, free = COPIES_OF_A_PLANE * plane_bytes, free_memory()
    if needed > free:
        raise unreadable(
            path,
            Fault.TOO_LARGE,
            f"one plane of it needs {needed / 1e9:,.1f} GB of memory and {free / 1e9:,.1f} GB are "
            "free: close other programs, use a computer with more memory, or export it in smaller "
            "parts.",
        )


def _out_of_proportion(path: Path, declared: int, stored: int) -> ImageReadError:
    return unreadable(
        path,
        Fault.OUT_OF_PROPORTION,
        f"it declares pixels of {declared / 2**20:,.0f} MB and holds "
        f"{stored / 2**20:,.3f} MB for them, so it is damaged.",
    )


def free_memory() -> int:
    """Return how many bytes can be taken without the computer beginning to swap."""
    import psutil

    return int(psutil.virtual_memory().available)
