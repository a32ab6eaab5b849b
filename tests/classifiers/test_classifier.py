"""classifier: opening a classifier file and predicting without Keras."""

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.description import (
    Architecture,
    ClassifierDescription,
    description_of,
)
from napari_image_classifier.classifiers.onnx_runtime import Graph
from napari_image_classifier.errors import ClassifierFileError, ImageClassifierError
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.preparation import Preparation

RANDOM = np.random.default_rng(9)


@pytest.fixture
def classifier(tiny_classifier_path):
    """Channels GFP and DNA, classes control and depleted, 32 x 32 px."""
    return load_classifier(tiny_classifier_path)


@pytest.fixture
def changed(tiny_classifier_path, tmp_path):
    """A function that writes the tiny classifier with some members other than they were."""

    def write(parts=None, description=None, compression=zipfile.ZIP_STORED):
        path = tmp_path / "changed.keras"
        with (
            zipfile.ZipFile(tiny_classifier_path) as source,
            zipfile.ZipFile(path, "w", compression) as target,
        ):
            for name in source.namelist():
                content = source.read(name)
                if name == "classifier.json" and description:
                    content = json.dumps({**json.loads(content), **description}).encode()
                content = (parts or {}).get(name, content)
                if content is not None:
                    target.writestr(name, content)
        return path

    return write


def pixels(*shape):
    """A random 16-bit array."""
    return RANDOM.integers(0, 1500, shape).astype(np.uint16)


def test_a_classifier_says_what_it_is(classifier, tiny_classifier_path):
    """Names, preparation, where it is and its SHA-256."""
    assert classifier.path == tiny_classifier_path
    assert classifier.class_names == ("control", "depleted")
    assert classifier.channel_names == ("GFP", "DNA")
    assert classifier.preparation.size == (32, 32)
    assert len(classifier.sha256) == 64
    assert "control" in repr(classifier)


def test_a_file_an_image_and_an_array_are_classified_alike(classifier, tmp_path):
    """The same probabilities for all classes, summing to 1; the path gives the name."""
    array = pixels(2, 50, 40)
    image = Image.from_array(array, "CYX", channel_names=("GFP", "DNA"))
    write_image(tmp_path / "cell.tif", image)
    of_file = classifier.predict(tmp_path / "cell.tif")
    assert of_file.file.endswith("cell.tif")
    assert list(of_file.probabilities) == ["control", "depleted"]
    assert sum(of_file.probabilities.values()) == pytest.approx(1)
    assert of_file.confidence == of_file.probabilities[of_file.class_name]
    for other in (image, array):
        assert classifier.predict(other).probabilities == of_file.probabilities


def test_channels_are_found_by_name_or_given(classifier):
    """The order in the image does not matter where its channels have names."""
    array = pixels(2, 32, 32)
    expected = classifier.predict(array).probabilities
    swapped = Image.from_array(array[::-1], "CYX", channel_names=("dna", "gfp"))
    assert classifier.predict(swapped).probabilities == expected
    assert classifier.predict(array[::-1], channels=(1, 0)).probabilities == expected
    with pytest.raises(ImageClassifierError, match="3 channels"):
        classifier.predict(pixels(3, 32, 32))


def test_a_stack_is_projected_and_a_plane_selected(classifier):
    """An array (channel, z, y, x) is one image; "z=1" means its second plane."""
    stack = pixels(2, 3, 32, 32)
    whole = classifier.predict(stack.max(axis=1)).probabilities
    assert classifier.predict(stack).probabilities == whole
    plane = classifier.predict(stack[:, 1]).probabilities
    assert classifier.predict(stack, selection="z=1").probabilities == plane
    with pytest.raises(ImageClassifierError, match="shape"):
        classifier.predict(pixels(32, 32))


def test_prepared_images_may_have_any_number_and_size(classifier):
    """Rows don't depend on the batch they are in; none is none."""
    batch = RANDOM.random((70, 300, 200, 2), np.float32)
    rows = classifier.predict_prepared(batch)
    assert (rows.shape, rows.dtype) == ((70, 2), np.float64)
    assert rows.sum(axis=1) == pytest.approx(np.ones(70))
    assert classifier.predict_prepared(batch[66:67]) == pytest.approx(rows[66:67], abs=1e-6)
    assert classifier.predict_prepared(batch[:0]).shape == (0, 2)
    with pytest.raises(ValueError, match="shape"):
        classifier.predict_prepared(batch[..., :1])


def test_logits_and_features_lie_under_the_probabilities(classifier):
    """A softmax of the logits gives the probabilities."""
    batch = RANDOM.random((5, 32, 32, 2), np.float32)
    logits, features = classifier.graphs[0].run(batch)
    assert (logits.shape, features.shape) == ((5, 2), (5, 4))
    powers = np.exp(logits.astype(float))
    expected = powers / powers.sum(axis=1, keepdims=True)
    assert classifier.predict_prepared(batch) == pytest.approx(expected, abs=1e-6)


def test_a_high_temperature_makes_every_class_alike(changed):
    """Logits are divided by it before they become probabilities."""
    hot = load_classifier(changed(description={"temperature": 1e6}))
    batch = RANDOM.random((5, 32, 32, 2), np.float32)
    assert hot.predict_prepared(batch) == pytest.approx(np.full((5, 2), 0.5), abs=1e-4)


def test_every_orientation_counts_alike(changed, classifier):
    """With eight of them, an image and its turned and mirrored copies are the same image."""
    eight = load_classifier(changed(description={"orientations": 8}))
    batch = RANDOM.random((3, 32, 24, 2), np.float32)
    rows = eight.predict_prepared(batch)
    turned = [np.rot90(batch, quarters, (1, 2)) for quarters in range(4)]
    copies = [*turned, *(images[:, ::-1] for images in turned)]
    for copy in copies:
        assert eight.predict_prepared(copy) == pytest.approx(rows, abs=1e-6)
    single = [classifier.predict_prepared(copy) for copy in copies]
    assert rows == pytest.approx(np.mean(single, axis=0), abs=1e-6)
    assert np.ptp(single, axis=0).max() > 1e-3
    logits, features = eight.graphs[0].run(batch)
    assert (logits.shape, features.shape) == ((3, 2), (3, 4))


def test_threads_may_share_a_classifier(tiny_classifier_path):
    """Sixteen threads at once, from before the graph is started, get what one gets."""
    batch = RANDOM.random((4, 32, 32, 2), np.float32)
    expected = load_classifier(tiny_classifier_path).predict_prepared(batch)
    shared = load_classifier(tiny_classifier_path, threads=1)
    with ThreadPoolExecutor(16) as pool:
        for rows in pool.map(shared.predict_prepared, [batch] * 64):
            assert rows == pytest.approx(expected, abs=1e-6)


def test_a_copy_is_the_same_classifier(classifier, tmp_path):
    """Byte for byte; a file that has changed meanwhile is not copied."""
    classifier.save(tmp_path / "copy.keras")
    assert load_classifier(tmp_path / "copy.keras").sha256 == classifier.sha256
    copy = load_classifier(tmp_path / "copy.keras")
    (tmp_path / "copy.keras").write_bytes(b"something else")
    with pytest.raises(ClassifierFileError, match="has changed"):
        copy.save(tmp_path / "other.keras")
    assert not (tmp_path / "other.keras").exists()


def test_a_killed_copy_leaves_a_whole_file(classifier, tmp_path):
    """Whenever the process dies, the name has a classifier or nothing."""
    program = (
        "import sys; from napari_image_classifier.classifiers.classifier import load_classifier\n"
        "one = load_classifier(sys.argv[1]); print('go', flush=True)\n"
        "while True: one.save(sys.argv[2])"
    )
    target = tmp_path / "copy.keras"
    command = [sys.executable, "-c", program, str(classifier.path), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        for _ in range(2000):
            if target.exists():
                break
            time.sleep(0.001)
        time.sleep(RANDOM.random() / 50)
        process.kill()
    assert load_classifier(target).sha256 == classifier.sha256


def test_less_sure_than_it_has_to_be_is_unsure(changed):
    """Class and probabilities stay; the threshold is said."""
    image = Image.from_array(pixels(2, 32, 32), "CYX", channel_names=("GFP", "DNA"))
    sure = load_classifier(changed(description={"thresholds": {"confidence": 0.0}}))
    said = sure.predict(image)
    strict = load_classifier(changed(description={"thresholds": {"confidence": 1.0}}))
    unsure = strict.predict(image)
    assert (said.status, unsure.status) == ("ok", "unsure")
    assert (unsure.class_name, unsure.probabilities) == (said.class_name, said.probabilities)
    assert "Less sure than 1.00" in unsure.message


@pytest.mark.parametrize("confidence", [-0.01, 1.01, 2, 10**400, float("nan")])
def test_a_confidence_that_is_no_probability_is_refused(changed, confidence):
    """The largest that a training writes is 0.999."""
    with pytest.raises(ClassifierFileError, match="not from 0 to 1"):
        load_classifier(changed(description={"thresholds": {"confidence": confidence}}))


@pytest.mark.parametrize(
    "gate", [{}, {"kinds": 3}, "all", {"kinds": {"bits": [], "rgb": False, "pixel_size": None}}]
)
def test_a_damaged_gate_is_told(changed, gate):
    """In a sentence, when the classifier is opened."""
    with pytest.raises(ClassifierFileError, match="gate can't be understood"):
        load_classifier(changed(description={"gate": gate}))


def test_the_description_survives_the_file():
    """What is written is what is read, and keys of later versions are passed over."""
    description = ClassifierDescription(
        class_names=("a", "b"),
        preparation=Preparation(channel_names=("GFP",), ranges=((0, 5),), size=(64, 48)),
        architecture=Architecture("residual", {"n_classes": 2}),
        training={"epochs": 3, "history": [{"loss": 0.5}]},
        orientations=8,
        temperature=1.5,
        thresholds={"confidence": 0.7},
    )
    stored = json.loads(json.dumps(description.stored()))
    assert description_of({**stored, "later": 1}) == description


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"class_names": ("a",)}, "at least two"),
        ({"class_names": ("a", "a")}, "named twice"),
        ({"class_names": ("a", " ")}, "needs a name"),
        ({"temperature": 0.0}, "above 0"),
        ({"orientations": 3}, "1 or 8 orientations"),
        ({"temperature": float("nan")}, "above 0"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(values, words):
    """In one sentence."""
    description = ClassifierDescription(("a", "b"), Preparation(channel_names=("GFP",)))
    with pytest.raises(ClassifierFileError, match=words):
        replace(description, **values)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere.keras", "There is no file"),
        (".", "is a folder"),
        ("https://example.org/cells.keras", "is an address"),
        ("hf://someone/cells", "is an address"),
        ("old.h5", "old format"),
        ("old.hdf5", "old format"),
    ],
)
def test_what_is_no_file_of_ours_is_refused(path, words):
    """By its name alone, in one sentence."""
    with pytest.raises(ClassifierFileError, match=words):
        load_classifier(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    """Opening one would block for ever."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes among files here")
    os.mkfifo(tmp_path / "pipe.keras")
    with pytest.raises(ClassifierFileError, match="not an ordinary file"):
        load_classifier(tmp_path / "pipe.keras")


@pytest.mark.parametrize(
    ("parts", "description", "words"),
    [
        ({"classifier.json": None}, {}, "napari-image-classifier import changed.keras --classes"),
        ({"classifier.json": b"{"}, {}, "not JSON"),
        ({"classifier.json": b"[]"}, {}, "not a table"),
        ({"graph.onnx": b"another"}, {}, "no longer belong together"),
        ({"model.weights.h5": b"another"}, {}, "no longer belong together"),
        ({"graph.onnx": None}, {}, "lacks the part graph.onnx"),
        ({}, {"schema_version": 2}, "newer version of napari-image-classifier"),
        ({}, {"schema_version": "1"}, "schema version"),
        ({}, {"class_names": "ab"}, "class names"),
        ({}, {"class_names": ["a", "a"]}, "named twice"),
        ({}, {"members": []}, "holds no network"),
        ({}, {"members": [{"graph": "graph.onnx"}]}, "lacks a part"),
        ({}, {"preparation": None}, "preparation is missing"),
        ({}, {"preparation": {"size": 3}}, "preparation can't be understood"),
        ({}, {"preparation": {"channel_names": ["a"], "projection": "?"}}, "projection"),
    ],
)
def test_a_changed_file_is_refused(changed, parts, description, words):
    """Network and graph are bound together, and every part of the description is looked at."""
    path = changed(parts, description)
    with pytest.raises(ClassifierFileError, match=words) as refusal:
        load_classifier(path)
    assert "changed.keras" in str(refusal.value)


def test_a_packed_file_is_refused(changed):
    """A small file can hold a huge part only where it is packed."""
    with pytest.raises(ClassifierFileError, match="packed again"):
        load_classifier(changed(compression=zipfile.ZIP_DEFLATED))


def test_a_description_too_large_is_not_read(changed, monkeypatch):
    """Its size is looked at first."""
    monkeypatch.setattr("napari_image_classifier.classifiers.file.LARGEST_DESCRIPTION", 100)
    with pytest.raises(ClassifierFileError, match="too large"):
        load_classifier(changed())


def test_damaged_files_never_raise_anything_else(tiny_classifier_path, tmp_path):
    """Cut short, or bytes turned over: a sentence, or a classifier that still is whole."""
    whole = tiny_classifier_path.read_bytes()
    path = tmp_path / "damaged.keras"
    for _ in range(150):
        content = bytearray(
            whole[: RANDOM.integers(len(whole))] if RANDOM.random() < 0.3 else whole
        )
        for place in RANDOM.integers(max(1, len(content)), size=3 if content else 0):
            content[place] ^= 0xFF
        for place in RANDOM.integers(max(1, len(content) - 900), max(1, len(content)), size=2):
            content[min(place, len(content) - 1)] ^= 0x55
        path.write_bytes(content)
        try:
            assert isinstance(load_classifier(path), Classifier)
        except ClassifierFileError as error:
            assert str(error).startswith(str(path))


def test_a_graph_that_does_not_start_is_a_sentence():
    """A file that a newer runtime wrote, say."""
    with pytest.raises(ClassifierFileError, match="can't be started"):
        Graph(b"not a graph").run(np.zeros((1, 8, 8, 2), np.float32))


def test_no_keras_no_tensorflow_no_pandas(tiny_classifier_path, tmp_path):
    """In a fresh process that opens a classifier and predicts; and it is quick."""
    program = (
        "import sys, time, numpy\n"
        "start = time.perf_counter()\n"
        "import napari_image_classifier as nic\n"
        "said = nic.load_classifier(sys.argv[1]).predict(numpy.ones((2, 40, 40), 'uint16'))\n"
        "heavy = {'tensorflow', 'keras', 'torch', 'pandas', 'sklearn', 'dask', 'napari',\n"
        "         'qtpy', 'h5py'} & set(sys.modules)\n"
        "print(said.status, sorted(heavy), time.perf_counter() - start)"
    )
    copy = shutil.copy(tiny_classifier_path, tmp_path / "größe.keras")
    done = subprocess.run(
        [sys.executable, "-c", program, str(copy)], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("ok [] ")


def test_paths_may_be_relative_and_strings(tiny_classifier_path, monkeypatch):
    """The classifier knows its absolute path."""
    monkeypatch.chdir(tiny_classifier_path.parent)
    assert load_classifier("tiny.keras").path == Path(tiny_classifier_path)


def test_predicts_with_what_an_image_calls_its_channels(classifier):
    """By name or index; a name that the classifier lacks is refused."""
    stored = pixels(2, 32, 32)
    image = Image.from_array(stored[::-1], "CYX", channel_names=("405", "488"))
    expected = classifier.predict(stored).probabilities
    said = classifier.predict(image, channels={"DNA": "405", "GFP": "488"})
    assert said.probabilities == expected
    assert classifier.predict(image, channels=(1, 0)).probabilities == expected
    with pytest.raises(ImageClassifierError, match=r"no channel “GFP”, “DNA”"):
        classifier.predict(image)
    with pytest.raises(ImageClassifierError, match="no channel “405”"):
        classifier.predict(image, channels={"405": "DNA"})


def test_remembers_what_the_images_of_its_training_called_channels(classifier, changed):
    """Who trained with DNA=405 need not say it again, and what is said now counts more."""
    training = {"config": {"channels": ["GFP=488", "DNA=405"]}}
    knowing = load_classifier(changed(description={"training": training}))
    assert knowing.description.channel_map == {"GFP": "488", "DNA": "405"}
    stored = pixels(2, 32, 32)
    image = Image.from_array(stored[::-1], "CYX", channel_names=("405", "488"))
    expected = classifier.predict(stored).probabilities
    assert knowing.predict(image).probabilities == expected
    other = Image.from_array(stored, "CYX", channel_names=("405", "488"))
    assert knowing.predict(other, channels={"GFP": "405", "DNA": "488"}).probabilities == expected
    assert knowing.predict(stored).probabilities == expected
    assert classifier.description.channel_map == {}
