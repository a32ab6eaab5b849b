"""Query of items: where their images lie, and what becomes an item."""

from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.items.selection import Each


@dataclass(frozen=True)
class ItemsQuery:
    """Which items are meant, as docks, command line and jobs ask it; see `reading.read_query`.

    ``--help`` says the first paragraph of each parameter.

    Parameters
    ----------
    folder
        The folder of images; sub-folders are searched.

        Names of files are relative to it.
    items_csv
        A CSV with the columns file, class and optionally item (such as t=3 or label=12) and group;
        without it the sub-folders are the classes.

        Other columns are kept.
    pattern
        File names with fields in braces, where one image is several files:
        {well}_s{site}_w{channel}.tif; {*} stands for any text that says nothing.

        None where each file is an image.
    group
        What images share that must be kept together (same well, dish, animal): a column, a field of
        the pattern, folder, or folder:2.

        "folder" is the folder an image lies in, "folder:2" the second folder below ``folder``.
    acquisition
        What says which images were taken together (same plate, day, microscope): a column, a field
        of the pattern, folder, or folder:2.
    each
        What is classified: every image, time (point) or plane.
    axes
        What each axis means in files that don't say, such as ZYX.
    masks
        Classify objects: the folder of masks in which each has its number, named like their images,
        or a pattern such as {name}_cp_masks.png.
    annotated
        Whether the first sub-folder of an image is its class.
    files
        The only images that are meant, whatever else the folder holds; none: all of them.
    """

    folder: Path
    items_csv: Path | None = None
    pattern: str | None = None
    group: str | None = None
    acquisition: str | None = None
    each: Each = "image"
    axes: str | None = None
    masks: str | None = None
    annotated: bool = True
    files: tuple[Path, ...] = ()
