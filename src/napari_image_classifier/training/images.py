"""The images to learn from: opened and checked against each other, before any training.

Nothing here needs Keras.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from napari_image_classifier.classifiers.novelty import ImageKind
from napari_image_classifier.errors import Cancelled, ImageClassifierError
from napari_image_classifier.images.channel_matching import (
    ChannelMap,
    ChannelMismatchError,
    match_channels,
)
from napari_image_classifier.images.file_stamps import Stamp
from napari_image_classifier.items.duplicates import Pair, find_duplicates
from napari_image_classifier.items.groups import group_numbers
from napari_image_classifier.items.item import Item
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.image_reader import OnProgress, TrainingReader
from napari_image_classifier.training.left_out import LeftOut, check_share
from napari_image_classifier.training.preparation_choice import (
    FileHead,
    check_same_kind,
    chosen_channels,
    object_messages,
    preparation_for,
)
from napari_image_classifier.typing import FloatArray, IntArray, ShouldStop


@dataclass(frozen=True)
class TrainingImages:
    """Every item's pixels, reduced to size but with their intensities.

    Parameters
    ----------
    items
        All items of the images that could be read.
    pixels
        Of each item, float32 of shape (y, x, channel).
    pixel_hashes
        Of the planes that were read for each item.
    stamps
        Of the files of each image, by its name.
    copies
        Pairs of items that show the same thing, by their indices.
    preparation
        How images are prepared. What is measured on them (their ranges) is not in it yet, as it
        must come from those alone that are learnt from.
    assumptions
        What was taken for granted, in sentences.
    kinds
        That of each item's image.
    left_out
        The images that could not be read.
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
        """A number for each item, the same for those that may not part (`groups.group_numbers`)."""
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

    Parameters
    ----------
    items
        What is to be learnt from.
    config
        How it is trained.
    axes
        Those of the images, as the table of the items has them; None takes them from the files.
    preparation
        That of the classifier to go on from; without it one is made from ``config`` and the images.
    on_progress
        Receives ("looking", "reading" or "comparing", done, total).
    should_stop
        Asked often; when it returns True, reading ends.

    Returns
    -------
    TrainingImages
        The images that can be read.

    Raises
    ------
    TrainingRefused
        More than half of the files can't be read, each named with its reason, or some lack a
        channel; objects are not learnt from together with whole images.
    Cancelled
        ``should_stop`` returned True.
    """
    reader = TrainingReader(tuple(items), axes, on_progress, should_stop)
    heads = reader.heads()
    if preparation is not None:
        check_same_kind(preparation, items)
    while True:
        wanted = preparation or preparation_for(reader.items, config, heads)
        channel_map = chosen_channels(config, heads)[1]
        channels = _channels(wanted, heads, channel_map, go_on=preparation is not None)
        pixels, hashes = reader.pixels(wanted, channels)
        heads = {file: heads[file] for file in reader.files}
        # An image that is not learnt from must leave no trace, or nobody could train again.
        if wanted == (preparation or preparation_for(reader.items, config, heads)):
            break

    def compared(number: int) -> None:
        if should_stop():
            raise Cancelled
        on_progress("comparing", number, len(pixels))

    assumptions = [
        *reader.left_out_messages(),
        *chain.from_iterable(head.assumptions for head in heads.values()),
        *object_messages(wanted, config),
    ]
    return TrainingImages(
        items=reader.items,
        pixels=tuple(pixels),
        pixel_hashes=tuple(hashes),
        stamps=reader.stamps,
        copies=tuple(find_duplicates(pixels, compared, reader.sources)),
        preparation=wanted,
        assumptions=tuple(dict.fromkeys(assumptions)),
        kinds=tuple(heads[item.file].kind for item in reader.items),
        left_out=tuple(reader.left_out),
    )


def _channels(
    preparation: Preparation,
    heads: dict[str, FileHead],
    channel_map: ChannelMap,
    *,
    go_on: bool,
) -> dict[str, tuple[int, ...]]:
    """Return the indices of the channels to learn from, by file."""
    indices: dict[str, tuple[int, ...]] = {}
    problems: dict[str, ImageClassifierError] = {}
    # Images without names are called "Channel 1"…, and among themselves these serve as names.
    as_named = preparation.channels_named or not go_on
    for file, head in heads.items():
        try:
            indices[file] = match_channels(
                preparation.channel_names,
                as_named,
                head.channel_names,
                head.channels_named or not go_on,
                channel_map,
            )
        except ChannelMismatchError as error:
            problems[file] = error
    check_share(problems, len(heads))
    return indices
