"""The items of one image, and what the same objects are called and classified everywhere."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import napari_image_classifier as nic
from helpers.objects import mask_of, masked, noise
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.cli.commands import app
from napari_image_classifier.errors import ClassifierFileError, TrainingRefused
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.crops import ObjectBox
from napari_image_classifier.items.item import ItemsError
from napari_image_classifier.items.objects import objects_of
from napari_image_classifier.items.preparation import Preparation, items_of_image
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.items.survey import SurveyRequest
from napari_image_classifier.jobs import survey
from napari_image_classifier.system.records import as_json, from_json
from napari_image_classifier.training.images import read_training_images

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("warm_children")]

PREPARATION = Preparation(("GFP", "DNA"), size=(16, 16), objects=ObjectBox(16))
DISKS = {1: (20, 20, 5), 2: (20, 31, 6), 7: (50, 3, 4)}


@pytest.fixture
def images(tmp_path):
    """Three images of noise: two with three objects each, one without any; masks beside them."""
    folder = tmp_path / "images"
    folder.mkdir()
    (tmp_path / "masks").mkdir()
    for number in range(3):
        image = Image.from_array(noise(seed=number), "CYX", channel_names=["GFP", "DNA"])
        write_image(folder / f"c{number}.tif", image)
        mask = mask_of(DISKS if number < 2 else {})
        write_image(tmp_path / "masks" / f"c{number}.tif", Image.from_array(mask, "YX"))
    return folder


def rows_of(path):
    """The rows of a table."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_items_carry_their_place():
    """In order, and alone when asked for."""
    image = masked(noise(), "CYX", mask_of(DISKS))
    items = list(items_of_image(image, PREPARATION))
    assert [item.selection for item in items] == ["label=1", "label=2", "label=7"]
    assert items[0].place.y == 20
    (alone,) = items_of_image(image, PREPARATION, selections=["label=2"])
    assert np.array_equal(alone.pixels, items[1].pixels)


@pytest.mark.real_start
def test_python_table_and_command_line_say_the_same(images, tiny_object_classifier_path, tmp_path):
    """To the last digit, with a row for each object and one for the image without any."""
    classifier = nic.load_classifier(tiny_object_classifier_path)
    result = classify_folder(images, classifier, tmp_path / "a.csv", masks="../masks")
    assert (result.n_classified, result.n_empty, result.n_errors) == (6, 1, 0)
    arguments = ["classify", images, "--classifier", tiny_object_classifier_path]
    arguments += ["--masks", tmp_path / "masks", "--output", tmp_path / "b.csv"]
    said = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert "Images without objects: 1." in said.output
    rows = rows_of(tmp_path / "a.csv")
    assert list(rows[0])[:7] == ["file", "item", "y", "x", "area", "status", "class"]
    assert [row["item"] for row in rows[:3]] == ["label=1", "label=2", "label=7"]
    assert (rows[0]["y"], rows[0]["status"]) == ("20", "ok")
    assert (rows[6]["item"], rows[6]["status"], rows[6]["message"]) == (
        "", "empty", "There are no objects in its mask.",
    )  # fmt: skip
    in_python = classifier.predict_objects(noise(seed=1), mask_of(DISKS))
    for row, prediction in zip(rows[3:6], in_python, strict=True):
        assert (row["item"], row["class"]) == (prediction.item, prediction.class_name)
        assert float(row["confidence"]) == pytest.approx(prediction.confidence, abs=1e-6)
    with nic.read_image(images / "c1.tif") as image:
        image.mask = Image.from_array(mask_of(DISKS), "YX")
        assert classifier.predict(image, selection="label=7").class_name == in_python[2].class_name


def test_whole_images_and_objects_are_not_mixed_up(
    images, tiny_classifier_path, tiny_object_classifier_path, tmp_path
):
    """Neither when classifying nor when learning."""
    with pytest.raises(ClassifierFileError, match="use predict_objects"):
        nic.load_classifier(tiny_object_classifier_path).predict(images / "c0.tif")
    with pytest.raises(ClassifierFileError, match="learnt from whole images"):
        nic.load_classifier(tiny_classifier_path).predict_objects(noise(), mask_of(DISKS))
    classes = tmp_path / "classes.csv"
    classes.write_text("file,item,class\nc0.tif,label=1,a\nc1.tif,label=2,b\n")
    first, second = read_items(images, items_csv=classes, masks="../masks").items
    whole = replace(second, selection="")
    silent = {"on_progress": lambda *_: None, "should_stop": lambda: False}
    with pytest.raises(TrainingRefused, match="can't be learnt from together"):
        read_training_images([first, whole], nic.TrainingConfig(), **silent)
    with pytest.raises(TrainingRefused, match="learnt from objects, and not all"):
        read_training_images([whole], nic.TrainingConfig(), preparation=PREPARATION, **silent)


def test_relabelling_keeps_classes(tiny_object_classifier_path):
    """Other numbers, another order of rows, the same answers."""
    classifier = nic.load_classifier(tiny_object_classifier_path)
    first = classifier.predict_objects(noise(), mask_of(DISKS))
    again = mask_of(DISKS)
    for old, new in ((1, 900), (2, 3), (7, 70)):
        again[mask_of(DISKS) == old] = new
    second = {said.item: said for said in classifier.predict_objects(noise(), again)}
    for said, new in zip(first, ("label=900", "label=3", "label=70"), strict=True):
        assert second[new].probabilities == pytest.approx(said.probabilities, abs=1e-6)


def test_a_run_with_masks_goes_on_and_is_reproduced(images, tiny_object_classifier_path, tmp_path):
    """A changed mask makes its image be done again, and is found by reproduce."""
    table = tmp_path / "t.csv"
    classify_folder(images, tiny_object_classifier_path, table, masks=tmp_path / "masks")
    mask = tmp_path / "masks" / "c1.tif"
    assert nic.reproduce(tmp_path / "t.manifest.json").same
    write_image(mask, Image.from_array(mask_of({5: (30, 30, 5)}), "YX"))
    found = nic.reproduce(tmp_path / "t.manifest.json")
    assert "are no longer there: 3" in " ".join(found.found)
    result = classify_folder(images, tiny_object_classifier_path, table, masks=tmp_path / "masks")
    assert result.n_resumed == 2
    assert [row["item"] for row in rows_of(table)][3:4] == ["label=5"]


def test_masks_and_classifier_must_fit(images, tiny_classifier_path, tiny_object_classifier_path,
                                       tmp_path):  # fmt: skip
    """Objects for one that learnt from objects, images for the other."""
    with pytest.raises(ItemsError, match="learnt from whole images"):
        classify_folder(images, tiny_classifier_path, tmp_path / "t.csv", masks="../masks")
    with pytest.raises(ItemsError, match="--masks"):
        classify_folder(images, tiny_object_classifier_path, tmp_path / "t.csv")


def test_a_bad_mask_is_a_row(images, tiny_object_classifier_path, tmp_path):
    """The others go on."""
    (tmp_path / "masks" / "c0.tif").write_bytes(b"no image")
    (tmp_path / "masks" / "c2.tif").unlink()
    classify_folder(images, tiny_object_classifier_path, tmp_path / "t.csv", masks="../masks")
    rows = rows_of(tmp_path / "t.csv")
    assert [row["status"] for row in rows] == ["error", "ok", "ok", "ok", "error"]
    assert "a mask (c2.tif or c2_cp_masks.tif)" in rows[-1]["message"]


def test_every_object_is_an_item(images, tmp_path):
    """Of the class of its image, or of a row of its own."""
    classes = tmp_path / "classes.csv"
    classes.write_text("file,class\nc0.tif,a\nc1.tif,b\n")
    table = read_items(images, items_csv=classes, masks="../masks")
    assert [(item.file, item.selection, item.class_name) for item in table.items][2:4] == [
        ("c0.tif", "label=7", "a"), ("c1.tif", "label=1", "b"),
    ]  # fmt: skip
    classes.write_text("file,item,class\nc0.tif,label=2,a\nc0.tif,label=7,b\n")
    table = read_items(images, items_csv=classes, masks=tmp_path / "masks")
    assert [item.selection for item in table.items] == ["label=2", "label=7"]
    again = from_json(type(table), json.loads(json.dumps(as_json(table))))
    assert again == table


def test_objects_are_learnt_from(images, tmp_path):
    """With texture features, which take no time; the box is chosen and told, reproduce agrees."""
    for number in range(4):
        bright = noise(seed=10 + number) + np.uint16(500 * (number % 2))
        image = Image.from_array(bright, "CYX", channel_names=["GFP", "DNA"])
        write_image(images / f"d{number}.tif", image)
        mask = Image.from_array(mask_of(DISKS), "YX")
        write_image(tmp_path / "masks" / f"d{number}.tif", mask)
    classes = tmp_path / "classes.csv"
    classes.write_text("file,class\n" + "".join(f"d{n}.tif,{'ab'[n % 2]}\n" for n in range(4)))
    events = []
    table = read_items(images, items_csv=classes, masks="../masks")
    classifier = nic.train(
        table, nic.TrainingConfig(network="texture"), output=tmp_path / "t.keras",
        on_event=events.append,
    )  # fmt: skip
    assert classifier.preparation.objects == ObjectBox(24)
    assert classifier.preparation.size == (24, 24)
    assert any("boxes of 24 px" in said for said in events[-1]["messages"])
    (first, *_) = classifier.predict_objects(noise(seed=10), mask_of(DISKS))
    assert first.class_name == "a"
    assert nic.reproduce(tmp_path / "t.manifest.json").same


def test_objects_are_surveyed_and_evaluated(images, tmp_path):
    """The same masks in the look beforehand and in the report; wells count, not cells."""
    for number in range(8):
        bright = noise(seed=10 + number) + np.uint16(500 * (number % 2))
        image = Image.from_array(bright, "CYX", channel_names=["GFP", "DNA"])
        write_image(images / f"e{number}.tif", image)
        write_image(tmp_path / "masks" / f"e{number}.tif", Image.from_array(mask_of(DISKS), "YX"))
    classes = tmp_path / "classes.csv"
    classes.write_text("file,class\n" + "".join(f"e{n}.tif,{'ab'[n % 2]}\n" for n in range(8)))
    request = SurveyRequest(images, items_csv=classes, masks="../masks")
    looked = survey.run(request, lambda event: None, lambda: False)
    assert looked.classes == {"a": 12, "b": 12}
    assert (looked.groups, looked.n_images) == ({"a": 4, "b": 4}, 8)
    found = nic.evaluate(
        read_items(images, items_csv=classes, masks="../masks"), tmp_path / "r.html",
        folds=2, seeds=1, method="texture", controls=False, curve=False, in_process=True,
    )  # fmt: skip
    with found.csv.open(encoding="utf-8") as file:
        assert {row["item"] for row in csv.DictReader(file)} == {"label=1", "label=2", "label=7"}


def test_marked_objects_that_are_none_are_not_those_of_the_mask():
    """Nobody marked one, so there is nothing to classify, whatever the file's own mask says."""
    image = masked(noise(), "CYX", mask_of(DISKS))
    unmarked = objects_of(masked(noise(), "CYX", mask_of({})))
    assert list(items_of_image(image, PREPARATION, objects=unmarked)) == []
    assert len(list(items_of_image(image, PREPARATION))) == len(DISKS)
