"""Name patterns: file names with fields such as ``{well}_s{site}_w{channel}.tif``.

By them the files of one image are put together, and its well, site or plate is known.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path

from napari_image_classifier.errors import ImageClassifierError

PART_FIELDS = ("channel", "z", "time")
PRESETS: dict[str, str] = {
    "Leica": "{series}_z{z}_ch{channel}.tif",
    "Leica, one plane": "{series}_ch{channel}.tif",
    "Leica, time series": "{series}_t{time}_z{z}_ch{channel}.tif",
    "Nikon": "{name}xy{site}c{channel}.tif",
    "Nikon, without a name": "xy{site}c{channel}.tif",
    "Nikon, planes": "{name}xy{site}z{z}c{channel}.tif",
    "ZEN": "{name}_s{site}c{channel}.tif",
    "ZEN, planes": "{name}_s{site}z{z}c{channel}.tif",
    "ZEN, originals": "{name}_s{site}c{channel}_ORG.tif",
    "ZEN, one scene": "{name}_c{channel}.tif",
    "MetaMorph": "{plate}_{well}_s{site}_w{channel}.tif",
    "MetaMorph, one site": "{plate}_{well}_w{channel}.tif",
    "MetaMorph, acquisition": "{name}_w{channel}_s{site}_t{time}.tif",
    "Operetta": "r{row}c{column}f{site}p{z}-ch{channel}sk{time}fk1fl1.tiff",
}
# A field that is a number in every naming scheme is read as one, so that "s1_w2" can't be a site.
_NUMBER = r"\d+"
_EXPRESSIONS = {
    "channel": r"[^/_]+?",
    "z": _NUMBER,
    "time": _NUMBER,
    "site": _NUMBER,
    "row": _NUMBER,
    "column": _NUMBER,
    "well": r"r\d+c\d+|[A-Za-z]{1,2}[-_ ]?\d{1,3}|\d+",
}
_ANYTHING = r"[^/]+?"
_FIELD = re.compile(r"\{([^{}]*)\}")
# What half of the images have is expected of the others; stacks may well differ in depth.
_EXPECTED_SHARE = {"channel": 0.5, "z": 0.9, "time": 0.9}


class NamePatternError(ImageClassifierError):
    """A name pattern that can't be understood."""


@dataclass(frozen=True)
class FilePart:
    """One file of an image, and the fields of its name that tell it from the other files.

    Attributes
    ----------
    path
        The file.
    channel, z, time
        The text of the field in the name, such as "DAPI" or "03"; None where the pattern has no
        such field.
    """

    path: Path
    channel: str | None = None
    z: str | None = None
    time: str | None = None


@dataclass(frozen=True)
class ImageFiles:
    """The files of one image.

    Attributes
    ----------
    name
        Relative to the folder, with "/"; where there are several files, the fields that tell them
        apart stay in it: "A01_s1_w{channel}.tif".
    parts
        The files, sorted by time, channel and z.
    fields
        The text of the pattern's other fields by their names: well, site, plate, day and so on.
    missing
        What other images have and this one lacks, in words.
    mask
        The files in which the image's objects are numbered; None where there are none.
    split
        Whether these are those of a mask of which connected parts are the objects, whatever their
        numbers.
    channel_map
        What channels of a classifier are called here, where a person said so; by the classifier's
        names.
    """

    name: str
    parts: tuple[FilePart, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    mask: "ImageFiles | None" = None
    split: bool = False
    channel_map: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def single(cls, path: Path, root: Path) -> "ImageFiles":
        """Return an image of one file, without fields; its name is relative to ``root``."""
        return cls(_relative(path, root), (FilePart(path),))


@dataclass(frozen=True)
class NamePattern:
    """A file name with fields in braces, such as "{well}_s{site}_w{channel}.tif".

    The fields channel, z and time tell the files of one image apart; all others say which image it
    is. A pattern is compared with the file's name, or, where it contains "/", with as many folders
    as it has. Upper and lower case are the same; ".tif" stands for ".tiff" too.

    Attributes
    ----------
    text
        The pattern.

    Raises
    ------
    NamePatternError
        There is no field, a brace without its partner, a field without a proper name, or one that
        stands there twice.
    """

    text: str

    def __post_init__(self) -> None:
        remainder = _FIELD.sub("", self.text)
        names = _FIELD.findall(self.text)
        broken = "{" in remainder or "}" in remainder
        if broken or not names:
            wrong = "a brace without its partner" if broken else "no field in braces"
            raise NamePatternError(
                f"The name pattern {self.text} has {wrong}; "
                "fields look like {well}_s{site}_w{channel}.tif."
            )
        for name in names:
            if not name.isidentifier():
                raise NamePatternError(
                    f"The field {{{name}}} of the name pattern {self.text} needs a name of letters."
                )
            if names.count(name) > 1:
                raise NamePatternError(
                    f"The field {{{name}}} stands twice in the name pattern {self.text}."
                )

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(_FIELD.findall(self.text))

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """The regular expression that a whole name must match."""
        pieces = _FIELD.split(self.text)
        literals = [re.escape(literal) for literal in pieces[::2]]
        literals[-1] = re.sub(r"\\\.tiff?$", r"\\.tiff?", literals[-1], flags=re.IGNORECASE)
        source = literals[0]
        for name, literal in zip(pieces[1::2], literals[1:], strict=True):
            source += f"(?P<{name}>{_EXPRESSIONS.get(name, _ANYTHING)}){literal}"
        return re.compile(source, re.IGNORECASE)

    def match(self, name: str) -> dict[str, str] | None:
        """Return the text of each field in ``name`` (with "/"), or None if it does not match."""
        match = self.expression.fullmatch(self._compared(name))
        return match.groupdict() if match else None

    def image_name(self, name: str) -> str:
        """Return ``name`` with the fields channel, z and time left as fields."""
        compared = self._compared(name)
        match = self.expression.fullmatch(compared)
        if not match:
            return name
        spans = sorted((match.span(part), part) for part in PART_FIELDS if part in self.fields)
        for (start, end), part in reversed(spans):
            compared = f"{compared[:start]}{{{part}}}{compared[end:]}"
        folders = name.count("/") - compared.count("/")
        return "/".join([*name.split("/")[:folders], compared])

    def _compared(self, name: str) -> str:
        return "/".join(name.split("/")[-1 - self.text.count("/") :])


def group_files(
    paths: Sequence[Path], pattern: NamePattern | None, root: Path
) -> tuple[list[ImageFiles], list[Path]]:
    """Return the images that files make, and the files that the pattern does not describe.

    Parameters
    ----------
    paths
        The files.
    pattern
        Which of them make one image; None where each file is an image.
    root
        The folder that the images' names are relative to.

    Returns
    -------
    tuple of list of ImageFiles and list of Path
        The images, sorted by name; and the files that are not in any of them.
    """
    if pattern is None:
        images = [ImageFiles.single(path, root) for path in paths]
        return sorted(images, key=lambda image: image.name), []
    unmatched: list[Path] = []
    parts: dict[str, list[FilePart]] = defaultdict(list)
    fields: dict[str, dict[str, str]] = {}
    for path in paths:
        name = _relative(path, root)
        values = pattern.match(name)
        if values is None:
            unmatched.append(path)
            continue
        image = pattern.image_name(name)
        parts[image].append(FilePart(path, **{f: values.get(f) for f in PART_FIELDS}))
        fields[image] = {key: text for key, text in values.items() if key not in PART_FIELDS}
    expected = {axis: _expected(axis, list(parts.values())) for axis in PART_FIELDS}
    images = [
        ImageFiles(name, _sorted(own), fields[name], _missing(name, own, expected))
        for name, own in parts.items()
    ]
    return sorted(images, key=lambda image: image.name), unmatched


def number_first(text: str | None) -> tuple[float, str]:
    """Return a key that sorts "2" before "10", and numbers before words."""
    text = text or ""
    return (float(text) if text.isdecimal() else float("inf"), text)


def _relative(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def _sorted(parts: Sequence[FilePart]) -> tuple[FilePart, ...]:
    key = dict.fromkeys(("time", "channel", "z"), number_first)
    return tuple(sorted(parts, key=lambda part: [key[axis](getattr(part, axis)) for axis in key]))


def _expected(axis: str, images: Sequence[Sequence[FilePart]]) -> set[str]:
    counted = Counter(
        value for parts in images for value in {getattr(part, axis) for part in parts}
    )
    needed = _EXPECTED_SHARE[axis] * len(images)
    return {value for value, count in counted.items() if value is not None and count >= needed}


def _missing(
    name: str, parts: Sequence[FilePart], expected: Mapping[str, set[str]]
) -> tuple[str, ...]:
    wanted = []
    for axis in PART_FIELDS:
        here = {getattr(part, axis) for part in parts}
        if here != {None}:
            here |= expected[axis] | (set() if axis == "channel" else _gaps(here))
        wanted.append(sorted(here, key=number_first))
    there = {tuple(getattr(part, axis) for axis in PART_FIELDS) for part in parts}
    absent = [values for values in product(*wanted) if values not in there]
    return tuple(_in_words(name, values) for values in absent)


def _gaps(texts: set[str]) -> set[str]:
    if not all(text.isdecimal() for text in texts):
        return set()
    numbers = {int(text) for text in texts}
    width = min(len(text) for text in texts)
    between = set(range(min(numbers), max(numbers))) - numbers
    # Every second number may as well be the way they are counted.
    return (
        {f"{number:0{width}}" for number in between} if len(between) < len(numbers) - 1 else set()
    )


def _in_words(name: str, values: Sequence[str | None]) -> str:
    words = []
    for axis, value in zip(PART_FIELDS, values, strict=True):
        if value is not None:
            words.append(f"{axis} {value}")
            name = name.replace(f"{{{axis}}}", value)
    return f"{', '.join(words)} ({name})"
