"""Compositions of files by a name pattern, in words and as plates, shown before anything runs."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from napari_image_classifier.images.names.folder_plates import PLATE, WELL, folders_of
from napari_image_classifier.images.names.patterns import (
    PRESETS,
    ImageFiles,
    NamePattern,
    number_first,
)
from napari_image_classifier.images.names.proposals import unexplained_numbers
from napari_image_classifier.images.names.well_names import (
    Well,
    WellError,
    parse_well,
    plate_shape,
    row_letters,
)
from napari_image_classifier.wording import counted, first_few, quoted

PLATES_SHOWN = 4
CHANNELS_NAMED = 8
NAMES_LOOKED_AT = 2000
# What a person would call otherwise who knows what it is.
_OPEN = re.compile(r"\{number\d*\}|(?<![a-z])p\{site\}", re.IGNORECASE)
_NOUNS = {"channel": "channel", "z": "plane", "time": "time point"}


@dataclass(frozen=True)
class Composition:
    """What files were put together to.

    Attributes
    ----------
    sentence
        How many images there are, of how many files, and what tells the files of one apart.
    plates
        For each plate a text of several lines: its wells in their places, with how many images each
        has. Empty where names say nothing of wells.
    doubts
        Sentences on what was taken for granted, and on what does not fit.
    """

    sentence: str
    plates: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it, as it is printed."""
        return (self.sentence, *self.plates, *self.doubts)


def composition_of(images: Sequence[ImageFiles], pattern: NamePattern) -> Composition:
    """Return what ``pattern`` has made of files.

    Parameters
    ----------
    images
        Images of one folder; at least one.
    pattern
        By which they were put together.

    Returns
    -------
    Composition
        In words and as plates.
    """
    return Composition(
        _sentence(images, pattern), tuple(_plates(images)), tuple(_doubts(images, pattern))
    )


def question_on(names: Sequence[str]) -> str:
    """Return the question what numbers in names mean that could be sites, planes or time points.

    Parameters
    ----------
    names
        Names of files, with folders or without.

    Returns
    -------
    str
        One or two sentences; "" where names leave nothing open.
    """
    numbers = unexplained_numbers(names)
    if not numbers:
        return ""
    return (
        f"In names such as {names[0].rsplit('/', 1)[-1]} nothing says whether "
        f"{first_few(sorted(numbers, key=number_first), 3)} are fields of view, planes or time "
        "points: they were taken for images of their own. If they are planes or time points of one "
        "image, give a name pattern with {z} or {time} in their place."
    )


def _sentence(images: Sequence[ImageFiles], pattern: NamePattern) -> str:
    sizes = sorted({len(image.parts) for image in images})
    files = counted(sizes[-1], "file") if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} files"
    each = " each" if len(images) > 1 and len(sizes) == 1 else ""
    told_apart = [_values_of(axis, images) for axis in pattern.part_fields]
    apart = f", with {', '.join(told_apart)}" if told_apart else ""
    return f"{counted(len(images), 'image')} of {files}{each}{apart}. The first: {images[0].name}."


def _values_of(axis: str, images: Sequence[ImageFiles]) -> str:
    texts = {getattr(part, axis) for image in images for part in image.parts}
    values = sorted(texts, key=number_first)
    if axis == "channel":
        named = first_few(values, CHANNELS_NAMED)
    else:
        named = values[0] if len(values) == 1 else f"{values[0]} to {values[-1]}"
    return f"{counted(len(values), _NOUNS[axis])} ({named})"


def _plates(images: Sequence[ImageFiles]) -> Iterator[str]:
    wells: dict[str, Counter[str]] = defaultdict(Counter)
    for image in images:
        if WELL in image.fields:
            wells[image.fields.get(PLATE, "")][image.fields[WELL]] += 1
    for plate in sorted(wells, key=number_first)[:PLATES_SHOWN]:
        yield _plate(plate, wells[plate])
    if len(wells) > PLATES_SHOWN:
        yield f"… and {len(wells) - PLATES_SHOWN} more plates."


def _plate(name: str, images: Mapping[str, int]) -> str:
    title = f"Plate {name}" if name else "The plate"
    try:
        places: Counter[Well] = Counter()
        for well, count in images.items():
            places[parse_well(well)] += count
    except WellError as error:
        return f"{title}: {counted(len(images), 'well')}, in no places, as {error}"
    rows, columns = plate_shape(places)
    width = max(2, len(str(max(places.values())))) + 1
    lines = [
        f"{title}: {counted(len(places), 'well')}, and how many images each has",
        "  " + "".join(str(column + 1).rjust(width) for column in range(columns)),
    ]
    for row in range(rows):
        counts = [str(places.get(Well(row, column), "·")).rjust(width) for column in range(columns)]
        lines.append(row_letters(row).ljust(2) + "".join(counts))
    return "\n".join(lines)


def _doubts(images: Sequence[ImageFiles], pattern: NamePattern) -> Iterator[str]:
    yield from _never_repeated(images)
    yield from _not_usable(images)
    unplaced = [image for image in images if "row" in image.fields and WELL not in image.fields]
    if unplaced and "column" in pattern.fields:
        row, column = (unplaced[0].fields[name] for name in ("row", "column"))
        yield (
            "Rows and columns made no wells: some are on no plate that counts from 1, such as row "
            f"{row}, column {column}."
        )
    if PLATE not in pattern.fields:
        yield from _plates_of_folders([image for image in images if PLATE in image.fields])
    if "zstep_{z}" in pattern.text.lower() and _has_plane(images, "0"):
        yield "ZStep_0 counts as a plane here; MetaXpress saves a projection of the planes there."
    if pattern.text not in PRESETS.values() and _OPEN.search(pattern.text):
        names = [part.path.name for image in images for part in image.parts]
        yield from filter(None, [question_on(names[:NAMES_LOOKED_AT])])


def _has_plane(images: Sequence[ImageFiles], z: str) -> bool:
    return any(part.z == z for image in images for part in image.parts)


def _never_repeated(images: Sequence[ImageFiles]) -> Iterator[str]:
    counts = Counter(
        text for image in images for text in {part.channel for part in image.parts} - {None}
    )
    if len(images) > 1 and counts and max(counts.values()) == 1:
        yield (
            f"No channel is in two images, the first are {quoted(list(map(str, counts))[:2])}: "
            "the text in the place of {channel} seems to be another one in every file. {*} stands "
            "for text that says nothing."
        )


def _not_usable(images: Sequence[ImageFiles]) -> Iterator[str]:
    clashing = [image for image in images if image.clashing]
    if clashing:
        yield (
            f"{counted(len(clashing), 'image')} can't be used, as several files would be the same "
            f"part; the first are {clashing[0].clashing[0]}."
        )
    missing = [image for image in images if image.missing]
    if missing:
        yield (
            f"{counted(len(missing), 'image')} can't be used, as files are missing; the first "
            f"lacks {missing[0].missing[0]}."
        )


def _plates_of_folders(images: Sequence[ImageFiles]) -> Iterator[str]:
    plates = list(dict.fromkeys(image.fields[PLATE] for image in images))
    # OME descriptions name plates, too.
    if len(plates) > 1 and all(
        image.fields[PLATE] in (*folders_of(image), "/".join(folders_of(image)))
        for image in images
        if folders_of(image)
    ):
        yield (
            f"The folders {first_few(sorted(plates, key=number_first), 3)} hold the same wells, so "
            "each was taken for a plate of its own."
        )
