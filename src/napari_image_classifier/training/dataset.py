"""The parts of a training's images: to learn from, to check with, and to limit wrong answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.items.consensus import is_assisted
from napari_image_classifier.items.item import Item
from napari_image_classifier.items.preparation import Preparation, finished, measure_ranges
from napari_image_classifier.items.splits import (
    SEEDS_APART,
    Split,
    validation_split,
    validation_splits,
)
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.typing import FloatArray, IntArray
from napari_image_classifier.wording import quoted

RESERVED = 0.2
_BY_EYE_ALONE = " Only labels that were given by eye alone count for it."


@dataclass(frozen=True)
class TrainingParts:
    """Indices of items: a split for each network, and those that no network has to do with.

    The latter are empty where nothing is promised about wrong answers.
    """

    splits: list[Split]
    reserved: IntArray

    @property
    def learnt_from(self) -> IntArray:
        """The items that any network learns from, before it is finished, sorted."""
        return np.unique(np.concatenate([training for training, _ in self.splits]))

    @property
    def used(self) -> IntArray:
        """The items that any network learns from or is checked with, sorted."""
        return np.unique(np.concatenate([part for split in self.splits for part in split]))


def training_parts(items: Sequence[Item], units: IntArray, config: TrainingConfig) -> TrainingParts:
    """Deal the items out; no unit is in two parts of a network.

    Labels that were given with a prediction in sight (`items.consensus.is_assisted`) are learnt
    from, but never reserved, nor checked with where the others are enough to check with: those of
    a unit that is reserved or checked with are used for nothing.

    Parameters
    ----------
    items
        All that can be learnt from, each with a class.
    units
        A number for each item, the same for those that may not part (`items.groups.group_numbers`).
    config
        How many networks there are, what is kept aside, and whether wrong answers are limited.

    Returns
    -------
    TrainingParts
        Indices of ``items``.

    Raises
    ------
    TrainingRefused
        There are too few units, or they are too entangled.
    """
    by_eye = np.flatnonzero([not is_assisted(item) for item in items])
    used: IntArray = np.arange(len(items), dtype=np.intp)
    reserved: IntArray = np.arange(0, dtype=np.intp)
    if config.risk is not None:
        used, reserved = _reserved(items, units, by_eye, config)
    try:
        splits = _splits(items, units, np.intersect1d(used, by_eye), config)
    except TrainingRefused:
        splits = _splits(items, units, used, config)
    return TrainingParts(
        [(_apart(used, validation, units), validation) for _, validation in splits], reserved
    )


def _apart(some: IntArray, others: IntArray, units: IntArray) -> IntArray:
    """Return those of units that none of the others is of."""
    return some[~np.isin(units[some], units[others])]


def _splits(
    items: Sequence[Item], units: IntArray, some: IntArray, config: TrainingConfig
) -> list[Split]:
    chosen = [items[i] for i in some]
    _check_every_class(chosen, items)
    splits = validation_splits(
        chosen, units[some], config.validation_fraction, config.seed, config.members
    )
    return [(some[training], some[validation]) for training, validation in splits]


def _check_every_class(some: Sequence[Item], items: Sequence[Item]) -> None:
    missing = {str(item.class_name) for item in items} - {str(item.class_name) for item in some}
    if missing:
        raise TrainingRefused(f"There are none of {quoted(sorted(missing))}.")


def _reserved(
    items: Sequence[Item], units: IntArray, by_eye: IntArray, config: TrainingConfig
) -> Split:
    some = [items[i] for i in by_eye]
    try:
        _check_every_class(some, items)
        # Another seed: the validation part must not be what would be reserved next time.
        _, chosen = validation_split(some, units[by_eye], RESERVED, config.seed + SEEDS_APART)
        reserved = by_eye[chosen]
        used = _apart(np.arange(len(items), dtype=np.intp), reserved, units)
        validation_split(
            [items[i] for i in used], units[used], config.validation_fraction, config.seed
        )
    except TrainingRefused as error:
        raise TrainingRefused(
            f"A fifth of the groups can't be kept to see how many answers are wrong: {error} Or "
            "train without a limit for wrong answers."
            + (_BY_EYE_ALONE if len(by_eye) < len(items) else "")
        ) from error
    return used, reserved


IMAGES_MEASURED = 1000
# What is worked on in one piece.
IMAGES_AT_ONCE = 32


@dataclass(frozen=True)
class TrainingSet:
    """Prepared images, and how they were prepared.

    Parameters
    ----------
    images
        The images as they were read, and their items.
    pixels
        Of each item, float32 of shape (item, y, x, channel).
    classes
        Each item's index in ``class_names``.
    class_names
        Sorted.
    training
        Indices of the items that are learnt from.
    validation
        Indices of the items that are checked with.
    preparation
        That of ``images``, with intensity ranges where these are fixed.
    """

    images: TrainingImages
    pixels: FloatArray
    classes: IntArray
    class_names: tuple[str, ...]
    training: IntArray
    validation: IntArray
    preparation: Preparation

    def batches(self, items: IntArray) -> Iterator[FloatArray]:
        """Yield the pixels of items, some at a time."""
        for start in range(0, len(items), IMAGES_AT_ONCE):
            yield self.pixels[items[start : start + IMAGES_AT_ONCE]]


def training_set(
    images: TrainingImages, split: Split, learnt_from: IntArray | None = None
) -> TrainingSet:
    """Prepare the images of a split; intensities are measured on what is learnt from alone.

    Parameters
    ----------
    images
        All images, which are all prepared, so that those of neither part can be tested with.
    split
        The items that are learnt from, and those that are checked with.
    learnt_from
        The items that any network of an ensemble learns from; those of the split unless given.

    Returns
    -------
    TrainingSet
        The images, prepared.
    """
    preparation = images.preparation
    if preparation.intensity == "fixed" and not preparation.ranges:
        learnt = split[0] if learnt_from is None else learnt_from
        few = learnt[:: max(1, len(learnt) // IMAGES_MEASURED)]
        preparation = replace(
            preparation, ranges=measure_ranges(images.pixels[index] for index in few)
        )
    pixels = np.empty((len(images.items), *preparation.size, preparation.n_channels), np.float32)
    for index, measured in enumerate(images.pixels):
        pixels[index] = finished(measured, preparation)
    given = [str(item.class_name) for item in images.items]
    class_names = tuple(sorted(set(given)))
    numbers = {name: number for number, name in enumerate(class_names)}
    classes = np.array([numbers[name] for name in given], np.intp)
    return TrainingSet(images, pixels, classes, class_names, *split, preparation)
