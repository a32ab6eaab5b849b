"""The limits of a classifier: what a training is let begin can be saved, and opened again."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from helpers.paths import RELEASES
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.description import (
    Architecture,
    ClassifierDescription,
    Member,
)
from napari_image_classifier.classifiers.file import read_description, write_description
from napari_image_classifier.classifiers.limits import (
    EPOCHS_OF_ALL,
    LETTERS_OF_ALL_CLASSES,
    MOST_CLASSES,
    MOST_NETWORKS,
)
from napari_image_classifier.classifiers.novelty import FeatureDistance
from napari_image_classifier.classifiers.onnx_runtime import probe_image
from napari_image_classifier.classifiers.texture_model import (
    FEATURES_OF_A_CHANNEL,
    TextureModel,
    measured_texture,
)
from napari_image_classifier.errors import ClassifierFileError, TrainingRefused
from napari_image_classifier.items.preparation import Preparation, PreparationError
from napari_image_classifier.training.config import LEARNER_NAMES, TrainingConfig


def names_of(n_classes, letters=0):
    """So many classes, the names of so many letters or more."""
    return tuple(f"class {number}".ljust(letters, "é") for number in range(n_classes))


def largest_classes(config, n_channels):
    """The most classes that such a training is let begin with."""
    low, high = 2, MOST_CLASSES
    while low < high:
        middle = (low + high + 1) // 2
        try:
            config.check_can_be_saved(names_of(middle, 60), n_channels)
            low = middle
        except TrainingRefused:
            high = middle - 1
    return low


@pytest.mark.parametrize(
    ("name", "members", "features"), [("residual", 4, 128), ("DenseNet121", MOST_NETWORKS, 1024)]
)
def test_the_largest_training_that_may_begin_can_be_opened(tmp_path, name, members, features):
    """With the novelty detection of every network, and the scores of every class and epoch."""
    config = TrainingConfig(network=name, members=members)
    # The confusion of a thousand classes alone would take half a minute to write.
    n_classes = min(400, largest_classes(config, 4))
    assert n_classes >= 40
    random = np.random.default_rng(0)
    distance = FeatureDistance(
        n_classes, 64, *(random.normal(size=(n, features)).astype("f4") for n in (n_classes, 64)),
        np.ones(64, np.float32), 1.0, 2.0,
    )  # fmt: skip
    gate = load_classifier(RELEASES / "0.1.0" / "network.keras").description.gate
    gate = replace(gate, distances=(distance,) * members)
    epoch = {"epoch": 1, **{f"score_of_the_{n}": 0.12345678901234567 for n in range(7)}}
    description = ClassifierDescription(
        names_of(n_classes, 60),
        Preparation(("DNA", "GFP"), ranges=((0.0, 1.0),) * 2),
        training={
            "confusion": np.full((n_classes, n_classes), 1234).tolist(),
            "history": [epoch] * (members * config.epochs),
            "items_per_class": dict.fromkeys(names_of(n_classes, 60), 12),
        },
        gate=gate,
    )
    each = [Member(f"w{n}", f"g{n}", "0" * 64, "0" * 64) for n in range(members)]
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        write_description(archive, description, each)
        opened = read_description(archive.read("classifier.json"))
    assert opened.class_names == description.class_names


@pytest.mark.parametrize(
    ("config", "names", "said"),
    [
        ({}, names_of(MOST_CLASSES + 1), "1,001 classes, and at most 1,000"),
        ({}, ("a", "b" * 501), "501 letters in the name of a class"),
        ({}, names_of(900, 1 + LETTERS_OF_ALL_CLASSES // 900), "letters in the names of classes"),
        ({"network": "ResNet50V2", "members": 20}, names_of(600), "could not be saved"),
        ({}, ("a", "a"), "named twice"),
        ({}, ("a", " "), "needs a name"),
    ],
)
def test_what_could_not_be_saved_is_refused_before_it_begins(config, names, said):
    """In a sentence, whatever is trained."""
    with pytest.raises(TrainingRefused, match=said):
        TrainingConfig(**config).check_can_be_saved(names, 2)


def test_600_classes_can_be_trained():
    """By every way there is to learn, with one network."""
    for name in LEARNER_NAMES:
        TrainingConfig(network=name).check_can_be_saved(names_of(600), 4)


def test_epochs_of_all_networks_are_limited_together():
    """As each has its line in the file."""
    assert TrainingConfig(epochs=EPOCHS_OF_ALL // 2, members=2).why_unusable() is None
    assert "together" in str(TrainingConfig(epochs=EPOCHS_OF_ALL // 2, members=3).why_unusable())
    assert TrainingConfig(epochs=10**7).why_unusable() is not None


@pytest.mark.parametrize("size", [(8192, 8192), (1, 8192)])
def test_a_large_image_of_a_few_channels_can_be_prepared(size):
    """A hundred channels as well, where it is smaller."""
    assert Preparation(("DNA",), size=size).size == size
    assert Preparation(tuple(map(str, range(100))), size=(512, 512)).n_channels == 100
    with pytest.raises(PreparationError, match="numbers for an image"):
        Preparation(("DNA", "GFP"), size=(8192, 8192))


def test_features_of_a_texture_are_counted_right():
    """As they are measured, for each channel."""
    pixels = np.random.default_rng(0).random((24, 24, 2), np.float32)
    assert len(measured_texture(pixels)) == 2 * FEATURES_OF_A_CHANNEL


def test_a_texture_model_of_600_classes_can_be_opened():
    """It was one megabyte too large before."""
    features = np.random.default_rng(0).normal(size=(4 * FEATURES_OF_A_CHANNEL))
    model = TextureModel(features, abs(features), np.tile(features, (600, 1)), np.zeros(600))
    TextureModel.from_bytes(model.to_bytes()).check(600, 4)
    with pytest.raises(ClassifierFileError, match="other classes"):
        model.check(600, 3)


def test_the_test_image_is_the_same_in_parts():
    """Whatever its size: classifiers hold what was said of it."""
    image = probe_image(Preparation(("a",), size=(1100, 1000)))
    count = np.arange(image.size, dtype=np.uint64) * np.uint64(2654435761) % np.uint64(2**32)
    assert np.array_equal(image.ravel(), (count / 2**32).astype(np.float32))


def test_distances_to_many_classes_are_measured_in_parts(monkeypatch):
    """Each image's is what it is alone."""
    random = np.random.default_rng(1)
    features = random.normal(size=(40, 6)).astype(np.float32)
    distance = FeatureDistance.fitted(features, np.arange(40) % 3)
    whole = distance.of(features)
    monkeypatch.setattr("napari_image_classifier.classifiers.novelty.NUMBERS_AT_ONCE", 40)
    assert np.array_equal(distance.of(features), whole)
    assert distance.of(features[:0]).shape == (0,)


def test_an_architecture_of_the_classifier_is_opened():
    """Its classes and channels are those of the classifier."""
    content = zipfile.ZipFile(RELEASES / "0.1.0" / "network.keras").read("classifier.json")
    stored = json.loads(content)
    stored["architecture"] = {"name": "residual", "arguments": {"classes": 2, "channels": 2}}
    opened = read_description(json.dumps(stored).encode())
    assert opened.architecture == Architecture("residual", {"classes": 2, "channels": 2})
