"""Stamps of files: size and time of change, by which a changed file is known."""

from napari_image_classifier.images.name_patterns import ImageFiles

Stamp = list[list[int]]
# In place of size and time of a file that can't be looked at.
_NO_STAMP = [-1, 0]


def stamp(files: ImageFiles) -> Stamp:
    """Return size and time of each file of an image and its mask: same stamp, same files."""
    stats = []
    for part in (*files.parts, *(files.mask.parts if files.mask else ())):
        try:
            found = part.path.stat()
        except OSError:
            # Reading it will say what is wrong; a stamp never equals this one by chance.
            stats.append(_NO_STAMP)
        else:
            stats.append([found.st_size, found.st_mtime_ns])
    return stats
