"""Writing of images as OME-TIFF, from which they are read back the same."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_image_classifier.images.image import Image
from napari_image_classifier.images.ome_xml import AXES_KEY
from napari_image_classifier.system.atomic_files import replace_file
from napari_image_classifier.typing import AnyArray

# OME-TIFF has no other types.
_OME_TYPES = frozenset(
    ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"]
)


def write_image(path: str | Path, image: Image) -> None:
    """Write an image as a TIFF, plane by plane, zlib-compressed.

    Axes, pixels, type, channel names and pixel size are the same when `read_image` reads it. It is
    an OME-TIFF unless OME has no name for the type of its pixels (64-bit integers, float16).

    Parameters
    ----------
    path
        The file. One that is there already is replaced once the new one is complete.
    image
        The image; its mask, display and other metadata are not written.
    """
    ome = image.dtype.name in _OME_TYPES
    with replace_file(Path(path)) as temporary:
        tifffile.imwrite(
            temporary,
            _planes(image),
            shape=image.shape,
            dtype=image.dtype,
            ome=ome,
            bigtiff=int(np.prod(image.shape)) * image.dtype.itemsize > 2**31,
            photometric="minisblack",
            compression="zlib",
            metadata=_ome_metadata(image) if ome else _plain_metadata(image),
        )


def _planes(image: Image) -> Iterator[AnyArray]:
    names = {"T": "time", "C": "channel", "Z": "z"}
    outer = [axis for axis in image.axes if axis in names]
    for index in product(*(range(image.shape[image.axes.index(axis)]) for axis in outer)):
        yield image.plane(**{names[axis]: i for axis, i in zip(outer, index, strict=True)})


def _ome_metadata(image: Image) -> dict[str, Any]:
    metadata: dict[str, Any] = {"axes": image.axes, "MapAnnotation": {AXES_KEY: image.axes}}
    if image.channels_named:
        metadata["Channel"] = {"Name": list(image.channel_names)}
    if image.pixel_size is not None:
        for axis in "XYZ":
            length = getattr(image.pixel_size, axis.lower())
            if length is not None:
                metadata[f"PhysicalSize{axis}"] = length
                metadata[f"PhysicalSize{axis}Unit"] = image.pixel_size.unit
    return metadata


def _plain_metadata(image: Image) -> dict[str, Any]:
    metadata: dict[str, Any] = {"axes": image.axes}
    if image.channels_named:
        metadata["channel_names"] = list(image.channel_names)
    if image.pixel_size is not None:
        metadata["pixel_size"] = asdict(image.pixel_size)
    return metadata
