"""The question which items are meant: where their images lie, and what becomes an item."""

from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.items.selection import Each


@dataclass(frozen=True)
class ItemsQuery:
    """Which items are meant, as docks, command line and jobs ask it; see `reading.read_query`.

    Parameters
    ----------
    folder
        Below it lie the images; names of files are relative to it.
    items_csv
        A table with the columns "file" and "class", and optionally "item", "group" and others.
        Without it every image is an item.
    pattern
        The name pattern that makes one image of several files; None where each file is one.
    group
        What images share that are not independent: a column, a field of the pattern, "folder" (the
        folder an image lies in) or "folder:2" (the second folder below ``folder``).
    acquisition
        What images share that were taken together, said as in ``group``.
    each
        What becomes an item: a whole image, a time point of it, or a plane.
    axes
        One letter per axis, such as "ZYX", for files that don't say what their axes mean.
    masks
        Where the masks lie that number the objects of each image, a folder or a name pattern; each
        object becomes an item.
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
