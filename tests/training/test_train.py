"""What is asked of training, and what is refused before Keras is even started."""

import json
import os
import sys

import numpy as np
import pytest

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.system.records import as_json, from_json
from napari_image_classifier.training.config import NETWORK_NAMES, TrainingConfig, check_request
from napari_image_classifier.training.train import train


@pytest.fixture
def folder(tmp_path):
    """Two classes of two tiny images each, in a folder per class."""
    random = np.random.default_rng(0)
    for name in ("bright", "dark"):
        for number in range(2):
            image = Image.from_array(random.integers(0, 255, (12, 12), np.uint8), "YX")
            (tmp_path / "images" / name).mkdir(parents=True, exist_ok=True)
            write_image(tmp_path / "images" / name / f"{number}.tif", image)
    return tmp_path / "images"


def refusal(folder, config=None, output=None, **how):
    """The sentence with which training says no, in this process, before Keras is reached."""
    with pytest.raises(TrainingRefused) as refused:
        train(read_items(folder, **how), config, output=output, in_process=True)
    assert "keras" not in sys.modules
    return str(refused.value)


def test_the_defaults_can_be_used():
    """Nobody has to choose anything."""
    assert TrainingConfig().why_unusable() is None
    assert TrainingConfig().network in NETWORK_NAMES


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"network": "deep"}, "The network must be residual or vgg or "),
        ({"epochs": 0}, "The epochs must be between 1 and 10,000, not 0."),
        ({"batch_size": 1}, "The batch size must be between 2 and 65,536, not 1."),
        ({"size": 4}, "The size must be between 16 and 2048 pixels, not 4."),
        ({"validation_fraction": 0.9}, "above 0 and at most 0.5"),
        ({"channels": ("DNA", "DNA")}, "different channels"),
        ({"seed": -1}, "not negative"),
        ({"backend": "theano"}, "The backend must be tensorflow or torch or jax, not 'theano'."),
        ({"start_from": "nowhere.keras"}, "There is no classifier nowhere.keras to go on from."),
    ],
)
def test_says_why_a_value_can_not_be_used(choice, says):
    """One sentence, on the value that is wrong."""
    assert says in TrainingConfig(**choice).why_unusable()


def test_the_configuration_survives_json():
    """It travels to the compute process and into the classifier's record as JSON."""
    config = TrainingConfig(channels=("GFP", "DNA"), size=96, start_from="a.keras")
    assert from_json(TrainingConfig, json.loads(json.dumps(as_json(config)))) == config
    assert from_json(TrainingConfig, {"epochs": 3, "of a later version": 1}).epochs == 3


def test_refuses_an_output_that_can_not_be_written(tmp_path):
    """Twenty minutes of training must not end with nowhere to put it."""
    with pytest.raises(TrainingRefused, match="must end in"):
        check_request(TrainingConfig(), tmp_path / "cells.h5")
    (tmp_path / "file").touch()
    with pytest.raises(TrainingRefused, match="can't be written"):
        check_request(TrainingConfig(), tmp_path / "file" / "cells.keras")
    check_request(TrainingConfig(), tmp_path / "new folder" / "cells.keras")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_refuses_a_folder_without_permission(tmp_path):
    """The same for a folder of somebody else's."""
    tmp_path.chmod(0o500)
    with pytest.raises(TrainingRefused, match="choose a folder that you may write to"):
        check_request(TrainingConfig(), tmp_path / "cells.keras")


def test_refuses_one_class_and_one_group(folder):
    """Nothing to tell apart, or nothing to check with."""
    assert "there is one class" in refusal(folder, annotated=True, pattern="bright/{site}.tif")
    assert "too few in “bright” (1), “dark” (1)" in refusal(folder, group="folder")


def test_names_the_images_that_show_the_same(tmp_path):
    """A turned copy of the only image of a class is none to check with."""
    random = np.random.default_rng(1)
    one, other, third = random.integers(0, 4000, (3, 64, 64), np.uint16)
    for name, both in (("bright", (one, one[:, ::-1])), ("dark", (other, third))):
        (tmp_path / name).mkdir()
        for number, pixels in enumerate(both):
            write_image(tmp_path / name / f"{number}.tif", Image.from_array(pixels, "YX"))
    said = refusal(tmp_path, TrainingConfig(size=64))
    assert "too few in “bright” (1)" in said
    assert "Counted as one group: bright/0.tif and bright/1.tif, as they show the same" in said


def test_names_every_file_that_can_not_be_used(folder):
    """Whatever is wrong with them; too few are left, so nothing is trained."""
    (folder / "dark" / "0.tif").write_bytes(b"II*\0 no image")
    nan = np.full((12, 12), np.nan, np.float32)
    write_image(folder / "dark" / "1.tif", Image.from_array(nan, "YX"))
    said = refusal(folder)
    assert said.startswith("2 of 4 images can't be used")
    assert "0.tif" in said
    assert "dark/1.tif" in said
    assert "Without them there is no image of dark" in said
    (folder / "dark" / "0.tif").unlink()
    write_image(folder / "dark" / "2.tif", Image.from_array(nan, "YX"))
    said = refusal(folder)
    assert said.startswith("2 of 4 images can't be used")
    assert "dark/1.tif" in said
    assert "dark/2.tif" in said


def test_refuses_images_with_other_channels(folder):
    """A missing channel is an error, never a guess."""
    two = Image.from_array(np.zeros((2, 12, 12), np.uint8), "CYX", channel_names=("GFP", "DNA"))
    write_image(folder / "dark" / "0.tif", two)
    said = refusal(folder)
    assert "GFP, DNA" in said
    assert "choose channels that every image has" in said
    said = refusal(folder, TrainingConfig(channels=("GFP",)))
    assert said.startswith("3 of 4 images can't be used")
    assert "no channel “GFP”" in said


def test_a_refusal_reads_the_same_from_the_compute_process(folder, tmp_path):
    """The default way, in a process of its own, raises the same error with the same sentence."""
    items = read_items(folder, group="folder")
    with pytest.raises(TrainingRefused, match="too few in “bright” "):
        train(items, output=tmp_path / "cells.keras")
    assert not (tmp_path / "cells.keras").exists()


def test_stopping_before_an_epoch_has_ended_says_so(folder):
    """Nothing is kept, and the caller hears it in a sentence."""
    items = read_items(folder)
    with pytest.raises(TrainingRefused, match="stopped before its first epoch ended"):
        train(items, should_stop=lambda: True)
