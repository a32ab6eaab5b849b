"""At least eighty bad images among good ones: each is a row, in every place that reads images."""

import csv
import os
import time
from collections import Counter
from pathlib import Path

import pytest
from bad_images import NO_TEXT, write_bad_images, write_good, write_odd_images

import napari_image_classifier as nic
from napari_image_classifier import patient_prediction, prediction_stream
from napari_image_classifier.faults import Fault
from napari_image_classifier.folder import classify_folder
from napari_image_classifier.items import Item, ItemTable
from napari_image_classifier.manifest import manifest_path, read_manifest
from napari_image_classifier.naming import ImageFiles
from napari_image_classifier.readable_names import readable

N_GOOD = 6
DOCS = Path(__file__).resolve().parents[1] / "docs" / "predictions-csv.md"
# What the batch alone can meet, see test_slow_images.
NOT_IN_A_FILE = {
    Fault.UNREADABLE, Fault.AXES_UNFIT, Fault.PARTS_UNFIT, Fault.MASK_UNFIT, Fault.NO_SUCH_ITEM,
    Fault.TOO_SLOW, Fault.OUT_OF_MEMORY, Fault.CRASHED, Fault.STILL_WRITTEN, Fault.NO_OBJECTS,
    Fault.NOT_CLASSIFIED, Fault.FOREIGN_FORMAT,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of bad images and a few good ones, none of them written just now."""
    folder = tmp_path_factory.mktemp("bad") / "images"
    folder.mkdir()
    bad = write_bad_images(folder)
    for number in range(N_GOOD):
        write_good(folder / f"good {number}.tif")
    long_ago = time.time() - 3600
    for path in folder.rglob("*"):
        os.utime(path, (long_ago, long_ago), follow_symlinks=False)
    return folder, bad


def rows_of(table):
    with table.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def names_the_file(sentence, name):
    """Whether a person can tell from the sentence which file is meant."""
    return readable(name.rsplit("/", 1)[-1]) in sentence


def test_there_are_many_of_each_class_of_fault(folder):
    """At least eighty in at least ten classes, and every code that a file can have."""
    _, bad = folder
    assert len(bad) >= 80
    assert len({one.fault for one in bad}) >= 10
    assert {one.code for one in bad} == set(Fault) - NOT_IN_A_FILE


@pytest.mark.parametrize("helped", [False, True])
def test_each_is_one_row_of_the_table(folder, tiny_classifier_path, tmp_path, monkeypatch, helped):
    """With its code, a sentence that names it, and no class; the good ones have theirs."""
    monkeypatch.setattr(patient_prediction, "SECONDS_UNTIL_WHOLE", 0.0)
    monkeypatch.setattr(prediction_stream, "SECONDS_WITHOUT_HELP", -1.0 if helped else 600.0)
    images, bad = folder
    table = tmp_path / "predictions.csv"
    result = classify_folder(images, tiny_classifier_path, table, workers=2)
    rows = rows_of(table)
    assert Counter(row["file"] for row in rows) == Counter(
        [one.name for one in bad] + [f"good {number}.tif" for number in range(N_GOOD)]
    )
    assert (result.n_errors, result.n_ok, result.stopped) == (len(bad), N_GOOD, False)
    by_name = {row["file"]: row for row in rows}
    assert {one.name: by_name[one.name]["code"] for one in bad} == {
        one.name: one.code for one in bad
    }
    for one in bad:
        row = by_name[one.name]
        assert (row["status"], row["class"], row["confidence"]) == ("error", "", "")
        assert names_the_file(row["message"], one.name), row["message"]
        assert row["message"].isprintable()
    for number in range(N_GOOD):
        row = by_name[f"good {number}.tif"]
        assert (row["status"], row["code"], row["message"]) == ("ok", "", "")
        assert row["class"]
    again = classify_folder(images, tiny_classifier_path, table, workers=2)
    assert (again.n_errors, again.n_ok, again.n_resumed) == (len(bad), N_GOOD, N_GOOD)
    assert rows_of(table) == rows


def test_a_name_that_is_no_text_comes_back_to_its_file(folder, tiny_classifier_path, tmp_path):
    """Through the journal, the table, the manifest and the summary."""
    images, _ = folder
    write_good(images / NO_TEXT.replace("caf", "good caf"))
    name = NO_TEXT.replace("caf", "good caf")
    try:
        table = tmp_path / "predictions.csv"
        classify_folder(images, tiny_classifier_path, table)
        (row,) = [row for row in rows_of(table) if row["file"] == name]
        assert row["status"] == "ok", row["message"]
        assert (images / row["file"]).is_file()
        listed = read_manifest(manifest_path(table))["files"]
        assert name in {entry["file"] for entry in listed}
        summary = nic.summarize(table, by="file")
        assert summary.set_index("file").loc[name, "answered"] == 1
    finally:
        (images / name).unlink()


def test_odd_images_are_no_errors(tiny_classifier_path, tmp_path):
    """A constant image, one pixel, negative values: a class, or a gate's "unlike-training"."""
    images = tmp_path / "odd"
    images.mkdir()
    names = write_odd_images(images)
    table = tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, table)
    rows = {row["file"]: row for row in rows_of(table)}
    assert set(rows) == set(names)
    for row in rows.values():
        assert row["status"] == "ok", row["message"]
        assert 0.0 <= float(row["confidence"]) <= 1.0


def items_among(folder, bad, n_good):
    """Items of two classes: the bad images and enough good ones."""
    root = folder.parent
    (folder / "more").mkdir(exist_ok=True)
    names = [one.name for one in bad]
    for number in range(n_good):
        name = f"more/{number}.tif"
        if not (folder / name).exists():
            write_good(folder / name)
        names.append(name)
    return ItemTable(
        root,
        tuple(
            Item(ImageFiles.single(folder / name, folder), "", ("dark", "light")[index % 2])
            for index, name in enumerate(names)
        ),
    )
