"""The gate of a classifier, made while its networks are trained.

On Keras's side: networks are looked at as they will predict, as graphs.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_image_classifier.arrays import FloatArray, IntArray
from napari_image_classifier.feature_distance import FeatureDistance
from napari_image_classifier.gate import Gate
from napari_image_classifier.graphs import export_graph
from napari_image_classifier.image_kind import KnownKinds
from napari_image_classifier.image_statistics import CONTRAST, brightness_of, detail_of
from napari_image_classifier.known_ranges import KnownRanges, upper_limit
from napari_image_classifier.preparation import Preparation, measure_ranges
from napari_image_classifier.runtime import Graph
from napari_image_classifier.training_images import TrainingImages
from napari_image_classifier.training_loop import Learnt
from napari_image_classifier.training_set import IMAGES_MEASURED, TrainingSet

if TYPE_CHECKING:
    import keras

# Of images like those of the training, such parts may be beyond each limit.
RATE_OF_STATISTICS = 0.005
RATE_OF_DISTANCES = 0.02
MOST_IMAGES = 2000
IMAGES_AT_ONCE = 32


def measured_distance(network: "keras.Model", learnt: Learnt, data: TrainingSet) -> FeatureDistance:
    """Return how far from its classes the trained network may see images of their kind.

    Only the epoch that was kept tells, as it has not learnt from the validation part; in the end
    the network may have. The limit of that epoch is carried over in units of what is usual among
    the images that were learnt from.
    """
    final = network.get_weights()
    network.set_weights(learnt.chosen_weights)
    distance, usual = _of_learnt(network, data, data.training)
    held_out = distance.of(_features(network, data, data.validation))
    network.set_weights(final)
    limit = upper_limit(held_out, RATE_OF_DISTANCES)
    if not learnt.finished:
        return replace(distance, limit=limit)
    everything = np.union1d(data.training, data.validation)
    distance, usual_now = _of_learnt(network, data, everything)
    return replace(distance, limit=limit * usual_now / usual)


def _of_learnt(
    network: "keras.Model", data: TrainingSet, learnt: IntArray
) -> tuple[FeatureDistance, float]:
    """Return the distance fitted to images, and their own median distance."""
    few = learnt[:: -(-len(learnt) // MOST_IMAGES)]
    features = _features(network, data, few)
    distance = FeatureDistance.fitted(features, data.classes[few])
    return distance, float(np.median(distance.of(features)))


def _features(network: "keras.Model", data: TrainingSet, items: IntArray) -> FloatArray:
    graph = Graph(export_graph(network))
    parts = [
        graph.run(data.pixels[items[start : start + IMAGES_AT_ONCE]])[1]
        for start in range(0, len(items), IMAGES_AT_ONCE)
    ]
    return np.concatenate(parts)


def gate_of(
    images: TrainingImages,
    used: IntArray,
    preparation: Preparation,
    distances: Sequence[FeatureDistance],
) -> Gate:
    """Return the gate of a classifier whose networks have ``distances``.

    ``used`` are the items that they have learnt from or been checked with.

    Where every image gets an intensity range of its own, brightness does not count, and what is
    left to see of it is that an image is empty.
    """
    pixels = [images.pixels[index] for index in used]
    intensities = preparation.ranges or measure_ranges(
        pixels[:: -(-len(pixels) // IMAGES_MEASURED)]
    )
    brightness = KnownRanges.fitted(
        np.stack([brightness_of(one, intensities) for one in pixels]),
        images.units[used],
        RATE_OF_STATISTICS,
    )
    if preparation.intensity == "percentiles":
        brightness = brightness.only_below(CONTRAST)
    return Gate(
        kinds=KnownKinds.of([images.kinds[index] for index in used]),
        intensities=intensities,
        brightness=brightness,
        detail=KnownRanges.fitted(
            np.stack([detail_of(one) for one in pixels]),
            images.units[used],
            RATE_OF_STATISTICS,
        ),
        distances=tuple(distances),
    )
