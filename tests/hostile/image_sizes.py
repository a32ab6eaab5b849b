"""Image files of a few kilobytes that say far more than they hold, or nonsense in place of a size.

`SIZES` has for each its name, what writes it, and the code of its row; "" where what is said harms
nobody, and the image of 32 × 32 pixels that is there comes out.
"""

import io
import os
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import PIL.Image

SIDE = 32
BITS, STRIPS, COUNTS = 258, 273, 279
_LENGTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 16: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_OME = (
    '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{}</OME>'
)
_CHANNEL = '<Channel ID="Channel:0:0" SamplesPerPixel="1"/>'
_DATA = '<TiffData IFD="0" PlaneCount="1"/>'
Tags = dict[int, tuple]


class BadSize(NamedTuple):
    """One member: ``write`` gets an empty folder and returns the file in it."""

    name: str
    code: str
    write: Callable[[Path], Path]


def tiff(tags: Tags, pixels: bytes = bytes(2048), *, big: bool = False) -> bytes:
    """Return a TIFF of ``tags``: type, values or bytes, and a count that may be none of them."""
    start, inline, place = (16, 8, "Q") if big else (8, 4, "I")
    body, entries = bytearray(pixels), b""
    for code, (kind, value, *said) in sorted(tags.items()):
        values = value if isinstance(value, list) else [value]
        raw = value if isinstance(value, bytes) else struct.pack(
            f"<{len(values)}{_LETTERS[kind]}", *values
        )  # fmt: skip
        count = said[0] if said else len(raw) // _LENGTHS[kind]
        if max(len(raw), count * _LENGTHS[kind]) > inline:
            at = start + len(body)
            body += raw
            raw = struct.pack(f"<{place}", at)
        entries += struct.pack(f"<HH{place}", code, kind, count) + raw.ljust(inline, b"\0")
    at = start + len(body)
    head = struct.pack("<HHHQ", 43, 8, 0, at) if big else struct.pack("<HI", 42, at)
    number = struct.pack("<Q" if big else "<H", len(tags))
    return b"II" + head + bytes(body) + number + entries + struct.pack(f"<{place}", 0)


def plain(changed: Tags | None = None, without: tuple[int, ...] = ()) -> Tags:
    """Return the tags of a grey picture in one strip, with some of them changed."""
    tags = {
        256: (4, SIDE), 257: (4, SIDE), BITS: (3, 16), 259: (3, 1), 262: (3, 1), STRIPS: (4, 8),
        277: (3, 1), 278: (4, SIDE), COUNTS: (4, 2048),
    }  # fmt: skip
    return {code: tag for code, tag in {**tags, **(changed or {})}.items() if code not in without}


def described(text: str, changed: Tags | None = None) -> bytes:
    """Return a TIFF with a description."""
    return tiff({**plain(changed), 270: (2, text.encode() + b"\0")})


def ome(
    inside: str = _CHANNEL + _DATA, *, sizes: dict[str, Any] | None = None, before: str = "",
    after: str = "", more: str = "", images: int = 1,
) -> str:  # fmt: skip
    """Return an OME description of an image that is there, with what is given in its places."""
    said = {
        "ID": "Pixels:0", "Type": "uint16", "DimensionOrder": "XYZCT", "SizeX": SIDE, "SizeY": SIDE,
        "SizeZ": 1, "SizeC": 1, "SizeT": 1, **(sizes or {}),
    }  # fmt: skip
    attributes = " ".join(f'{key}="{value}"' for key, value in said.items())
    image = f'<Image ID="Image:0" Name="x">{more}<Pixels {attributes}>{inside}</Pixels></Image>'
    return _OME.format(before + image * images + after)


def _written(name: str, make: Callable[[], bytes], folder: Path) -> Path:
    path = folder / name
    path.write_bytes(make())
    return path


def _tiffs(makes: dict[str, tuple[str, Callable[[], bytes]]], name: str) -> list[BadSize]:
    return [
        BadSize(what, code, partial(_written, name, make)) for what, (code, make) in makes.items()
    ]


WRONG, MISSING, HARMLESS, DAMAGED = "out-of-proportion", "incomplete", "", "damaged"
_BILLION = 10**9


def _sizes_of_ome() -> dict[str, tuple[str, Callable[[], bytes]]]:
    cases: list[tuple[str, dict[str, Any]]] = [
        (WRONG, {"SizeT": _BILLION}), (WRONG, {"SizeC": _BILLION}), (WRONG, {"SizeZ": _BILLION}),
        (WRONG, {"SizeT": 40_000, "SizeC": 40_000}),
        (WRONG, {"SizeT": 1000, "SizeC": 1000, "SizeZ": 1000}), (WRONG, {"SizeX": _BILLION}),
        (WRONG, {"SizeX": 10**6, "SizeY": 10**6}), (WRONG, {"SizeT": -1}),
        (WRONG, {"SizeT": -3, "SizeC": -3}), (WRONG, {"SizeX": -5}), (WRONG, {"SizeT": "1e9"}),
        (WRONG, {"SizeT": "٣"}), (WRONG, {"SizeT": "0x10"}), (WRONG, {"SizeT": ""}),
        (WRONG, {"SizeT": "1_000"}), (WRONG, {"SizeT": "nan"}), (WRONG, {"SizeT": "inf"}),
        (WRONG, {"SizeT": 10**26}), (WRONG, {"SizeT": "9" * 5000}), (WRONG, {"SizeT": 2**31}),
        (WRONG, {"SizeT": 2**63}), (MISSING, {"SizeT": 1000}), (MISSING, {"SizeT": " 5 "}),
        (HARMLESS, {"SizeT": 0}), (HARMLESS, {"SizeX": 0}), (HARMLESS, {"Type": "nonsense"}),
        (HARMLESS, {"Interleaved": "maybe", "SignificantBits": _BILLION}),
        (HARMLESS, {"DimensionOrder": "XY"}), (MISSING, {"DimensionOrder": "XXXXX"}),
        (HARMLESS, {"DimensionOrder": "XYZCT" * 1000}), (DAMAGED, {"DimensionOrder": "ABCDE"}),
        *((HARMLESS, {"PhysicalSizeX": said, "PhysicalSizeY": said, "PhysicalSizeZ": said})
          for said in ("inf", "nan", "0", "-1", "1e300", "1e400", "x", "٣")),
    ]  # fmt: skip
    return {
        " ".join(f"{key} {str(value)[:12]}" for key, value in said.items()): (
            code, lambda said=said: described(ome(sizes=said)))
        for code, said in cases
    }  # fmt: skip


def _places_of_ome() -> dict[str, tuple[str, Callable[[], bytes]]]:
    cases = [
        (WRONG, f'PlaneCount="{_BILLION}"'), (WRONG, f'PlaneCount="-{_BILLION}"'),
        (WRONG, f'NumPlanes="{_BILLION}"'), (WRONG, 'NumPlanes="-1"'), (WRONG, 'NumPlanes="x"'),
        (WRONG, f'IFD="{_BILLION}" PlaneCount="1"'), (WRONG, f'IFD="-{_BILLION}"'),
        (WRONG, f'FirstT="{_BILLION}" IFD="0"'), (WRONG, 'FirstZ="-5"'), (WRONG, 'IFD=""'),
        (WRONG, 'IFD="0" PlaneCount="1e9"'), (WRONG, 'IFD="٣"'), (WRONG, f'FirstC="{2**63}"'),
        (WRONG, f'IFD="0" PlaneCount="{10**23}"'), (HARMLESS, 'PlaneCount="900"'),
    ]  # fmt: skip
    return {
        f"TiffData {said[:30]}": (
            code, lambda said=said: described(ome(f"{_CHANNEL}<TiffData {said}/>")))
        for code, said in cases
    }  # fmt: skip


def _parts_of_ome() -> dict[str, tuple[str, Callable[[], bytes]]]:
    def samples(said: str) -> str:
        return ome(f'<Channel ID="C" SamplesPerPixel="{said}"/>{_DATA}', sizes={"SizeC": 3})

    def modulo(said: str) -> str:
        return ome(
            before='<StructuredAnnotations><XMLAnnotation ID="A" Namespace="x/modulo"><Value>'
            f"<Modulo>{said}</Modulo></Value></XMLAnnotation></StructuredAnnotations>",
            more='<AnnotationRef ID="A"/>',
        )

    def plate(said: str) -> str:
        return ome(after=f'<Plate ID="Plate:0" {said}</Plate>')

    sample = '<WellSample><ImageRef ID="Image:0"/></WellSample></Well>'
    texts = {
        **{f"samples {said}": (code, samples(said)) for code, said in (
            (HARMLESS, str(_BILLION)), (MISSING, "0"), (MISSING, "-1"), (DAMAGED, "1e9"))},
        **{f"steps {said[:40]}": (code, modulo(f'<ModuloAlongT Type="lifetime" {said}/>'))
           for code, said in (
            (WRONG, f'Start="0" End="{_BILLION}"'),
            (WRONG, f'Start="{_BILLION}" End="0" Step="-1"'),
            (WRONG, 'Start="0" End="1" Step="1e-12"'), (WRONG, 'Start="0" End="1" Step="0"'),
            (WRONG, 'Start="nan" End="1"'), (WRONG, 'Start="-inf" End="inf"'))},
        "rows": (HARMLESS, plate(f'Rows="{_BILLION}"><Well Row="{_BILLION}" Column="-1">{sample}')),
        "rows in words": (HARMLESS, plate(f'><Well Row="x" Column="1e9">{sample}')),
        "long row": (HARMLESS, plate(f'><Well Row="{"9" * 5000}" Column="1">{sample}')),
        "plates in plates": (DAMAGED, plate(">" + '<Plate ID="P"><Well>' * 300 + "</Well>" * 300)),
        "wells in wells": (HARMLESS, ome(
            after='<Plate ID="P"><Well><WellSample>' * 200 + "</WellSample></Well></Plate>" * 200)),
        "data again and again": (WRONG, ome(_CHANNEL + '<TiffData PlaneCount="900"/>' * 2000)),
        "images of 900": (WRONG, ome(images=500, sizes={"SizeT": 900})),
        "colour": (HARMLESS, ome(f'<Channel ID="C" Color="{"9" * 5000}"/>{_DATA}')),
        "deep": (WRONG, "<OME>" + "<a>" * 500_000 + "</a>" * 500_000 + "</OME>"),
        "entities": (DAMAGED, '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + ome()),
        "file outside": (HARMLESS, ome(
            _CHANNEL + '<TiffData IFD="0" PlaneCount="1"><UUID FileName="/dev/zero">u</UUID>'
            "</TiffData>")),
        "long name of a file": (HARMLESS, ome(
            f'{_CHANNEL}<TiffData IFD="0" PlaneCount="1"><UUID FileName="{"x" * 9000}">u</UUID>'
            "</TiffData>")),
    }  # fmt: skip
    return {name: (code, partial(described, text)) for name, (code, text) in texts.items()}


def _tags() -> dict[str, tuple[str, Callable[[], bytes]]]:
    def tiled(width: int, length: int, **_: Any) -> Tags:
        tags = {322: (4, width), 323: (4, length), 324: (4, 8), 325: (4, 2048)}
        return plain(tags, (STRIPS, 278, COUNTS))

    cases = {
        "two to the 62": (WRONG, plain({256: (4, 2**31), 257: (4, 2**31)})),
        "one long row": (WRONG, plain({256: (4, 2**31 - 1), 257: (4, 1)})),
        "one long column": (WRONG, plain({256: (4, 1), 257: (4, 2**32 - 1), 278: (4, 1)})),
        "no rows in a strip": (HARMLESS, plain({278: (4, 0)})),
        "all rows in a strip": (HARMLESS, plain({278: (4, 2**32 - 1)})),
        "tile of 60,000": (WRONG, tiled(60_000, 60_000)),
        "tile of 2^31": (WRONG, tiled(2**31, 2**31)),
        "a billion tiles": (WRONG, {**tiled(1, 1), 256: (4, 2**16), 257: (4, 2**15)}),
        "a billion strips": ("cut-short", plain({STRIPS: (4, [8, 8], _BILLION)})),
        "a billion lengths": (DAMAGED, plain({COUNTS: (4, [8, 8], _BILLION)})),
        "65,535 samples": (WRONG, plain({277: (3, 65535)})),
        "deep page": (WRONG, plain({32997: (4, 2**31)})),
        "many bits": (DAMAGED, plain({BITS: (3, [16, 16], 2**28)})),
        "palette of 2^28": (DAMAGED, plain({262: (3, 3), 320: (3, [1, 2, 3], 2**28)})),
        "text of 2^31": (DAMAGED, plain({270: (2, b"abcdefgh", 2**31)})),
        "a billion copies": (WRONG, plain({330: (4, [8, 8], _BILLION)})),
        "30,000 copies": (WRONG, plain({330: (4, [8] * 30_000)})),
        "copies of itself": (DAMAGED, plain({330: (4, [8] * 50)})),
        "strips that are not there": ("cut-short", plain(
            {256: (4, 60_000), 257: (4, 60_000), 259: (3, 8), 278: (4, 1000),
             STRIPS: (4, [0] * 60), COUNTS: (4, [0] * 60)})),
        **{f"{bits} bits": ("pixel-type", plain({BITS: (3, bits)})) for bits in (33, 48, 65, 128)},
        "complex": ("complex", plain({BITS: (3, 64), 339: (3, 6), 256: (4, 8)})),
        **{f"codec {codec}": (code, plain(
            {259: (3, codec), 256: (4, 20_000), 257: (4, 6000), 278: (4, 6000)}))
           for code, codec in (
            (DAMAGED, 5), (DAMAGED, 7), (DAMAGED, 8), ("compression", 9), (DAMAGED, 32773),
            (DAMAGED, 33003), (DAMAGED, 34887), (DAMAGED, 34892), (DAMAGED, 34925),
            (DAMAGED, 50000), (DAMAGED, 50001), (DAMAGED, 50002), ("compression", 65535))},
    }  # fmt: skip
    return {name: (code, partial(tiff, tags)) for name, (code, tags) in cases.items()}


def _directories() -> dict[str, tuple[str, Callable[[], bytes]]]:
    return {
        "500,000 pages of nothing": (WRONG, lambda: _pages(500_000, b"\0\0")),
        "40,000 pages of one pixel": (WRONG, lambda: _pages(40_000, _entries(1, 1))),
        "300 pages of other sizes": (WRONG, lambda: _of_other_sizes(300)),
        "a text 3,000 times": (WRONG, lambda: _texts(3000)),
        "circle of 150": (DAMAGED, lambda: _pages(150, _entries(1, 1), back=True)),
        "ImageJ's circle of 150": (DAMAGED, lambda: _pages(
            150, _entries(1, 1), back=True, text="ImageJ=1.53\nimages=1\n")),
        "bigtiff of 2^62": (WRONG, lambda: tiff(
            {**plain(), 256: (16, 2**62), 257: (16, 2**62), STRIPS: (4, 16)}, big=True)),
        "bigtiff of 2^63 tags": (DAMAGED, lambda: b"II" + struct.pack("<HHHQQ", 43, 8, 0, 16, 2**63)
                                 + bytes(1000)),
        "one strip, 2,000 times": (WRONG, _one_strip),
    }  # fmt: skip


def _entries(width: int, length: int) -> bytes:
    tags = plain({256: (4, width), 257: (4, length), BITS: (3, 8), 278: (4, 1), COUNTS: (4, 1)})
    return struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHII", code, kind, 1, value) for code, (kind, value) in sorted(tags.items())
    )


def _pages(number: int, entries: bytes, *, back: bool = False, text: str = "") -> bytes:
    first = tiff({**plain(), 270: (2, text.encode() + b"\0")})
    begin, step = len(first), len(entries) + 4
    ends = [begin + step * (n + 1) for n in range(number)]
    ends[-1] = begin if back else 0
    pages = b"".join(entries + struct.pack("<I", end) for end in ends)
    return first[:-4] + struct.pack("<I", begin) + pages


def _of_other_sizes(number: int) -> bytes:
    content = tiff(plain())
    for length in range(1, number + 1):
        entries = _entries(1, length)
        content = content[:-4] + struct.pack("<I", len(content)) + entries + bytes(4)
    return content


def _texts(number: int) -> bytes:
    content = tiff(plain())
    (at,) = struct.unpack_from("<I", content, 4)
    (known,) = struct.unpack_from("<H", content, at)
    text = b"x" * 200_000
    place = len(content) + 12 * number
    further = struct.pack("<HHII", 270, 2, len(text), place) * number
    return b"".join([content[:at], struct.pack("<H", known + number), content[at + 2 : -4], further,
                     bytes(4), text])  # fmt: skip


def _one_strip() -> bytes:
    packed = zlib.compress(bytes(1_000_000))
    tags = {256: (4, 10_000), 257: (4, 200_000), BITS: (3, 8), 259: (3, 8), 278: (4, 100),
            STRIPS: (4, [8] * 2000), COUNTS: (4, [len(packed)] * 2000)}  # fmt: skip
    return tiff(plain(tags), packed)


def _imagej() -> dict[str, tuple[str, Callable[[], bytes]]]:
    texts = {
        "cut-short": (f"images={_BILLION}", f"images={_BILLION}\nslices={_BILLION}",
                      "images=1000000\nslices=1000\nframes=1000"),
        DAMAGED: (f"channels=1\nslices={_BILLION}", "frames=99999999999999999999",),
        HARMLESS: ("images=-1", "images=1e9", "images=0", "slices=-1\nframes=-1\nimages=1",
                   "images=nan", "unit=micron\nspacing=nan", "order=zzzzz\nimages=1"),
    }  # fmt: skip
    cases = {
        f"ImageJ {text}".replace("\n", " "): (code, partial(described, f"ImageJ=1.53\n{text}\n"))
        for code, every in texts.items()
        for text in every
    }
    notes = {
        "labels": (b"lbal", _BILLION, b"a\0", [2]), "ranges": (b"gnar", 1, bytes(80_000), [80_000]),
        "colours": (b"stul", 5000, bytes(768), [768] * 5000),
        "blanks": (b"ofni", 1, ("\n" * 90_000 + " " * 90_000).encode("utf-16le"), [360_000]),
        "name": (b"ofni", 1, ("Name 1 = a" + " " * 90_000 + "b").encode("utf-16le"), [180_022]),
        "digits": (b"ofni", 1, ("Name " + "1" * 90_000).encode("utf-16le"), [180_010]),
    }  # fmt: skip
    for name, (kind, number, data, lengths) in notes.items():
        content = b"JIJI" + struct.pack("<4sI", kind, number) + data
        tags = {50838: (4, [12, *lengths]), 50839: (1, content)}
        text = "ImageJ=1.53\nimages=1\n"
        cases[f"ImageJ's {name}"] = (HARMLESS, partial(described, text, tags))
    return cases


def _pictures() -> list[BadSize]:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    def png(width: int, height: int, *chunks: bytes) -> bytes:
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        rows = chunk(b"IDAT", zlib.compress(bytes(33 * SIDE)))
        return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + rows + chunk(b"IEND", b"")

    def jpeg(width: int, height: int) -> bytes:
        file = io.BytesIO()
        PIL.Image.new("L", (SIDE, SIDE)).save(file, "JPEG")
        said = struct.pack(">HH", SIDE, SIDE)
        return file.getvalue().replace(said, struct.pack(">HH", height, width), 1)

    bomb = zlib.compress(bytes(50_000_000), 1)
    pngs = {
        "wide": ("too-large", partial(png, 2**31 - 1, 1)),
        "both": ("too-large", partial(png, 2**31 - 1, 2**31 - 1)),
        "160 million": ("too-large", partial(png, 20_000, 8_000)),
        "negative": ("too-large", partial(png, 2**32 - 1, 2**32 - 1)),
        "packed text": (DAMAGED, lambda: png(SIDE, SIDE, chunk(b"zTXt", b"x\0\0" + bomb))),
        "packed international text": (DAMAGED, lambda: png(
            SIDE, SIDE, chunk(b"iTXt", b"x\0\1\0\0\0" + bomb))),
        "packed colour profile": (DAMAGED, lambda: png(
            SIDE, SIDE, chunk(b"iCCP", b"x\0\0" + bomb))),
        "long chunk": ("cut-short", lambda: png(
            SIDE, SIDE, struct.pack(">I", 2**31 - 1) + b"tEXt")),
        "animation of 2^31": (HARMLESS, lambda: png(
            SIDE, SIDE, chunk(b"acTL", struct.pack(">II", 2**31, 0)))),
    }  # fmt: skip
    jpegs = {"65,500": ("too-large", partial(jpeg, 65_500, 65_500)),
             "30,000 × 10,000": ("too-large", partial(jpeg, 30_000, 10_000))}  # fmt: skip
    return _tiffs(pngs, "a.png") + _tiffs(jpegs, "a.jpg")


def _with_another(name: str, text: str, beside: Callable[[Path], None], folder: Path) -> Path:
    beside(folder / name)
    return _written("a.ome.tif", partial(described, text), folder)


def _files_beside() -> list[BadSize]:
    # Windows has none.
    pipe = getattr(os, "mkfifo", Path.touch)

    def sparse(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(3_000_000_000)

    def circle(path: Path) -> None:
        path.write_bytes(_pages(150, _entries(1, 1), back=True))

    refers = _OME.format('<BinaryOnly MetadataFile="{}" UUID="u"/>')
    two = ome(
        f'{_CHANNEL}{_DATA}<TiffData FirstT="1" IFD="0" PlaneCount="1"><UUID FileName="b.ome.tif">u'
        "</UUID></TiffData>",
        sizes={"SizeT": 2},
    )
    companion = refers.format("m.companion.ome")
    return [
        BadSize(name, code, partial(_with_another, file, text, beside))
        for name, code, file, text, beside in (
            ("companion of 3 GB", WRONG, "m.companion.ome", companion, sparse),
            ("companion that is a pipe", MISSING, "m.companion.ome", companion, pipe),
            ("part that is a pipe", MISSING, "b.ome.tif", two, pipe),
            ("part that leads back", DAMAGED, "b.ome.tif", two, circle),
            ("companions of each other", DAMAGED, "b.ome.tif", refers.format("b.ome.tif"),
             lambda path: _written(path.name, partial(described, refers.format("a.ome.tif")),
                                   path.parent)),
        )
    ]  # fmt: skip


def _many_channels(folder: Path) -> Path:
    """Two gigabytes that take no place on the drive, of pictures of one pixel."""
    text = f"ImageJ=1.53\nimages={_BILLION}\nchannels={_BILLION}\n"
    tags = {256: (4, 1), 257: (4, 1), BITS: (3, 8), 278: (4, 1), STRIPS: (4, 4096), COUNTS: (4, 1)}
    path = _written("a.tif", partial(described, text, tags), folder)
    with path.open("r+b") as file:
        file.truncate(2_000_000_000)
    return path


SIZES: list[BadSize] = [
    *_tiffs({**_sizes_of_ome(), **_places_of_ome(), **_parts_of_ome()}, "a.ome.tif"),
    *_tiffs({**_tags(), **_directories(), **_imagej()}, "a.tif"),
    *_pictures(),
    *_files_beside(),
    BadSize("a billion channels", WRONG, _many_channels),
]
