"""Networks by name, looked at in a process of their own, as they need Keras."""

import pytest

from napari_image_classifier.training.config import BACKBONE_NAMES, NETWORK_NAMES

OWN = tuple(name for name in NETWORK_NAMES if name not in BACKBONE_NAMES)

LOOK = """
import json
import keras
import numpy as np
from napari_image_classifier.networks.architectures import NETWORKS, build_network, stem_stride
from napari_image_classifier.system.records import as_json
from napari_image_classifier.training.config import TrainingRefused

found = {"names": list(NETWORKS), "strides": [stem_stride(n) for n in (64, 96, 97, 192, 256)]}
for name in NETWORKS:
    network, architecture = build_network(name, 3, 4, 256)
    again = NETWORKS[name](**json.loads(json.dumps(architecture.arguments)))
    again.set_weights(network.get_weights())
    images = np.random.default_rng(0).random((2, 40, 33, 3), np.float32)
    # Bit for bit what predict_on_batch says, which compiles each network before.
    probabilities = np.asarray(network(images, training=False))
    normalisations = [l for l in network.layers if isinstance(l, keras.layers.BatchNormalization)]
    found[name] = {
        "architecture": as_json(architecture),
        "input": network.input_shape,
        "sums": probabilities.sum(axis=1).tolist(),
        "shape": probabilities.shape,
        "same": bool(np.array_equal(np.asarray(again(images, training=False)), probabilities)),
        "parameters": build_network(name, 1, 16, 64)[0].count_params(),
        "momenta": sorted({layer.momentum for layer in normalisations}),
        "last": [type(layer).__name__ for layer in network.layers[-2:]],
        "activation": network.layers[-1].activation.__name__,
    }
try:
    build_network("deep", 1, 2, 64)
except TrainingRefused as refused:
    found["refused"] = str(refused)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(keras_forks):
    """What was seen of the networks, by name."""
    return keras_forks.answer("-c", LOOK)


def test_the_viewer_knows_every_network(found):
    """Names can be chosen without Keras, so they stand in a second place: it must agree."""
    assert tuple(found["names"]) == NETWORK_NAMES


@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_takes_any_size_and_number_of_channels(found, name):
    """Probabilities for an odd size that nothing was built for."""
    assert found[name]["input"] == [None, None, None, 3]
    assert found[name]["shape"] == [2, 4]
    assert found[name]["sums"] == pytest.approx([1, 1], abs=1e-5)


@pytest.mark.parametrize("name", NETWORK_NAMES)
def test_the_architecture_builds_the_same_network_again(found, name):
    """Name and arguments are JSON and leave nothing out."""
    assert found[name]["architecture"]["name"] == name
    arguments = found[name]["architecture"]["arguments"]
    own = {"stem_stride", "filters"} if name in OWN else set()
    assert set(arguments) == {"channels", "classes", *own}
    assert (arguments["channels"], arguments["classes"]) == (3, 4)
    assert arguments.get("stem_stride", 4) == 4
    assert found[name]["same"]


@pytest.mark.parametrize("name", OWN)
def test_ends_as_the_runtime_expects_and_forgets_fast_enough(found, name):
    """Pooling, then a dense softmax; batch normalisation that keeps up with small data."""
    assert found[name]["last"] == ["GlobalAveragePooling2D", "Dense"]
    assert found[name]["activation"] == "softmax"
    assert found[name]["momenta"] == [0.9]
    assert 250_000 < found[name]["parameters"] < 350_000


def test_larger_images_are_halved_at_once(found):
    """The first stride keeps the work about the same."""
    assert found["strides"] == [1, 1, 2, 2, 4]


def test_an_unknown_name_is_refused(found):
    """The sentence says which there are."""
    assert found["refused"].startswith("There is no network “deep”; choose residual or vgg or ")
