"""Which images a training learns from, checks with, and keeps for nothing but its promise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_image_classifier.annotated_items import is_assisted
from napari_image_classifier.arrays import Flags, IntArray
from napari_image_classifier.items import Item
from napari_image_classifier.splitting import (
    SEEDS_APART,
    Split,
    validation_split,
    validation_splits,
)
from napari_image_classifier.training_config import TrainingConfig, TrainingRefused

RESERVED = 0.2


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
    """Deal the items out; no unit (`independence.units_of`) is in two parts of a network.

    Labels that were given with a prediction in sight (`annotated_items.is_assisted`) are learnt
    from, but neither checked with nor reserved, as far as every class is left to check with.

    Raises
    ------
    TrainingRefused
        There are too few units, or they are too entangled, or a limit for wrong answers would have
        to be seen on assisted labels.
    """
    assisted = np.array([is_assisted(item) for item in items], bool)
    classes = np.array([item.class_name for item in items])
    used: IntArray = np.arange(len(items), dtype=np.intp)
    reserved: IntArray = np.arange(0, dtype=np.intp)
    if config.risk is not None:
        used, reserved = _reserved(items, units, config)
        _check_by_eye(classes[reserved], assisted[reserved])
    splits = validation_splits(
        [items[i] for i in used],
        units[used],
        config.validation_fraction,
        config.seed,
        config.members,
    )
    return TrainingParts(
        [
            _checked_unassisted((used[learnt], used[kept]), assisted, classes, units)
            for learnt, kept in splits
        ],
        reserved[~assisted[reserved]],
    )


def _checked_unassisted(
    split: Split, assisted: Flags, classes: npt.NDArray[np.str_], units: IntArray
) -> Split:
    """Return the split without assisted items among those that are checked with.

    Whole units of them are learnt from instead; others of their units are used for nothing.
    """
    learnt, kept = split
    unassisted = kept[~assisted[kept]]
    if len(unassisted) == len(kept) or set(classes[unassisted]) != set(classes[kept]):
        return split
    free = kept[assisted[kept] & ~np.isin(units[kept], units[unassisted])]
    return np.sort(np.concatenate([learnt, free])), unassisted


def _check_by_eye(classes: npt.NDArray[np.str_], assisted: Flags) -> None:
    missing = sorted(set(classes) - set(classes[~assisted]))
    if missing:
        raise TrainingRefused(
            "How many answers are wrong is only seen on labels that were given by eye alone, and "
            f"none were kept of {', '.join(f'“{name}”' for name in missing)}. Label more images "
            "without the prediction in sight, or train without a limit for wrong answers."
        )


def _reserved(items: Sequence[Item], units: IntArray, config: TrainingConfig) -> Split:
    try:
        # Another seed: the validation part must not be what would be reserved next time.
        used, reserved = validation_split(items, units, RESERVED, config.seed + SEEDS_APART)
        validation_split(
            [items[i] for i in used], units[used], config.validation_fraction, config.seed
        )
    except TrainingRefused as error:
        raise TrainingRefused(
            f"A fifth of the groups can't be kept to see how many answers are wrong: {error} Or "
            "train without a limit for wrong answers."
        ) from error
    return used, reserved
