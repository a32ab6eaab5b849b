"""The novelty check of a classifier, fitted to the images that it learnt from."""

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
from napari_image_classifier.items.preparation import measure_ranges
from napari_image_classifier.statistics.conformal_ranges import KnownRanges, upper_limit
from napari_image_classifier.training.dataset import IMAGES_MEASURED, TrainingSet
from napari_image_classifier.typing import Float64Array, FloatArray, IntArray

# Of images like those of the training, such parts may be beyond each limit.
RATE_OF_STATISTICS = 0.005
RATE_OF_DISTANCES = 0.02
NO_LIMIT = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class ClassFeatures:
    """Features of images that were learnt from, and the images' classes.

    Parameters
    ----------
    features
        Of each image as the network has them, shape (image, feature).
    classes
        The index of each image's class, shape (image).
    """

    features: FloatArray
    classes: IntArray


def fitted_distance(
    learnt: ClassFeatures, held_out: FloatArray, finished: ClassFeatures | None
) -> FeatureDistance:
    """Return how far from its classes a network may see images of their kind.

    Parameters
    ----------
    learnt
        The images that it learnt from, or some of them.
    held_out
        The features of images that it has not learnt from, shape (image, feature): only these tell.
    finished
        All images as it sees them since it has learnt from those held out, too; the limit is then
        carried over in units of what is usual among the images that were learnt from. None where it
        has not.

    Returns
    -------
    FeatureDistance
        The distance, with its limit.
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


def _usual(distance: FeatureDistance, learnt: ClassFeatures) -> float:
    return float(np.median(distance.of(learnt.features)))


def fitted_gate(data: TrainingSet, used: IntArray, distances: Sequence[FeatureDistance]) -> Novelty:
    """Return the novelty check of a classifier.

    Where every image gets an intensity range of its own, brightness does not count, and what is
    left to see of it is that an image is empty.

    Parameters
    ----------
    data
        The images of its training; without intensity ranges, these are measured on ``used``.
    used
        The items that its networks have learnt from or been checked with.
    distances
        Those of its networks, with their limits.

    Returns
    -------
    Novelty
        What tells images that are unlike those of the training.
    """
    images, preparation = data.images, data.preparation
    pixels = [images.pixels[index] for index in used]
    planes = [planes_of(image) for image in pixels]
    few = pixels[:: -(-len(pixels) // IMAGES_MEASURED)]
    intensities = preparation.ranges or measure_ranges(few)

    def fitted(statistics: list[Float64Array]) -> KnownRanges:
        return KnownRanges.fitted(np.stack(statistics), images.units[used], RATE_OF_STATISTICS)

    brightness = fitted([brightness_of(image, intensities) for image in planes])
    if preparation.intensity == "percentiles":
        brightness = brightness.only_below(CONTRAST)
    return Novelty(
        kinds=KnownKinds.of([images.kinds[index] for index in used]),
        intensities=intensities,
        brightness=brightness,
        detail=fitted([detail_of(image) for image in planes]),
        distances=tuple(distances),
    )
