"""Statistics of batch normalisation, measured for the weights there are."""

import json

import pytest

MEASURE = """
import json
import keras
import numpy as np
from napari_image_classifier.networks.fit.fused_normalization import with_fused_normalization
from napari_image_classifier.networks.fit.normalization_statistics import NormalizationStatistics

keras.utils.set_random_seed(0)
inputs = keras.Input((None, None, 2))
network = keras.Model(inputs, keras.layers.BatchNormalization(name="bn", momentum=0.9)(inputs))
random = np.random.default_rng(0)
batches = [random.normal((3, 50), (2, 5), (8, 6, 6, 2)).astype("f4") for _ in range(4)]
found = {}
for name, kind in (("plain", network), ("fused", with_fused_normalization(network))):
    NormalizationStatistics(kind).measure(batches)
    layer = kind.get_layer("bn")
    found[name] = {
        "mean": np.asarray(layer.moving_mean).tolist(),
        "variance": np.asarray(layer.moving_variance).tolist(),
        "momentum": layer.momentum,
    }
found["expected"] = {
    "mean": np.mean([b.mean((0, 1, 2)) for b in batches], axis=0).tolist(),
    "variance": np.mean([b.var((0, 1, 2)) for b in batches], axis=0).tolist(),
}
before = network.get_weights()
NormalizationStatistics(network).measure([])
found["none changed"] = all(map(np.array_equal, before, network.get_weights()))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(keras_forks):
    """What was measured of a layer by itself."""
    said = keras_forks.run("-c", MEASURE)
    assert said.returncode == 0, said.stderr[-3000:]
    return json.loads(said.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", ["plain", "fused"])
def test_statistics_are_the_mean_over_the_batches(found, kind):
    """Whatever they were before, and the layer learns on as it did."""
    for statistic in ("mean", "variance"):
        assert found[kind][statistic] == pytest.approx(found["expected"][statistic], rel=1e-4)
    assert found[kind]["momentum"] == 0.9


def test_no_batches_change_nothing(found):
    """As when a person has stopped meanwhile."""
    assert found["none changed"]
