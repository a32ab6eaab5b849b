"""cli: every command as a person types it, on real files."""

import csv
import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from helpers.paths import KERAS_FILES
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.cli.app import main
from napari_image_classifier.cli.commands import app
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.training.config import TrainingConfig

COMMANDS = {
    "agreement",
    "evaluate",
    "train",
    "classify",
    "import",
    "describe",
    "info",
    "merge",
    "reproduce",
    "sort",
    "summarize",
    "demo",
}
TRAIN = ("--size", "32", "--network", "residual", "--channels", "GFP,DNA")

SAVE_A_NETWORK = """
import sys
import keras
images = keras.Input((16, 16, 2))
pooled = keras.layers.GlobalAveragePooling2D()(images)
keras.Model(images, keras.layers.Dense(2, activation="softmax")(pooled)).save(sys.argv[1])
"""


def write_images(folder, count, brightness=100):
    """Write small images of two channels."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(brightness)
    for number in range(count):
        pixels = random.poisson(brightness, (2, 32, 32)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(folder / f"{number}.tif", image)


@pytest.fixture
def folder(tmp_path):
    """Two classes that differ in brightness, as sub-folders."""
    write_images(tmp_path / "images" / "bright", 4, 300)
    write_images(tmp_path / "images" / "dark", 4, 30)
    return tmp_path / "images"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process; return its exit code, stdout and stderr."""

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["napari-image-classifier", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return run_command


def run_apart(*arguments):
    """Run a command that needs Keras, which must not come into the tests' own process."""
    return subprocess.run(
        [sys.executable, "-m", "napari_image_classifier.cli.app", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_commands_are_the_verbs_of_the_package(run):
    """Every verb is listed with a sentence."""
    code, said, _ = run("--help")
    assert code == 0
    assert {command.name or command.callback.__name__ for command in app.registered_commands} == (
        COMMANDS
    )
    assert all(f" {command} " in said for command in COMMANDS)


def test_defaults_are_those_of_the_training_config(run):
    """One home of the defaults."""
    _, said, _ = run("train", "--help")
    defaults = TrainingConfig()
    for value in (defaults.network, defaults.epochs, defaults.patience, defaults.weights):
        assert f"[default: {value}]" in " ".join(said.replace("│", " ").split())


def test_a_folder_is_classified(run, folder, tiny_classifier_path, tmp_path):
    """A row per image, and where the table lies."""
    table = tmp_path / "predictions.csv"
    code, said, _ = run("classify", folder, "--classifier", tiny_classifier_path, "--output", table)
    assert code == 0
    assert "8 classified, 0 could not be read." in said
    assert f"Written: {table}" in said
    with table.open(newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["ok"] * 8


def test_what_images_call_channels_is_said(run, tiny_classifier_path, tmp_path):
    """In pairs, the classifier's name first."""
    (tmp_path / "images").mkdir()
    image = Image.from_array(np.ones((2, 32, 32), np.uint16), "CYX", channel_names=("405", "488"))
    write_image(tmp_path / "images" / "0.tif", image)
    table = tmp_path / "predictions.csv"
    classify = ("classify", tmp_path / "images", "--classifier", tiny_classifier_path,
                "--output", table)  # fmt: skip
    code, _, sentence = run(*classify)
    assert (code, "column message" in sentence) == (1, True)
    code, _, sentence = run(*classify, "--channels", "405,488")
    assert (code, "--channels" in sentence, "in pairs, such as" in sentence) == (2, True, True)
    code, said, _ = run(*classify, "--channels", "DNA=405, GFP=488")
    assert (code, "1 classified, 0 could not be read." in said) == (0, True)


def test_a_table_is_reproduced(run, folder, tiny_classifier_path, tmp_path):
    """What came out, what was checked, what was not; the exit code says whether it is the same."""
    table = tmp_path / "predictions.csv"
    run("classify", folder, "--classifier", tiny_classifier_path, "--output", table)
    manifest = tmp_path / "predictions.manifest.json"
    code, said, _ = run("reproduce", manifest)
    assert code == 0
    assert said.startswith("8 of 8 items get the same class again (100.00%")
    assert said.index("\nChecked:\n- ") < said.index("\nNot checked:\n- ")
    assert json.loads(manifest.read_text())["runs"][0]["command"][:2] == [
        "napari-image-classifier", "classify"
    ]  # fmt: skip
    code, _, sentence = run("reproduce", manifest, "--images", tmp_path / "nowhere")
    assert (code, sentence) == (
        1, f"There is no folder {tmp_path / 'nowhere'}; choose a folder with images in it.\n"
    )  # fmt: skip
    manifest.write_text(manifest.read_text().replace('"control"', '"depleted"'))
    code, said, _ = run("reproduce", manifest)
    assert code == 1
    assert "Items that got another class" in said


def test_one_bad_file_is_a_row_and_no_failure(run, folder, tiny_classifier_path, tmp_path):
    """The exit code is 0 as long as something could be classified."""
    (folder / "bad.tif").write_bytes(b"II*\0 nothing")
    table = tmp_path / "predictions.csv"
    code, said, _ = run("classify", folder, "--classifier", tiny_classifier_path, "--output", table)
    assert code == 0
    assert "8 classified, 1 could not be read." in said


def test_nothing_classified_is_a_failure(run, tiny_classifier_path, tmp_path):
    """The exit code is not 0 when no image could be read."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "bad.tif").write_bytes(b"II*\0 nothing")
    code, _, sentence = run(
        "classify", tmp_path / "images", "--classifier", tiny_classifier_path,
        "--output", tmp_path / "predictions.csv",
    )  # fmt: skip
    assert code == 1
    assert sentence.endswith("the column message of predictions.csv says why.\n")


def test_another_classifiers_table_is_not_overwritten_unasked(
    run, folder, tiny_classifier_path, tmp_path
):
    """Refused with a sentence; --overwrite replaces it."""
    table = tmp_path / "predictions.csv"
    table.write_text("file,status,classifier\n0.tif,ok,000000000000\n")
    command = ("classify", folder, "--classifier", tiny_classifier_path, "--output", table)
    code, _, sentence = run(*command)
    assert code == 1
    assert "--overwrite" in sentence
    assert run(*command, "--overwrite")[0] == 0


@pytest.mark.parametrize("arguments", [
    ("classify", "none", "--classifier", "none.keras", "--output", "none.csv"),
    ("train", "none", "--output", "none.keras"),
    ("describe", "none.tif"),
    ("describe", "none.keras"),
])  # fmt: skip
def test_an_error_is_one_sentence(run, arguments, tmp_path, monkeypatch):
    """On stderr, without a traceback, which --debug adds wherever it stands."""
    monkeypatch.chdir(tmp_path)
    code, said, sentence = run(*arguments)
    assert (code, said, sentence.count("\n")) == (1, "", 1)
    assert "none" in sentence
    assert "Traceback" in run(*arguments, "--debug")[2]


def test_an_unusable_option_is_refused_before_anything_is_read(run, folder, tmp_path):
    """By the rule of TrainingConfig, in its words."""
    output = tmp_path / "new.keras"
    for option, value, must in (
        ("--projection", "median", "must be max or mean"),
        ("--each", "cell", "What is classified is image, time"),
        ("--backend", "theano", "must be tensorflow or torch"),
    ):
        code, _, sentence = run("train", folder, "--output", output, option, value)
        assert code == 2
        assert option in sentence
        assert must in sentence
    assert not output.exists()


def test_a_classifier_is_not_replaced_unasked(run, folder, tiny_classifier_path):
    """An hour of training is not lost to a repeated command."""
    code, _, sentence = run("train", folder, "--output", tiny_classifier_path)
    assert code == 1
    assert "exists already" in sentence


def test_describe_an_image(run, folder):
    """The same facts for a person and, with --json, for a program."""
    _, said, _ = run("describe", folder / "dark" / "0.tif", "--json")
    found = json.loads(said)
    assert (found["axes"], found["shape"], found["dtype"]) == ("CYX", [2, 32, 32], "uint16")
    assert found["channel_names"] == ["GFP", "DNA"]
    _, said, _ = run("describe", folder / "dark" / "0.tif")
    assert "channel names: GFP, DNA" in said.splitlines()


def test_describe_a_classifier(run, tiny_classifier_path):
    """Its classes, channels, preparation and hash."""
    _, said, _ = run("describe", tiny_classifier_path, "--json")
    found = json.loads(said)
    assert found["class_names"] == ["control", "depleted"]
    assert found["preparation"]["size"] == [32, 32]
    assert found["sha256"] == load_classifier(tiny_classifier_path).sha256


@pytest.mark.long
def test_train_then_classify(folder, tmp_path):
    """The whole way; without --group the output says what was taken for granted."""
    output = tmp_path / "new.keras"
    trained = run_apart("train", folder, "--output", output, "--epochs", 1, *TRAIN)
    assert trained.returncode == 0, trained.stderr
    assert "taken to stand alone" in trained.stdout
    assert f"Written: {output}" in trained.stdout
    assert "InitializeLog" not in trained.stderr
    assert load_classifier(output).channel_names == ("GFP", "DNA")


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_keeps_the_best_so_far(folder, tmp_path):
    """Training that is interrupted writes its classifier and ends as shells expect."""
    output = tmp_path / "new.keras"
    command = [sys.executable, "-m", "napari_image_classifier.cli.app", "train", str(folder),
               "--output", str(output), "--epochs", "5000", "--patience", "5000",
               *TRAIN]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as training:
        for line in training.stderr:
            if line.startswith("Training"):
                training.send_signal(signal.SIGINT)
                break
        said, told = training.communicate(timeout=120)
    assert training.returncode == 130, told
    assert "Stopped; what was done is kept." in told
    assert "Training was stopped" in said
    assert load_classifier(output).class_names == ("bright", "dark")


@pytest.mark.long
def test_import_a_network_of_somebody_else(keras_forks, tmp_path, folder):
    """A plain Keras file becomes a classifier with the names that were given."""
    source, output = tmp_path / "net.keras", tmp_path / "mine.keras"
    assert keras_forks.run("-c", SAVE_A_NETWORK, source).returncode == 0
    names = ("--classes", "a,b", "--channels", "GFP, DNA")
    command = ("-m", "napari_image_classifier.cli.app", "import")
    done = keras_forks.run(*command, source, *names, "--output", output)
    assert done.returncode == 0, done.stderr
    assert "only layers that are known" in done.stderr
    classifier = load_classifier(output)
    assert (classifier.class_names, classifier.channel_names) == (("a", "b"), ("GFP", "DNA"))
    assert classifier.preparation.size == (16, 16)
    assert classifier.predict(folder / "dark" / "0.tif").status == "ok"
    manifest = json.loads((tmp_path / "mine.manifest.json").read_text())
    assert (manifest["kind"], manifest["result"]["sha256"]) == ("import", classifier.sha256)
    assert manifest["classifier"]["training"]["imported_from"] == "net.keras"
    assert manifest["runs"][0]["command"][1] == "import"


@pytest.mark.long
def test_import_a_network_of_keras_2_for_grey_images(keras_forks, tmp_path):
    """Its range is said, and one channel is shown to its three inputs."""
    source, output = KERAS_FILES / "keras-2.21-softmax.h5", tmp_path / "mine.keras"
    choices = ("--classes", "a,b", "--channels", "grey,grey,grey", "--range", "0:2")
    command = ("-m", "napari_image_classifier.cli.app", "import")
    done = keras_forks.run(*command, source, *choices, "--output", output)
    assert done.returncode == 0, done.stderr
    classifier = load_classifier(output)
    assert classifier.preparation.ranges == ((0, 2),) * 3
    pixels = np.random.default_rng(0).integers(0, 500, (16, 16)).astype(np.uint16)
    said = classifier.predict(Image.from_array(pixels, "YX")).probabilities
    shown = np.repeat(pixels[None, ..., None] / 2, 3, axis=3).astype(np.float32)
    assert list(said.values()) == pytest.approx(classifier.predict_prepared(shown)[0])


def test_describe_a_network_that_is_no_classifier_yet():
    """What it takes and gives, its layers, and the command that imports it."""
    said = run_apart("describe", str(KERAS_FILES / "keras-2.12-nested-hdf5.keras"))
    assert said.returncode == 0, said.stderr
    assert "input: 16 × 16 pixels, 3 channels" in said.stdout
    assert "base/conv1_conv: Conv2D, 14 × 14 × 4, 108 parameters" in said.stdout
    command = "import keras-2.12-nested-hdf5.keras --classes class1,class2 --channels C1,C2,C3"
    assert command in said.stdout


def test_a_range_and_another_way_to_scale_are_not_both_taken(capsys, monkeypatch):
    """Before anything is opened."""
    choices = ["--classes", "a,b", "--channels", "g", "--output", "o.keras", "--range", "0:255"]
    monkeypatch.setattr("sys.argv", ["", "import", "n.keras", *choices, "--intensity", "none"])
    with pytest.raises(SystemExit):
        main()
    assert "not both" in capsys.readouterr().err


@pytest.mark.long
def test_info_is_what_a_bug_report_needs():
    """Versions, backend and devices, without the greetings of libraries."""
    said = run_apart("info")
    assert said.returncode == 0, said.stderr
    assert said.stderr == ""
    assert all(
        word in said.stdout
        for word in ("python:", "napari-image-classifier:", "backend:", "device:")
    )
