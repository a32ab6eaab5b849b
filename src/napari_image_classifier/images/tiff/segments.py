"""Declared sizes of compressed segments, checked before these are decoded.

A JPEG in a TIFF has a size of its own, whatever the TIFF says, and decoders believe it: 2 kB become
3 GB.
"""

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tifffile import COMPRESSION

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.read_errors import COPY_AGAIN, unreadable

# In pixels. Strips and tiles are padded to whole blocks, but never as far as this.
MOST_TIMES = 4
ALWAYS_FINE = 2**22

# ITU-T T.81, table B.1: frames, but for three markers among them that are none; markers alone.
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xDA)}
# ITU-T T.800, A.4.1 and A.5.1: the start of a codestream, and the size that follows it at once.
_CODESTREAM = b"\xff\x4f\xff\x51"
_PNG = b"\x89PNG\r\n\x1a\n"

Decode = Callable[..., Any]


def refuse_larger_segments(path: Path, page: Any) -> None:
    """Have the decoder of a page refuse segments far larger than the page.

    Pages with the same keyframe share a decoder. It raises `ImageReadError` as pixels are decoded.
    """
    pixels_of = _PIXELS.get(page.keyframe.compression)
    if pixels_of is None:
        return
    decode: Decode = page.keyframe.decode
    if not isinstance(decode, _CheckedDecoder):
        most = max(ALWAYS_FINE, MOST_TIMES * page.keyframe.imagewidth * page.keyframe.imagelength)
        page.keyframe.decode = _CheckedDecoder(path, decode, pixels_of, most)


@dataclass(frozen=True)
class _CheckedDecoder:
    """Decodes a segment, unless it declares more than ``most`` pixels."""

    path: Path
    decode: Decode
    pixels_of: Callable[[bytes], int]
    most: int

    def __call__(self, data: bytes | None, index: int, **options: Any) -> Any:
        pixels = self.pixels_of(data) if data is not None else 0
        if pixels > self.most:
            why = f"a part of it says that it has {pixels:,} pixels, far more than the image."
            raise unreadable(self.path, Fault.OUT_OF_PROPORTION, f"{why} {COPY_AGAIN}")
        return self.decode(data, index, **options)


def jpeg_pixels(data: bytes) -> int:
    """Return how many pixels a JPEG declares, 0 where it declares nothing."""
    for marker, place in _jpeg_markers(data):
        if marker in _FRAMES:
            size = data[place + 3 : place + 7]
            return math.prod(struct.unpack(">HH", size)) if len(size) == 4 else 0
    return 0


def _jpeg_markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield each marker and where its segment begins, as decoders look for them."""
    place = data.find(b"\xff")
    while 0 <= place < len(data) - 1:
        marker = data[place + 1]
        if marker in (0x00, 0xFF):
            place = data.find(b"\xff", place + 1)
            continue
        yield marker, place + 2
        length = 0 if marker in _ALONE else int.from_bytes(data[place + 2 : place + 4], "big")
        place = data.find(b"\xff", place + 2 + length)


def jpeg2000_pixels(data: bytes) -> int:
    """Return how many pixels a JPEG 2000 declares, 0 where it declares nothing."""
    place = data.find(_CODESTREAM)
    size = data[place + 8 : place + 16]
    return math.prod(struct.unpack(">II", size)) if place >= 0 and len(size) == 8 else 0


def png_pixels(data: bytes) -> int:
    """Return how many pixels a PNG declares, 0 where it declares nothing."""
    size = data[16:24]
    whole = data.startswith(_PNG) and len(size) == 8
    return math.prod(struct.unpack(">II", size)) if whole else 0


def webp_pixels(data: bytes) -> int:
    """Return how many pixels a WebP declares, 0 where it declares nothing."""
    if len(data) < 30 or not (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        return 0
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return (width + 1) * (height + 1)
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    return math.prod(side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))


def lerc_pixels(data: bytes) -> int:
    """Return how many pixels a LERC declares, 0 where it declares nothing."""
    if not data.startswith(b"Lerc2 ") or len(data) < 22:
        return 0
    (version,) = struct.unpack_from("<i", data, 6)
    # A checksum, from version 3 on.
    return math.prod(struct.unpack_from("<II", data, 14 if version >= 3 else 10))


def jpegxl_pixels(data: bytes) -> int:
    """Return how many pixels a JPEG XL declares, 0 where it declares nothing."""
    # ISO/IEC 18181-1, D.2: bits from the lowest on, right behind the mark of a codestream.
    place = data.find(b"\xff\x0a")
    if place < 0:
        return 0
    bits = int.from_bytes(data[place + 2 : place + 14], "little")

    def taken(number: int) -> int:
        nonlocal bits
        value, bits = bits & ((1 << number) - 1), bits >> number
        return value

    is_small = taken(1)

    def length() -> int:
        return 8 * (taken(5) + 1) if is_small else taken((9, 13, 18, 30)[taken(2)]) + 1

    height = length()
    above, below = _RATIOS[taken(3)]
    return height * (height * above // below if below else length())


def jpegxr_pixels(data: bytes) -> int:
    """Return how many pixels a JPEG XR declares, 0 where it declares nothing."""
    # ITU-T T.832, A.5: a container like TIFF, with tags of its own.
    if not data.startswith(b"II\xbc") or len(data) < 10:
        return 0
    (at,) = struct.unpack_from("<I", data, 4)
    (number,) = struct.unpack_from("<H", data, at) if at + 2 <= len(data) else (0,)
    lengths = {
        code: value
        for code, _, _, value in struct.iter_unpack(
            "<HHII", data[at + 2 : at + 2 + 12 * min(number, (len(data) - at - 2) // 12)]
        )
        if code in _XR_SIZE
    }
    return math.prod(lengths.values()) if len(lengths) == len(_XR_SIZE) else 0


# Width to height, as JPEG XL shortens them.
_RATIOS = ((0, 0), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_XR_SIZE = (0xBC80, 0xBC81)
_JPEG = ("OJPEG", "JPEG", "JPEG_LOSSY", "ALT_JPEG")
_JPEG2000 = ("APERIO_JP2000_YCBC", "JPEG_2000_LOSSY", "APERIO_JP2000_RGB", "JPEG2000")
_PIXELS: dict[int, Callable[[bytes], int]] = {
    **{COMPRESSION[name]: jpeg_pixels for name in _JPEG},
    **{COMPRESSION[name]: jpeg2000_pixels for name in _JPEG2000},
    COMPRESSION.PNG: png_pixels,
    **{COMPRESSION[name]: webp_pixels for name in ("WEBP", "WEBP_DEPRECATED")},
    **{COMPRESSION[name]: jpegxl_pixels for name in ("JPEGXL", "JPEGXL_DNG")},
    **{COMPRESSION[name]: jpegxr_pixels for name in ("JPEGXR_NDPI", "JPEGXR")},
    COMPRESSION.LERC: lerc_pixels,
}
