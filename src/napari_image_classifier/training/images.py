"""The images to learn from: opened and checked against each other, before any training.

Nothing here needs Keras.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from napari_image_classifier.classifiers.novelty import ImageKind
from napari_image_classifier.errors import Cancelled, ImageClassifierError
from napari_image_classifier.images.channel_matching import ChannelMismatchError, match_channels
from napari_image_classifier.images.file_stamps import Stamp
from napari_image_classifier.items.duplicates import Pair, find_duplicates
from napari_image_classifier.items.groups import group_numbers
from napari_image_classifier.items.item import Item
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.image_reader import OnProgress, TrainingReader
from napari_image_classifier.training.preparation_choice import (
    Look,
    check_same_kind,
    preparation_for,
    said_of_objects,
)
from napari_image_classifier.training.unreadable import LeftOut, check_share
from napari_image_classifier.typing import FloatArray, IntArray, ShouldStop


@dataclass(frozen=True)
class TrainingImages:
    """Every item's pixels, float32 (y, x, channel), reduced to size but with their intensities.

    What is measured on images (their ranges) is not in ``preparation`` yet, as it must come from
    those alone that are learnt from. ``copies`` are pairs that show the same thing.
    ``pixel_hashes`` are of the planes that were read for each item, ``stamps`` of the files of
    each image, by its name; ``kinds`` are those of the items' files. ``left_out`` are the images
    that could not be read.
    """

    items: tuple[Item, ...]
    pixels: tuple[FloatArray, ...]
    pixel_hashes: tuple[str, ...]
    stamps: Mapping[str, Stamp]
    copies: tuple[Pair, ...]
    preparation: Preparation
    assumptions: tuple[str, ...]
    kinds: tuple[ImageKind, ...]
    left_out: tuple[LeftOut, ...] = ()

    @cached_property
    def units(self) -> IntArray:
        """Which items may not part, see `independence.group_numbers`."""
        return group_numbers(self.items, self.copies)


def read_training_images(
    items: Sequence[Item],
    config: TrainingConfig,
    *,
    axes: str | None = None,
    preparation: Preparation | None = None,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> TrainingImages:
    """Open every item and bring it to the size that is learnt from; leave out what can't be read.

    ``preparation`` is that of the classifier to go on from; without it one is made from
    ``config`` and the images. ``on_progress`` receives ("looking", "reading" or "comparing", done,
    total).

    Raises
    ------
    TrainingRefused
        More than half of the files can't be read, each named with its reason, or some lack a
        channel; objects are not learnt from together with whole images.
    Cancelled
        ``should_stop`` returned True.
    """
    reader = TrainingReader(items, axes, on_progress, should_stop)
    looks = reader.looks()
    if preparation is not None:
        check_same_kind(preparation, items)
    while True:
        wanted = preparation or preparation_for(reader.items, config, looks)
        channels = _channels(wanted, looks, go_on=preparation is not None)
        pixels, hashes = reader.pixels(wanted, channels)
        looks = {file: looks[file] for file in reader.files}
        # An image that is not learnt from must leave no trace, or nobody could train again.
        if wanted == (preparation or preparation_for(reader.items, config, looks)):
            break

    def compared(number: int) -> None:
        if should_stop():
            raise Cancelled
        on_progress("comparing", number, len(pixels))

    return TrainingImages(
        items=reader.items,
        pixels=tuple(pixels),
        pixel_hashes=tuple(hashes),
        stamps=reader.stamps,
        copies=tuple(find_duplicates(pixels, compared, reader.sources)),
        preparation=wanted,
        assumptions=tuple(
            dict.fromkeys(
                [
                    *reader.said_of_left_out(),
                    *(said for look in looks.values() for said in look.assumptions),
                    *said_of_objects(wanted, config),
                ]
            )
        ),
        kinds=tuple(looks[item.file].kind for item in reader.items),
        left_out=tuple(reader.left_out),
    )


def _channels(
    preparation: Preparation, looks: dict[str, Look], *, go_on: bool
) -> dict[str, tuple[int, ...]]:
    """Return the indices of the channels to learn from, by file."""
    found: dict[str, tuple[int, ...]] = {}
    problems: dict[str, ImageClassifierError] = {}
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
            problems[file] = error
    check_share(problems, len(looks))
    return found
