"""Items from class folders, a table or a plain folder."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.mask_files import stored_masks_path
from napari_image_classifier.images.names.composition import composition_of
from napari_image_classifier.images.names.folder_plates import PLATE, WELL
from napari_image_classifier.images.names.patterns import ImageFiles, NamePattern
from napari_image_classifier.items.annotations import (
    ItemKey,
    check_class_names,
    composed,
    table_with,
)
from napari_image_classifier.items.consensus import is_annotation_table, rows_of_classes
from napari_image_classifier.items.item import Item, ItemsError, ItemTable
from napari_image_classifier.items.objects import objects_of
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.selection import Each, parse_selection, selections_of
from napari_image_classifier.system.spreadsheets import column_called
from napari_image_classifier.typing import Float64Array
from napari_image_classifier.wording import counted, counts_of

READERS = 4
EACH_STANDS_ALONE = "Each image was taken to stand alone, as no group was given."


def read_items(
    folder: str | Path | None = None,
    *,
    items_csv: str | Path | None = None,
    encoding: str | None = None,
    rename_classes: Mapping[str, str] | None = None,
    pattern: str | NamePattern | None = None,
    group: str | None = None,
    acquisition: str | None = None,
    each: Each = "image",
    axes: str | None = None,
    masks: str | Path | None = None,
    split_masks: bool = False,
    annotated: bool = True,
) -> ItemTable:
    """Read the table of items.

    Without ``items_csv`` every image below ``folder`` is an item, of the class that its first
    sub-folder is named after when ``annotated``.

    Parameters
    ----------
    folder
        The folder of the images; its sub-folders are searched. Without it, the folder of
        ``items_csv``.
    items_csv
        A table with the columns "file" (absolute or relative to ``folder``), "class", and
        optionally "item", "group" and any others, which are kept. Of a table of annotations (see
        `annotation_log`) it is the class that most raters gave, and "mode" tells "assisted" ones.
    encoding
        How ``items_csv`` stores text, such as "cp1252"; without it the file's mark counts, then
        UTF-8, else Windows-1252 is assumed.
    rename_classes
        Classes that get another name, by the name that they have in folders or the table.
    pattern
        The name pattern that makes one image of several files (see `images.names.patterns`).
    group
        Which images are not independent: a column, a field of the pattern, "folder" (the folder an
        image lies in) or "folder:2" (the second folder below ``folder``); without it each image
        stands alone. By "well", wells of one name on several plates are several groups.
    acquisition
        What was taken together, said in the same way.
    each
        With "time" or "plane", an image with several becomes that many items.
    axes
        One letter per axis, such as "ZYX", for files that don't say what their axes mean.
    masks
        Where the masks lie that number the objects of each image, a folder or a name pattern (see
        `mask_files.MaskFiles`): each object becomes an item, of the class of its image or of a row
        of its own, "label=12" in the column "item"; with ``each`` "plane" every plane has objects
        of its own.
    split_masks
        Whether the connected parts of masks are the objects, whatever their numbers: for black and
        white masks, and classes of pixels.
    annotated
        Whether folders are classes.

    Returns
    -------
    ItemTable
        The items in the order of their names, or of the table.

    Raises
    ------
    ItemsError
        No images, a column or field that is not there, a file of the table that is not there,
        classes that differ only in case or spaces.
    ImageFolderError
        There is no such folder.
    ImageReadError
        ``each`` needs the number of time points or planes of a file that can't be read.
    MaskError
        A mask does not fit its image.
    """
    if folder is None and items_csv is None:
        raise ItemsError("Give the folder of the images, or a table that names them.")
    return read_query(
        ItemsQuery(
            Path(folder or Path(str(items_csv)).parent),
            items_csv=None if items_csv is None else Path(items_csv),
            encoding=encoding,
            rename_classes=rename_classes or {},
            pattern=pattern.text if isinstance(pattern, NamePattern) else pattern,
            group=group,
            acquisition=acquisition,
            each=each,
            axes=axes,
            masks=str(masks) if masks else None,
            split_masks=split_masks,
            annotated=annotated,
        )
    )


def read_query(query: ItemsQuery) -> ItemTable:
    """Read the table of the items that are meant.

    Parameters
    ----------
    query
        Where the images lie, and what becomes an item.

    Returns
    -------
    ItemTable
        The items in the order of their names, of the table or of the files that are named.

    Raises
    ------
    ItemsError
        As in `read_items`.
    ImageFolderError
        As in `read_items`.
    ImageReadError
        As in `read_items`.
    MaskError
        As in `read_items`.
    """
    root = query.folder.expanduser().resolve()
    pattern = NamePattern(query.pattern) if query.pattern else None
    masks = stored_masks_path(query.masks, root) if query.masks else None
    images, passed_over = find_images(root, pattern, masks, split_masks=query.split_masks)
    items, assumptions = _whole_images(query, root, images)
    if pattern and images:
        assumptions = (*assumptions, *composition_of(images, pattern).doubts)
    items = [_renamed(item, query.rename_classes) for item in items]
    source = query.items_csv.name if query.items_csv else root.name
    classes = (item.class_name for item in items if item.class_name)
    check_class_names(classes, source, ItemsError, new=True)
    if not items:
        why = f" (passed over: {counts_of(passed_over)})" if passed_over else ""
        raise ItemsError(
            f"There are no images to use in {root}{why}; TIFF, PNG and JPEG files are read."
        )
    items = sharing(items, "group", query.group)
    items = sharing(items, "acquisition", query.acquisition)
    if all(item.group is None for item in items):
        assumptions = (*assumptions, EACH_STANDS_ALONE)
    if masks or query.each != "image":
        with ThreadPoolExecutor(READERS) as pool:
            split_up = list(pool.map(lambda item: _parts_of(item, query), items))
        items = [part for parts, _ in split_up for part in parts]
        if query.split_masks:
            areas = np.concatenate([areas for _, areas in split_up])
            assumptions = (*assumptions, _parts_in_words(areas))
    if not items:
        raise ItemsError(f"There are no objects in the masks of {root}.")
    return ItemTable(root, tuple(items), passed_over, assumptions, query.axes)


def _whole_images(
    query: ItemsQuery, root: Path, images: Sequence[ImageFiles]
) -> tuple[list[Item], tuple[str, ...]]:
    """Return the items that a table or the folder names, and what was taken for granted."""
    if query.files:
        rows = [{"file": str(path)} for path in query.files]
        return _items_of_rows(rows, "The list of files", root, images), ()
    if query.items_csv is None:
        pattern = NamePattern(query.pattern) if query.pattern else None
        return [_item_of_folder(image, query.annotated, pattern) for image in images], ()
    rows, assumptions = _rows(query.items_csv, query.encoding)
    return _items_of_rows(rows, query.items_csv.name, root, images), assumptions


def _item_of_folder(image: ImageFiles, annotated: bool, pattern: NamePattern | None) -> Item:
    folders = image.name.split("/")[:-1]
    # A folder of a well, of time points or planes is no class.
    is_class = annotated and folders and not (pattern and pattern.has_place(image.name))
    class_name = composed(folders[0]) if is_class else None
    return Item(image, class_name=class_name, columns=dict(image.fields))


def _renamed(item: Item, names: Mapping[str, str]) -> Item:
    return replace(item, class_name=names.get(item.class_name or "", item.class_name))


def _rows(path: Path, encoding: str | None) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """Return the rows of a table, one an item, and what was taken for granted."""
    table = table_with(path, ("file",), ItemsError, encoding)
    if not is_annotation_table(table.columns):
        return table.rows, table.assumptions
    rows, left_out = rows_of_classes(table.rows)
    if not rows:
        raise ItemsError(" ".join([f"{path.name} gives no item a class.", *left_out]))
    return rows, (*table.assumptions, *left_out)


def _items_of_rows(
    rows: Sequence[Mapping[str, str]], source: str, root: Path, images: Sequence[ImageFiles]
) -> list[Item]:
    """Return the items of the rows of ``source``, which is what messages call it."""
    by_path = {
        path: image
        for spelled in (lambda path: Path(composed(str(path))), Path)
        for image in images
        for path in map(spelled, (part.path for part in image.parts))
    }
    by_name = {composed(image.name): image for image in images}
    by_name |= {image.name: image for image in images}
    items: dict[ItemKey, Item] = {}
    absent = []
    for row in rows:
        image = _image_of_row(row["file"], root, by_name, by_path)
        if image is None:
            absent.append(row["file"])
            continue
        item = _item_of_row(row, image)
        # With a name pattern each file of an image may have a row of its own.
        first = items.setdefault(item.key, item)
        if first.class_name != item.class_name:
            raise ItemsError(
                f"{source} gives {' '.join(filter(None, item.key))} two classes, "
                f"{first.class_name} and {item.class_name}; it has one."
            )
    if absent:
        raise ItemsError(
            f"{source} names {counted(len(absent), 'file')} that can't be found, "
            f"the first is {absent[0]}; paths are absolute or relative to {root}."
        )
    return list(items.values())


def _image_of_row(
    file: str, root: Path, by_name: Mapping[str, ImageFiles], by_path: Mapping[Path, ImageFiles]
) -> ImageFiles | None:
    name = file.strip().replace("\\", "/")
    image = by_name.get(name) or by_name.get(composed(name))
    if image is not None:
        return image
    path = Path(name) if Path(name).is_absolute() else root / name
    if path in by_path:
        return by_path[path]
    try:
        real, is_there = path.resolve(), path.is_file()
    except (OSError, ValueError):
        # No file can be called so.
        return None
    if real not in by_path and is_there and root not in real.parents:
        return ImageFiles.single(path, root)
    return by_path.get(real)


def _item_of_row(row: Mapping[str, str], image: ImageFiles) -> Item:
    others = {key: value for key, value in row.items() if key not in ("file", "class", "item")}
    parse_selection(row.get("item", ""))
    return Item(
        image,
        selection=row.get("item", "").strip(),
        class_name=row.get("class", "").strip() or None,
        group=row.get("group", "").strip() or None,
        columns={**image.fields, **others},
    )


def sharing(
    items: list[Item], what: Literal["group", "acquisition"], shared: str | None
) -> list[Item]:
    """Return the items with their group or acquisition.

    Parameters
    ----------
    items
        Items of one folder.
    what
        Which of the two is filled in.
    shared
        What items of one group or acquisition share, said as in `read_items`; None: as they are.

    Returns
    -------
    list of Item
        The same items, in order.

    Raises
    ------
    ItemsError
        No item has it, or some have not.
    """
    if shared is None:
        return items
    find = _finder(shared, items)
    values = [find(item) for item in items]
    without = [item.file for item, value in zip(items, values, strict=True) if not value]
    if without:
        raise ItemsError(
            f"{len(without)} images have no {shared}, the first is {without[0]}; "
            f"give every image its {what}, or choose another one."
        )
    changes: list[dict[str, Any]] = [{what: value} for value in values]
    return [replace(item, **change) for item, change in zip(items, changes, strict=True)]


def _finder(shared: str, items: Sequence[Item]) -> Callable[[Item], str | None]:
    known = sorted({name for item in items for name in item.columns})
    column = column_called(shared, known)
    if column in known:
        if column == WELL and len({item.columns.get(PLATE) for item in items}) > 1:
            return _well_on_its_plate
        return lambda item: item.columns.get(column)
    if shared == "folder":
        return lambda item: "/".join(item.file.split("/")[:-1])
    level = shared.removeprefix("folder:")
    if level != shared and level.isdigit() and int(level) > 0:
        return lambda item: folder_at(item.file, int(level))
    raise ItemsError(
        f"There is no column or field “{shared}” to group by; "
        f"there {'are ' + ', '.join(known) if known else 'is none'}, and folder."
    )


def _well_on_its_plate(item: Item) -> str | None:
    well = item.columns.get(WELL)
    return f"{item.columns.get(PLATE) or ''} {well}".strip() if well else None


def folder_at(file: str, level: int) -> str | None:
    """Return the folder that a file is in, so many levels deep.

    Parameters
    ----------
    file
        The name of a file, relative to the folder of images, with "/".
    level
        1 is a sub-folder of that folder.

    Returns
    -------
    str or None
        The way to it from there, with "/"; None where the file lies higher.
    """
    folders = file.split("/")[:-1]
    # The whole way to it: two animals may each have a folder named "slide 1".
    return "/".join(folders[:level]) if len(folders) >= level else None


def _parts_of(item: Item, query: ItemsQuery) -> tuple[list[Item], Float64Array]:
    """Return an item for each object, time point or plane of an image, and the objects' areas."""
    wanted = parse_selection(item.selection)
    areas = np.empty(0)
    if "label" in wanted or (item.selection and not query.masks):
        return [item], areas
    with read_image(item.image, axes=query.axes) as image:
        if query.masks:
            objects = objects_of(image, query.each)
            selections, areas = objects.selections(image), objects.area
        else:
            selections = selections_of(image, query.each)
    return [
        replace(item, selection=selection)
        for selection in selections
        if wanted.items() <= parse_selection(selection).items()
    ], areas


def _parts_in_words(areas: Float64Array) -> str:
    sizes = ""
    if len(areas):
        low, middle, high = areas.min(), np.median(areas), areas.max()
        sizes = f", of {low:.0f} to {high:.0f} pixels, half of them up to {middle:.0f}"
        sizes = f", of {low:.0f} pixels each" if low == high else sizes
    return f"The objects are the connected parts of the masks: {len(areas)}{sizes}."
