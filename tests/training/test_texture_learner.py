"""Texture features in a network's place: trained, saved, used and made again without Keras."""

import csv
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from scipy.special import softmax

from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.manifest import manifest_path
from napari_image_classifier.classifiers.texture_model import TextureModel, logistic_regression
from napari_image_classifier.errors import ClassifierFileError, TrainingRefused
from napari_image_classifier.evaluation.reproduce import reproduce
from napari_image_classifier.images.image import Image
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.system.output_lock import RunningError, only_run
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.train import train
from programs.trainings import write_images

TEXTURE = TrainingConfig(network="texture")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with images, the classifier of them, and its events."""
    folder = tmp_path_factory.mktemp("texture")
    table = write_images(folder / "images")
    events = []
    classifier = train(
        table, TEXTURE, output=folder / "texture.keras", on_event=events.append, in_process=True
    )
    return folder, table, classifier, events


def test_it_tells_the_classes_apart(trained):
    """Through its file; every image, as the classes differ plainly."""
    _, table, classifier, events = trained
    said = [classifier.predict(item.image).class_name for item in table.items]
    assert said == [item.class_name for item in table.items]
    result = events[-1]
    assert result["balanced_accuracy"] >= 0.9
    assert result["history"] == []
    assert any(event.get("stage") == "measuring" for event in events)
    assert any("learnt from, too" in said for said in result["messages"])


def test_it_is_calibrated_and_has_a_gate(trained):
    """As every classifier that is trained here."""
    _, _, classifier, _ = trained
    assert classifier.description.by_texture
    assert classifier.description.temperature != 1
    blank = Image.from_array(np.zeros((2, 24, 24), np.uint16), "CYX", channel_names=("GFP", "DNA"))
    assert classifier.predict(blank).status == "unlike-training"


def test_a_folder_is_classified_alike(trained, tmp_path):
    """With helpers, in a table, as from Python."""
    folder, table, classifier, _ = trained
    result = classify_folder(folder / "images", classifier.path, tmp_path / "predictions.csv")
    assert result.n_errors == 0
    with result.output.open(newline="", encoding="utf-8") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    for item in table.items:
        said = classifier.predict(item.image)
        assert rows[item.file]["class"] == said.class_name
        assert float(rows[item.file]["confidence"]) == pytest.approx(said.confidence, abs=1e-5)


def test_nothing_of_keras_is_started(trained, tmp_path):
    """Neither to train nor to classify."""
    folder, _, _, _ = trained
    program = (
        "import sys, napari_image_classifier as nic\n"
        "table = nic.read_items(sys.argv[1], group='folder')\n"
        "made = nic.train(table, nic.TrainingConfig(network='texture'), output=sys.argv[2],"
        " in_process=True)\n"
        "made.predict(table.items[0].image)\n"
        "print([name for name in ('keras', 'tensorflow', 'torch') if name in sys.modules])\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, str(folder / "images"), str(tmp_path / "new.keras")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert said.stdout.strip() == "[]"


def test_made_again_it_is_the_same(trained):
    """To the last bit, and it says so."""
    folder, _, classifier, _ = trained
    found = reproduce(manifest_path(classifier.path), in_process=True)
    assert found.same
    assert "Identical weights" in found.found[0]
    assert folder.exists()


def test_several_models_and_a_risk(trained, tmp_path):
    """Each learns from another part; nothing is promised of six dishes."""
    _, table, _, _ = trained
    config = TrainingConfig(network="texture", members=2, risk=0.05)
    made = train(table, config, output=tmp_path / "two.keras", in_process=True)
    assert len(made.graphs) == 2
    assert made.description.thresholds["confidence"] is None
    assert made.predict(table.items[0].image).class_name == "clumped"


def test_the_model_is_that_of_scikit_learn():
    """The same probabilities for two classes and for three, also through the file's bytes."""
    random = np.random.default_rng(0)
    for n_classes in (2, 3):
        features = random.normal(3, 2, (60, 5))
        classes = np.arange(60) % n_classes
        features[:, 0] += classes
        expected = logistic_regression().fit(features, classes).predict_proba(features)
        model = TextureModel.from_bytes(TextureModel.fitted(features, classes).to_bytes())
        found = softmax(model.judge(features)[0].astype(float), axis=1)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_image_without_values_is_no_surprise(trained):
    """NaN is an error of that image, in a sentence."""
    _, _, classifier, _ = trained
    pixels = np.full((2, 24, 24), np.nan, np.float32)
    said = classifier.predict(Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA")))
    assert said.status == "error"
    assert "without a value" in said.message


@pytest.mark.parametrize(
    "damage",
    [b"{}", b"no JSON", b'{"middle": [1], "scale": [0], "weights": [[1]], "offsets": [1]}'],
)
def test_a_damaged_model_is_told(damage):
    """When the file is opened."""
    with pytest.raises(ClassifierFileError, match="texture model"):
        TextureModel.from_bytes(damage)


def test_an_exchanged_model_is_told(trained, tmp_path):
    """The file binds its parts by their hashes."""
    _, _, classifier, _ = trained
    path = tmp_path / "exchanged.keras"
    with zipfile.ZipFile(classifier.path) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("texture.json"):
                stored = json.loads(content)
                stored["offsets"] = [one + 1 for one in stored["offsets"]]
                content = json.dumps(stored).encode()
            target.writestr(name, content)
    with pytest.raises(ClassifierFileError, match="was changed after it was saved"):
        load_classifier(path)


def test_a_network_can_not_go_on_from_it(trained, tmp_path):
    """Nor it from anything; in a sentence."""
    _, table, classifier, _ = trained
    config = TrainingConfig(start_from=str(classifier.path))
    with pytest.raises(TrainingRefused, match="nothing to go on with"):
        train(table, config, output=tmp_path / "x.keras", in_process=True)
    why = TrainingConfig(network="texture", start_from=str(classifier.path)).why_unusable()
    assert "can't go on from a classifier" in why


def test_stopped_it_leaves_nothing(trained, tmp_path):
    """It takes seconds; there is no best so far."""
    folder, _, _, _ = trained
    with pytest.raises(TrainingRefused, match="stopped"):
        train(
            read_items(folder / "images"), TEXTURE, output=tmp_path / "x.keras",
            should_stop=lambda: True, in_process=True,
        )  # fmt: skip
    assert not (tmp_path / "x.keras").exists()


def test_a_second_training_to_the_same_place_is_refused(trained, tmp_path):
    """While the first lives; it is left alone."""
    _, table, _, _ = trained
    output = tmp_path / "texture.keras"
    with only_run(output), pytest.raises(RunningError, match="Another run is writing"):
        train(table, TEXTURE, output=output, in_process=True)
    assert train(table, TEXTURE, output=output, in_process=True).path == output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "texture.keras", "texture.manifest.json",
    ]  # fmt: skip
