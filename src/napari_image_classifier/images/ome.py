"""What OME-XML says of an image: channel names and colours, pixel size, the files it needs."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from xml.etree import ElementTree

import tifffile

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.source import (
    Color,
    ImageReadError,
    PixelSize,
    micrometres,
    unreadable,
)
from napari_image_classifier.images.well_names import row_letters

AXES_KEY = "napari_image_classifier_axes"


@dataclass(frozen=True)
class OmeImage:
    """One image of an OME description."""

    channel_names: tuple[str, ...]
    colors: tuple[Color | None, ...]
    pixel_size: PixelSize | None
    axes: str | None


def companion_description(path: Path, tiff: tifffile.TiffFile) -> str | None:
    """Return the OME-XML of the companion file, where ``tiff`` leaves it to one.

    Raises
    ------
    ImageReadError
        A file that belongs to the image is not in the folder; the sentence names it.
    """
    own = tiff.ome_metadata
    if own is None:
        return None
    root = _parsed(path, own)
    companion = None
    only = _find(root, "BinaryOnly")
    if only is not None:
        name = only.get("MetadataFile", "")
        beside = _beside(path, name)
        if beside.suffix.lower() in (".tif", ".tiff"):
            with tifffile.TiffFile(beside) as master:
                companion = master.ome_metadata
        else:
            companion = beside.read_text(encoding="utf-8")
        root = _parsed(path, companion or "")
    for uuid in root.iter():
        name = uuid.get("FileName", "")
        # A file that was renamed still knows itself by its UUID.
        itself = name.lower() == path.name.lower() or uuid.text == root.get("UUID")
        if _tag(uuid) == "UUID" and not itself:
            _beside(path, name)
    return companion


def _beside(path: Path, name: str) -> Path:
    # The description may come from anywhere: it must not lead out of the folder.
    if not name or PurePosixPath(name).name != name or PureWindowsPath(name).name != name:
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


def files_of_image(path: Path) -> tuple[str, ...]:
    """Return the names of all files of the image that ``path`` belongs to, sorted.

    That is its own name alone where the file has no OME description or needs no other file.

    Raises
    ------
    ImageReadError
        The description can't be understood, or its companion file is missing.
    """
    root = read_description(path)
    if root is None:
        return (path.name,)
    for pixels in _all_pixels(root):
        names = {uuid.get("FileName", "") for uuid in pixels.iter() if _tag(uuid) == "UUID"}
        if path.name.casefold() in {name.casefold() for name in names}:
            return tuple(sorted(names))
    return (path.name,)


def read_description(path: Path) -> Any:
    """Return the root of the OME-XML that describes a file, None where there is none.

    Raises
    ------
    ImageReadError
        It can't be understood, or the file that holds it is missing.
    """
    with tifffile.TiffFile(path) as tiff:
        description = companion_description(path, tiff) or tiff.ome_metadata
    return None if description is None else _parsed(path, description)


def elements(root: Any, tag: str) -> list[Any]:
    """Return all elements of that name below ``root``, in order, whatever their namespace."""
    return [one for one in root.iter() if _tag(one) == tag]


def companion_of(path: Path) -> str | None:
    """Return the name of the file that describes ``path`` in its place; None where it does."""
    with tifffile.TiffFile(path) as tiff:
        own = tiff.ome_metadata
    only = None if own is None else _find(_parsed(path, own), "BinaryOnly")
    return None if only is None else _beside(path, only.get("MetadataFile", "")).name


def _all_pixels(root: Any) -> list[Any]:
    return elements(root, "Pixels")


def ome_image(description: str, number: int = 0) -> OmeImage:
    """Return what the OME-XML ``description`` says of its image of that ``number``."""
    root = ElementTree.fromstring(description)
    found = _all_pixels(root)
    if number >= len(found):
        return OmeImage((), (), None, None)
    pixels = found[number]
    channels = [one for one in pixels if _tag(one) == "Channel"]
    axes = next(
        (one.text for one in root.iter() if _tag(one) == "M" and one.get("K") == AXES_KEY), None
    )
    return OmeImage(
        tuple((one.get("Name") or "").strip() for one in channels),
        tuple(_color(one.get("Color")) for one in channels),
        _pixel_size(pixels),
        axes,
    )


def _pixel_size(pixels: Any) -> PixelSize | None:
    sizes = {}
    for axis in "XYZ":
        unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
        sizes[axis] = micrometres(pixels.get(f"PhysicalSize{axis}"), unit)
    x, y = sizes["X"], sizes["Y"]
    if x is None and y is None:
        return None
    return PixelSize(x or y or 1.0, y or x or 1.0, sizes["Z"])


def _color(text: str | None) -> Color | None:
    try:
        value = int(text or "") & 0xFFFFFFFF
    except ValueError:
        return None
    return (value >> 24 & 255) / 255, (value >> 16 & 255) / 255, (value >> 8 & 255) / 255


def _parsed(path: Path, description: str) -> Any:
    try:
        return ElementTree.fromstring(description)
    except ElementTree.ParseError as error:
        raise unreadable(
            path, Fault.DAMAGED, f"its OME description is damaged ({error})."
        ) from error


def _find(root: Any, tag: str) -> Any:
    return next((one for one in root if _tag(one) == tag), None)


def _tag(element: Any) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def plate_fields(path: Path) -> dict[str, str]:
    """Return what the OME description of a file says of its place: plate, well, site and day.

    As a name pattern would give them: wells are called A01, sites are counted from 1, days are
    written 2026-11-23. What it does not say is not there; without a description nothing is.

    Raises
    ------
    ImageReadError
        The description can't be understood, or the file that holds it is missing.
    """
    root = read_description(path)
    if root is None:
        return {}
    image = _image_of(root, path)
    if image is None:
        return {}
    day = next((one.text or "" for one in elements(image, "AcquisitionDate")), "")
    fields = _place(root, image.get("ID", ""))
    return {**fields, "day": day[:10]} if day else fields


def _image_of(root: Any, path: Path) -> Any:
    """Return the description's image that lies in this file; the only one, if there is one."""
    images = elements(root, "Image")
    for image in images:
        names = {uuid.get("FileName", "").casefold() for uuid in elements(image, "UUID")}
        if path.name.casefold() in names:
            return image
    return images[0] if len(images) == 1 else None


def _place(root: Any, image: str) -> dict[str, str]:
    for plate in elements(root, "Plate"):
        for well in elements(plate, "Well"):
            for number, sample in enumerate(elements(well, "WellSample"), start=1):
                if any(ref.get("ID") == image for ref in elements(sample, "ImageRef")):
                    name = plate.get("Name") or plate.get("ID") or ""
                    return {"plate": name, "well": _well(well), "site": str(number)}
    return {}


def _well(well: Any) -> str:
    row, column = int(well.get("Row", 0)), int(well.get("Column", 0))
    return f"{row_letters(row)}{column + 1:02}"
