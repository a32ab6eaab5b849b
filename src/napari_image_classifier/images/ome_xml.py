"""OME-XML: channels, colours, pixel size, files and place on a plate of the images it describes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.channel_names import are_names
from napari_image_classifier.images.checks import sizes_of
from napari_image_classifier.images.names.well_names import row_letters
from napari_image_classifier.images.opened_file import Color
from napari_image_classifier.images.pixel_size import PixelSize, micrometres
from napari_image_classifier.images.read_errors import unreadable
from napari_image_classifier.system.declared_sizes import checked_number

# Of a plate of 1,536 wells with 60 planes each, which all are described one by one.
MOST_LETTERS = 2**26
MOST_MARKS = 1_000_000
AXES_KEY = "napari_image_classifier_axes"
# What a file calls itself: its name may have bytes that are no text.
THIS_FILE = "urn:uuid:this-file"


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
    all_pixels = elements(root, "Pixels")
    if number >= len(all_pixels):
        return OmeImage((), (), None, None)
    pixels = all_pixels[number]
    channels = children(pixels, "Channel")
    axes = (entry.text for entry in elements(root, "M") if entry.get("K") == AXES_KEY)
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


def parsed(path: Path, description: str) -> Any:
    """Return the root element of the description of a file.

    Raises
    ------
    ImageReadError
        It is no XML, longer than any that an instrument writes, or defines entities, which may grow
        without end and OME has no use for.
    """
    try:
        with sizes_of(path):
            checked_number(len(description), "letters of OME-XML", MOST_LETTERS)
            checked_number(description.count("<"), "marks in its OME-XML", MOST_MARKS)
        if "<!ENTITY" in description:
            raise ElementTree.ParseError("it defines entities")
        return ElementTree.fromstring(description)
    except ElementTree.ParseError as error:
        why = f"its OME description is damaged ({error})."
        raise unreadable(path, Fault.DAMAGED, why) from error


def elements(root: Any, tag: str) -> list[Any]:
    """Return all elements of that name in ``root``, in order, whatever their namespace."""
    return [element for element in root.iter() if local_name(element) == tag]


def children(element: Any, tag: str) -> list[Any]:
    """Return the elements of that name right below ``element``, in order."""
    return [child for child in element if local_name(child) == tag]


def local_name(element: Any) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rsplit("}", 1)[-1]


def file_names(image: Any) -> set[str]:
    """Return the names of the files that hold the planes of an image, as far as they are named."""
    return {name for uuid in elements(image, "UUID") if (name := uuid.get("FileName", ""))}


def names_no_file(image: Any) -> bool:
    """Return whether planes of an image lie in the file that holds the description itself."""
    return any(not elements(data, "UUID") for data in elements(image, "TiffData"))


def place_fields(root: Any, image: Any) -> dict[str, str]:
    """Return "plate", "well" and "site" of an image, as far as a description has them."""
    identity = image.get("ID", "")
    for plate in elements(root, "Plate"):
        for well in children(plate, "Well"):
            for number, sample in enumerate(children(well, "WellSample"), start=1):
                if any(ref.get("ID") == identity for ref in children(sample, "ImageRef")):
                    name = plate.get("Name") or plate.get("ID") or ""
                    return {"plate": name, "well": _well(well), "site": str(number)}
    return {}


def position_name(root: Any, image: Any) -> str:
    """Return what the place of an image on the stage is called, "" where nothing says so."""
    for label in elements(image, "StageLabel"):
        if label.get("Name"):
            return str(label.get("Name"))
    names = [each.get("Name", "") for each in children(root, "Image")]
    # The name of an only image says nothing of a place; names that repeat tell none apart.
    return image.get("Name", "") if 1 < len(names) == len(set(names)) else ""


def text_of(root: Any, images: Iterable[Any]) -> str:
    """Return a description of some images of ``root`` only, with the notes on them."""
    reduced = ElementTree.Element(root.tag, root.attrib)
    reduced.extend(images)
    reduced.extend(children(root, "StructuredAnnotations"))
    return ElementTree.tostring(reduced, encoding="unicode")


def _well(well: Any) -> str:
    row, column = int(well.get("Row", 0)), int(well.get("Column", 0))
    return f"{row_letters(row)}{column + 1:02}"


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
