"""Batch normalisation in one operation learns what Keras's own layer learns."""

import pytest

LEARN = """
import json
import keras
import numpy as np
from napari_image_classifier.networks.fit.fused_normalization import with_fused_normalization
from napari_image_classifier.networks.architectures import build_network

def learnt(network):
    network.compile(keras.optimizers.SGD(0.01), "categorical_crossentropy", jit_compile=False)
    random = np.random.default_rng(0)
    for _ in range(3):
        images = random.normal(2, 3, (8, 20, 20, 2)).astype("f4")
        network.train_on_batch(images, np.eye(3, dtype="f4")[random.integers(3, size=8)])
    return network.get_weights()

plain, _ = build_network("residual", 2, 3, 20)
fused = with_fused_normalization(plain)
begin = plain.get_weights()
assert all(map(np.array_equal, begin, fused.get_weights()))
kinds = sorted({type(layer).__name__ for layer in fused.layers})
shared = keras.layers.Dense(2)
nested = keras.Sequential([keras.Input((4,)), keras.Sequential([shared])])
a, b = learnt(plain), learnt(fused)
print(json.dumps({
    "backend": keras.backend.backend(),
    "kinds": kinds,
    "moved": max(float(abs(x - y).max()) for x, y in zip(a, begin)),
    "apart": max(float(abs(x - y).max()) for x, y in zip(a, b)),
    "nested is itself": with_fused_normalization(nested) is nested,
}))
"""


@pytest.fixture(scope="module")
def found(keras_forks):
    """What a few steps taught both networks."""
    return keras_forks.answer("-c", LEARN)


def test_both_learn_the_same(found):
    """Weights and moving statistics agree after steps that moved them far."""
    assert found["moved"] > 0.1
    assert found["apart"] < 1e-4 * found["moved"]


def test_the_operation_is_used_where_tensorflow_is(found):
    """Otherwise the test above would compare a network with itself."""
    assert ("FusedBatchNormalization" in found["kinds"]) == (found["backend"] == "tensorflow")


def test_a_nested_network_is_left_as_it_is(found):
    """Copying it layer by layer could lose what its layers share."""
    assert found["nested is itself"]
