"""Plates that are known from folders alone: the same wells, once in each folder."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from napari_image_classifier.images.names.patterns import ImageFiles

WELL, PLATE = "well", "plate"
# One plate at several times, or planes of it, are no several plates.
_NO_PLATE = re.compile(
    r"(time[ _-]?points?|time|t|tp|frame|day|hours?|min|z|z[ _-]?step|plane|slice|stack)"
    r"[ _-]?\d+(h|d|min)?|\d+[ _-]?(h|hours?|d|days?|min)",
    re.IGNORECASE,
)
Folders = tuple[str, ...]


def with_plates_of_folders(images: Sequence[ImageFiles], root: str) -> list[ImageFiles]:
    """Return the images with the field "plate" where folders hold the same wells.

    Two images whose names say the same of well, site and all else, and which lie in different
    folders, are of two plates. Folders of time points and planes are none.

    Parameters
    ----------
    images
        Images of one folder.
    root
        What images that lie in no sub-folder have for a plate: the name of the folder.

    Returns
    -------
    list of ImageFiles
        The same images, in order.
    """
    if any(WELL not in image.fields or PLATE in image.fields for image in images):
        return list(images)
    by_fields: dict[frozenset[tuple[str, str]], set[Folders]] = defaultdict(set)
    for image in images:
        by_fields[frozenset(image.fields.items())].add(folders_of(image))
    shared = [folders for folders in by_fields.values() if len(folders) > 1]
    if not shared:
        return list(images)
    names = _plates_of(sorted(set.union(*by_fields.values())), shared, root)
    if any(_NO_PLATE.fullmatch(name.rsplit("/", 1)[-1]) for name in names.values()):
        return list(images)
    return [
        replace(image, fields={**image.fields, PLATE: names[folders_of(image)]}) for image in images
    ]


def folders_of(image: ImageFiles) -> Folders:
    """Return the folders that an image lies in, but for those that are fields of its name."""
    return tuple(name for name in image.name.split("/")[:-1] if "{" not in name)


def _plates_of(
    folders: Sequence[Folders], shared: Sequence[set[Folders]], root: str
) -> Mapping[Folders, str]:
    """Return the plate of each folder: the deepest name that tells them apart, or the whole way."""
    depths = {len(one) for one in folders}
    if len(depths) == 1:
        for level in reversed(range(depths.pop())):
            if all(len({one[level] for one in same}) == len(same) for same in shared):
                return {one: one[level] for one in folders}
    return {one: "/".join(one) or root for one in folders}
