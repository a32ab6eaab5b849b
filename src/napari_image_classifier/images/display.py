"""Layers, colormaps and contrast limits of an image, as its file wants it shown."""

import re
from contextlib import nullcontext
from typing import Any

import numpy as np

from napari_image_classifier.images.channel_names import numbered_name
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.opened_file import Color
from napari_image_classifier.typing import AnyArray

METADATA_KEY = "napari_image_classifier"
# In bytes; larger images stay on the disk and are read plane by plane.
LARGEST_IN_MEMORY = 200 * 2**20
_SHOWN_PIXELS = 512
LayerData = tuple[Any, dict[str, Any], str]
Limits = tuple[float, float]
_NAMED_COLORS: dict[Color, str] = {
    (1.0, 1.0, 1.0): "gray",
    (1.0, 0.0, 0.0): "red",
    (0.0, 1.0, 0.0): "green",
    (0.0, 0.0, 1.0): "blue",
    (0.0, 1.0, 1.0): "cyan",
    (1.0, 0.0, 1.0): "magenta",
    (1.0, 1.0, 0.0): "yellow",
}
# Green and magenta first, which people with a red-green colour blindness can tell apart.
CHANNEL_COLORMAPS = ("green", "magenta", "cyan", "yellow", "red", "blue", "gray")
_DYES = (
    (re.compile(r"dapi|hoechst|dna|nucle|405", re.IGNORECASE), "blue"),
    (re.compile(r"gfp|fitc|488|alexa ?488", re.IGNORECASE), "green"),
    (re.compile(r"rfp|cherry|cy3|tritc|texas|561|568|594", re.IGNORECASE), "magenta"),
    (re.compile(r"cy5|640|647", re.IGNORECASE), "cyan"),
)


def image_layers(image: Image) -> list[LayerData]:
    """Return an image as the layers that napari's File > Open adds.

    Parameters
    ----------
    image
        An open image. It is read at once and closed unless it is large (`LARGEST_IN_MEMORY`); a
        large one is read plane by plane as napari shows it, and closed when nothing uses it.

    Returns
    -------
    list of tuple
        For each channel the pixels (numpy or dask, in the order of ``image.axes`` without C), the
        arguments of an image layer and "image". 8-bit RGB is one layer with the colours last. Under
        "metadata", `METADATA_KEY` holds what the docks need to know of the file.
    """
    size = int(np.prod(image.shape, dtype=np.int64)) * image.dtype.itemsize
    in_memory = size <= LARGEST_IN_MEMORY
    with image if in_memory else nullcontext():
        pixels: Any = image.asarray() if in_memory else image.data
        limits = [contrast_limits(image, channel) for channel in range(image.n_channels)]
    if image.is_rgb and image.dtype == np.uint8:
        return [_rgb_layer(image, pixels)]
    axis = image.axes.find("C")
    before = (slice(None),) * max(axis, 0)
    return [
        (
            pixels[(*before, channel)] if axis >= 0 else pixels,
            {
                **_placement(image, channel),
                "name": _layer_name(image, channel),
                "colormap": colormap_of(image, channel),
                "contrast_limits": limits[channel],
                "blending": "additive",
            },
            "image",
        )
        for channel in range(image.n_channels)
    ]


def _rgb_layer(image: Image, pixels: Any) -> LayerData:
    axis = image.axes.index("C")
    order = [i for i in range(len(image.axes)) if i != axis] + [axis]
    placement = {**_placement(image, 0), "name": _stem(image), "rgb": True}
    return pixels.transpose(order), placement, "image"


def _placement(image: Image, channel: int) -> dict[str, Any]:
    axes = image.axes.replace("C", "")
    size = image.pixel_size
    lengths = {"Z": size.z, "Y": size.y, "X": size.x} if size else {}
    known = [lengths.get(axis) for axis in axes]
    colors = image.is_rgb and image.dtype == np.uint8
    placement: dict[str, Any] = {
        "scale": tuple(length or 1.0 for length in known),
        "axis_labels": tuple(axes.lower()),
        "metadata": {
            METADATA_KEY: {
                "path": str(image.path or image.name),
                "channel": None if colors else channel,
                "channel_name": _own_name(image, channel) if image.channels_named else "",
                "channel_names": list(image.channel_names),
                "channels_named": image.channels_named,
                "axes": axes,
                "assumptions": list(image.assumptions),
            },
        },
    }
    if any(known):
        placement["units"] = tuple("um" if length else "pixel" for length in known)
    return placement


def _own_name(image: Image, channel: int) -> str:
    # Two layers of one image that are called the same would be taken for two images.
    name = image.channel_names[channel]
    return name if image.channel_names.count(name) == 1 else numbered_name(channel)


def _stem(image: Image) -> str:
    return re.sub(r"(\.ome)?\.[^.]+$", "", image.name, flags=re.IGNORECASE)


def _layer_name(image: Image, channel: int) -> str:
    if image.n_channels == 1:
        return _stem(image)
    return f"{_stem(image)} [{image.channel_names[channel]}]"


def colormap_of(image: Image, channel: int) -> str:
    """Return the colormap that a channel is shown in.

    It is the colour that the file names, or one that suits the channel's dye ("DAPI" is blue), or
    one of `CHANNEL_COLORMAPS`. A single channel without a colour is grey.

    Parameters
    ----------
    image
        The image.
    channel
        Index of the channel, from 0.

    Returns
    -------
    str
        The name of one of napari's colormaps, or a colour as "#ff8000".
    """
    color = image.display[channel].color
    colors = {display.color for display in image.display}
    # An image all in grey is one whose colours nobody chose.
    if color is not None and (image.n_channels == 1 or colors != {(1.0, 1.0, 1.0)}):
        hexadecimal = "#" + "".join(f"{round(part * 255):02x}" for part in color)
        return _NAMED_COLORS.get(color, hexadecimal)
    if image.n_channels == 1:
        return "gray"
    taken = [_dye_color(name) for name in image.channel_names] if image.channels_named else []
    own = taken[channel] if taken else None
    if own and taken.count(own) == 1:
        return own
    free = [name for name in CHANNEL_COLORMAPS if name not in taken]
    return free[channel % len(free)]


def _dye_color(name: str) -> str | None:
    return next((color for dye, color in _DYES if dye.search(name)), None)


def contrast_limits(image: Image, channel: int, plane: AnyArray | None = None) -> Limits:
    """Return the intensities between which a channel is shown.

    Parameters
    ----------
    image
        The image.
    channel
        Index of the channel, from 0.
    plane
        A plane of the channel that is read already, of shape (y, x). By default the middle one of
        the middle time point is read, where the file names no limits.

    Returns
    -------
    tuple of float
        Lower and upper limit: those that the file names, else the `intensity_range` of ``plane``.

    Raises
    ------
    ImageReadError
        The plane is damaged.
    """
    limits = image.display[channel].contrast_limits
    if limits is not None:
        return limits
    if plane is None:
        plane = image.plane(time=image.n_times // 2, channel=channel, z=image.n_z // 2)
    return intensity_range(plane)


def intensity_range(plane: AnyArray) -> Limits:
    """Return the lowest and the highest intensity of a plane.

    Parameters
    ----------
    plane
        An array of shape (y, x). Of a large one only every n-th row and column counts.

    Returns
    -------
    tuple of float
        Finite, the first below the second. Values that are not finite are left out; (0, 1) where
        there are no others.
    """
    step = max(1, min(plane.shape) // _SHOWN_PIXELS)
    values = plane[::step, ::step].astype(np.float64)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    # Beside a very large number, 1 is lost.
    return (low, high) if low < high else (low, low + max(1.0, abs(low) / 1000))
