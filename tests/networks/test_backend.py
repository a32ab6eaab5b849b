"""keras_start, and training on every backend that is installed here."""

import json
import subprocess
import sys
import zipfile
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from napari_image_classifier.classifiers.confidence import tempered
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.preparation import prepare
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.networks.backend import backend_here
from napari_image_classifier.system.compute_process import ComputeProcess
from napari_image_classifier.system.records import as_json
from napari_image_classifier.training import backends
from napari_image_classifier.training.backends import (
    BACKENDS,
    DEVICE,
    DeviceRequest,
    installed_backends,
)
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.train import train
from napari_image_classifier.training.train_job import TrainRequest

# Each training starts a backend, which takes a busy machine its time.
pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]

INSTALLED = installed_backends()
SHORT = {"epochs": 1, "size": 32, "seed": 1}


def needs(backend):
    """A mark that skips where the backend is missing."""
    words = BACKENDS[backend]
    return pytest.mark.skipif(backend not in INSTALLED, reason=f"{words} is not installed")


on_each_backend = pytest.mark.parametrize(
    "backend", [pytest.param(name, marks=needs(name)) for name in BACKENDS]
)

PREDICT_WITH_KERAS = """
import os
import sys
os.environ["KERAS_BACKEND"] = sys.argv[4]
import keras
import numpy as np
assert keras.backend.backend() == sys.argv[4]
# Nothing that the classifier's own package has made known helps it.
assert not keras.saving.get_custom_objects()
network = keras.models.load_model(sys.argv[1])
np.save(sys.argv[3], network.predict_on_batch(np.load(sys.argv[2])))
"""

# The graphics processor of a Mac has no numbers of 64 bits: here PyTorch does without, too.
TRAIN_WITHOUT_FLOAT64 = """
import json
import os
import sys
import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from napari_image_classifier.networks import members as network_training
from napari_image_classifier.training.train_job import TRAIN

class NoFloat64(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for one in tree_leaves(made):
            if isinstance(one, torch.Tensor) and one.dtype == torch.float64:
                raise TypeError(f"{function} made a float64")
        return made

def start_and_watch(asked):
    keras = start(asked)
    NoFloat64().__enter__()  # on the thread that trains, until the process ends
    try:
        keras.ops.convert_to_tensor(np.ones(1))
    except TypeError:
        return keras
    raise AssertionError("a float64 was not noticed")

start, network_training.start_keras = network_training.start_keras, start_and_watch
request = TRAIN.read_request(json.load(sys.stdin))
result = TRAIN.run(request, lambda event: None, lambda: False)
print(result.classifier, flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Eight images of each of two classes, one with brighter spots."""
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for name, spots in (("dim", 100), ("bright", 800)):
        (folder / name).mkdir()
        for number in range(8):
            pixels = random.poisson(40, (2, 32, 32)).astype(np.uint16)
            y, x = random.integers(0, 32, (2, 20))
            pixels[0, y, x] += spots
            image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
            write_image(folder / name / f"{number}.tif", image)
    return read_items(folder)


@pytest.fixture
def keras_runs_with(monkeypatch):
    """Call it with the backend of the Keras that this process is to seem to have imported."""
    monkeypatch.setattr(backends, "_is_installed", lambda name: name in BACKENDS)

    def run(backend):
        keras = SimpleNamespace(backend=SimpleNamespace(backend=lambda: backend))
        monkeypatch.setitem(sys.modules, "keras", keras)

    return run


def prepared(item, classifier):
    """What the network sees of an item."""
    with read_image(item.image) as image:
        return prepare(image, classifier.preparation)


def probabilities_of_keras(keras_forks, classifier, images, folder):
    """What plain Keras says, under TensorFlow where that is installed."""
    np.save(folder / "images.npy", images)
    files = (classifier.path, folder / "images.npy", folder / "probabilities.npy")
    keras_forks.succeed("-c", PREDICT_WITH_KERAS, *files, INSTALLED[0])
    return np.load(folder / "probabilities.npy")


@on_each_backend
def test_each_backend_saves_the_same_kind_of_file(backend, table, tmp_path, keras_forks):
    """With the same members, and the probabilities of Keras on another backend."""
    config = TrainingConfig(**SHORT, backend=backend)
    # A fork has its backend already.
    with keras_forks.for_children() if backend == INSTALLED[0] else nullcontext():
        classifier = train(table, config, output=tmp_path / "cells.keras")
    versions = classifier.description.training["versions"]
    assert versions["backend"] == backend
    assert versions["device"]
    with zipfile.ZipFile(classifier.path) as archive:
        assert set(archive.namelist()) == {
            "metadata.json", "config.json", "model.weights.h5", "graph.onnx", "classifier.json"
        }  # fmt: skip
    images = np.stack([prepared(item, classifier) for item in table.items])
    expected = probabilities_of_keras(keras_forks, classifier, images, tmp_path)
    assert np.ptp(expected[:, 0]) > 0.001
    expected = tempered(expected.astype(float), classifier.description.temperature)
    assert np.abs(classifier.predict_prepared(images) - expected).max() < 1e-5


@on_each_backend
def test_the_device_is_told_in_words(backend):
    """By a job of the compute process, for the dock."""
    said = ComputeProcess(DEVICE, DeviceRequest(backend)).result()
    assert said.backend == backend
    assert said.device.endswith(("cores", "GPU", "(GPU)"))


@needs("torch")
def test_pytorch_trains_without_numbers_of_64_bits(table, tmp_path):
    """As it must on the graphics processor of a Mac, which has none."""
    config = TrainingConfig(**SHORT, backend="torch")
    output = tmp_path / "cells.keras"
    request = as_json(TrainRequest(table, config, output))
    done = subprocess.run(
        [sys.executable, "-c", TRAIN_WITHOUT_FLOAT64],
        input=json.dumps(request), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == str(output)


@pytest.mark.skipif(INSTALLED[:1] != ("torch",), reason="PyTorch is not the first one installed")
def test_training_without_tensorflow_says_what_it_took(table, tmp_path):
    """PyTorch, among the messages of the result."""
    said = []
    train(table, TrainingConfig(**SHORT), output=tmp_path / "cells.keras", on_event=said.append)
    assert "PyTorch did the training, as TensorFlow is not installed." in said[-1]["messages"]


def test_keras_that_runs_with_another_backend_is_refused(keras_runs_with):
    """It can't change, and must not train on the wrong one in silence."""
    keras_runs_with("jax")
    with pytest.raises(TrainingRefused, match="already runs in this program with JAX and can't"):
        backend_here("torch")
    assert backend_here("jax") == "jax"


def test_keras_that_runs_is_used_where_nothing_was_asked_for(keras_runs_with, monkeypatch):
    """Whatever it would be set to if it started now; unless it can't train at all."""
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras_runs_with("jax")
    assert backend_here() == "jax"
    keras_runs_with("numpy")
    with pytest.raises(TrainingRefused, match="can't train"):
        backend_here()


def test_another_backend_is_refused_before_an_image_is_read(keras_runs_with, table):
    """In this process, as the command line trains."""
    keras_runs_with("tensorflow")
    events = []
    with pytest.raises(TrainingRefused, match="already runs in this program with TensorFlow"):
        config = TrainingConfig(backend="torch")
        train(table, config, in_process=True, on_event=events.append)
    assert events == []
