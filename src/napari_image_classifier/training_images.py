"""The images to learn from: opened and checked against each other, before any training.

Nothing here needs Keras.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from napari_image_classifier.arrays import FloatArray, IntArray
from napari_image_classifier.channels import ChannelMismatchError, match_channels
from napari_image_classifier.compute import Cancelled, ShouldStop
from napari_image_classifier.copies import Pair, find_copies
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.image_items import items_of_image
from napari_image_classifier.image_kind import ImageKind
from napari_image_classifier.images import Image, read_image
from napari_image_classifier.independence import units_of
from napari_image_classifier.items import Item
from napari_image_classifier.journal import Stamp, stamp
from napari_image_classifier.objects import objects_of
from napari_image_classifier.pixel_hash import PixelHash
from napari_image_classifier.preparation import Preparation
from napari_image_classifier.selection import is_object
from napari_image_classifier.training_config import TrainingConfig, TrainingRefused
from napari_image_classifier.training_preparation import (
    Look,
    check_same_kind,
    each_of_items,
    preparation_for,
    said_of_objects,
)

LARGEST_SIZE_CHOSEN = 256
SIZE_STEP = 8
PROBLEMS_NAMED = 5
READERS = 4

OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TrainingImages:
    """Every item's pixels, float32 (y, x, channel), reduced to size but with their intensities.

    What is measured on images (their ranges) is not in ``preparation`` yet, as it must come from
    those alone that are learnt from. ``copies`` are pairs that show the same thing.
    ``pixel_hashes`` are of the planes that were read for each item, ``stamps`` of the files of
    each image, by its name; ``kinds`` are those of the items' files.
    """

    items: tuple[Item, ...]
    pixels: tuple[FloatArray, ...]
    pixel_hashes: tuple[str, ...]
    stamps: Mapping[str, Stamp]
    copies: tuple[Pair, ...]
    preparation: Preparation
    assumptions: tuple[str, ...]
    kinds: tuple[ImageKind, ...]

    @cached_property
    def units(self) -> IntArray:
        """Which items may not part, see `independence.units_of`."""
        return units_of(self.items, self.copies)


def read_training_images(
    items: Sequence[Item],
    config: TrainingConfig,
    *,
    axes: str | None = None,
    preparation: Preparation | None = None,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> TrainingImages:
    """Open every item and bring it to the size that is learnt from.

    ``preparation`` is that of the classifier to go on from; without it one is made from
    ``config`` and the images. ``on_progress`` receives ("looking", "reading" or "comparing", done,
    total).

    Raises
    ------
    TrainingRefused
        Files that can't be read, each named with its reason, or that lack a channel; objects are
        not learnt from together with whole images.
    Cancelled
        ``should_stop`` returned True.
    """
    reader = _Reader(items, axes, on_progress, should_stop)
    looks = reader.looks()
    if preparation is not None:
        check_same_kind(preparation, items)
    wanted = preparation or preparation_for(items, config, looks)
    channels = _channels(wanted, looks, go_on=preparation is not None)
    pixels, hashes = reader.pixels(wanted, channels)

    def compared(number: int) -> None:
        if should_stop():
            raise Cancelled
        on_progress("comparing", number, len(pixels))

    return TrainingImages(
        items=tuple(items),
        pixels=tuple(pixels),
        pixel_hashes=tuple(hashes),
        stamps=reader.stamps,
        copies=tuple(find_copies(pixels, compared, reader.sources)),
        preparation=wanted,
        assumptions=tuple(
            dict.fromkeys(
                [
                    *(said for look in looks.values() for said in look.assumptions),
                    *said_of_objects(wanted, config),
                ]
            )
        ),
        kinds=tuple(looks[item.file].kind for item in items),
    )


class _Reader:
    """Reads the items image by image on a few threads, so that no file is opened per plane."""

    def __init__(
        self,
        items: Sequence[Item],
        axes: str | None,
        on_progress: OnProgress,
        should_stop: ShouldStop,
    ) -> None:
        self._items = items
        self._axes = axes
        self._on_progress = on_progress
        self._should_stop = should_stop
        self.stamps: dict[str, Stamp] = {}
        self._members: dict[str, list[int]] = defaultdict(list)
        for index, item in enumerate(items):
            self._members[item.file].append(index)

    @property
    def sources(self) -> list[int]:
        """A number for each item, the same for those of one file."""
        numbers = {file: number for number, file in enumerate(self._members)}
        return [numbers[item.file] for item in self._items]

    def looks(self) -> dict[str, Look]:
        """Return what each image's head says, by file."""
        found: dict[str, Look] = {}

        def look(file: str) -> None:
            with self._opened(file) as image:
                found[file] = Look(
                    image.channel_names,
                    image.channels_named,
                    max(image.shape[image.axes.index(axis)] for axis in "YX"),
                    image.assumptions,
                    ImageKind.of(image),
                    self._object_sides(file, image),
                )

        self._for_each_file("looking", look)
        return {file: found[file] for file in self._members}

    def _object_sides(self, file: str, image: Image) -> tuple[int, ...]:
        selections = self._selections(file)
        if not any(map(is_object, selections)):
            return ()
        objects = objects_of(image, each_of_items(self._items)).named(selections, image)
        return tuple(np.maximum(objects.height, objects.width).tolist())

    def _selections(self, file: str) -> list[str]:
        return [self._items[index].selection for index in self._members[file]]

    def pixels(
        self, preparation: Preparation, channels: dict[str, tuple[int, ...]]
    ) -> tuple[list[FloatArray], list[str]]:
        """Return the measured pixels of each item, (y, x, channel), and the hashes of the read."""
        found: dict[int, FloatArray] = {}
        hashes: dict[int, str] = {}

        def measure(file: str) -> None:
            self.stamps[file] = stamp(self._items[self._members[file][0]].image)
            with self._opened(file) as image:
                read = PixelHash(image)
                selections = self._selections(file)
                numbers = dict(zip(selections, self._members[file], strict=True))
                for item in items_of_image(
                    image, preparation, selections=selections, channels=channels[file]
                ):
                    index = numbers[item.selection]
                    found[index], hashes[index] = item.pixels, read.taken()
                    if not np.isfinite(found[index]).all():
                        raise TrainingRefused(f"{file} holds pixels that are no finite number.")

        self._for_each_file("reading", measure)
        in_order = range(len(self._items))
        return [found[index] for index in in_order], [hashes[index] for index in in_order]

    def _opened(self, file: str) -> Image:
        return read_image(self._items[self._members[file][0]].image, axes=self._axes)

    def _for_each_file(self, stage: str, work: Callable[[str], None]) -> None:
        problems: dict[str, str] = {}
        pool = ThreadPoolExecutor(READERS)
        try:
            futures = {pool.submit(work, file): file for file in self._members}
            for done, future in enumerate(as_completed(futures), start=1):
                if self._should_stop():
                    raise Cancelled
                error = future.exception()
                if isinstance(error, ImageClassifierError):
                    problems[futures[future]] = str(error)
                elif error is not None:
                    raise error
                self._on_progress(stage, done, len(futures))
        finally:
            pool.shutdown(cancel_futures=True)
        if problems:
            raise TrainingRefused(_listed(problems, len(self._members)))


def _listed(problems: dict[str, str], total: int) -> str:
    named = [
        said if file.rsplit("/", 1)[-1] in said else f"{file}: {said}"
        for file, said in sorted(problems.items())
    ]
    more = len(named) - PROBLEMS_NAMED
    return (
        f"{len(named)} of {total} images can't be used: "
        + " ".join(named[:PROBLEMS_NAMED])
        + (f" And {more} more." if more > 0 else "")
    )


def _channels(
    preparation: Preparation, looks: dict[str, Look], *, go_on: bool
) -> dict[str, tuple[int, ...]]:
    """Return the indices of the channels to learn from, by file."""
    found, problems = {}, {}
    # Images without names are called "Channel 1"…, and among themselves these serve as names.
    as_named = preparation.channels_named or not go_on
    for file, look in looks.items():
        try:
            found[file] = match_channels(
                preparation.channel_names,
                as_named,
                look.channel_names,
                look.channels_named or not go_on,
            )
        except ChannelMismatchError as error:
            problems[file] = f"{file}: {error}"
    if problems:
        raise TrainingRefused(_listed(problems, len(looks)))
    return found
