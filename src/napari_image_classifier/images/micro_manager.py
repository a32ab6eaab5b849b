"""Micro-Manager stacks: the position that a file holds, its planes, and its further files.

The index in such a file says which planes are in it. Its OME description lies in the file of the
first position alone, and describes all of them.
"""

import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import tifffile

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.checks import MOST_PLANES, sizes_of
from napari_image_classifier.images.ome_xml import THIS_FILE, children
from napari_image_classifier.images.read_errors import ImageReadError, several_positions
from napari_image_classifier.images.tiff.directories import directory_offsets, open_tiff_file
from napari_image_classifier.system.declared_sizes import checked_number, checked_product
from napari_image_classifier.typing import AnyArray
from napari_image_classifier.wording import counted

# Time, channel and Z of a plane, counted from 0.
Place = tuple[int, int, int]

_SIZES = ("Channels", "Slices", "Frames", "Positions")
_METADATA_TAG = 51123
# Where the file says where its index lies; a row of it has five numbers.
_INDEX_PLACE, _INDEX_ROW = 12, 20
# Micro-Manager begins another file after 4 GB: x_MMStack_Pos0.ome.tif, x_MMStack_Pos0_1.ome.tif.
_PART_NAME = re.compile(r"(?P<base>.*?)(?:_(?P<number>\d+))?(?P<suffix>(?:\.ome)?\.tiff?)", re.I)
# Channels without a Z stack beside others with one leave planes out, but never as many.
_MOST_LEFT_OUT = 64


@dataclass(frozen=True)
class Stack:
    """The planes of one position.

    Attributes
    ----------
    path
        The file that was opened.
    position
        The number of the position, from 0.
    planes
        File and number of its directory there, by place.
    summary
        What the file says of the whole acquisition.
    first
        What it says of its first plane.
    page
        Its first plane.
    is_whole
        Whether the file has all planes of the position that were planned.
    """

    path: Path
    position: int
    planes: Mapping[Place, tuple[str, int]]
    summary: Mapping[str, Any]
    first: Mapping[str, Any]
    page: Any
    is_whole: bool

    @property
    def files(self) -> frozenset[str]:
        """The names of its files."""
        return frozenset({name for name, _ in self.planes.values()} | {self.path.name})


def check_index(path: Path, tiff: tifffile.TiffFile) -> None:
    """Refuse a stack whose index states more planes than the file can hold.

    Raises
    ------
    ImageReadError
        The index, or the summary before it, is longer than the file.
    """
    file = tiff.filehandle
    file.seek(_INDEX_PLACE)
    number = struct.Struct(f"{tiff.byteorder}I")
    place, *_, summary = struct.unpack(f"{tiff.byteorder}7I", file.read(7 * number.size))
    with sizes_of(path):
        checked_number(summary, "letters in its summary", file.size)
        file.seek(place + number.size)
        stated = file.read(number.size)
        if len(stated) == number.size:
            checked_number(number.unpack(stated)[0], "planes in its index", file.size // _INDEX_ROW)


def check_places(path: Path, tiff: tifffile.TiffFile) -> None:
    """Refuse a stack that is read by its index alone and has far too few planes for its numbers.

    Raises
    ------
    ImageReadError
        There are more places than any list could have.
    """
    written = tiff.micromanager_metadata or {}
    index, summary = written.get("IndexMap", ()), written.get("Summary")
    if len(index) and isinstance(summary, dict):
        lengths = index[:, : len(_SIZES)].max(axis=0).tolist()
        stated = (
            max(length + 1, int(summary.get(size, 1)))
            for size, length in zip(_SIZES, lengths, strict=True)
        )
        with sizes_of(path):
            checked_product(stated, "places of planes", MOST_PLANES)


def holds_all(tiff: tifffile.TiffFile) -> bool:
    """Return whether a stack has all planes of an acquisition at a single position."""
    written = tiff.micromanager_metadata or {}
    index, summary = written.get("IndexMap", ()), written.get("Summary")
    return len(index) > 0 and isinstance(summary, dict) and _is_whole(index, summary, _SIZES)


def _is_whole(index: AnyArray, summary: Mapping[str, Any], sizes: Sequence[str]) -> bool:
    """Return whether there is a plane for each place along some of the axes of an index."""
    lengths = [length + 1 for length in index[:, : len(sizes)].max(axis=0).tolist()]
    return lengths == [summary.get(size, 1) for size in sizes] and len(index) == prod(lengths)


def read_stack(path: Path, tiff: tifffile.TiffFile) -> Stack | None:
    """Return the planes that a stack holds, None where its index is not whole.

    Raises
    ------
    ImageReadError
        It holds several positions.
    """
    written = tiff.micromanager_metadata or {}
    index, summary = written["IndexMap"], written["Summary"]
    rows = index.tolist()
    positions = {position for *_, position, _ in rows}
    if len(positions) > 1:
        raise several_positions(path, len(positions))
    numbers = {offset: number for number, offset in enumerate(directory_offsets(path))}
    # After a crash there is no index, or one of other places.
    if not rows or not isinstance(summary, dict) or any(row[4] not in numbers for row in rows):
        return None
    first = tiff.pages.first.tags.get(_METADATA_TAG)
    return Stack(
        path,
        positions.pop(),
        {(t, c, z): (path.name, numbers[offset]) for c, z, t, _, offset in rows},
        summary,
        first.value if first is not None and isinstance(first.value, dict) else {},
        tiff.pages.first,
        _is_whole(index, summary, _SIZES[:-1]),
    )


def parts_beside(stack: Stack) -> list[Path]:
    """Return the further files of a stack, found by their names.

    Raises
    ------
    ImageReadError
        The first file is missing.
    """
    own = _PART_NAME.fullmatch(stack.path.name)
    if own is None or stack.is_whole:
        return []
    # A position may be called "Pos_1" itself: what a file holds is looked at, too.
    bases = {own["base"], f"{own['base']}_{own['number']}"}
    parts = [
        path
        for path in sorted(stack.path.parent.iterdir())
        if path.name != stack.path.name
        and (match := _PART_NAME.fullmatch(path.name))
        and {match["base"], f"{match['base']}_{match['number']}"} & bases
        and path.is_file()
        and _same_position(stack, path)
    ]
    begins = any(time == 0 and z == 0 for time, _, z in stack.planes)
    if own["number"] and not begins and not parts:
        raise ImageReadError(
            stack.path,
            Fault.INCOMPLETE,
            f"{stack.path.name} does not hold the beginning of its image: copy the file before it, "
            f"such as {own['base']}{own['suffix']}, into the same folder.",
        )
    return parts


def _same_position(stack: Stack, path: Path) -> bool:
    try:
        with open_tiff_file(path) as tiff:
            other = read_stack(path, tiff) if tiff.is_mmstack else None
    except (ImageReadError, tifffile.TiffFileError):
        return False
    return other is not None and (other.position, other.summary) == (stack.position, stack.summary)


def with_parts(stack: Stack, parts: Iterable[Path]) -> Stack:
    """Return a stack with the planes of its further files."""
    planes = dict(stack.planes)
    for path in parts:
        with open_tiff_file(path) as tiff:
            part = read_stack(path, tiff)
        if part is not None:
            planes |= part.planes
    return replace(stack, planes=planes)


def stack_image(stack: Stack, described: Any) -> tuple[Any, tuple[str, ...]]:
    """Return the OME image of a stack, and sentences on what was assumed.

    ``described`` is the image in the description of all positions, which has further notes; None
    where that is not there.

    Raises
    ------
    ImageReadError
        Planes are missing.
    """
    planes, assumptions = _whole(stack)
    times, channels, slices = (max(column) + 1 for column in zip(*planes, strict=True))
    image = _new_image(stack) if described is None else described
    prefix = image.tag[: -len("Image")]
    (pixels,) = children(image, "Pixels")[:1] or [SubElement(image, f"{prefix}Pixels")]
    for data in children(pixels, "TiffData"):
        pixels.remove(data)
    samples = int(stack.page.samplesperpixel)
    pixels.attrib.update(
        DimensionOrder="XYCZT",
        Type=str(stack.page.dtype),
        SizeX=str(stack.page.imagewidth),
        SizeY=str(stack.page.imagelength),
        SizeC=str(channels * samples),
        SizeZ=str(slices),
        SizeT=str(times),
    )
    _name_channels(stack, pixels, prefix, channels, samples)
    for (time, channel, z), (name, number) in planes.items():
        places = {"FirstT": time, "FirstC": channel, "FirstZ": z, "IFD": number, "PlaneCount": 1}
        attributes = {key: str(value) for key, value in places.items()}
        data = SubElement(pixels, f"{prefix}TiffData", attributes)
        uuid = SubElement(data, f"{prefix}UUID")
        if name == stack.path.name:
            uuid.text = THIS_FILE
        else:
            uuid.text = name
            uuid.set("FileName", name)
    return image, assumptions


def _new_image(stack: Stack) -> Any:
    """Return an OME image with what the file itself says, but for its planes and channels."""
    place = str(stack.first.get("PositionName") or f"Pos{stack.position}")
    image = Element("Image", {"ID": f"Image:{stack.position}", "Name": place})
    time = str(stack.first.get("ReceivedTime") or stack.first.get("Time"))
    if day := re.match(r"\d{4}-\d\d-\d\d", time):
        SubElement(image, "AcquisitionDate").text = day.group()
    SubElement(image, "StageLabel", {"Name": place})
    pixel = stack.first.get("PixelSizeUm") or stack.summary.get("PixelSize_um")
    sizes = {"X": pixel, "Y": pixel, "Z": stack.summary.get("z-step_um")}
    lengths = {f"PhysicalSize{axis}": str(size) for axis, size in sizes.items() if size}
    SubElement(image, "Pixels", lengths)
    return image


def _name_channels(stack: Stack, pixels: Any, prefix: str, n_channels: int, samples: int) -> None:
    """Describe ``n_channels`` channels, unless they are described."""
    described = children(pixels, "Channel")
    if len(described) == n_channels:
        return
    for channel in described:
        pixels.remove(channel)
    for number, name in enumerate(_channel_names(stack, n_channels)):
        attributes = {"ID": f"Channel:0:{number}", "SamplesPerPixel": str(samples), "Name": name}
        pixels.insert(number, Element(f"{prefix}Channel", attributes))


def _channel_names(stack: Stack, n_channels: int) -> list[str]:
    names: Any = stack.summary.get("ChNames")
    if isinstance(names, str):
        # Older versions write a list as text.
        with suppress(ValueError):
            names = json.loads(names)
    if not isinstance(names, list) or len(names) < n_channels:
        return [""] * n_channels
    return [str(name) for name in names[:n_channels]]


def _whole(stack: Stack) -> tuple[dict[Place, tuple[str, int]], tuple[str, ...]]:
    """Return all planes by place, with those filled in that were left out on purpose."""
    planes = dict(stack.planes)
    times = 1 + max(time for time, _, _ in planes)
    assumptions = list(_unfinished(stack))
    if assumptions and times > 1:
        at_end, before = (
            [place for place in planes if place[0] == time] for time in (times - 1, times - 2)
        )
        if len(at_end) < len(before):
            planes = {place: planes[place] for place in planes if place[0] < times - 1}
            assumptions.append("The last time point is not complete; it was left out.")
    filled = _filled(stack, planes)
    if len(filled) > len(planes):
        left_out = counted(len(filled) - len(planes), "plane")
        assumptions.append(
            f"The acquisition left out {left_out}; the nearest in Z, or else that of the time "
            "point before, stands in."
        )
    return filled, tuple(assumptions)


def _unfinished(stack: Stack) -> Iterator[str]:
    """Yield sentences on axes that are shorter than the acquisition was planned."""
    lengths = [max(column) + 1 for column in zip(*stack.planes, strict=True)]
    sizes = (("Frames", "time points"), ("Channels", "channels"), ("Slices", "planes in Z"))
    for (key, words), length in zip(sizes, lengths, strict=True):
        planned = stack.summary.get(key)
        if isinstance(planned, int) and planned > length:
            yield f"{planned} {words} were planned, and {length} are here."


def _filled(stack: Stack, planes: Mapping[Place, tuple[str, int]]) -> dict[Place, tuple[str, int]]:
    times, channels, slices = (max(column) + 1 for column in zip(*planes, strict=True))
    if times * channels * slices > _MOST_LEFT_OUT * len(planes):
        numbers = f"{times} × {channels} × {slices} planes (time × channel × Z)"
        raise _incomplete(stack, f"numbers {numbers} and has {len(planes)} of them")
    taken: dict[tuple[int, int], list[int]] = {}
    for time, channel, z in planes:
        taken.setdefault((time, channel), []).append(z)
    filled: dict[Place, tuple[str, int]] = {}
    for time, channel, z in product(range(times), range(channels), range(slices)):
        heights = taken.get((time, channel))
        if heights is not None:
            nearest = min(heights, key=lambda height: abs(height - z))
            filled[time, channel, z] = planes[time, channel, nearest]
        elif time > 0:
            filled[time, channel, z] = filled[time - 1, channel, z]
        else:
            raise _incomplete(stack, f"has no channel {channel + 1} at the first time point")
    return filled


def _incomplete(stack: Stack, seen: str) -> ImageReadError:
    return ImageReadError(
        stack.path,
        Fault.INCOMPLETE,
        f"{stack.path.name} {seen}: copy all the files of the acquisition into one folder.",
    )
