"""keras_files: a classifier's file as Keras sees it."""

import json
from unittest import mock

import pytest

from helpers.paths import PROGRAMS
from hostile.classifiers import DESCRIPTION, parts_of, zipped
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.errors import ClassifierFileError, ComputeError
from napari_image_classifier.networks.architectures import NETWORKS
from napari_image_classifier.networks.files import load_network
from napari_image_classifier.training.import_network import import_network

CASES = PROGRAMS / "keras_files.py"


@pytest.fixture(scope="module")
def folder(keras_forks, tmp_path_factory):
    """A folder of files that Keras made, in a process of its own."""
    folder = tmp_path_factory.mktemp("keras_files")
    keras_forks.succeed(CASES, folder)
    return folder


@pytest.fixture(scope="module")
def found(folder):
    """What Keras says of those files."""
    return json.loads((folder / "found.json").read_text())


def test_probabilities_are_those_of_plain_keras(found):
    """Saved, opened by plain Keras and by us: the same on 120 random images of three sizes."""
    assert found["saved"]["plain keras"] == 0
    assert len(found["saved"]["differences"]) == 3
    assert max(found["saved"]["differences"]) < 1e-5


def test_an_ensemble_softens_averaged_probabilities(found):
    """What the members say is averaged, then calibrated; each member can be trained on."""
    assert found["saved"]["ensemble"] < 1e-5
    assert found["saved"]["second member"] == 0


def test_a_refused_network_leaves_an_earlier_file_alone(found):
    """The sentence tells both numbers, and nothing else is left in the folder."""
    refused = found["refused"]
    assert refused["classes"] == "The network has 5 outputs but 2 classes were named."
    assert refused["channels"] == "The network takes 3 channels but 2 were named."
    assert "softmax" in refused["no softmax"]
    assert (refused["left"], refused["earlier"]) == (["earlier.keras"], "an earlier file")


def test_a_network_too_large_for_its_file_is_never_built(tiny_classifier_path, tmp_path):
    """Eight stages of 1,024 filters: opened to predict, which its graph does, not to train on."""
    parts = parts_of(tiny_classifier_path.read_bytes())
    described = json.loads(parts[DESCRIPTION])
    arguments = {"channels": 2, "classes": 2, "stem_stride": 1, "filters": [1024] * 8}
    described["architecture"] = {"name": "residual", "arguments": arguments}
    path = tmp_path / "large.keras"
    path.write_bytes(zipped({**parts, DESCRIPTION: json.dumps(described).encode()}))
    assert load_classifier(path).class_names == tuple(described["class_names"])
    with (
        mock.patch.dict(NETWORKS, {"residual": mock.Mock(side_effect=AssertionError("built"))}),
        pytest.raises(ClassifierFileError, match="too small for the weights of a network"),
    ):
        load_network(path)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("free", [32, 32]),
        ("fixed", [48, 40]),
        ("sigmoid", [32, 32]),
        ("logits", [32, 32]),
        ("logarithms", [32, 32]),
        ("logit", [32, 32]),
        ("wrapped", [32, 32]),
        ("old", [32, 32]),
    ],
)
def test_an_imported_network_keeps_its_probabilities(found, name, size):
    """Its size is its own where it has one; a sigmoid is the second class's probability."""
    imported = found["imported"][name]
    assert imported["size"] == size
    assert imported["intensity"] == "none"
    assert imported["difference"] < 1e-5


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("free", ["does not scale intensities"]),
        ("logit", ["one number", "does not scale intensities"]),
        ("wrapped", ["one number", "does not scale intensities"]),
        ("logits", ["before a softmax", "does not scale intensities"]),
    ],
)
def test_what_was_assumed_is_told(found, name, words):
    """A sentence for each assumption, kept in the classifier."""
    messages = found["imported"][name]["messages"]
    assert len(messages) == len(words)
    for message, word in zip(messages, words, strict=True):
        assert word in message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("five", "has 5 outputs but 2 classes were named"),
        ("inputs", "2 inputs and 1 output"),
        ("outputs", "1 input and 2 outputs"),
        ("custom", "TheirLayer, and needs its author's code"),
        ("lambda", "can't be used here: Lambda"),
        ("first", "channels last"),
        ("sigmoids", "several classes can hold at once"),
        ("unbuilt", "does not say which images it takes"),
        ("weights.weights", "weights alone"),
        ("foreign", "is a folder"),
        ("none", "is no classifier"),
        ("no_json", "is damaged"),
        ("packed", "packed again"),
        ("one", "is a classifier already"),
        ("no size", "images of any size"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_a_reason(found, name, words):
    """One sentence each."""
    assert words in found["imported"][name]["error"]


def test_import_runs_in_the_compute_process(folder, tmp_path):
    """From Python: the classifier comes back loaded, a refusal as a sentence."""
    classifier = import_network(
        folder / "foreign" / "free.keras",
        tmp_path / "mine.keras",
        class_names=["quiet", "loud"],
        channel_names=["GFP", "DNA"],
        preparation={"size": (20, 20), "projection": "mean"},
    )
    assert classifier.path == tmp_path / "mine.keras"
    assert classifier.class_names == ("quiet", "loud")
    assert classifier.preparation.size == (20, 20)
    assert classifier.description.training["imported_from"] == "free.keras"
    with pytest.raises(ComputeError, match="named twice"):
        import_network(
            folder / "foreign" / "fixed.keras",
            tmp_path / "no.keras",
            class_names=["a", "a"],
            channel_names=["GFP", "DNA"],
        )
