"""OME-TIFF files: the described image that lies in a file, its further files and its place."""

import re
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from xml.etree import ElementTree

import tifffile

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.checks import (
    check_declared_planes,
    check_regular_file,
    sizes_of,
)
from napari_image_classifier.images.micro_manager import (
    Stack,
    check_index,
    check_places,
    holds_all,
    parts_beside,
    read_stack,
    stack_image,
    with_parts,
)
from napari_image_classifier.images.names.well_names import WellError, parse_well, row_letters
from napari_image_classifier.images.ome_xml import (
    MOST_LETTERS,
    THIS_FILE,
    children,
    elements,
    file_names,
    names_no_file,
    parsed,
    place_fields,
    position_name,
    text_of,
)
from napari_image_classifier.images.read_errors import ImageReadError
from napari_image_classifier.images.tiff.directories import directory_offsets, open_tiff_file
from napari_image_classifier.images.tiff.errors import translated_errors
from napari_image_classifier.system.declared_sizes import checked_number
from napari_image_classifier.wording import first_few

# "A01-Site_0", as Micro-Manager's plugin for plates calls its positions.
_SITE_OF_WELL = re.compile(r"(?P<well>[A-Z]{1,2}\d{1,2})[ _-]*Site[ _-]*(?P<site>\d+)", re.I)
_TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf2", ".tf8")
# Ends the name of a copy of what is described in a TIFF that is an image of its own.
KEPT_SUFFIX = ".companion.ome"


@dataclass(frozen=True)
class _Description:
    """What is described of a file.

    Attributes
    ----------
    root
        The whole description, which may have images that lie in other files.
    images
        Those that lie in this one.
    files
        The names of all files of the first of these.
    companion
        The name of the file that holds the description; None where it is this one.
    rewritten
        Whether tifffile needs it in other words than the file has.
    assumptions
        Sentences on what was assumed.
    """

    root: Any
    images: list[Any]
    files: frozenset[str]
    companion: str | None = None
    rewritten: bool = False
    assumptions: tuple[str, ...] = ()


def open_with_description(path: Path) -> tuple[tifffile.TiffFile, tuple[str, ...]]:
    """Open a TIFF file as the images in it, whatever else its OME description describes.

    Returns
    -------
    tuple of TiffFile and tuple of str
        The open file, and sentences on what was assumed.

    Raises
    ------
    ImageReadError
        The description can't be understood, a file that belongs to the image is missing, or it
        declares more planes than its files can hold.
    """
    with ExitStack() as opened:
        tiff = opened.enter_context(open_tiff_file(path))
        description = _description(path, tiff)
        if description is not None:
            # Tifffile opens and reads these, too.
            for name in description.files - {path.name}:
                directory_offsets(path.with_name(name))
        if description is None or not description.rewritten:
            opened.pop_all()
            return tiff, ()
    text = text_of(description.root, description.images)
    return tifffile.TiffFile(path, omexml=text, is_mmstack=False), description.assumptions


def files_of_image(path: Path) -> tuple[str, ...]:
    """Return the names of all files of the image that a file belongs to.

    Parameters
    ----------
    path
        A TIFF file.

    Returns
    -------
    tuple of str
        Sorted. It is the file's own name alone where there is no OME description, or one that needs
        no other file.

    Raises
    ------
    ImageReadError
        The description can't be understood, or a file that it needs is missing.
    """
    description = _read_description(path)
    return (path.name,) if description is None else tuple(sorted(description.files))


def companion_name(path: Path) -> str | None:
    """Return the name of the file that holds the OME description of another one.

    Parameters
    ----------
    path
        A TIFF file.

    Returns
    -------
    str or None
        A file in the same folder; None where ``path`` holds its description itself, or can be read
        without.

    Raises
    ------
    ImageReadError
        The description can't be understood, or a file that it needs is missing.
    """
    description = _read_description(path)
    return None if description is None else description.companion


def plate_fields(path: Path) -> dict[str, str]:
    """Return plate, well, site, position and day of a file's image, as its description has them.

    Parameters
    ----------
    path
        A TIFF file.

    Returns
    -------
    dict of str to str
        "plate", "well", "site", "position" and "day", as a name pattern would give them: wells are
        called A01, sites of plates are counted from 1, days are written 2026-11-23. What the
        description does not say is left out; without a description it is empty.

    Raises
    ------
    ImageReadError
        The description can't be understood, or a file that it needs is missing.
    """
    description = _read_description(path)
    if description is None or not description.images:
        return {}
    image = description.images[0]
    fields = place_fields(description.root, image)
    position = position_name(description.root, image)
    if position:
        fields = {**_fields_of_position(position), **fields, "position": position}
    day = next((date.text or "" for date in elements(image, "AcquisitionDate")), "")
    return {**fields, "day": day[:10]} if day else fields


def _fields_of_position(position: str) -> dict[str, str]:
    match = _SITE_OF_WELL.fullmatch(position)
    if match is None:
        return {}
    try:
        row, column = parse_well(match["well"])
    except WellError:
        return {}
    return {"well": f"{row_letters(row)}{column + 1:02}", "site": match["site"]}


def _read_description(path: Path) -> _Description | None:
    # A pipe or device would block for ever.
    check_regular_file(path)
    with translated_errors(path), open_tiff_file(path, whole=False) as tiff:
        return _description(path, tiff)


def _description(path: Path, tiff: tifffile.TiffFile) -> _Description | None:
    """Return what is described of a file, None where nothing is."""
    own = tiff.ome_metadata
    root = None if own is None else parsed(path, own)
    if tiff.is_mmstack:
        described = [] if root is None else children(root, "Image")
        if len(described) == 1 and holds_all(tiff):
            return _Description(root, described, frozenset({path.name}))
        check_index(path, tiff)
        stack = read_stack(path, tiff)
        if stack is not None:
            return _of_stack(path, root, stack)
    if root is None:
        if tiff.is_mmstack:
            check_places(path, tiff)
        return None
    page = tiff.pages.first
    plane = int(page.imagewidth) * int(page.imagelength)
    reference = _reference(root)
    if reference is None:
        return _of_images(path, root, plane, None)
    companion = _companion(path, reference)
    described = parsed(path, description_in(companion))
    return _of_images(path, described, plane, companion.name, root.get("UUID"))


def _of_images(
    path: Path, root: Any, plane: int, companion: str | None, uuid: str | None = None
) -> _Description:
    """Return what ``root`` describes of a file with planes of so many pixels.

    ``uuid`` is that of the file where the description lies in a companion.
    """
    uuid = root.get("UUID") if companion is None else uuid
    described = children(root, "Image")
    if companion is None and not elements(root, "UUID"):
        _check_planes(path, root, described, (), plane)
        return _Description(root, described, frozenset({path.name}))
    old_name = _name_before(path, described, uuid, companion)
    images = [image for image in described if _lies_in(image, path, old_name, companion)]
    if not images and len(described) > 1:
        names = first_few(sorted(set().union(*map(file_names, described))), 3, end=", … and ")
        raise ImageReadError(
            path,
            Fault.INCOMPLETE,
            f"{path.name} is described as one of several images, and none of them has its name "
            f"({names}): give it back the name that it was saved with.",
        )
    images = images or described
    files = {_name_now(name, path, old_name) for image in images[:1] for name in file_names(image)}
    for name in files - {path.name}:
        _beside(path, name)
    _check_planes(path, root, images, files | {companion or path.name}, plane)
    strange = old_name is not None or _has_other_uuid(images, path, uuid)
    rewritten = strange or companion is not None or len(images) < len(described)
    if rewritten:
        _rename(root, images, path, old_name)
    return _Description(root, images, frozenset(files | {path.name}), companion, rewritten)


def _check_planes(
    path: Path, root: Any, images: Iterable[Any], names: Iterable[str], plane: int
) -> None:
    pixels = [each for image in images for each in children(image, "Pixels")]
    described = [*pixels, *children(root, "StructuredAnnotations")]
    check_declared_planes(path, described, names, plane)


def _name_before(
    path: Path, images: Iterable[Any], uuid: str | None, companion: str | None
) -> str | None:
    """Return the name that a file had when it was described, None where it is still called so."""
    uuids = [each for image in images for each in elements(image, "UUID")]
    names = {each.get("FileName", "").casefold(): each.get("FileName", "") for each in uuids}
    if path.name.casefold() in names or not names:
        return None
    by_uuid = (each.get("FileName", "") for each in uuids if uuid and each.text == uuid)
    # A description within a file, of a single file, is that of the file itself, unless some planes
    # lie here and others there.
    planes = [each for image in images for each in elements(image, "TiffData")]
    is_whole = uuid is None and companion is None and len(planes) == len(uuids)
    alone = next(iter(names.values())) if len(names) == 1 and is_whole else None
    return next(by_uuid, alone)


def _lies_in(image: Any, path: Path, old_name: str | None, companion: str | None) -> bool:
    names = {name.casefold() for name in file_names(image)}
    if (old_name or path.name).casefold() in names:
        return True
    return companion is None and names_no_file(image)


def _name_now(name: str, path: Path, old_name: str | None) -> str:
    return path.name if name.casefold() == (old_name or path.name).casefold() else name


def _has_other_uuid(images: Iterable[Any], path: Path, uuid: str | None) -> bool:
    """Return whether a file goes by another UUID than that of its description."""
    return uuid is not None and any(
        each.text != uuid
        for image in images
        for each in elements(image, "UUID")
        if each.get("FileName", "").casefold() == path.name.casefold()
    )


def _rename(root: Any, images: Iterable[Any], path: Path, old_name: str | None) -> None:
    """Have images refer to this file, whatever it is called now, and to others by their names."""
    root.set("UUID", THIS_FILE)
    for image in images:
        for uuid in elements(image, "UUID"):
            name = uuid.get("FileName", "")
            uuid.text = THIS_FILE if _name_now(name, path, old_name) == path.name else name


def _of_stack(path: Path, root: Any, stack: Stack) -> _Description:
    """Return what is described of a Micro-Manager stack, which knows its planes itself.

    Its description may lie in the file of another position, and be wrong.
    """
    described = root
    if root is None or _reference(root) is not None:
        described = None if stack.is_whole else _described_beside(path, root)
    images = [] if described is None else children(described, "Image")
    image = next((image for image in images if _lies_in(image, path, None, path.name)), None)
    if image is not None:
        names = (name for name in file_names(image) if name.casefold() != path.name.casefold())
        parts = [_beside(path, name) for name in names]
    else:
        parts = parts_beside(stack)
        image = images[stack.position] if stack.position < len(images) else None
    stack = with_parts(stack, parts)
    element, assumptions = stack_image(stack, image)
    if described is None:
        described = ElementTree.Element("OME")
        described.append(element)
    described.set("UUID", THIS_FILE)
    return _Description(described, [element], stack.files, None, True, assumptions)


def _described_beside(path: Path, root: Any) -> Any:
    """Return the description that ``root`` refers to, None where there is none."""
    reference = None if root is None else _reference(root)
    if reference is None:
        return None
    with suppress(ImageReadError, OSError, tifffile.TiffFileError):
        return parsed(path, description_in(_beside(path, reference)))
    return None


def _reference(root: Any) -> str | None:
    """Return the file that a description refers to in its place; "" for one without a name."""
    return next((str(only.get("MetadataFile", "")) for only in children(root, "BinaryOnly")), None)


def _companion(path: Path, name: str) -> Path:
    """Return the file of that name, or what was kept of it where it is another image."""
    kept = f"{name}{KEPT_SUFFIX}"
    if _is_file_name(name) and not path.with_name(name).exists() and path.with_name(kept).is_file():
        return path.with_name(kept)
    return _beside(path, name)


def description_in(companion: Path) -> str:
    """Return the OME-XML in a file.

    Parameters
    ----------
    companion
        A TIFF, or a file of text.

    Returns
    -------
    str
        "" where there is none.
    """
    if not is_tiff_name(companion.name):
        with sizes_of(companion):
            checked_number(companion.stat().st_size, "letters of OME-XML", MOST_LETTERS)
        return companion.read_text(encoding="utf-8")
    with open_tiff_file(companion, whole=False) as master:
        return master.ome_metadata or ""


def is_tiff_name(name: str) -> bool:
    """Return whether a file that holds a description is a TIFF, with pixels of its own.

    Parameters
    ----------
    name
        Of the file.

    Returns
    -------
    bool
        By the end of the name.
    """
    return name.lower().endswith(_TIFF_SUFFIXES)


def _is_file_name(name: str) -> bool:
    # The description may come from anywhere: it must not lead out of the folder.
    return bool(name) and PurePosixPath(name).name == name == PureWindowsPath(name).name


def _beside(path: Path, name: str) -> Path:
    if not _is_file_name(name):
        raise ImageReadError(
            path,
            Fault.INCOMPLETE,
            f"{path.name} needs the file “{name}”, which is not a file in the same folder.",
        )
    beside = path.with_name(name)
    if not beside.is_file():
        raise ImageReadError(
            path,
            Fault.INCOMPLETE,
            f"{path.name} is one of several files of one image, and {name} is missing: "
            "copy it into the same folder.",
        )
    return beside
