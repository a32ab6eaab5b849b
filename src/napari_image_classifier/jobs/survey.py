"""A look at a folder or table before anything runs: classes, channels, thumbnails, items."""

import base64
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.name_proposals import propose_patterns
from napari_image_classifier.images.thumbnails import draw_thumbnail
from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.items.query import Survey
from napari_image_classifier.items.reading import read_query
from napari_image_classifier.system.records import from_json
from napari_image_classifier.typing import Emit, Event, ShouldStop

IMAGES_SHOWN = 500
NAMES_LOOKED_AT = 2000


def survey_job(request: Event, emit: Emit, should_stop: ShouldStop) -> Event:
    """Look at the items of a query, and at one picture in each few.

    Parameters
    ----------
    request
        A `Survey`. Only as many files are opened as pictures are shown, but for masks and where all
        items are listed.
    emit
        Hears the events "thumbnail" ({"file", "class", "png"}) and "progress".
    should_stop
        Whether the rest of the pictures is left out.

    Returns
    -------
    Event
        What there is, in numbers and names; "patterns", name patterns that fit the files; "items",
        an `ItemTable` as JSON where they are to be listed.

    Raises
    ------
    ItemsError, ImageFolderError, ImageReadError, MaskError
        As `read_items` does.
    """
    survey = from_json(Survey, request)
    each = survey.each if survey.masks or survey.listed else "image"
    table = read_query(replace(survey, each=each))
    shown = _some_of_each_class(table.items, survey.thumbnails)
    looked_at = _look(shown, survey.axes, emit, should_stop)
    columns = {name for item in table.items for name in item.columns}
    return {
        "classes": dict(Counter(item.class_name for item in table.items if item.class_name)),
        "without_class": sum(item.class_name is None for item in table.items),
        "groups": _groups_per_class(table),
        "columns": sorted(columns),
        "folder_levels": max(item.file.count("/") for item in table.items),
        "passed_over": dict(table.passed_over),
        "assumptions": [*table.assumptions, *looked_at.pop("assumptions")],
        "images": [_image_row(item) for item in table.items[:IMAGES_SHOWN]],
        "n_images": len({item.file for item in table.items}),
        "patterns": _proposed(survey, table),
        "items": table.to_json() if survey.listed else None,
        **looked_at,
    }


def _some_of_each_class(items: Sequence[Item], n: int) -> list[Item]:
    by_class: dict[str | None, list[Item]] = defaultdict(list)
    for item in items:
        by_class[item.class_name].append(item)
    # Spread over the class: neighbours in a folder often come from one well.
    return [
        members[index]
        for members in by_class.values()
        for index in np.unique(np.linspace(0, len(members) - 1, n).round().astype(int))
    ]


def _look(
    items: Sequence[Item], axes: str | None, emit: Emit, should_stop: ShouldStop
) -> dict[str, Any]:
    names: list[tuple[str, ...]] = []
    sizes: set[str] = set()
    assumptions: dict[str, None] = {}
    problems: list[str] = []
    named = True
    for done, item in enumerate(items, start=1):
        if should_stop():
            break
        try:
            with read_image(item.image, axes=axes) as image:
                names.append(image.channel_names)
                named &= image.channels_named
                sizes.add(" × ".join(str(length) for length in image.shape) + f" ({image.axes})")
                assumptions.update(dict.fromkeys(image.assumptions))
                emit({"event": "thumbnail", "file": item.file, "class": item.class_name,
                      "png": base64.b64encode(_thumbnail(image)).decode()})  # fmt: skip
        except ImageClassifierError as error:
            problems.append(str(error))
        emit({"event": "progress", "stage": "looking", "done": done, "total": len(items)})
    if len({frozenset(found) if named else len(found) for found in names}) > 1:
        listed = "; ".join(sorted({", ".join(found) for found in names}))
        problems.append(f"The images do not all have the same channels: {listed}.")
    return {
        "channels": list(names[0]) if names else [],
        "channels_named": named,
        "sizes": sorted(sizes),
        "assumptions": list(assumptions),
        "problems": problems,
    }


def _thumbnail(image: Image) -> bytes:
    middle = image.n_z // 2
    planes = [image.plane(channel=channel, z=middle) for channel in range(image.n_channels)]
    return draw_thumbnail(np.stack(planes, axis=-1).astype(np.float32))


def _groups_per_class(table: ItemTable) -> dict[str, int]:
    groups: dict[str, set[str]] = defaultdict(set)
    for item in table.items:
        if item.class_name:
            groups[item.class_name].add(item.group or item.file)
    return {name: len(members) for name, members in groups.items()}


def _image_row(item: Item) -> dict[str, Any]:
    return {
        "name": item.file,
        "item": item.selection,
        "class": item.class_name,
        "group": item.group,
        "fields": dict(item.image.fields),
        "parts": [part.path.name for part in item.image.parts],
        "missing": list(item.image.missing),
    }


def _proposed(survey: Survey, table: ItemTable) -> list[str]:
    images = list({item.file: item.image for item in table.items}.values())
    if survey.pattern:
        # Another pattern may fit what this one passes over.
        images, _ = find_images(table.root)
    names = [part.path.name for files in images for part in files.parts]
    return [pattern.text for pattern in propose_patterns(names[:NAMES_LOOKED_AT])]
