"""Checks of the sizes that a file declares, before memory is allocated for its pixels.

A damaged file, or one made to exhaust the memory, declares far more than it holds.
"""

import math
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tifffile

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.read_errors import (
    COPY_AGAIN,
    ImageReadError,
    damaged,
    system_failure,
    unreadable,
)

# Real images never compress this much; files made to exhaust the memory do.
MOST_EXPANSION = 250
# Smaller planes are read without asking how much memory is free.
LARGE_PLANE = 256 * 2**20
# What OME descriptions count in the elements called TiffData.
_COUNTS = frozenset({"FirstC", "FirstT", "FirstZ", "IFD", "NumPlanes", "PlaneCount"})
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


def check_directories(path: Path, tiff: tifffile.TiffFile) -> None:
    """Refuse a file whose directories are linked in a circle, which tifffile would follow for ever.

    Raises
    ------
    ImageReadError
        A directory leads back to one before it.
    """
    # ImageJ's and Micro-Manager's stacks are read without them, and may have thousands.
    if not tiff.is_imagej or (tiff.is_ome and not tiff.is_mmstack):
        directory_offsets(path, tiff)


def directory_offsets(path: Path, tiff: tifffile.TiffFile) -> list[int]:
    """Return where the directories of a file lie, in the order of its pages.

    Raises
    ------
    ImageReadError
        A directory leads back to one before it.
    """
    if not tiff.pages:
        return []
    file, form = tiff.filehandle, tiff.tiff
    offset, seen = tiff.pages.first.offset, dict[int, None]()
    while 0 < offset < file.size:
        if offset in seen:
            raise damaged(path, "its directories lead back to themselves")
        seen[offset] = None
        try:
            file.seek(offset)
            (number,) = struct.unpack(form.tagnoformat, file.read(form.tagnosize))
            file.seek(offset + form.tagnosize + number * form.tagsize)
            (offset,) = struct.unpack(form.offsetformat, file.read(form.offsetsize))
        except (struct.error, OSError):
            # What is cut off ends the list; later checks say so.
            break
    return list(seen)


def check_declared_planes(path: Path, described: Iterable[Any], names: Iterable[str]) -> None:
    """Refuse OME images with more planes than there are bytes, for which lists would be made.

    Parameters
    ----------
    path
        The file.
    described
        Elements called "Pixels", each of an image, and "StructuredAnnotations", of all.
    names
        The files that hold them, beside ``path``.

    Raises
    ------
    ImageReadError
        They declare more than the files can hold.
    """
    declared = max(map(_declared_planes, described), default=0)
    if declared <= _FEW_PLANES:
        return
    stored = sum(path.with_name(name).stat().st_size for name in {*names, path.name})
    if declared > stored:
        raise unreadable(
            path,
            Fault.OUT_OF_PROPORTION,
            f"its description declares {declared:,.0f} planes, far more than its {stored:,} bytes "
            "can hold.",
        )


def _declared_planes(element: Any) -> float:
    if "SizeZ" in element.attrib:
        counts = [int(value) for data in element for key, value in data.items() if key in _COUNTS]
        sizes = (int(element.get(key, 1)) for key in ("SizeC", "SizeT", "SizeZ"))
        return max([math.prod(sizes), *counts])
    ranges = (each.attrib for each in element.iter() if "Start" in each.attrib)
    return max((_steps(**each) for each in ranges), default=0)


def _steps(Start: str, End: str = "0", Step: str = "1", **_: str) -> float:  # noqa: N803
    return abs(float(End) - float(Start)) / abs(float(Step))


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
    stored = sum(count for _, count in pairs)
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
