"""Name patterns: file names with fields such as ``{well}_s{site}_w{channel}.tif``.

By them the files of one image are put together, and its well, site or plate is known.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, islice, product
from math import comb, prod
from pathlib import Path

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.names.presets import NAME_PRESETS
from napari_image_classifier.images.names.well_names import name_of_well

PART_FIELDS = ("channel", "z", "time")
IGNORED = "*"
_PLACES = {*PART_FIELDS, "plate", "well", "row", "column", "site"}
PRESETS: dict[str, str] = {preset.microscope: preset.pattern for preset in NAME_PRESETS}
# More missing files than these are counted and not named.
MISSING_NAMED = 5
# A field that is a number in every naming scheme is read as one, so that "s1_w2" can't be a site.
_NUMBER = r"\d+"
_EXPRESSIONS = {
    # All digits of a number, so that {channel}{*} finds channel 12 and not 1.
    "channel": r"\d+(?!\d)|[^/_]+?",
    "z": _NUMBER,
    # 03d06h40m and 2021y08m06d_11h39m are what the Incucyte writes.
    "time": r"\d+y\d+m\d+d_\d+h\d+m|\d+d\d+h\d+m|\d+",
    "site": _NUMBER,
    "row": r"\d+|[A-Za-z]{1,2}",
    "column": _NUMBER,
    "well": r"r\d+c\d+|[A-Za-z]{1,2}(?: ?[-_] ?| )?\d{1,3}(?:\.[A-Da-d][1-4])?|\d+",
}
_ANYTHING = r"[^/]+?"
_IGNORED = r"[^/]*?"
_FIELD = re.compile(r"\{([^{}]*)\}")
# What MetaXpress puts behind the name of every file, another one each time.
GUID = re.compile(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}", re.IGNORECASE)
# What half of the images have is expected of the others; stacks may well differ in depth.
_EXPECTED_SHARE = {"channel": 0.5, "z": 0.9, "time": 0.9}
# No plane, time point or row is counted further.
_LONGEST_NUMBER = 18
_DIGITS = re.compile(r"\d+")
# So many letters may be looked at to try all ways in which the texts between fields lie in a name.
# What needs more, such as a hundred underscores, is described by no pattern.
MOST_TRIED = 500_000
MOST_FIELDS = 100
# Of a file and the folders that a pattern describes; a file system allows 255 for each.
LONGEST_NAME = 1500
# A channel called so has swallowed a site, a plane or a time point.
_OTHER_FIELDS = re.compile(r"_(s|f|p|t|z|w|c|ch|xy|site|pos|time)\d+(_|$)|^\d+_\d+$", re.IGNORECASE)


class NamePatternError(ImageClassifierError):
    """A name pattern that can't be understood, or that fits no file."""


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
    clashing
        Files that would be the same channel, plane and time point, in words.
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
    clashing: tuple[str, ...] = ()
    channel_map: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def single(cls, path: Path, root: Path) -> "ImageFiles":
        """Return an image of one file, without fields; its name is relative to ``root``."""
        return cls(_relative(path, root), (FilePart(path),))

    @property
    def all_parts(self) -> tuple[FilePart, ...]:
        """The files, and those of its mask after them."""
        return (*self.parts, *(self.mask.parts if self.mask else ()))


@dataclass(frozen=True)
class NamePattern:
    """A file name with fields in braces, such as "{well}_s{site}_w{channel}.tif".

    The fields channel, z and time tell the files of one image apart; all others say which image it
    is, but for {*}, which stands for any text, or none, that says nothing. A pattern is compared
    with the file's name, or, where it contains "/", with as many folders as it has. Upper and lower
    case are the same; ".tif" stands for ".tiff" too; GUIDs in names are passed over.

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
        broken = "{" in remainder or "}" in remainder
        if broken or not self.fields:
            wrong = "a brace without its partner" if broken else "no field in braces"
            raise NamePatternError(
                f"The name pattern {self.text} has {wrong}; "
                "fields look like {well}_s{site}_w{channel}.tif."
            )
        if len(_FIELD.findall(self.text)) > MOST_FIELDS:
            raise NamePatternError(f"A name pattern has at most {MOST_FIELDS} fields.")
        for name in self.fields:
            if not name.isidentifier():
                raise NamePatternError(
                    f"The field {{{name}}} of the name pattern {self.text} needs a name of "
                    "letters; {*} stands for any text that says nothing."
                )
            if self.fields.count(name) > 1:
                raise NamePatternError(
                    f"The field {{{name}}} stands twice in the name pattern {self.text}."
                )

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, in order, without {*}."""
        return tuple(name for name in _FIELD.findall(self.text) if name != IGNORED)

    @cached_property
    def part_fields(self) -> tuple[str, ...]:
        """Those of the fields that tell the files of one image apart."""
        return tuple(name for name in PART_FIELDS if name in self.fields)

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """The regular expression that a whole name must match."""
        return self._expression(_EXPRESSIONS, _ANYTHING)

    def match(self, name: str) -> dict[str, str] | None:
        """Return the text of each field in ``name`` (with "/"), or None if it does not match."""
        found = self._found(name)
        return {field: found[field] for field in self.fields} if found else None

    def image_name(self, name: str) -> str:
        """Return ``name`` with the fields channel, z and time, and what is ignored, left as fields.

        Where the pattern has none of the three, each file is an image and keeps its name.
        """
        found = self._found(name)
        return self._image_name(name, found) if found else name

    def has_place(self, image_name: str) -> bool:
        """Return whether the first folder of an image is a well, a site, a plane… by the pattern.

        Folders above those that the pattern describes are none.
        """
        described = self.text.split("/")[:-1]
        n_above = image_name.count("/") - len(described)
        return n_above == 0 and bool(_PLACES & set(_FIELD.findall("".join(described[:1]))))

    def matched(self, name: str) -> tuple[str, dict[str, str]] | None:
        """Return what `image_name` and `match` say of ``name``; None if it does not match."""
        found = self._found(name)
        if not found:
            return None
        return self._image_name(name, found), {field: found[field] for field in self.fields}

    def _expression(self, expressions: Mapping[str, str], anything: str) -> re.Pattern[str]:
        pieces = _FIELD.split(self.text)
        literals = [re.escape(literal) for literal in pieces[::2]]
        literals[-1] = re.sub(r"\\\.tiff?$", r"\\.tiff?", literals[-1], flags=re.IGNORECASE)
        source = literals[0]
        for number, (name, literal) in enumerate(zip(pieces[1::2], literals[1:], strict=True)):
            if name == IGNORED:
                source += f"(?P<_{number}>{_IGNORED}){literal}"
            else:
                source += f"(?P<{name}>{expressions.get(name, anything)}){literal}"
        return re.compile(source, re.IGNORECASE)

    @cached_property
    def _with_underscores(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """Expressions of channels that may contain "_": of the shortest, of the longest texts."""
        return (
            self._expression({**_EXPRESSIONS, "channel": _ANYTHING}, _ANYTHING),
            self._expression({**_EXPRESSIONS, "channel": r"[^/]+"}, r"[^/]+"),
        )

    def _found(self, name: str) -> re.Match[str] | None:
        compared = self._compared(name)
        if "-" in compared and (without := GUID.sub("", compared)) != compared:
            # A pattern may have a field for the GUID.
            return self._matched(without) or self._matched(compared)
        return self._matched(compared)

    def _matched(self, text: str) -> re.Match[str] | None:
        if len(text) > self._soon_tried and (
            len(text) > LONGEST_NAME or self._has_many_ways(text.lower())
        ):
            return None
        match = self.expression.fullmatch(text)
        if match or "channel" not in self.fields or "_" not in text:
            return match
        shortest, longest = (found.fullmatch(text) for found in self._with_underscores)
        if not (shortest and longest and shortest.groupdict() == longest.groupdict()):
            return None
        # Channels such as CSU_405, where no other reading of the name fits.
        return None if _OTHER_FIELDS.search(shortest["channel"]) else shortest

    @cached_property
    def _between(self) -> list[str]:
        """The texts between fields, in small letters."""
        return [literal.lower() for literal in _FIELD.split(self.text)[2:-1:2]]

    @cached_property
    def _soon_tried(self) -> int:
        """How long a name may be of which all ways are few, whatever stands in it."""
        n = len(self._between)
        return next((k - 1 for k in range(n, 300) if k * comb(k, n) > MOST_TRIED), 300)

    def _has_many_ways(self, text: str) -> bool:
        """Return whether it takes more than `MOST_TRIED` to try a name."""
        most = MOST_TRIED // len(text)
        # Nearly always this product, which is at least as large, says enough.
        if prod(text.count(one) or 1 if one else len(text) for one in self._between) <= most:
            return False
        ways, total = [1] * (len(text) + 1), 0
        for one in self._between:
            before = [0, *accumulate(ways[:-1])]
            ways = [0] * (len(text) + 1)
            for end in range(len(one), len(text) + 1):
                if text.startswith(one, end - len(one)):
                    ways[end] = before[end - len(one)]
            total += sum(ways)
            if total > most:
                return True
        return False

    def _image_name(self, name: str, found: re.Match[str]) -> str:
        if not self.part_fields:
            return name
        spans = [
            (found.span(group), group if group in PART_FIELDS else IGNORED)
            for group in found.groupdict()
            if group in PART_FIELDS or group not in self.fields
        ]
        image = found.string
        for (start, end), group in sorted(spans, reverse=True):
            image = f"{image[:start]}{{{group}}}{image[end:]}"
        folders = name.count("/") - image.count("/")
        return "/".join([*name.split("/")[:folders], image])

    def _compared(self, name: str) -> str:
        return "/".join(name.split("/")[-1 - self.text.count("/") :])


def group_files(
    paths: Sequence[Path], pattern: NamePattern | None, root: Path
) -> tuple[list[ImageFiles], list[Path]]:
    """Return the images that files make, and the files that the pattern does not describe.

    Where a pattern has a row and a column and no well, they make one.

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
        matched = pattern.matched(_relative(path, root))
        if matched is None:
            unmatched.append(path)
            continue
        image, values = matched
        parts[image].append(FilePart(path, **{f: values.get(f) for f in PART_FIELDS}))
        fields[image] = {key: text for key, text in values.items() if key not in PART_FIELDS}
    _add_wells(fields.values())
    expected = {axis: _expected(axis, list(parts.values())) for axis in PART_FIELDS}
    images = [
        ImageFiles(
            name, _sorted(own), fields[name], _missing(name, own, expected), clashing=_clashing(own)
        )
        for name, own in parts.items()
    ]
    return sorted(images, key=lambda image: image.name), unmatched


def number_first(text: str | None) -> tuple[float, str]:
    """Return a key that sorts "2" before "10", numbers before words, and "t2" before "t10"."""
    text = text or ""
    if text.isdecimal():
        return float(text), text
    return float("inf"), _DIGITS.sub(lambda match: match.group().zfill(20), text)


def _relative(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def _add_wells(fields: Iterable[dict[str, str]]) -> None:
    """Add the well of the row and the column of each image, if that can be told."""
    placed = [one for one in fields if {"row", "column"} <= one.keys() and "well" not in one]
    wells = [name_of_well(one["row"], one["column"]) for one in placed]
    # Where one is outside of every plate, such as row 0, they are counted in another way.
    if all(wells):
        for one, well in zip(placed, wells, strict=True):
            one["well"] = well or ""


def _sorted(parts: Sequence[FilePart]) -> tuple[FilePart, ...]:
    key = dict.fromkeys(("time", "channel", "z"), number_first)
    return tuple(sorted(parts, key=lambda part: [key[axis](getattr(part, axis)) for axis in key]))


def _place(part: FilePart) -> tuple[str | None, ...]:
    return tuple(getattr(part, axis) for axis in PART_FIELDS)


def _clashing(parts: Sequence[FilePart]) -> tuple[str, ...]:
    if len(parts) == len({_place(part) for part in parts}):
        return ()
    files = defaultdict(list)
    for part in parts:
        files[_place(part)].append(part.path.name)
    return tuple(" and ".join(names) for names in files.values() if len(names) > 1)


def _expected(axis: str, images: Sequence[Sequence[FilePart]]) -> set[str]:
    counted = Counter(
        value for parts in images for value in {getattr(part, axis) for part in parts}
    )
    needed = _EXPECTED_SHARE[axis] * len(images)
    return {value for value, count in counted.items() if value is not None and count >= needed}


def _missing(
    name: str, parts: Sequence[FilePart], expected: Mapping[str, set[str]]
) -> tuple[str, ...]:
    """Return the missing files in words, the first few by name; no file is made up beyond these."""
    wanted = []
    for axis in PART_FIELDS:
        here = {getattr(part, axis) for part in parts}
        if here != {None}:
            here |= expected[axis] | (set() if axis == "channel" else _gaps(here))
        wanted.append(sorted(here, key=number_first))
    there = {_place(part) for part in parts}
    n_absent = prod(map(len, wanted)) - len(there)
    if not n_absent:
        return ()
    named = [_in_words(name, place) for place in islice(_absent(wanted, there), MISSING_NAMED)]
    further = n_absent - len(named)
    return (*named, f"{further} more files") if further else tuple(named)


def _absent(
    wanted: Sequence[Sequence[str | None]], there: set[tuple[str | None, ...]]
) -> Iterator[tuple[str | None, ...]]:
    return (place for place in product(*wanted) if place not in there)


def _gaps(texts: set[str]) -> set[str]:
    if not all(text.isdecimal() and len(text) <= _LONGEST_NUMBER for text in texts):
        return set()
    numbers = {int(text) for text in texts}
    low, high = min(numbers), max(numbers)
    # Every second number may as well be the way they are counted, and minutes have gaps anyway.
    if high - low + 1 - len(numbers) >= len(numbers) - 1:
        return set()
    width = min(len(text) for text in texts)
    return {f"{number:0{width}}" for number in set(range(low, high)) - numbers}


def _in_words(name: str, values: Sequence[str | None]) -> str:
    words = []
    for axis, value in zip(PART_FIELDS, values, strict=True):
        if value is not None:
            words.append(f"{axis} {value}")
            name = name.replace(f"{{{axis}}}", value)
    return f"{', '.join(words)} ({name})"
