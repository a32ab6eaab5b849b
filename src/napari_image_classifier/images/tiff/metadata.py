"""Metadata of a TIFF file: channel names, pixel size and display, whatever program wrote it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tifffile

from napari_image_classifier.images.channel_names import names_among
from napari_image_classifier.images.ome_xml import ome_image
from napari_image_classifier.images.opened_file import ChannelDisplay, Color
from napari_image_classifier.images.pixel_size import PixelSize, micrometres
from napari_image_classifier.images.tiff.page_names import names_of_pages

_INFO_NAME = re.compile(
    r"^[^\S\n]*(?:Information\|Image\|Channel\|Name #?(?P<zeiss>\d{1,9})|Name #?(?P<nikon>\d{1,9})"
    r"|Channel(?:Name| Name|_Name) #?(?P<plain>\d{1,9}))[^\S\n]*[=:][^\S\n]*(?P<name>\S.*)$",
    re.MULTILINE,
)


# Of MetaSeries, whose XML is long and needed for nothing else.
_CALIBRATION = re.compile(r'id="spatial-calibration-(\w+)"[^<>]{0,200}?\bvalue="([^"<>]*)"')


@dataclass
class TiffMetadata:
    """What the file says of an image.

    Attributes
    ----------
    channel_names
        One per channel, "" for one that the file does not name; empty where it names none.
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
    metadata = _of_format(tiff, n_channels, axes, number)
    # ImageJ names planes in its own metadata, and a look at every page takes its time.
    if not any(metadata.channel_names) and not (tiff.is_imagej and n_channels > 1):
        metadata.channel_names = names_of_pages(tiff.series[number], axes, n_channels)
    return metadata


def _of_format(tiff: tifffile.TiffFile, n_channels: int, axes: str, number: int) -> TiffMetadata:
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
    return TiffMetadata(pixel_size=_metaseries_size(tiff), metadata=_tags(tiff))


def _of_ome(text: str, n_channels: int, number: int) -> TiffMetadata:
    image = ome_image(text, number)
    named = len(image.channel_names) == n_channels and any(image.channel_names)
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
        _imagej_names(stored, n_channels) or _micromanager_names(tiff, n_channels),
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
    # Of one channel they name the image.
    if n_channels > 1 and labels:
        # The labels of the planes run through the channels first.
        labels = [str(label).partition("\n")[0].strip() for label in labels]
        first = (labels + [""] * n_channels)[:n_channels]
        repeated = all(label in ("", first[i % n_channels]) for i, label in enumerate(labels))
        if repeated and (named := names_among(first)):
            return named
    return _names_in_info(str(stored.get("Info", "")), n_channels)


def _names_in_info(info: str, n_channels: int) -> tuple[str, ...]:
    numbered = {}
    for match in _INFO_NAME.finditer(info):
        number = match["zeiss"] or match["nikon"] or match["plain"]
        numbered[int(number)] = match["name"].rstrip()
        # Nikon's entries may be names of anything, if there are not as many as channels.
        if match["nikon"] and len(_INFO_NAME.findall(info)) != n_channels:
            return ()
    # Some programs count from 0; a single channel may have any number.
    start = min(numbered, default=1) if n_channels == 1 else int(0 not in numbered)
    places = range(start, start + n_channels)
    if not set(numbered) <= set(places):
        return ()
    return names_among([numbered.get(place, "") for place in places])


def _micromanager_names(tiff: tifffile.TiffFile, n_channels: int) -> tuple[str, ...]:
    if not tiff.is_micromanager:
        return ()
    summary = (tiff.micromanager_metadata or {}).get("Summary") or {}
    names = summary.get("ChNames") if isinstance(summary, Mapping) else None
    if not isinstance(names, list) or len(names) != n_channels:
        return ()
    return tuple(str(name).strip() for name in names)


def _imagej_display(
    stored: Mapping[str, Any], luts: Sequence[Any], n_channels: int
) -> tuple[ChannelDisplay, ...]:
    ranges = list(stored.get("Ranges") or ())
    if not ranges and n_channels == 1 and "min" in stored and "max" in stored:
        ranges = [stored["min"], stored["max"]]
    colors = [_lut_color(lut) for lut in luts] if len(luts) == n_channels else []
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


def _metaseries_size(tiff: tifffile.TiffFile) -> PixelSize | None:
    if not tiff.is_metaseries:
        return None
    calibration = dict(_CALIBRATION.findall(tiff.pages.first.description))
    if calibration.get("state") != "on":
        return None
    x, y = (micrometres(calibration.get(axis), calibration.get("units")) for axis in "xy")
    return _pixel_size(x, y, None)


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
    channels = stored.get("Channel")
    names = stored.get("channel_names") or stored.get("Labels")
    if not names and isinstance(channels, Mapping):
        names = channels.get("Name")
    names = tuple(map(str, names)) if isinstance(names, list) else ()
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
