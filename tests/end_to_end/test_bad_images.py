"""At least eighty bad images among good ones: each is a row, in every place that reads images."""

import errno
import os
import time
from collections import Counter

import numpy as np
import pytest
import tifffile

import napari_image_classifier as nic
from helpers.manifests import read_manifest
from helpers.paths import REPOSITORY
from hostile.images import NO_TEXT, write_bad_images, write_good, write_odd_images
from napari_image_classifier.batch import retries as patient_prediction
from napari_image_classifier.batch import stream as prediction_stream
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.classifiers.manifest import manifest_path
from napari_image_classifier.errors import TRANSIENT_FAULTS, Fault, TrainingRefused
from napari_image_classifier.evaluation.reproduce import reproduce
from napari_image_classifier.images import checks
from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.images.read_errors import ImageReadError
from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.system.csv_tables import read_table
from napari_image_classifier.system.shown_text import readable
from napari_image_classifier.training.config import TrainingConfig
from programs.trainings import pixels_of

N_GOOD = 6
CLASSES = ("clumped", "spread")
TEXTURE = TrainingConfig(network="texture", channels=("GFP", "DNA"))
DOCS = REPOSITORY / "docs" / "predictions-csv.md"
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
        return list(read_table(file)[1])


def names_the_file(sentence, name):
    """Whether a person can tell from the sentence which file is meant."""
    return readable(name.rsplit("/", 1)[-1]) in sentence


def test_there_are_many_of_each_class_of_fault(folder):
    """At least eighty in at least ten classes, and every code that a file can have."""
    _, bad = folder
    assert len(bad) >= 80
    assert len({one.fault for one in bad}) >= 10
    assert {one.code for one in bad} == set(Fault) - NOT_IN_A_FILE


def test_every_code_is_told_to_people():
    """With its meaning and what to do, in the table of the docs."""
    text = DOCS.read_text(encoding="utf-8")
    section = text.split("## What can be wrong with an image")[1].split("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    assert [row[1].strip().strip("`") for row in rows] == list(Fault)
    assert all(row[2].strip() and row[3].strip() for row in rows)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.EIO, "Input/output error"), Fault.UNREADABLE),
        (PermissionError(errno.EACCES, "Permission denied"), Fault.UNREADABLE),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), Fault.MISSING),
        (MemoryError(), Fault.OUT_OF_MEMORY),
    ],
)
@pytest.mark.parametrize("opener", ["tifffile.TiffFile.__init__", "PIL.Image.open"])
def test_what_the_system_refuses_is_told(tmp_path, monkeypatch, error, code, opener):
    """A failing drive, no permission, a file that goes while it is opened, no memory."""
    path = tmp_path / ("a.png" if "PIL" in opener else "a.tif")
    path.write_bytes(b"II*\0")

    def refuse(*arguments, **options):
        raise error

    monkeypatch.setattr(opener, refuse)
    with pytest.raises(ImageReadError, match=rf"{path.name} can't be read") as refused:
        read_image(path)
    assert refused.value.code == code


def test_a_plane_for_which_there_is_no_memory_is_not_read(tmp_path, monkeypatch):
    """Before anything of its size is taken; the sentence says how much there is."""
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((64, 64), np.uint16))
    monkeypatch.setattr(checks, "LARGE_PLANE", 1000)
    read_image(tmp_path / "a.tif").close()
    monkeypatch.setattr(checks, "free_memory", lambda: 16_000)
    with pytest.raises(ImageReadError, match=r"a\.tif .* needs 0\.0 GB of memory") as refused:
        read_image(tmp_path / "a.tif")
    assert refused.value.code == Fault.TOO_LARGE


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
    may_pass = [one for one in bad if one.code in TRANSIENT_FAULTS]
    assert 0 < len(may_pass) < len(bad)
    assert (again.n_errors, again.n_ok) == (len(bad), N_GOOD)
    assert again.n_resumed == N_GOOD + len(bad) - len(may_pass)
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


@pytest.fixture(scope="module")
def labelled(folder):
    """Two classes that differ, with the bad images that concern nobody else among them."""
    images, bad = folder
    bad = [one for one in bad if one.fault not in ("channels", "axes")]
    random = np.random.default_rng(4)
    for number in range(100):
        name = CLASSES[number % 2]
        path = images.parent / "labelled" / name / f"{number}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_good(path, pixels_of(random, name == "clumped"))
    table = read_items(images.parent / "labelled")
    wrong = tuple(
        Item(ImageFiles.single(images / one.name, images), "", CLASSES[number % 2])
        for number, one in enumerate(bad)
    )
    return ItemTable(table.root, (*table.items, *wrong)), bad


@pytest.fixture(scope="module")
def trained(labelled, tmp_path_factory):
    """A classifier that was trained on them, and the events of its training."""
    table, _ = labelled
    events = []
    output = tmp_path_factory.mktemp("trained") / "texture.keras"
    classifier = nic.train(table, TEXTURE, output=output, on_event=events.append, in_process=True)
    return classifier, events


def test_training_leaves_them_out_and_says_so(labelled, trained):
    """A sentence in its messages, a row for each in its manifest, and no other images learnt."""
    table, bad = labelled
    classifier, events = trained
    n_images = len(table.items)
    (said,) = [text for text in events[-1]["messages"] if "left out" in text]
    assert said.startswith(f"{len(bad)} of {n_images} images can't be used and were left out: ")
    stored = read_manifest(manifest_path(classifier.path))
    assert {one["file"]: one["code"] for one in stored["left_out"]} == {
        one.name: one.code for one in bad
    }
    assert all(names_the_file(one["message"], one["file"]) for one in stored["left_out"])
    learnt = {entry["file"] for entry in stored["files"]}
    assert learnt == {item.file for item in table.items} - {one.name for one in bad}


def test_a_training_with_bad_images_can_be_made_again(trained):
    """From what it learnt from, to the same weights."""
    classifier, _ = trained
    made = reproduce(manifest_path(classifier.path), in_process=True)
    assert made.same, made.found


def test_an_evaluation_leaves_them_out_as_well(labelled, tmp_path):
    """And its manifest lists them."""
    table, bad = labelled
    nic.evaluate(
        table, tmp_path / "report.html", TEXTURE, folds=2, seeds=1, controls=False, curve=False,
        in_process=True,
    )  # fmt: skip
    stored = read_manifest(tmp_path / "report.manifest.json")
    assert {one["file"] for one in stored["left_out"]} == {one.name for one in bad}
    assert "used and were left out" in (tmp_path / "report.html").read_text()


def refusal(table, output):
    with pytest.raises(TrainingRefused) as refused:
        nic.train(table, TEXTURE, output=output, in_process=True)
    assert not output.exists()
    return str(refused.value)


def test_training_is_refused_where_most_are_bad(labelled, tmp_path):
    """It is rather the way they are read that is wrong; the first are named."""
    table, bad = labelled
    few = ItemTable(table.root, table.items[20:])
    said = refusal(few, tmp_path / "cells.keras")
    assert said.startswith(f"{len(bad)} of {len(few.items)} images can't be used: ")


def test_training_is_refused_where_a_class_has_too_few_left(labelled, folder, tmp_path):
    """Never a classifier of fewer classes than were asked for."""
    table, bad = labelled
    third = Item(ImageFiles.single(folder[0] / bad[0].name, folder[0]), "", "third")
    more = Item(ImageFiles.single(folder[0] / bad[1].name, folder[0]), "", "third")
    items = tuple(item for item in table.items if item.file not in {one.name for one in bad})
    said = refusal(ItemTable(table.root, (*items, third, more)), tmp_path / "cells.keras")
    assert "Without them there is no image of third" in said
    assert bad[0].name in said


@pytest.mark.parametrize("fault", ["channels", "axes"])
def test_what_may_concern_all_images_refuses_the_training(labelled, folder, tmp_path, fault):
    """Other channels, or axes that nobody named: left out, that would be a silent mistake."""
    table, bad = labelled
    images, every = folder
    items = tuple(item for item in table.items if item.file not in {one.name for one in bad})
    name = next(one.name for one in every if one.fault == fault)
    other = Item(ImageFiles.single(images / name, images), "", "spread")
    said = refusal(ItemTable(table.root, (*items, other)), tmp_path / "cells.keras")
    assert name in said


def test_odd_images_are_told_by_the_gate(trained, tmp_path):
    """What is unlike all that was learnt from gets no answer."""
    images = tmp_path / "odd"
    images.mkdir()
    write_odd_images(images)
    table = tmp_path / "predictions.csv"
    classify_folder(images, trained[0], table)
    assert {row["status"] for row in rows_of(table)} == {"unlike-training"}
    assert all(row["message"] for row in rows_of(table))
