"""Networks trained side by side, by processes that may die."""

import numpy as np
import psutil
import pytest

from helpers.manifests import read_manifest
from napari_image_classifier.evaluation.evaluate import evaluate
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.system.machine import cores
from napari_image_classifier.training.config import TrainingConfig

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(cores() < 2, reason="with one core there are no helpers"),
]

CONFIG = TrainingConfig(network="vgg", epochs=3, patience=3, size=24)


@pytest.fixture
def table(tmp_path):
    random = np.random.default_rng(0)
    for dish in range(12):
        name = ("dark", "light")[dish % 2]
        for number in range(4):
            pixels = random.poisson(60 if dish % 2 else 40, (24, 24)).astype(np.uint16)
            path = tmp_path / "images" / name / f"dish {dish}" / f"{number}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, Image.from_array(pixels, "YX"))
    return read_items(tmp_path / "images", group="folder")


def helpers():
    """The processes that train for an evaluation that was begun here."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE
        and "napari_image_classifier.evaluation.helper" in child.cmdline()
    ]


def test_a_killed_helper_changes_nothing(table, tmp_path, keras_forks):
    """Every network is the same whoever trains it, and no process is left."""
    choices = {"folds": 2, "seeds": 1, "controls": False, "curve": False}
    with keras_forks.for_children():
        helped = evaluate(table, tmp_path / "helped.html", CONFIG, **choices)
    killed = []

    def kill_one(event):
        if event.get("stage") == "evaluating" and not killed and helpers():
            (helper, *_) = helpers()
            helper.kill()
            killed.append(helper.pid)

    alone = evaluate(table, tmp_path / "alone.html", CONFIG, **choices, on_event=kill_one)
    assert killed
    assert alone.csv.read_bytes() == helped.csv.read_bytes()
    assert read_manifest(tmp_path / "alone.manifest.json")["runs"][0]["threads"] < cores()
    assert not helpers()
