"""Bad images by kind of fault, each with the code that its row in a table must have.

`write_bad_images(folder)` makes them and returns what is expected of each. Names are those of the
rows: relative to the folder.
"""

import contextlib
import os
import socket
import struct
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import tifffile

from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image

RANDOM = np.random.default_rng(11)
CHANNELS = ("GFP", "DNA")
# Bytes that are no UTF-8 as Python holds them.
NO_TEXT = os.fsdecode(b"caf\xe9 \xff.tif")

# A plain TIFF whose description names the channels.
NAMED = {
    "imagej": False, "photometric": "minisblack",
    "metadata": {"axes": "CYX", "channel_names": list(CHANNELS)},
    "pixels": RANDOM.integers(0, 4000, (2, 64, 64)).astype(np.uint16),
}  # fmt: skip


@dataclass(frozen=True)
class BadImage:
    """What is expected of the row of one bad image; ``fault`` is its class, in words."""

    name: str
    fault: str
    code: str


class _Folder:
    """Writes bad images into a folder and keeps what is expected of them."""

    def __init__(self, folder):
        self.folder = folder
        self.written = []

    def expect(self, name, fault, code):
        self.written.append(BadImage(name, fault, code))
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def bytes(self, name, fault, code, content):
        self.expect(name, fault, code).write_bytes(content)

    def tiff(self, name, fault, code, pixels, **options):
        path = self.expect(name, fault, code)
        tifffile.imwrite(path, pixels, **{"photometric": "minisblack", **options})


def write_bad_images(folder):
    """Write them all below ``folder`` and return the list of `BadImage`."""
    made = _Folder(folder)
    for write in (
        _absent, _no_files, _empty, _other_formats, _no_images, _cut_short, _damaged, _bombs,
        _of_no_size, _strange_pixels, _not_finite, _axes, _incomplete, _channels, _names,
    ):  # fmt: skip
        write(made)
    return made.written


def good_pixels(shape=(2, 32, 32)):
    """Pixels of the tiny classifier's two channels."""
    return RANDOM.integers(0, 4000, shape).astype(np.uint16)


def write_good(path, pixels=None):
    """Write an image that can be classified."""
    pixels = good_pixels() if pixels is None else pixels
    write_image(path, Image.from_array(pixels, "CYX", channel_names=CHANNELS))


def good_bytes(**options):
    """The bytes of a whole TIFF of two channels."""
    path = options.pop("folder") / "template"
    options = {"imagej": True, "metadata": {"axes": "CYX", "Labels": list(CHANNELS)}, **options}
    tifffile.imwrite(path, options.pop("pixels", good_pixels()), **options)
    content = path.read_bytes()
    path.unlink()
    return content


def _absent(made):
    fault = "links"
    made.expect("dangling.tif", fault, "missing").symlink_to("nowhere.tif")
    made.expect("dangling.png", fault, "missing").symlink_to(made.folder / "gone" / "x.png")
    made.expect("itself.tif", fault, "link-loop").symlink_to("itself.tif")
    made.expect("loop a.tif", fault, "link-loop").symlink_to("loop b.tif")
    made.expect("loop b.tif", fault, "link-loop").symlink_to("loop a.tif")
    made.expect("long link.tif", fault, "missing").symlink_to("/".join(["x"] * 500))


def _no_files(made):
    fault = "no regular file"
    os.mkfifo(made.expect("pipe.tif", fault, "not-a-file"))
    os.mkfifo(made.expect("pipe.png", fault, "not-a-file"))
    made.expect("device.tif", fault, "not-a-file").symlink_to("/dev/zero")
    made.expect("terminal.png", fault, "not-a-file").symlink_to("/dev/null")
    path = made.expect("socket.tif", fault, "not-a-file")
    with socket.socket(socket.AF_UNIX) as listening, contextlib.chdir(path.parent):
        # The name of a socket may not be long.
        listening.bind(path.name)
    # A folder of that name is searched, a link to one is not.
    (made.folder / "a folder").mkdir()
    made.expect("folder.tif", fault, "not-a-file").symlink_to("a folder")


def _empty(made):
    for name in ("empty.tif", "empty.png", "empty.jpg", "empty.lsm"):
        made.bytes(name, "empty", "empty-file", b"")


def _other_formats(made):
    fault = "another format than the name says"
    picture = PIL.Image.fromarray(good_pixels((32, 32)).astype(np.uint8))
    for name, kind in (("png.tif", "PNG"), ("jpeg.tiff", "JPEG"), ("tiff.png", "TIFF"),
                       ("tiff.jpg", "TIFF")):  # fmt: skip
        picture.save(made.expect(name, fault, "wrong-suffix"), kind)
    big = made.expect("bigtiff.png", fault, "wrong-suffix")
    tifffile.imwrite(big, good_pixels(), bigtiff=True, photometric="minisblack")
    for name, kind in (("gif.png", "GIF"), ("bmp.jpg", "BMP"), ("webp.png", "WEBP")):
        picture.save(made.expect(name, fault, "no-image"), kind)
    for suffix in ("czi", "lif", "nd2"):
        content = b"ZISRAWFILE" + bytes(200)
        made.bytes(f"{suffix} renamed.tif", fault, "no-image", content)


def _no_images(made):
    fault = "no image"
    made.bytes("text.tif", fault, "no-image", b"well,dose\nA01,3\n")
    made.bytes("text.png", fault, "no-image", b"well,dose\nA01,3\n")
    made.bytes("zeros.tif", fault, "no-image", bytes(4096))
    made.bytes("noise.jpg", fault, "no-image", RANDOM.bytes(4096))
    made.bytes("one byte.tif", fault, "no-image", b"I")
    made.bytes("web page.tif", fault, "no-image", b"<!DOCTYPE html><html></html>")
    made.bytes("archive.png", fault, "no-image", b"PK\x03\x04" + bytes(100))
    made.bytes("header only.tif", fault, "no-image", b"II*\0\0\0\0\0")
    made.bytes("resource fork.tif", fault, "no-image", b"\0\5\x16\7" + bytes(100))


def _cut_short(made):
    fault = "cut short"
    whole = good_bytes(folder=made.folder)
    made.bytes("half.tif", fault, "cut-short", whole[: len(whole) // 2])
    plain = good_bytes(
        folder=made.folder,
        imagej=False,
        metadata=None,
        photometric="minisblack",
        pixels=good_pixels((64, 64)),
    )
    made.bytes("last bytes.tif", fault, "cut-short", plain[:-3])
    made.bytes("no directory.tif", fault, "cut-short", b"II*\0\xff\xff\0\0" + bytes(4000))
    stack = good_bytes(
        folder=made.folder, pixels=good_pixels((3, 2, 32, 32)),
        metadata={"axes": "ZCYX", "Labels": list(CHANNELS) * 3},
    )  # fmt: skip
    made.bytes("half a stack.tif", fault, "cut-short", stack[: len(stack) // 2])
    picture = made.folder / "template.png"
    for kind in ("PNG", "JPEG"):
        PIL.Image.fromarray(good_pixels((64, 64)).astype(np.uint8)).save(picture, kind)
        content = picture.read_bytes()
        for name, part in (("quarter", 0.25), ("half", 0.5), ("most", 0.9)):
            suffix = ".png" if kind == "PNG" else ".jpg"
            made.bytes(f"{name}{suffix}", fault, "cut-short", content[: int(len(content) * part)])
    picture.unlink()
    ome = good_bytes(
        folder=made.folder, pixels=good_pixels((4, 32, 32)), imagej=False, ome=True,
        metadata={"axes": "ZYX"}, photometric="minisblack",
    )  # fmt: skip
    made.bytes("half.ome.tif", fault, "damaged", ome[: len(ome) // 2])


def _damaged(made):
    fault = "damaged"
    options = NAMED
    packed = good_bytes(folder=made.folder, compression="zlib", **options)
    place = _pixels_of(packed)
    for name, at in (("deflate.tif", place), ("deflate 2.tif", place + 60)):
        made.bytes(name, fault, "damaged", packed[:at] + b"\xff" * 40 + packed[at + 40 :])
    lzw = good_bytes(folder=made.folder, compression="lzw", **options)
    place = _pixels_of(lzw)
    made.bytes("lzw.tif", fault, "damaged", lzw[:place] + b"\xff" * 400 + lzw[place + 400 :])
    made.bytes("directory.tif", fault, "damaged", b"II*\0\x08\0\0\0" + b"\xff" * 400)
    png = made.folder / "template.png"
    PIL.Image.fromarray(good_pixels((64, 64)).astype(np.uint8)).save(png)
    content = bytearray(png.read_bytes())
    png.unlink()
    content[60:120] = bytes(60)
    made.bytes("bytes.png", fault, "damaged", bytes(content))
    made.bytes("nothing behind.png", fault, "damaged", b"\x89PNG\r\n\x1a\n")
    made.bytes("nothing behind.jpg", fault, "damaged", b"\xff\xd8\xff\xe0")


def _pixels_of(content):
    """Where the pixels of a TIFF of one strip begin."""
    with tifffile.TiffFile(_memory(content)) as tiff:
        return tiff.pages.first.dataoffsets[0]


def _memory(content):
    import io

    return io.BytesIO(content)


def _bombs(made):
    fault = "out of proportion"
    for name, size in (("huge.tif", 200_000), ("wide.tif", 50_000)):
        made.bytes(name, fault, "out-of-proportion", _declaring(size, size))
    path = made.expect("deflate bomb.tif", fault, "out-of-proportion")
    tifffile.imwrite(path, np.zeros((18_000, 18_000), np.uint8), compression="zlib",
                     photometric="minisblack", rowsperstrip=18_000)  # fmt: skip
    made.bytes("bomb.png", fault, "out-of-proportion", _png(9_000, 9_000, 8, 6))
    made.bytes("huge.png", fault, "too-large", _png(60_000, 60_000, 8, 0))


def _declaring(width, height, bits=16, samples=1, count=1000, sample_format=1):
    """A TIFF of one strip of ``count`` bytes that declares more."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, 1), (262, 3, 1),
            (273, 4, 8), (277, 3, samples), (278, 4, height), (279, 4, count),
            (339, 3, sample_format)]  # fmt: skip
    directory = struct.pack("<H", len(tags))
    for tag, kind, value in tags:
        directory += struct.pack("<HHII", tag, kind, 1, value)
    return b"II*\0" + struct.pack("<I", 8 + count) + bytes(count) + directory + bytes(4)


def _png(width, height, bits, kind):
    """A PNG that declares a size, with pixels for a row."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(
            ">I", zlib.crc32(name + body)
        )  # fmt: skip

    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def _of_no_size(made):
    fault = "of no size"
    made.bytes("no width.tif", fault, "size-zero", _declaring(0, 32))
    made.bytes("no height.tif", fault, "size-zero", _declaring(32, 0))
    made.bytes("no size.tif", fault, "size-zero", _declaring(0, 0))
    made.bytes("no size.png", fault, "damaged", _png(0, 0, 8, 0))


def _strange_pixels(made):
    fault = "pixels of a strange kind"
    for name, dtype in (("complex.tif", np.complex64), ("complex 128.tif", np.complex128)):
        made.tiff(name, fault, "complex", RANDOM.normal(size=(2, 32, 32)).astype(dtype),
                  metadata={"axes": "CYX"})  # fmt: skip
    made.bytes("complex integers.tif", fault, "complex",
               _declaring(10, 10, bits=32, count=4000, sample_format=5))  # fmt: skip
    made.bytes("unknown kind.tif", fault, "pixel-type",
               _declaring(10, 10, bits=100, count=4000))  # fmt: skip
    plain = good_bytes(folder=made.folder, **NAMED)
    for name, compression in (("jbig.tif", 34661), ("unheard of.tif", 9999)):
        raw, other = (struct.pack("<HHII", 259, 3, 1, number) for number in (1, compression))
        made.bytes(name, fault, "compression", plain.replace(raw, other))


def _not_finite(made):
    fault = "not finite"
    for name, value in (("nan.tif", np.nan), ("infinite.tif", np.inf), ("minus.tif", -np.inf)):
        pixels = RANDOM.normal(500, 100, (2, 32, 32)).astype(np.float32)
        pixels[0, 3, 4] = value
        _floats(made, name, fault, pixels)
    _floats(made, "all nan.tif", fault, np.full((2, 32, 32), np.nan, np.float32))
    large = RANDOM.normal(500, 100, (2, 100, 70)).astype(np.float32)
    large[1, -1, -1] = np.nan
    _floats(made, "one of many.tif", fault, large)
    made.tiff("beyond.tif", fault, "not-finite", np.full((2, 32, 32), 1e300),
              ome=True, metadata={"axes": "CYX", "Channel": {"Name": list(CHANNELS)}})  # fmt: skip


def _floats(made, name, fault, pixels):
    made.tiff(name, fault, "not-finite", pixels, imagej=True,
              metadata={"axes": "CYX", "Labels": list(CHANNELS)})  # fmt: skip


def _axes(made):
    fault = "axes"
    made.tiff("pages.tif", fault, "axes-unknown", good_pixels((5, 32, 32)), metadata=None)
    made.tiff("many pages.tif", fault, "axes-unknown", good_pixels((3, 5, 32, 32)), metadata=None)
    made.tiff("positions.tif", fault, "further-axes", good_pixels((2, 3, 2, 3, 16, 16)),
              metadata={"axes": "RTZCYX"})  # fmt: skip


def _incomplete(made):
    fault = "files missing"
    head = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">{}'
    pixels = (
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" '
        'SizeX="32" SizeY="32" SizeZ="2" SizeC="1" SizeT="1"><Channel ID="Channel:0:0" '
        'SamplesPerPixel="1"/><TiffData FirstZ="0" IFD="0" PlaneCount="1"/><TiffData FirstZ="1" '
        'IFD="0" PlaneCount="1"><UUID FileName="{}">urn:uuid:2</UUID></TiffData></Pixels></Image>'
    )
    for name, other in (("first of two.ome.tif", "second of two.ome.tif"),
                        ("leads out.ome.tif", "../elsewhere.ome.tif")):  # fmt: skip
        made.tiff(name, fault, "incomplete", good_pixels((32, 32)), metadata=None,
                  description=head.format(pixels.format(other)) + "</OME>")  # fmt: skip
    binary = '<BinaryOnly MetadataFile="absent.companion.ome" UUID="urn:uuid:3"/></OME>'
    made.tiff("companion.ome.tif", fault, "incomplete", good_pixels((32, 32)), metadata=None,
              description=head.format(binary))  # fmt: skip


def _channels(made):
    fault = "channels"
    made.tiff("one channel.tif", fault, "no-channel", good_pixels((32, 32)), metadata=None)
    path = made.expect("other names.tif", fault, "no-channel")
    tifffile.imwrite(path, good_pixels(), imagej=True,
                     metadata={"axes": "CYX", "Labels": ["RFP", "DNA"]})  # fmt: skip
    PIL.Image.fromarray(good_pixels((32, 32)).astype(np.uint8)).save(
        made.expect("grey.png", fault, "no-channel")
    )
    PIL.Image.fromarray(good_pixels((32, 32, 3)).astype(np.uint8)).save(
        made.expect("colour.jpg", fault, "no-channel")
    )


def _names(made):
    fault = "names"
    for name in (
        "with spaces  .tif", "quotes ' and \".tif", "line\nbreak.tif", "return\r.tif", "tab\t.tif",
        "comma, semicolon;.tif", "細胞 клетка κύτταρο خلية.tif", "e\u0301 combined.tif",
        "emoji 🔬.tif", "percent %s {0} {x}.tif", "=formula.tif", "-option.tif", "x" * 251 + ".tif",
        "CAPITALS.TIF", "sub folder/deeper/broken.tif", "&amp <b>.tif",
    ):  # fmt: skip
        made.bytes(name, fault, "no-image", b"no image at all")
    if sys.platform == "linux":
        made.bytes(NO_TEXT, fault, "no-image", b"no image at all")


def write_odd_images(folder):
    """Write images that are strange and no errors; return their names."""
    folder = Path(folder)
    names = []
    for name, pixels in (
        ("constant.tif", np.full((2, 32, 32), 700, np.uint16)),
        ("black.tif", np.zeros((2, 32, 32), np.uint16)),
        ("one pixel.tif", good_pixels((2, 1, 1))),
        ("one row.tif", good_pixels((2, 1, 40))),
        ("negative.tif", RANDOM.normal(-300, 50, (2, 32, 32)).astype(np.float32)),
        ("one bright pixel.tif", _with_one_pixel()),
    ):
        write_good(folder / name, pixels)
        names.append(name)
    return names


def _with_one_pixel():
    pixels = np.full((2, 32, 32), 7, np.uint16)
    pixels[:, 5, 5] = 4000
    return pixels
