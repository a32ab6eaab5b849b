"""Files as Micro-Manager writes them, byte by byte."""

import json
import struct
from pathlib import Path

import numpy as np

_SUMMARY = {
    "MicroManagerVersion": "2.0.1", "Prefix": "exp_1", "Frames": 1, "Channels": 2, "Slices": 1,
    "Positions": 1, "ChNames": ["DNA", "GFP"], "SlicesFirst": False, "TimeFirst": False,
    "z-step_um": 0.5,
}  # fmt: skip
OME = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{}</OME>'


def write_stack(path, planes, *, position=0, name=None, description="", **summary):
    """Write a file of one position or several.

    Parameters
    ----------
    path
        The file.
    planes
        Value of all pixels of a plane, by time, channel and Z, or by position, time, channel and Z.
    position
        The number of the position, where ``planes`` has none.
    name
        What the position is called in the notes on each plane.
    description
        OME-XML.
    summary
        What differs from a summary of two channels.
    """
    notes = {"PixelSizeUm": 0.65, "ReceivedTime": "2026-11-23 10:11:12.345 +0100"}
    notes |= {"PositionName": name} if name else {}
    text = json.dumps(_SUMMARY | summary).encode()
    body = bytearray(40) + text
    _even(body)
    index, link = [], 4
    for place, value in planes.items():
        where, (time, channel, z) = (place[0], place[1:]) if len(place) == 4 else (position, place)
        struct.pack_into("<I", body, link, len(body))
        index.append((channel, z, time, where, len(body)))
        pixels = np.full((12, 16), value, np.uint16)
        link = _add_page(body, pixels, "" if len(index) > 1 else description, notes)
    offset = len(body)
    body += struct.pack("<II", 3453623, len(index))
    body += b"".join(struct.pack("<5I", *row) for row in index)
    body[:4] = b"II*\0"
    struct.pack_into("<8I", body, 8, 54773648, offset, 0, 0, 0, 0, 2355492, len(text))
    Path(path).write_bytes(body)


def _even(body):
    body += b"\0" * (len(body) % 2)


def _add_page(body, pixels, description, notes):
    """Add a page, and return where the place of the next one is to be written."""
    start = len(body)
    texts = {51123: json.dumps(notes).encode() + b"\0"}
    if description:
        texts[270] = description.encode() + b"\0"
    tags = {
        256: (4, pixels.shape[1]), 257: (4, pixels.shape[0]), 258: (3, 16), 259: (3, 1),
        262: (3, 1), 277: (3, 1), 278: (4, pixels.shape[0]), 279: (4, pixels.nbytes),
    }  # fmt: skip
    size = 2 + 12 * (len(tags) + 1 + len(texts)) + 4
    tags[273] = (4, start + size)
    at = start + size + pixels.nbytes
    entries = []
    for code in sorted({*tags, *texts}):
        if code in tags:
            entries.append(struct.pack("<HHII", code, tags[code][0], 1, tags[code][1]))
        else:
            entries.append(struct.pack("<HHII", code, 2, len(texts[code]), at))
            at += len(texts[code])
    body += struct.pack("<H", len(entries)) + b"".join(entries)
    link = len(body)
    body += struct.pack("<I", 0) + pixels.tobytes()
    body += b"".join(texts[code] for code in sorted(texts))
    _even(body)
    return link


def ome_of(files, *, n_times=1, n_channels=2, n_z=1):
    """Return OME-XML of positions, as the file of the first one has it.

    Parameters
    ----------
    files
        For each position, its name and the places (time, channel, Z) in each of its files.
    n_times, n_channels, n_z
        The lengths of the axes.
    """
    images = []
    for number, (name, parts) in enumerate(files):
        data = "".join(
            f'<TiffData FirstT="{t}" FirstC="{c}" FirstZ="{z}" IFD="{ifd}" PlaneCount="1">'
            f'<UUID FileName="{file}">urn:uuid:{file}</UUID></TiffData>'
            for file, places in parts.items()
            for ifd, (t, c, z) in enumerate(places)
        )
        channels = "".join(
            f'<Channel ID="Channel:{number}:{c}" Name="{stain}" SamplesPerPixel="1"/>'
            for c, stain in enumerate(("DNA", "GFP", "RFP")[:n_channels])
        )
        images.append(
            f'<Image ID="Image:{number}" Name="exp_1_MMStack_{name}"><StageLabel Name="{name}"/>'
            f'<Pixels ID="Pixels:{number}" DimensionOrder="XYCZT" Type="uint16" SizeX="16" '
            f'SizeY="12" SizeC="{n_channels}" SizeZ="{n_z}" SizeT="{n_times}" '
            f'PhysicalSizeX="0.65" PhysicalSizeY="0.65">{channels}{data}</Pixels></Image>'
        )
    return OME.format("".join(images))


def pointing_to(file):
    """Return OME-XML that says that the description is in another file."""
    return OME.format(f'<BinaryOnly MetadataFile="{file}" UUID="urn:uuid:{file}"/>')
