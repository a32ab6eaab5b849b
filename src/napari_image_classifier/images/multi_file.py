"""Images in several files: one for each channel, plane or time point."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.channel_names import are_names, names_among
from napari_image_classifier.images.names.patterns import FilePart, ImageFiles, number_first
from napari_image_classifier.images.opened_file import AXES, ChannelDisplay, OpenedFile
from napari_image_classifier.images.read_errors import ImageReadError
from napari_image_classifier.typing import AnyArray
from napari_image_classifier.wording import first_few

# A long series has more files than a process may hold open.
FILES_HELD_OPEN = 16

_FIELDS = {"T": "time", "C": "channel", "Z": "z"}
_WORDS = {"T": "time points", "C": "channels", "Z": "planes"}
# MetaMorph counts the wavelength before it names it: 1CSU_405, 2CSU_488, or 1405, 2488.
_COUNTED_NAME = re.compile(r"(\d{1,2}?)[_\- ]?((?:[^\W\d_]|[3-8]\d\d(?!\d)).*)")
ONE_COLOUR = (
    "The files are colour pictures, and the name pattern says that each is one channel: the one "
    "colour that is lit, or what all three are where they are equal, was taken."
)

Open = Callable[[Path], OpenedFile]


def open_parts(files: ImageFiles, open_file: Open) -> OpenedFile:
    """Return the image that ``files`` make together; ``open_file`` opens one of them.

    The first file of each channel is opened now, the others when their planes are read.

    Raises
    ------
    ImageReadError
        Files are missing, differ in shape or type, or hold an axis that their names count.
    """
    check_complete(files)
    parts = _OpenParts(files, open_file)
    try:
        return _source(files, parts)
    except BaseException:
        parts.close()
        raise


def _source(files: ImageFiles, parts: "_OpenParts") -> OpenedFile:
    counted = parts.counted
    firsts = [parts.open((0, channel, 0)) for channel in range(len(counted["C"]) or 1)]
    first = firsts[0]
    lengths = {
        axis: len(counted.get(axis, ())) or first.length(axis)
        for axis in AXES
        if counted.get(axis) or axis in first.axes
    }

    def read(time: int, channel: int, z: int) -> AnyArray:
        indices = list(zip("TCZ", (time, channel, z), strict=True))
        file = tuple(index if counted[axis] else 0 for axis, index in indices)
        return parts.open(file).read(*(0 if counted[axis] else index for axis, index in indices))

    return OpenedFile(
        "".join(lengths),
        tuple(lengths.values()),
        first.dtype,
        read,
        parts.close,
        channel_names=_channel_names(counted["C"], firsts),
        is_rgb=first.is_rgb,
        pixel_size=first.pixel_size,
        metadata=first.metadata,
        assumptions=tuple(dict.fromkeys(chain.from_iterable(file.assumptions for file in firsts))),
        display=_display(counted["C"], firsts),
    )


def _channel_names(texts: list[str], firsts: list[OpenedFile]) -> tuple[str, ...]:
    if not texts:
        return firsts[0].channel_names
    own = names_among(["".join(file.channel_names[:1]) for file in firsts]) or [""] * len(texts)
    named = zip(texts, _without_counters(texts), own, are_names(own), strict=True)
    # "w1" says less than the illumination that the file itself names.
    return tuple(
        name if is_name and re.fullmatch(r"[cw]?h?\d+", text, re.IGNORECASE) else shown
        for text, shown, name, is_name in named
    )


def _without_counters(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the names behind numbers that count from 1 or 0; the texts where they are no such."""
    matches = [_COUNTED_NAME.fullmatch(text) for text in texts]
    counters = [int(match[1]) for match in matches if match]
    names = tuple(match[2] for match in matches if match)
    counted = any(counters == list(range(first, first + len(texts))) for first in (0, 1))
    return names if counted and len(set(names)) == len(texts) else tuple(texts)


def _display(texts: list[str], firsts: list[OpenedFile]) -> tuple[ChannelDisplay, ...]:
    if not texts:
        return firsts[0].display
    return tuple(file.display[0] if file.display else ChannelDisplay() for file in firsts)


class _OpenParts:
    """The files of an image by their place (time, channel, z), a few of them open."""

    def __init__(self, files: ImageFiles, open_file: Open) -> None:
        self.counted = {axis: _values(files.parts, name) for axis, name in _FIELDS.items()}
        self._number = {
            axis: {text: number for number, text in enumerate(texts)}
            for axis, texts in self.counted.items()
        }
        self._parts = {self._place(part): part for part in files.parts}
        self._open_file = open_file
        self._first: tuple[FilePart, OpenedFile] | None = None
        self._held: OrderedDict[tuple[int, ...], OpenedFile] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, place: tuple[int, ...]) -> OpenedFile:
        """Return the open file at ``place``; it stays open at least until the next few are."""
        with self._lock:
            if place not in self._held:
                part = self._parts[place]
                source = self._open_file(part.path)
                if source.is_rgb and self.counted["C"]:
                    source = _as_one_channel(source, part.path)
                self._held[place] = source
                self._check(part, source)
                if len(self._held) > FILES_HELD_OPEN:
                    self._held.popitem(last=False)[1].close()
            self._held.move_to_end(place)
            return self._held[place]

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            while self._held:
                self._held.popitem()[1].close()

    def _place(self, part: FilePart) -> tuple[int, ...]:
        return tuple(
            self._number[axis][getattr(part, name)] if self.counted[axis] else 0
            for axis, name in _FIELDS.items()
        )

    def _check(self, part: FilePart, source: OpenedFile) -> None:
        if self._first is None:
            self._first = (part, source)
        for axis, values in self.counted.items():
            if values and source.length(axis) > 1:
                raise ImageReadError(
                    part.path,
                    Fault.PARTS_UNFIT,
                    f"{part.path.name} holds {source.length(axis)} {_WORDS[axis]} itself, but the "
                    f"name pattern counts them, too: leave {{{_FIELDS[axis]}}} out of it.",
                )
        first_part, first = self._first
        if (source.axes, source.shape, source.dtype) != (first.axes, first.shape, first.dtype):
            raise ImageReadError(
                part.path,
                Fault.PARTS_UNFIT,
                f"{part.path.name} ({_kind(source)}) and {first_part.path.name} ({_kind(first)}) "
                "can't be one image: their shapes or types differ.",
            )


def _as_one_channel(picture: OpenedFile, path: Path) -> OpenedFile:
    """Return the one channel that a colour picture shows in one colour, as Keyence saves them."""
    at = picture.axes.index("C")

    def read(time: int, _channel: int, z: int) -> AnyArray:
        colours = [picture.read(time, colour, z) for colour in range(picture.length("C"))]
        lit = [colour for colour in colours if colour.any()]
        first = lit[0] if lit else colours[0]
        if any((colour != first).any() for colour in lit[1:]):
            raise ImageReadError(
                path,
                Fault.PARTS_UNFIT,
                f"{path.name} is a colour picture with several colours in it, but by the name "
                "pattern it is one channel: leave pictures such as overlays out of the pattern, "
                "or save the channel in grey.",
            )
        return first

    return replace(
        picture,
        axes=picture.axes.replace("C", ""),
        shape=picture.shape[:at] + picture.shape[at + 1 :],
        read=read,
        channel_names=(),
        is_rgb=False,
        assumptions=(ONE_COLOUR,),
        display=(),
    )


def _values(parts: tuple[FilePart, ...], name: str) -> list[str]:
    return sorted({getattr(part, name) for part in parts} - {None}, key=number_first)


def _kind(source: OpenedFile) -> str:
    return f"{source.axes} {' × '.join(map(str, source.shape))}, {source.dtype}"


def check_complete(files: ImageFiles) -> None:
    """Refuse an image of which files are missing, or of which two are the same part.

    Raises
    ------
    ImageReadError
        Files are missing, or clash; the sentence names them.
    """
    if files.clashing:
        raise ImageReadError(
            files.parts[0].path,
            Fault.PARTS_UNFIT,
            f"By the name pattern {first_few(files.clashing, 2, between='; ')} would be the same "
            f"part of {files.name}: give the pattern a field for what tells them apart, or leave "
            "some of the files out.",
        )
    if files.missing:
        missing = first_few(files.missing, 5, between="; ", end="; and ")
        raise ImageReadError(
            files.parts[0].path,
            Fault.INCOMPLETE,
            f"{files.name} is not complete, other images have {missing}: "
            "copy the missing files here, or leave the image out.",
        )
