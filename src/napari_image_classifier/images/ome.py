"""OME descriptions: channels, pixel size, plate and further files of an image, from its OME-XML."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from xml.etree import ElementTree

import tifffile

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.channel_names import are_names
from napari_image_classifier.images.opened_file import Color
from napari_image_classifier.images.pixel_size import PixelSize, micrometres
from napari_image_classifier.images.read_errors import ImageReadError, unreadable
from napari_image_classifier.images.well_names import row_letters

AXES_KEY = "napari_image_classifier_axes"


@dataclass(frozen=True)
class OmeImage:
    """One image of an OME description.

    Attributes
    ----------
    channel_names
        One per channel: its name, or the dye where it has none or a mere number; "" for neither.
    colors
        One per channel, None where a channel has no colour.
    pixel_size
        In µm; None where the description does not say.
    axes
        The axes that `write_image` noted, with those of length 1; None in files of other programs.
    """

    channel_names: tuple[str, ...]
    colors: tuple[Color | None, ...]
    pixel_size: PixelSize | None
    axes: str | None


def ome_image(description: str, number: int = 0) -> OmeImage:
    """Return what an OME description says of its image of that number, counted from 0."""
    root = ElementTree.fromstring(description)
    all_pixels = _elements(root, "Pixels")
    if number >= len(all_pixels):
        return OmeImage((), (), None, None)
    pixels = all_pixels[number]
    channels = [child for child in pixels if _tag(child) == "Channel"]
    axes = (entry.text for entry in _elements(root, "M") if entry.get("K") == AXES_KEY)
    return OmeImage(
        _channel_names(channels),
        tuple(_color(channel.get("Color")) for channel in channels),
        _pixel_size(pixels),
        next(axes, None),
    )


def _channel_names(channels: Sequence[Any]) -> tuple[str, ...]:
    names, dyes = (
        [(channel.get(key) or "").strip() for channel in channels] for key in ("Name", "Fluor")
    )
    named = zip(names, are_names(names), dyes, strict=True)
    return tuple(name if is_name else dye or name for name, is_name, dye in named)


def open_with_description(path: Path) -> tifffile.TiffFile:
    """Open a TIFF file with the OME description that belongs to it, wherever that lies.

    Raises
    ------
    ImageReadError
        The description can't be understood, or a file that belongs to the image is missing.
    """
    with ExitStack() as opened:
        tiff = opened.enter_context(tifffile.TiffFile(path))
        description = _companion_description(path, tiff)
        if description is None:
            opened.pop_all()
            return tiff
    return tifffile.TiffFile(path, omexml=description)


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
        The description can't be understood, or its companion file is missing.
    """
    root = _read_root(path)
    for pixels in [] if root is None else _elements(root, "Pixels"):
        names = {uuid.get("FileName", "") for uuid in _elements(pixels, "UUID")}
        if path.name.casefold() in {name.casefold() for name in names}:
            return tuple(sorted(names))
    return (path.name,)


def companion_name(path: Path) -> str | None:
    """Return the name of the file that holds the OME description of another one.

    Parameters
    ----------
    path
        A TIFF file.

    Returns
    -------
    str or None
        A file in the same folder; None where ``path`` holds its description itself, or has none.

    Raises
    ------
    ImageReadError
        The description can't be understood, or the file that it names is missing.
    """
    with tifffile.TiffFile(path) as tiff:
        own = tiff.ome_metadata
    reference = None if own is None else _companion_reference(_parsed(path, own))
    return None if reference is None else _beside(path, reference).name


def plate_fields(path: Path) -> dict[str, str]:
    """Return plate, well, site and day of a file's image, as its OME description has them.

    Parameters
    ----------
    path
        A TIFF file.

    Returns
    -------
    dict of str to str
        "plate", "well", "site" and "day", as a name pattern would give them: wells are called A01,
        sites are counted from 1, days are written 2026-11-23. What the description does not say is
        left out; without a description it is empty.

    Raises
    ------
    ImageReadError
        The description can't be understood, or the file that holds it is missing.
    """
    root = _read_root(path)
    image = None if root is None else _image_of(root, path)
    if image is None:
        return {}
    day = next((date.text or "" for date in _elements(image, "AcquisitionDate")), "")
    fields = _place(root, image.get("ID", ""))
    return {**fields, "day": day[:10]} if day else fields


def _read_root(path: Path) -> Any:
    """Return the root of the OME-XML that describes a file, None where there is none."""
    with tifffile.TiffFile(path) as tiff:
        description = _companion_description(path, tiff) or tiff.ome_metadata
    return None if description is None else _parsed(path, description)


def _companion_description(path: Path, tiff: tifffile.TiffFile) -> str | None:
    """Return the OME-XML of the companion file, where ``tiff`` refers to one.

    All files that the image needs must be in the folder.
    """
    own = tiff.ome_metadata
    if own is None:
        return None
    root = _parsed(path, own)
    companion = None
    reference = _companion_reference(root)
    if reference is not None:
        beside = _beside(path, reference)
        if beside.suffix.lower() in (".tif", ".tiff"):
            with tifffile.TiffFile(beside) as master:
                companion = master.ome_metadata
        else:
            companion = beside.read_text(encoding="utf-8")
        root = _parsed(path, companion or "")
    for uuid in _elements(root, "UUID"):
        name = uuid.get("FileName", "")
        # A file that was renamed still knows itself by its UUID.
        if name.lower() != path.name.lower() and uuid.text != root.get("UUID"):
            _beside(path, name)
    return companion


def _companion_reference(root: Any) -> str | None:
    """Return the file that a description refers to in its place; "" for one without a name."""
    binary_only = (child for child in root if _tag(child) == "BinaryOnly")
    return next((str(child.get("MetadataFile", "")) for child in binary_only), None)


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


def _pixel_size(pixels: Any) -> PixelSize | None:
    keys = [f"PhysicalSize{axis}" for axis in "XYZ"]
    x, y, z = (micrometres(pixels.get(key), pixels.get(f"{key}Unit", "µm")) for key in keys)
    known = x or y
    return None if known is None else PixelSize(x or known, y or known, z)


def _color(text: str | None) -> Color | None:
    try:
        value = int(text or "") & 0xFFFFFFFF
    except ValueError:
        return None
    return (value >> 24 & 255) / 255, (value >> 16 & 255) / 255, (value >> 8 & 255) / 255


def _image_of(root: Any, path: Path) -> Any:
    """Return the description's image that lies in this file; the only one, if there is one."""
    images = _elements(root, "Image")
    for image in images:
        names = {uuid.get("FileName", "").casefold() for uuid in _elements(image, "UUID")}
        if path.name.casefold() in names:
            return image
    return images[0] if len(images) == 1 else None


def _place(root: Any, image: str) -> dict[str, str]:
    for plate in _elements(root, "Plate"):
        for well in _elements(plate, "Well"):
            for number, sample in enumerate(_elements(well, "WellSample"), start=1):
                if any(ref.get("ID") == image for ref in _elements(sample, "ImageRef")):
                    name = plate.get("Name") or plate.get("ID") or ""
                    return {"plate": name, "well": _well(well), "site": str(number)}
    return {}


def _well(well: Any) -> str:
    row, column = int(well.get("Row", 0)), int(well.get("Column", 0))
    return f"{row_letters(row)}{column + 1:02}"


def _parsed(path: Path, description: str) -> Any:
    try:
        return ElementTree.fromstring(description)
    except ElementTree.ParseError as error:
        raise unreadable(
            path, Fault.DAMAGED, f"its OME description is damaged ({error})."
        ) from error


def _elements(root: Any, tag: str) -> list[Any]:
    """Return all elements of that name in ``root``, in order, whatever their namespace."""
    return [element for element in root.iter() if _tag(element) == tag]


def _tag(element: Any) -> str:
    return str(element.tag).rsplit("}", 1)[-1]
