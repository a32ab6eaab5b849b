"""The limit of a new network's distance from its classes, for images of their kind.

On Keras's side: features are those of the network as it will predict, as a graph.
"""

from typing import TYPE_CHECKING

import numpy as np

from napari_image_classifier.classifiers.mahalanobis import FeatureDistance
from napari_image_classifier.classifiers.onnx_runtime import Graph
from napari_image_classifier.networks.export.onnx_export import export_graph
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.ensemble import Learnt
from napari_image_classifier.training.novelty_fitting import ClassFeatures, distance_of
from napari_image_classifier.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import keras

MOST_IMAGES = 2000
IMAGES_AT_ONCE = 32


def measured_distance(network: "keras.Model", learnt: Learnt, data: TrainingSet) -> FeatureDistance:
    """Return the distance of the trained network (see `novelty_fitting.distance_of`).

    Only the epoch that was kept has not learnt from the validation part; in the end the network may
    have.
    """
    final = network.get_weights()
    network.set_weights(learnt.chosen_weights)
    learnt_then = _class_features(network, data, data.training)
    held_out = _features(network, data, data.validation)
    network.set_weights(final)
    everything = np.union1d(data.training, data.validation)
    learnt_now = _class_features(network, data, everything) if learnt.finished else None
    return distance_of(learnt_then, held_out, learnt_now)


def _class_features(network: "keras.Model", data: TrainingSet, items: IntArray) -> ClassFeatures:
    few = items[:: -(-len(items) // MOST_IMAGES)]
    return ClassFeatures(_features(network, data, few), data.classes[few])


def _features(network: "keras.Model", data: TrainingSet, items: IntArray) -> FloatArray:
    graph = Graph(export_graph(network))
    parts = [
        graph.run(data.pixels[items[start : start + IMAGES_AT_ONCE]])[1]
        for start in range(0, len(items), IMAGES_AT_ONCE)
    ]
    return np.concatenate(parts)
