"""A look at a folder or table before anything runs: classes, channels, thumbnails, items."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.names.composition import composition_of, question_on
from napari_image_classifier.images.names.patterns import ImageFiles, NamePattern
from napari_image_classifier.images.names.proposals import propose_patterns
from napari_image_classifier.images.thumbnails import draw_thumbnail, spaced_out
from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.items.reading import read_query
from napari_image_classifier.items.survey import SURVEY, Survey, SurveyRequest, Thumbnail
from napari_image_classifier.system.events import Emit, Progress
from napari_image_classifier.typing import ShouldStop

JOB = SURVEY
IMAGES_SHOWN = 500
# Colours repeat sooner.
CHANNELS_SHOWN = 50
NAMES_LOOKED_AT = 2000


def run(request: SurveyRequest, emit: Emit, should_stop: ShouldStop) -> Survey:
    """Look at the items that are meant, and at a few images of each class.

    Parameters
    ----------
    request
        Which items, and how many thumbnails of each class.
    emit
        Hears a `Thumbnail` of each image that is opened, and `Progress` ("looking").
    should_stop
        Returns True when no more images are to be opened.

    Returns
    -------
    Survey
        What the files and names say, and what is wrong with the images that were opened.
    """
    each = request.each if request.masks or request.listed else "image"
    table = read_query(replace(request, each=each))
    counts = Counter(item.class_name for item in table.items)
    names = _names(request, table)
    pattern = NamePattern(request.pattern) if request.pattern else None
    survey = Survey(
        classes={name: count for name, count in counts.items() if name},
        without_class=counts[None],
        groups=_groups_per_class(table),
        columns=tuple(sorted({name for item in table.items for name in item.columns})),
        folder_levels=max(item.file.count("/") for item in table.items),
        passed_over=table.passed_over,
        assumptions=table.assumptions,
        images=tuple(item.image for item in table.items[:IMAGES_SHOWN]),
        n_images=len({item.file for item in table.items}),
        patterns=tuple(found.text for found in propose_patterns(names)),
        items=table if request.listed else None,
        composed=composition_of(_images(table), pattern) if pattern else None,
        question="" if pattern else question_on(names),
    )
    shown = _some_of_each_class(table.items, request.thumbnails)
    return _look(survey, shown, request.axes, emit, should_stop)


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
    survey: Survey,
    items: Sequence[Item],
    axes: str | None,
    emit: Emit,
    should_stop: ShouldStop,
) -> Survey:
    """Return the survey with what the images of these items say of themselves."""
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
                emit(Thumbnail(item.file, item.class_name, _thumbnail(image)))
        except ImageClassifierError as error:
            problems.append(str(error))
        emit(Progress(stage="looking", done=done, total=len(items)))
    if len({frozenset(channels) if named else len(channels) for channels in names}) > 1:
        listed = "; ".join(sorted({", ".join(channels) for channels in names}))
        problems.append(f"The images do not all have the same channels: {listed}.")
    return replace(
        survey,
        channels=names[0] if names else (),
        channels_named=named,
        sizes=tuple(sorted(sizes)),
        assumptions=(*survey.assumptions, *assumptions),
        problems=tuple(problems),
    )


def _thumbnail(image: Image) -> bytes:
    middle = image.n_z // 2
    # Of each plane only what is drawn is kept: all of them together may be more than the memory.
    planes = [
        spaced_out(image.plane(channel=channel, z=middle))
        for channel in range(min(image.n_channels, CHANNELS_SHOWN))
    ]
    return draw_thumbnail(np.stack(planes, axis=-1).astype(np.float32))


def _groups_per_class(table: ItemTable) -> dict[str, int]:
    pairs = dict.fromkeys((item.class_name, item.group or item.file) for item in table.items)
    return dict(Counter(name for name, _ in pairs if name))


def _images(table: ItemTable) -> list[ImageFiles]:
    return list({item.file: item.image for item in table.items}.values())


def _names(request: SurveyRequest, table: ItemTable) -> list[str]:
    """Return the names of some files, with folders, for patterns that fit them."""
    images = _images(table)
    if request.pattern:
        # Another pattern may fit what this one passes over.
        images, _ = find_images(table.root)
    paths = [part.path for files in images for part in files.parts][:NAMES_LOOKED_AT]
    return [
        (path.relative_to(table.root) if path.is_relative_to(table.root) else path).as_posix()
        for path in paths
    ]
