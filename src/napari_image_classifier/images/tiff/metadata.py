"""Metadata of a TIFF file: channel names, pixel size and display, whatever program wrote it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tifffile

from napari_image_classifier.images.ome_xml import ome_image
from napari_image_classifier.images.opened_file import ChannelDisplay, Color
from napari_image_classifier.images.pixel_size import PixelSize, micrometres

# A label that names a slice or a file is not the name of a channel.
_NO_NAME = re.compile(r"\.\w{2,4}\b|^c:\d|[/\\;]|^c\d+-|\d+/\d+", re.IGNORECASE)
_LONGEST_NAME = 40
_INFO_NAME = re.compile(
    r"^\s*(?:Information\|Image\|Channel\|Name #?(?P<zeiss>\d+)|Name #?(?P<nikon>\d+)"
    r"|Channel(?:Name| Name|_Name) #?(?P<plain>\d+))\s*[=:]\s*(?P<name>\S.*?)\s*$",
    re.MULTILINE,
)


@dataclass
class TiffMetadata:
    """What the file says of an image.

    Attributes
    ----------
    channel_names
        One per channel; empty where the file names none.
    pixel_size
        None where the file does not say.
    display
        One per channel; empty where the file does not say.
    metadata
        What else it says, by the names of its format.
    axes
        The axes that `write_image` noted, with those of length 1; None in files of other programs.
    """

    channel_names: tuple[str, ...] = ()
    pixel_size: PixelSize | None = None
    display: tuple[ChannelDisplay, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    axes: str | None = None


def read_metadata(
    tiff: tifffile.TiffFile, n_channels: int, axes: str, number: int = 0
) -> TiffMetadata:
    """Return what the file says of an image of ``n_channels`` channels and stored ``axes``.

    ``number`` is the image's place in an OME description of several, counted from 0.
    """
    if tiff.ome_metadata:
        return _of_ome(tiff.ome_metadata, n_channels, number)
    if tiff.is_imagej:
        return _of_imagej(tiff, n_channels, axes)
    if tiff.is_stk:
        return _of_metamorph(tiff.stk_metadata or {}, n_channels)
    if tiff.is_lsm:
        return _of_lsm(tiff.lsm_metadata or {}, n_channels)
    if tiff.is_shaped:
        return _of_tifffile((tiff.shaped_metadata or ({},))[0], n_channels)
    return TiffMetadata(metadata=_tags(tiff))


def _of_ome(text: str, n_channels: int, number: int) -> TiffMetadata:
    image = ome_image(text, number)
    named = len(image.channel_names) == n_channels and all(image.channel_names)
    display: tuple[ChannelDisplay, ...] = ()
    if len(image.colors) == n_channels and any(image.colors):
        display = tuple(ChannelDisplay(color) for color in image.colors)
    names = image.channel_names if named else ()
    return TiffMetadata(names, image.pixel_size, display, {"ome": text}, image.axes)


def _of_imagej(tiff: tifffile.TiffFile, n_channels: int, axes: str) -> TiffMetadata:
    stored = dict(tiff.imagej_metadata or {})
    unit = stored.get("unit")
    x, y = (_pixel_length(tiff, tag, unit) for tag in ("XResolution", "YResolution"))
    z = micrometres(abs(_number(stored.get("spacing"))), unit) if "Z" in axes else None
    luts = stored.pop("LUTs", [])
    return TiffMetadata(
        _imagej_names(stored, n_channels),
        _pixel_size(x, y, z),
        _imagej_display(stored, luts, n_channels),
        {key: value for key, value in stored.items() if key not in ("ROI", "Overlays")},
    )


def _pixel_size(x: float | None, y: float | None, z: float | None) -> PixelSize | None:
    return None if x is None or y is None else PixelSize(x, y, z)


def _pixel_length(tiff: tifffile.TiffFile, tag: str, unit: Any) -> float | None:
    resolution = tiff.pages.first.tags.get(tag)
    if resolution is None:
        return None
    pixels, units = resolution.value
    return micrometres(units / pixels, unit) if pixels else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _imagej_names(stored: Mapping[str, Any], n_channels: int) -> tuple[str, ...]:
    labels = stored.get("Labels")
    labels = [labels] if isinstance(labels, str) else list(labels or ())
    if n_channels > 1 and len(labels) >= n_channels and len(labels) % n_channels == 0:
        # The labels of the planes run through the channels first.
        first = [label.strip() for label in labels[:n_channels]]
        repeated = all(label.strip() == first[i % n_channels] for i, label in enumerate(labels))
        if repeated and len(set(first)) == n_channels and all(map(_may_be_name, first)):
            return tuple(first)
    numbered = {}
    for match in _INFO_NAME.finditer(str(stored.get("Info", ""))):
        number = match["zeiss"] or match["nikon"] or match["plain"]
        numbered[int(number)] = match["name"]
    names = tuple(numbered[number] for number in sorted(numbered))
    return names if len(names) == n_channels and all(map(_may_be_name, names)) else ()


def _may_be_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_NAME and not _NO_NAME.search(text)


def _imagej_display(
    stored: Mapping[str, Any], luts: Sequence[Any], n_channels: int
) -> tuple[ChannelDisplay, ...]:
    ranges = list(stored.get("Ranges") or ())
    if not ranges and n_channels == 1 and "min" in stored and "max" in stored:
        ranges = [stored["min"], stored["max"]]
    colors = [_lut_color(lut) for lut in luts]
    shown = []
    for channel in range(n_channels):
        low_high = ranges[2 * channel : 2 * channel + 2]
        limits = None
        if len(low_high) == 2 and low_high[0] < low_high[1]:
            limits = (float(low_high[0]), float(low_high[1]))
        color = colors[channel] if len(colors) == n_channels else None
        shown.append(ChannelDisplay(color, limits))
    return tuple(shown) if any(channel != ChannelDisplay() for channel in shown) else ()


def _lut_color(lut: Any) -> Color | None:
    table = np.asarray(lut)
    if table.ndim != 2 or table.shape[0] != 3:
        return None
    red, green, blue = (float(value) / 255 for value in table[:, -1])
    # A table that goes through several colours is not one colour.
    ramp = table[:, -1:].astype(float) * np.linspace(0, 1, table.shape[1])
    return (red, green, blue) if np.abs(table - ramp).max() < 16 else None


def _of_metamorph(stored: Mapping[str, Any], n_channels: int) -> TiffMetadata:
    unit = stored.get("CalibrationUnits")
    x, y = (micrometres(stored.get(f"{axis}Calibration"), unit) for axis in "XY")
    distances = np.ravel(stored.get("ZDistance", ()))
    z = micrometres(abs(float(distances[0])), unit) if distances.size else None
    illuminations = {
        str(entry.get("value", "")).strip()
        for entry in stored.get("PlaneProperty") or ()
        if isinstance(entry, Mapping) and entry.get("name") == "_IllumSetting_"
    }
    named = n_channels == 1 and len(illuminations) == 1 and all(illuminations)
    return TiffMetadata(
        tuple(illuminations) if named else (),
        _pixel_size(x, y, z),
        metadata={key: value for key, value in stored.items() if not key.startswith("_TagId")},
    )


def _of_lsm(stored: Mapping[str, Any], n_channels: int) -> TiffMetadata:
    # Zeiss LSM files give metres.
    x, y, z = (micrometres(stored.get(f"VoxelSize{axis}"), "m") for axis in "XYZ")
    colors = stored.get("ChannelColors") or {}
    names = tuple(str(name) for name in colors.get("ColorNames", ()))
    return TiffMetadata(
        names if len(names) == n_channels else (),
        _pixel_size(x, y, z),
        metadata=dict(stored),
    )


def _of_tifffile(stored: Mapping[str, Any], n_channels: int) -> TiffMetadata:
    names = tuple(map(str, stored.get("channel_names") or ()))
    lengths = stored.get("pixel_size") or {}
    size = None
    if isinstance(lengths, Mapping) and {"x", "y"} <= set(lengths):
        size = PixelSize(lengths["x"], lengths["y"], lengths.get("z"), lengths.get("unit", "µm"))
    axes = stored.get("axes")
    return TiffMetadata(
        names if len(names) == n_channels else (),
        size,
        metadata=dict(stored),
        axes=axes if isinstance(axes, str) else None,
    )


def _tags(tiff: tifffile.TiffFile) -> dict[str, Any]:
    tags = tiff.pages.first.tags
    return {tag.name: tag.value for tag in tags if isinstance(tag.value, str | int | float)}
