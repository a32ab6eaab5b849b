"""Statistics of batch normalisation, measured for the weights there are."""

import numpy as np
import pytest

from napari_image_classifier.networks.fit.averaging import AveragedWeights

MEASURE = """
import json
import keras
import numpy as np
from napari_image_classifier.networks.fit.fused_normalization import with_fused_normalization
from napari_image_classifier.networks.fit.averaging import NormalizationStatistics

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
    return keras_forks.answer("-c", MEASURE)


@pytest.mark.parametrize("kind", ["plain", "fused"])
def test_statistics_are_the_mean_over_the_batches(found, kind):
    """Whatever they were before, and the layer learns on as it did."""
    for statistic in ("mean", "variance"):
        assert found[kind][statistic] == pytest.approx(found["expected"][statistic], rel=1e-4)
    assert found[kind]["momentum"] == 0.9


def test_no_batches_change_nothing(found):
    """As when a person has stopped meanwhile."""
    assert found["none changed"]


class Weighted:
    """As much of a network as the average needs."""

    def __init__(self, *values: float) -> None:
        self.weights = [np.array([value], np.float32) for value in values]

    def get_weights(self) -> list[np.ndarray]:
        """Return copies, as Keras does."""
        return [weights.copy() for weights in self.weights]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Take copies, as Keras does."""
        self.weights = [new.copy() for new in weights]


def test_weights_that_stay_are_their_own_average():
    """From the first step on, wherever training began."""
    network = Weighted(5.0)
    averaged = AveragedWeights(network, 100)
    network.set_weights([np.array([1.0], np.float32)])
    for _ in range(60):
        averaged.update()
    with averaged.in_place():
        assert network.weights[0] == pytest.approx(1, abs=1e-3)


def test_jumping_weights_are_smoothed():
    """The average of a weight that is anywhere from 0 to 1 stays near the middle."""
    network = Weighted(0.0)
    averaged = AveragedWeights(network, 500)
    for value in np.random.default_rng(0).random(4000):
        network.set_weights([np.array([value], np.float32)])
        averaged.update()
    with averaged.in_place():
        assert network.weights[0] == pytest.approx(0.5, abs=0.1)


def test_an_average_over_less_than_a_step_is_the_last_weights_taken_in():
    """Tiny sets have one batch an epoch."""
    network = Weighted(0.0)
    averaged = AveragedWeights(network, 2)
    for value in range(1, 9):
        network.set_weights([np.array([value], np.float32)])
        averaged.update()
    assert averaged.weights[0] == pytest.approx(8)


def test_the_network_has_its_own_weights_back():
    """Also when what was done with the average failed."""
    network = Weighted(2.0, 3.0)
    averaged = AveragedWeights(network, 10)
    network.set_weights([np.array([4.0]), np.array([7.0])])
    with pytest.raises(ZeroDivisionError), averaged.in_place():
        assert [float(weights[0]) for weights in network.weights] == [2, 3]
        raise ZeroDivisionError
    assert [float(weights[0]) for weights in network.weights] == [4, 7]
