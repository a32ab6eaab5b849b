"""The example scripts run as they stand, one after the other, as a person would run them."""

import csv
import subprocess
import sys

import pytest

from helpers.paths import REPOSITORY
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.sample_data import CLASS_NAMES, make_sample_image
from napari_image_classifier.images.tiff.writer import write_image

pytestmark = pytest.mark.long

EXAMPLES = REPOSITORY / "examples"
IMAGES_PER_CLASS = 3


def run_example(name, *arguments):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Small pieces of sample images, a sub-folder per class."""
    folder = tmp_path_factory.mktemp("images")
    for class_name in CLASS_NAMES:
        (folder / class_name).mkdir()
        for seed in range(IMAGES_PER_CLASS):
            whole = make_sample_image(class_name, seed)
            piece = whole.asarray()[:, :, :32, :32]
            image = Image.from_array(piece, "CZYX", channel_names=whole.channel_names)
            write_image(folder / class_name / whole.name, image)
    return folder


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    """The classifier that the first example writes, and what it printed."""
    path = tmp_path_factory.mktemp("classifier") / "cells.keras"
    return path, run_example("train_a_classifier.py", images, path, 1)


def test_training_writes_a_classifier_and_says_what_it_took_for_granted(trained):
    """Two classes found, an epoch told, the classifier written."""
    path, said = trained
    assert "6 images of control, depleted" in said
    assert "epoch 1:" in said
    assert "taken to stand alone" in said
    assert path.is_file()


def test_one_image_is_classified(trained, images):
    """The class with its confidence, then every class's probability."""
    image = next((images / "control").iterdir())
    said = run_example("classify_an_image.py", trained[0], image)
    assert "Channels expected: DNA, GFP" in said
    assert all(f"    {class_name}: 0." in said for class_name in CLASS_NAMES)


def test_an_image_that_is_not_there_is_a_sentence(trained, images):
    """The script goes on past a file that can't be read."""
    said = run_example("classify_an_image.py", trained[0], images / "none.tif")
    assert "there is no such file" in said


def test_a_folder_becomes_a_table(trained, images, tmp_path):
    """One row per image, all classified, and classes counted on the screen."""
    table = tmp_path / "predictions.csv"
    said = run_example("classify_a_folder.py", images, trained[0], table)
    assert "6 classified, 0 could not be read." in said
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["ok"] * 2 * IMAGES_PER_CLASS
