"""graphs: from a Keras network to the graph that predicts without Keras."""

import json

import numpy as np
import pytest

from helpers.paths import PROGRAMS
from napari_image_classifier.classifiers.onnx_runtime import Graph

CASES = PROGRAMS / "networks_to_export.py"
NETWORKS = (
    "plain", "residual", "separable", "squeeze and excite", "branches", "merged",
    "in training only", "activations", "nested", "sequential", "softmax of its own", "nested last",
    "preprocessing", "colours", "groups", "axes", "arithmetic", "softmax as an operation",
)  # fmt: skip


@pytest.fixture(scope="module")
def cases(keras_forks, tmp_path_factory):
    """A folder with graphs, images and Keras's probabilities, made in a process of its own."""
    folder = tmp_path_factory.mktemp("graphs")
    keras_forks.succeed(CASES, folder)
    return folder


def probabilities_of(logits):
    """A softmax over the classes."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_graph_gives_the_probabilities_of_keras(cases, name):
    """On random images of several sizes, for every kind of layer."""
    graph = Graph((cases / f"{name}.onnx").read_bytes())
    said = np.load(cases / f"{name}.npz")
    for key in said.files:
        if key.startswith("images"):
            logits, features = graph.run(said[key])
            expected = said[key.replace("images", "probabilities")]
            assert np.ptp(expected, axis=0).max() > 1e-3, "the case tells nothing"
            assert probabilities_of(logits) == pytest.approx(expected, abs=1e-5)
            assert features.shape[0] == len(logits)


def test_features_are_what_the_last_dense_layer_takes_in(cases):
    """Its weights on the features give the logits, whose number is that of the classes."""
    graph = Graph((cases / "residual.onnx").read_bytes())
    logits, features = graph.run(np.zeros((2, 20, 30, 2), np.float32))
    assert (logits.shape, features.shape) == ((2, 3), (2, 4))
    assert (logits.dtype, features.dtype) == (np.float32, np.float32)


def test_what_cannot_be_a_graph_is_named(cases):
    """A sentence says which layer, or what is wrong with the end."""
    said = json.loads((cases / "refusals.json").read_text())
    assert "softmax" in said["no softmax"]
    assert "Conv2DTranspose" in said["a layer not known"]
    assert "channels last" in said["channels first"]
    assert "axis" in said["normalised over y"]
    assert "Sin" in said["an operation not known"]
