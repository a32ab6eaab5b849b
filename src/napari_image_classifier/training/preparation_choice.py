"""The preparation of a training's images, by what is asked for and what their files say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_image_classifier.classifiers.novelty import ImageKind
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.channel_matching import ChannelMap, split_pairs
from napari_image_classifier.items.crops import ObjectBox, side_for
from napari_image_classifier.items.item import Item
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.items.selection import Each, is_object
from napari_image_classifier.training.config import SMALLEST_SIZE, TrainingConfig

LARGEST_SIZE_CHOSEN = 256
SIZE_STEP = 8


@dataclass(frozen=True)
class FileHead:
    """What the head of an image's file says."""

    channel_names: tuple[str, ...]
    channels_named: bool
    longest_side: int
    assumptions: tuple[str, ...]
    kind: ImageKind
    object_sides: tuple[int, ...]


def preparation_for(
    items: Sequence[Item], config: TrainingConfig, heads: dict[str, FileHead]
) -> Preparation:
    """Return the preparation, without what is measured on the images' pixels.

    ``heads`` has what the head of each image's file says, by the image's name.

    Raises
    ------
    TrainingRefused
        The images have different channels, or some items are objects and others are not.
    """
    if not config.channels:
        _check_same_channels(heads)
    first = next(iter(heads.values()))
    names, channel_map = chosen_channels(config, heads)
    box = _box(items, config, heads)
    size = config.size or _usual_size(_sides(box, heads))
    return Preparation(
        channel_names=names or first.channel_names,
        channels_named=all(head.channels_named for head in heads.values())
        or bool(names and set(names) <= set(channel_map)),
        projection=config.projection,
        intensity=config.intensity,
        size=(size, size),
        keep_aspect=config.keep_aspect,
        each=each_of_items(items),
        objects=box,
    )


def chosen_channels(
    config: TrainingConfig, heads: dict[str, FileHead]
) -> tuple[tuple[str, ...], ChannelMap]:
    """Return the channels that are chosen, and what images call those that a person renamed."""
    known = {name for head in heads.values() for name in head.channel_names}
    # An image may well have a channel with "=" in its name.
    names, channel_map = split_pairs([text for text in config.channels if text not in known])
    renamed = iter(names)
    return tuple(text if text in known else next(renamed) for text in config.channels), channel_map


def check_same_kind(preparation: Preparation, items: Sequence[Item]) -> None:
    """Refuse to go on from objects with whole images, or the other way round.

    Raises
    ------
    TrainingRefused
        The items are not what the classifier that has ``preparation`` learnt from.
    """
    if any(is_object(item.selection) != (preparation.objects is not None) for item in items):
        learnt = "objects" if preparation.objects is not None else "whole images"
        raise TrainingRefused(
            f"The classifier to go on from learnt from {learnt}, and not all of these are such; "
            "train a new one instead."
        )


def _box(
    items: Sequence[Item], config: TrainingConfig, heads: dict[str, FileHead]
) -> ObjectBox | None:
    of_objects = [is_object(item.selection) for item in items]
    if not any(of_objects):
        return None
    if not all(of_objects):
        whole = items[of_objects.index(False)]
        raise TrainingRefused(
            f"Objects and whole images can't be learnt from together, and {whole.file} is meant as "
            "a whole; give it an object in the column “item”, such as label=12."
        )
    if config.box:
        return ObjectBox.parse(config.box, config.neighbours)
    sides = [side for head in heads.values() for side in head.object_sides]
    return ObjectBox(side_for(sides), "px", config.neighbours)


def _sides(box: ObjectBox | None, heads: dict[str, FileHead]) -> Sequence[float]:
    """Return the long sides of what is learnt from, in pixels."""
    if box is None:
        return [head.longest_side for head in heads.values()]
    if box.unit == "px":
        return [box.side]
    sizes = [head.kind.pixel_size for head in heads.values()]
    return [box.side / size for size in sizes if size] or [LARGEST_SIZE_CHOSEN]


def object_messages(preparation: Preparation, config: TrainingConfig) -> list[str]:
    """Return in a sentence how objects are cut out, where that is chosen now."""
    box = preparation.objects
    if box is None or config.start_from is not None:
        return []
    chosen = "" if config.box else ", as nearly all objects fit into that"
    return [
        f"Objects are cut out in boxes of {box.side:g} {box.unit}{chosen}; neighbours in them are "
        f"{box.neighbours}."
    ]


def _check_same_channels(heads: dict[str, FileHead]) -> None:
    (file, first), *others = heads.items()
    for other, head in others:
        if sorted(head.channel_names) != sorted(first.channel_names):
            raise TrainingRefused(
                f"{file} has the channels {', '.join(first.channel_names)} and {other} has "
                f"{', '.join(head.channel_names)}; choose channels that every image has."
            )


def _usual_size(longest_sides: Sequence[float]) -> int:
    """Return the usual long side, at most 256, as a multiple of 8."""
    usual = min(float(np.median(longest_sides)), LARGEST_SIZE_CHOSEN)
    return max(SMALLEST_SIZE, round(usual / SIZE_STEP) * SIZE_STEP)


def each_of_items(items: Sequence[Item]) -> Each:
    """Return what an image becomes, from what the items are."""
    if any("z=" in item.selection for item in items):
        return "plane"
    return "time" if any("t=" in item.selection for item in items) else "image"
