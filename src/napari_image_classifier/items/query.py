"""Query of items: where their images lie, and what becomes an item."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from napari_image_classifier.items.selection import Each


@dataclass(frozen=True)
class ItemsQuery:
    """Which items are meant, as docks, command line and jobs ask it; see `reading.read_query`.

    ``--help`` says the first paragraph of each parameter.

    Parameters
    ----------
    folder
        The folder of images; sub-folders are searched. Without it, the folder of the CSV.

        Names of files are relative to it.
    items_csv
        A CSV with the columns file, class and optionally item (such as t=3 or label=12) and group;
        without it the sub-folders are the classes.

        Other columns are kept.
    encoding
        How the CSV stores text, such as utf-8, cp1252 or mac_roman.

        Without it the file's mark counts, then UTF-8, else cp1252 is assumed and said.
    rename_classes
        Classes that get another name, such as ctrl=control,Control=control.

        By the name they have in folders or the table.
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
    split_masks
        Take the connected parts of masks as objects, whatever their numbers: for black and white
        masks, and classes of pixels.
    annotated
        Whether the first sub-folder of an image is its class.
    files
        The only images that are meant, whatever else the folder holds; none: all of them.
    """

    folder: Path
    items_csv: Path | None = None
    encoding: str | None = None
    rename_classes: Mapping[str, str] = field(default_factory=dict)
    pattern: str | None = None
    group: str | None = None
    acquisition: str | None = None
    each: Each = "image"
    axes: str | None = None
    masks: str | None = None
    split_masks: bool = False
    annotated: bool = True
    files: tuple[Path, ...] = ()
