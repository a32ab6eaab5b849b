"""Networks of keras.applications: the colours they see, and what they learnt before."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from napari_image_classifier.training.config import (
    BACKBONE_NAMES,
    FINE_RATE,
    USUAL_RATE,
    TrainingConfig,
)

pytestmark = pytest.mark.long

LOOK = """
import json, os, shutil, sys
from pathlib import Path
import h5py
import keras
import numpy as np
from keras.src.legacy.saving import legacy_h5_format
from napari_image_classifier.networks.architectures import BACKBONES
from napari_image_classifier.networks.pretrained_weights import take_weights
from napari_image_classifier.networks.export.onnx_export import export_graph
from napari_image_classifier.classifiers.onnx_runtime import Graph
from napari_image_classifier.training.config import TrainingRefused

folder = Path(sys.argv[1])
random = np.random.default_rng(0)
found = {}
for name in BACKBONES:
    keras.utils.set_random_seed(0)
    network = BACKBONES[name](2, 3)
    colours = keras.Model(network.inputs[0], network.get_layer("colours").output)
    plain = [np.full((1, 4, 4, 2), value, "f4") for value in (0, 1)]
    images = random.random((2, 64, 64, 2), np.float32)
    # Bit for bit what predict_on_batch says, which compiles each network before.
    expected = np.asarray(network(images, training=False))
    logits, _ = Graph(export_graph(network)).run(images)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found[name] = {
        "dark": np.asarray(colours(plain[0]))[0, 0, 0].tolist(),
        "bright": np.asarray(colours(plain[1]))[0, 0, 0].tolist(),
        "apart": float(np.abs(powers / powers.sum(axis=1, keepdims=True) - expected).max()),
    }

known = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(64, 64, 3))
known.set_weights([random.normal(size=w.shape).astype("f4") for w in known.get_weights()])
known.save_weights(folder / "known.weights.h5")
network = BACKBONES["MobileNetV2"](5, 4)
before = network.get_weights()
take_weights(network, "MobileNetV2", str(folder / "known.weights.h5"))
after = network.get_weights()
found["taken"] = all(map(np.array_equal, after[2:-2], known.get_weights()))
found["ends kept"] = all(np.array_equal(before[i], after[i]) for i in (0, 1, -2, -1))
with h5py.File(folder / "old_notop.h5", "w") as file:
    # As those are that Keras publishes.
    legacy_h5_format.save_weights_to_hdf5_group(file, known)
take_weights(network, "MobileNetV2", str(folder / "old_notop.h5"))
found["taken from old"] = all(map(np.array_equal, network.get_weights()[2:-2], known.get_weights()))
found["refused"] = {}
for case in ("link", "packed", "nan", "huge", "text"):
    shutil.copy(folder / "known.weights.h5", folder / f"{case}.weights.h5")
    with h5py.File(folder / f"{case}.weights.h5", "a") as file:
        group = file["layers"]
        if case == "link":
            group["other"] = h5py.ExternalLink(str(folder / "known.weights.h5"), "/layers")
        elif case == "packed":
            group.create_dataset("zeros", data=np.zeros(10**6, "f4"), compression="gzip")
        elif case == "nan":
            group.create_dataset("nan", data=np.full(4, np.nan, "f4"))
        elif case == "huge":
            group.create_dataset("huge", (10**6, 10**6, 10), "f4")
        else:
            group.create_dataset("text", data=["import os"] * 9, dtype=h5py.string_dtype())
os.mkfifo(folder / "pipe.weights.h5")
other = BACKBONES["DenseNet121"](1, 2)
(folder / "no.weights.h5").write_bytes(b"nothing")
for case, target, name, weights in (
    *((name, network, "MobileNetV2", folder / f"{name}.weights.h5")
      for name in ("link", "packed", "nan", "huge", "text", "pipe")),
    ("other", other, "DenseNet121", folder / "known.weights.h5"),
    ("damaged", network, "MobileNetV2", folder / "no.weights.h5"),
):
    try:
        take_weights(target, name, str(weights))
    except TrainingRefused as refused:
        found["refused"][case] = str(refused)
sys.modules["keras.src.applications.mobilenet_v2"].BASE_WEIGHT_PATH = "http://127.0.0.1:9/"
try:
    take_weights(network, "MobileNetV2", "imagenet")
except TrainingRefused as refused:
    found["refused"]["unreachable"] = str(refused)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What was seen of the networks, in a process of their own."""
    folder = tmp_path_factory.mktemp("weights")
    # An empty cache of downloads, so that nothing was downloaded before.
    said = subprocess.run(
        [sys.executable, "-c", LOOK, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KERAS_HOME": str(folder)},
    )
    assert said.returncode == 0, said.stderr[-3000:]
    return json.loads(said.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", BACKBONE_NAMES)
def test_black_is_black_and_white_is_white(found, name):
    """All colours alike where the network takes plain numbers; two channels share three colours."""
    dark, bright = np.array(found[name]["dark"]), np.array(found[name]["bright"])
    assert (bright > dark + 1.9).all()
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = {
        "EfficientNetV2B0": (np.zeros(3), np.full(3, 255.0)),
        "DenseNet121": (-mean / deviation, (1 - mean) / deviation),
    }.get(name, (np.full(3, -1.0), np.ones(3)))
    np.testing.assert_allclose(dark, expected[0], atol=1e-3)
    np.testing.assert_allclose(bright, expected[1], atol=1e-3)


@pytest.mark.parametrize("name", BACKBONE_NAMES)
def test_the_light_runtime_says_what_keras_says(found, name):
    assert found[name]["apart"] < 1e-5


def test_weights_come_from_a_file(found):
    """All of the network's, and neither the colours nor the classes."""
    assert found["taken"]
    assert found["taken from old"]
    assert found["ends kept"]


def test_weights_that_do_not_fit_are_refused(found):
    assert found["refused"]["other"].startswith(
        "known.weights.h5 holds no weights of DenseNet121 without its top: "
    )
    assert "no.weights.h5" in found["refused"]["damaged"]


@pytest.mark.parametrize("case", ["link", "packed", "nan", "huge", "text", "pipe"])
def test_files_of_weights_are_data(found, case):
    """Whatever a manifest names: Keras is given what was understood of it, or nothing."""
    assert found["refused"][case].startswith(f"{case}.weights.h5 holds no weights of MobileNetV2")
    assert "its weights" in found["refused"][case]


def test_without_a_network_the_sentence_says_what_to_do(found):
    assert "MobileNetV2" in found["refused"]["unreachable"]
    assert "can't be downloaded" in found["refused"]["unreachable"]
    assert "give them as a file" in found["refused"]["unreachable"]


def test_what_was_learnt_before_is_changed_in_small_steps():
    assert TrainingConfig().largest_step == USUAL_RATE
    assert TrainingConfig(network="MobileNetV2").largest_step == FINE_RATE
    assert TrainingConfig(network="MobileNetV2", weights="none").largest_step == USUAL_RATE
    assert TrainingConfig(network="MobileNetV2", learning_rate=0.01).largest_step == 0.01


def test_a_file_that_is_not_there_is_refused_before_any_work(tmp_path):
    config = TrainingConfig(network="MobileNetV2", weights=str(tmp_path / "none.h5"))
    assert "none.h5" in config.why_unusable()
    assert TrainingConfig(weights=str(tmp_path / "none.h5")).why_unusable() is None
