"""Stamps of files: size and time of the last change, by which a changed file is recognised."""

from typing import Annotated

import msgspec

from napari_image_classifier.images.names.patterns import ImageFiles

# A size and a time have 64 bits.
Stamp = list[list[Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]]]
# Of a file that can't be looked at.
MISSING_STAMP = [-1, 0]


def stamp(files: ImageFiles) -> Stamp:
    """Return the stamp of an image: equal stamps mean that none of its files has changed.

    Parameters
    ----------
    files
        The image; the files of its mask count, too.

    Returns
    -------
    list of list of int
        For each file its size in bytes and the time of its last change in nanoseconds since 1970;
        -1 and 0 for one that can't be looked at. In the order of the parts, the mask's last.
    """
    stamps = []
    for part in (*files.parts, *(files.mask.parts if files.mask else ())):
        try:
            status = part.path.stat()
        except OSError:
            # Reading it will say what is wrong; a stamp never equals this one by chance.
            stamps.append(MISSING_STAMP)
        else:
            stamps.append([status.st_size, status.st_mtime_ns])
    return stamps
