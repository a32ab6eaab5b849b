"""The optimiser turns gradients of convolutions into steps whose directions weigh alike."""

import numpy as np
import pytest

RATE = 0.01
STEP = f"""
import json
import keras
import numpy as np
from napari_image_classifier.networks.muon import muon

random = np.random.default_rng(0)
kernel = keras.Variable(random.normal(size=(3, 3, 4, 8)).astype("f4"), name="kernel")
dense = keras.Variable(random.normal(size=(8, 3)).astype("f4"), name="kernel")
bias = keras.Variable(np.ones(3, "f4"), name="bias")
variables = [kernel, dense, bias]
# One direction of the gradient is many times as strong as the others.
strong = 20 * np.outer(random.normal(size=36), random.normal(size=8))
gradient = (strong + random.normal(size=(36, 8))).reshape(kernel.shape)
gradients = [gradient, np.zeros(dense.shape), np.zeros(bias.shape)]
gradients = [keras.ops.convert_to_tensor(g.astype("f4")) for g in gradients]
before = [keras.ops.convert_to_numpy(v).copy() for v in variables]
optimizer = muon({RATE}, weight_decay=0.1)
optimizer.build(variables)
optimizer.apply(gradients)
after = [keras.ops.convert_to_numpy(v) for v in variables]
print(json.dumps({{
    "before": [v.tolist() for v in before],
    "after": [v.tolist() for v in after],
    "gradient": gradient.tolist(),
}}))
"""


@pytest.fixture(scope="module")
def found(keras_forks):
    """Variables before and after one step."""
    found = keras_forks.answer("-c", STEP)
    return {
        "before": [np.array(values) for values in found["before"]],
        "after": [np.array(values) for values in found["after"]],
        "gradient": np.array(found["gradient"]),
    }


def test_every_direction_of_a_convolution_is_learnt_alike(found):
    """Singular values between 0.6 and 1.3 times the scale, along the gradient's own directions."""
    decayed = found["before"][0] * (1 - 0.1 * RATE)
    step = (decayed - found["after"][0]).reshape(36, 8)
    scale = RATE * 0.2 * np.sqrt(36)
    values = np.linalg.svd(step, compute_uv=False) / scale
    assert values.min() > 0.6
    assert values.max() < 1.3
    left, strengths, right = np.linalg.svd(found["gradient"].reshape(36, 8), full_matrices=False)
    assert strengths[0] > 20 * strengths[1]
    np.testing.assert_allclose(np.diag(left.T @ step @ right.T) / scale, values.mean(), atol=0.35)


def test_weights_decay_and_offsets_do_not(found):
    """Without a gradient only the decay is left."""
    np.testing.assert_allclose(found["after"][1], found["before"][1] * (1 - 0.1 * RATE), rtol=1e-5)
    np.testing.assert_array_equal(found["after"][2], found["before"][2])
