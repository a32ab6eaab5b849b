"""How far from its classes a new network may see images of their kind.

On Keras's side: networks are looked at as they will predict, as graphs.
"""

from typing import TYPE_CHECKING

import numpy as np

from napari_image_classifier.classifiers.novelty import FeatureDistance
from napari_image_classifier.classifiers.onnx_runtime import Graph
from napari_image_classifier.networks.export.onnx_export import export_graph
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.ensemble import Learnt
from napari_image_classifier.training.novelty_fitting import Seen, distance_of
from napari_image_classifier.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import keras

MOST_IMAGES = 2000
IMAGES_AT_ONCE = 32


def measured_distance(network: "keras.Model", learnt: Learnt, data: TrainingSet) -> FeatureDistance:
    """Return the distance of the trained network (see `gate_fitting.distance_of`).

    Only the epoch that was kept has not learnt from the validation part; in the end the network may
    have.
    """
    final = network.get_weights()
    network.set_weights(learnt.chosen_weights)
    seen_then = _seen(network, data, data.training)
    held_out = _features(network, data, data.validation)
    network.set_weights(final)
    everything = np.union1d(data.training, data.validation)
    seen_now = _seen(network, data, everything) if learnt.finished else None
    return distance_of(seen_then, held_out, seen_now)


def _seen(network: "keras.Model", data: TrainingSet, items: IntArray) -> Seen:
    few = items[:: -(-len(items) // MOST_IMAGES)]
    return Seen(_features(network, data, few), data.classes[few])


def _features(network: "keras.Model", data: TrainingSet, items: IntArray) -> FloatArray:
    graph = Graph(export_graph(network))
    parts = [
        graph.run(data.pixels[items[start : start + IMAGES_AT_ONCE]])[1]
        for start in range(0, len(items), IMAGES_AT_ONCE)
    ]
    return np.concatenate(parts)
