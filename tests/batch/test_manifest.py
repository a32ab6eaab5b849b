"""The manifest of a table: which of its images the classifier had learnt from."""

import json
import shutil

import numpy as np
import pytest

from helpers.manifests import learnt_manifest, read_manifest
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.manifest import learnt_items_of_table
from napari_image_classifier.batch.shards import Shard, merge_shards
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image


@pytest.fixture
def images(tmp_path):
    """Four images with the tiny classifier's channels."""
    (tmp_path / "images").mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 4000, (2, 32, 32)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(tmp_path / "images" / f"{number}.tif", image)
    return tmp_path / "images"


@pytest.fixture
def classifier(tiny_classifier_path, tmp_path):
    """A classifier without a manifest."""
    return shutil.copy(tiny_classifier_path, tmp_path / "cells.keras")


def test_images_that_were_learnt_from_are_told(images, classifier, tmp_path):
    """In the result's message and in the manifest, by their pixels, whatever they are called."""
    table = tmp_path / "predictions.csv"
    before = classify_folder(images, classifier, table)
    assert "had learnt" not in before.message
    stored = read_manifest(tmp_path / "predictions.manifest.json")
    assert stored["learnt_from"] is None
    assert learnt_items_of_table(table).keys is None

    learnt_manifest(classifier, [{**file, "file": "x.tif"} for file in stored["files"][1:3]])
    after = classify_folder(images, classifier, table)
    assert "cells.keras had learnt from 2 of these 4 images, such as 1.tif;" in after.message
    assert read_manifest(tmp_path / "predictions.manifest.json")["learnt_from"] == 2
    assert [key.file for key in learnt_items_of_table(table).keys] == ["1.tif", "2.tif"]

    learnt_manifest(classifier, [])
    none = classify_folder(images, classifier, table)
    assert "had learnt" not in none.message
    assert read_manifest(tmp_path / "predictions.manifest.json")["learnt_from"] == 0


def test_merged_shares_tell_it_too(images, classifier, tmp_path):
    """Of all shares together."""
    table = tmp_path / "predictions.csv"
    for number in (1, 2):
        classify_folder(images, classifier, table, shard=Shard(number, 2))
    share = read_manifest(tmp_path / "predictions.1-of-2.manifest.json")
    learnt_manifest(classifier, share["files"])
    merged = merge_shards(table)
    assert "had learnt from 2 of these 4 images, such as 0.tif" in merged.learnt_from


def test_tables_of_before_and_of_others_are_not_known(images, classifier, tmp_path):
    """A manifest without the number, that of another table, and none."""
    table = tmp_path / "predictions.csv"
    classify_folder(images, classifier, table)
    manifest = tmp_path / "predictions.manifest.json"
    stored = json.loads(manifest.read_text("utf-8"))
    del stored["learnt_from"]
    manifest.write_text(json.dumps(stored), encoding="utf-8")
    assert learnt_items_of_table(table).keys is None
    manifest.write_text(json.dumps({**stored, "result": {"file": "other.csv"}}), encoding="utf-8")
    assert learnt_items_of_table(table) is None
    manifest.unlink()
    assert learnt_items_of_table(table) is None
