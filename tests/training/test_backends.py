"""backends: which backend Keras is to run on, and what is said where it is missing."""

import json

import pytest

from napari_image_classifier.training import backends
from napari_image_classifier.training.backends import (
    BACKENDS,
    assumption,
    backend_to_use,
    installed_backends,
    why_unusable,
)
from napari_image_classifier.training.config import TrainingConfig


@pytest.fixture
def has(monkeypatch, tmp_path):
    """Call it with the backends of a computer on which nobody has set Keras up."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def install(*names):
        monkeypatch.setattr(backends, "_is_installed", lambda name: name in names)

    return install


def set_in_keras_json(folder, backend):
    """Set Keras up as its own file does."""
    (folder / "keras.json").write_text(json.dumps({"backend": backend}))


def test_tensorflow_is_the_usual_one(has):
    """Where several are installed and nobody chose."""
    has(*BACKENDS)
    assert backend_to_use() == "tensorflow"
    assert why_unusable() is None
    assert assumption() is None


def test_without_tensorflow_the_next_one_is_used_and_said(has, tmp_path):
    """keras.json names TensorFlow as Keras wrote it by itself, which is no choice."""
    set_in_keras_json(tmp_path, "tensorflow")
    has("torch", "jax")
    assert backend_to_use() == "torch"
    assert why_unusable() is None
    assert assumption() == "PyTorch did the training, as TensorFlow is not installed."
    assert assumption("torch") is None


def test_what_is_asked_for_comes_before_what_keras_is_set_to(has, monkeypatch, tmp_path):
    """The option, then the environment, then the file."""
    has(*BACKENDS)
    set_in_keras_json(tmp_path, "jax")
    assert backend_to_use() == "jax"
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert backend_to_use() == "torch"
    assert assumption() is None
    assert backend_to_use("tensorflow") == "tensorflow"


def test_a_missing_backend_is_one_sentence_that_says_how_to_install_it(has, monkeypatch):
    """Also in the configuration, so that nothing is read before."""
    has("tensorflow", "jax")
    said = TrainingConfig(backend="torch").why_unusable()
    assert said == (
        "PyTorch is not installed; install it (pip install torch), or choose a backend that is: "
        "TensorFlow, JAX."
    )
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert why_unusable() == said
    assert why_unusable("tensorflow") is None


def test_without_any_backend_it_says_which_to_install(has):
    """The usual one, and what to do where that has no version."""
    has()
    assert "pip install tensorflow, or" in why_unusable()
    assert "pip install torch" in why_unusable()


def test_a_backend_that_only_predicts_is_refused(has, monkeypatch):
    """Keras can be set to some that can't train."""
    has(*BACKENDS)
    monkeypatch.setenv("KERAS_BACKEND", "openvino")
    assert "Keras is set to openvino" in why_unusable()
    assert why_unusable("torch") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "{"])
def test_a_damaged_setting_is_none(has, tmp_path, text):
    """Keras says what is wrong with it, if it minds."""
    has(*BACKENDS)
    (tmp_path / "keras.json").write_text(text)
    assert backend_to_use() == "tensorflow"


@pytest.mark.skipif("jax" in installed_backends(), reason="JAX is installed")
def test_a_folder_of_that_name_is_no_backend(monkeypatch, tmp_path):
    """Such as an uninstall leaves, or a person makes."""
    (tmp_path / "jax").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert "jax" not in installed_backends()
