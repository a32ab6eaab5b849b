"""The images of a training, prepared: which are learnt from, which are looked at in between."""

from dataclasses import dataclass, replace

import numpy as np

from napari_image_classifier.items.duplicates import Pair
from napari_image_classifier.items.preparation import Preparation, finished, measure_ranges
from napari_image_classifier.items.reading import Item
from napari_image_classifier.items.splits import Split
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.typing import FloatArray, IntArray

IMAGES_MEASURED = 1000


@dataclass(frozen=True)
class TrainingSet:
    """Prepared images, float32 of shape (item, y, x, channel), and how they were prepared.

    ``classes`` holds each item's index in ``class_names``, ``units`` which items may not part,
    ``copies`` which pairs show the same thing; ``training`` and ``validation`` are indices of
    items.
    """

    items: tuple[Item, ...]
    pixels: FloatArray
    classes: IntArray
    class_names: tuple[str, ...]
    units: IntArray
    copies: tuple[Pair, ...]
    training: IntArray
    validation: IntArray
    preparation: Preparation
    assumptions: tuple[str, ...]


def training_set(
    images: TrainingImages, split: Split, learnt_from: IntArray | None = None
) -> TrainingSet:
    """Prepare the images of a split; intensities are measured on what is learnt from alone.

    ``learnt_from`` are the items that any network of an ensemble learns from, unless told those of
    the split. All images are prepared, so that those of neither part can be tested with.
    """
    preparation = images.preparation
    if preparation.intensity == "fixed" and not preparation.ranges:
        seen = split[0] if learnt_from is None else learnt_from
        few = seen[:: max(1, len(seen) // IMAGES_MEASURED)]
        preparation = replace(
            preparation, ranges=measure_ranges(images.pixels[index] for index in few)
        )
    pixels = np.empty((len(images.items), *preparation.size, preparation.n_channels), np.float32)
    for index, measured in enumerate(images.pixels):
        pixels[index] = finished(measured, preparation)
    given = [str(item.class_name) for item in images.items]
    class_names = tuple(sorted(set(given)))
    return TrainingSet(
        items=images.items,
        pixels=pixels,
        classes=np.array(
            [class_names.index(str(item.class_name)) for item in images.items], np.intp
        ),
        class_names=class_names,
        units=images.units,
        copies=images.copies,
        training=split[0],
        validation=split[1],
        preparation=preparation,
        assumptions=images.assumptions,
    )
