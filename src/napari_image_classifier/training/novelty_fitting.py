"""The gate of a classifier, from the images that it learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_image_classifier.classifiers.novelty import (
    CONTRAST,
    FeatureDistance,
    KnownKinds,
    Novelty,
    brightness_of,
    detail_of,
    planes_of,
)
from napari_image_classifier.items.preparation import Preparation, measure_ranges
from napari_image_classifier.statistics.conformal_ranges import KnownRanges, upper_limit
from napari_image_classifier.training.dataset import IMAGES_MEASURED
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.typing import FloatArray, IntArray

# Of images like those of the training, such parts may be beyond each limit.
RATE_OF_STATISTICS = 0.005
RATE_OF_DISTANCES = 0.02
NO_LIMIT = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Seen:
    """Features of images that were learnt from, (image, feature), and the images' classes."""

    features: FloatArray
    classes: IntArray


def distance_of(learnt: Seen, held_out: FloatArray, finished: Seen | None) -> FeatureDistance:
    """Return how far from its classes a network may see images of their kind.

    Only images that it has not learnt from tell: ``held_out`` are their features. Where it is
    finished with these, too, ``finished`` are all images as it sees them since, and the limit is
    carried over in units of what is usual among the images that were learnt from.
    """
    distance = FeatureDistance.fitted(learnt.features, learnt.classes)
    limit = upper_limit(distance.of(held_out), RATE_OF_DISTANCES)
    if finished is None:
        return replace(distance, limit=limit)
    now = FeatureDistance.fitted(finished.features, finished.classes)
    usual = _usual(distance, learnt)
    if usual == 0:
        # Of classes that were learnt from one image each nobody knows what is usual.
        return replace(now, limit=NO_LIMIT)
    return replace(now, limit=limit * _usual(now, finished) / usual)


def _usual(distance: FeatureDistance, seen: Seen) -> float:
    return float(np.median(distance.of(seen.features)))


def gate_of(
    images: TrainingImages,
    used: IntArray,
    preparation: Preparation,
    distances: Sequence[FeatureDistance],
) -> Novelty:
    """Return the gate of a classifier whose networks have ``distances``.

    ``used`` are the items that they have learnt from or been checked with.

    Where every image gets an intensity range of its own, brightness does not count, and what is
    left to see of it is that an image is empty.
    """
    pixels = [images.pixels[index] for index in used]
    planes = [planes_of(one) for one in pixels]
    intensities = preparation.ranges or measure_ranges(
        pixels[:: -(-len(pixels) // IMAGES_MEASURED)]
    )
    brightness = KnownRanges.fitted(
        np.stack([brightness_of(one, intensities) for one in planes]),
        images.units[used],
        RATE_OF_STATISTICS,
    )
    if preparation.intensity == "percentiles":
        brightness = brightness.only_below(CONTRAST)
    return Novelty(
        kinds=KnownKinds.of([images.kinds[index] for index in used]),
        intensities=intensities,
        brightness=brightness,
        detail=KnownRanges.fitted(
            np.stack([detail_of(one) for one in planes]),
            images.units[used],
            RATE_OF_STATISTICS,
        ),
        distances=tuple(distances),
    )
