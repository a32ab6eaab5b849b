"""Annotations as something to learn from; assisted ones are never tested on."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import napari_image_classifier as nic
from helpers.wells import train_on_half, write_wells
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.names.patterns import FilePart, ImageFiles
from napari_image_classifier.items.annotations import ASSISTED, CANNOT_TELL, Annotation, ItemKey
from napari_image_classifier.items.consensus import consensus, learnable, unassisted
from napari_image_classifier.items.item import Item, ItemsError
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.jobs import suggest_labels
from napari_image_classifier.raters.active_learning import (
    SuggestRequest,
    informativeness,
    query_order,
)
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import training_parts


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Fine and coarse noise in wells."""
    return write_wells(tmp_path_factory.mktemp("images"))


def labelled(path, items, modes=None, rater="Ada"):
    """A table in which a rater gave all items their classes."""
    log = AnnotationLog(path, rater, {item.key: item.group or "" for item in items})
    for number, item in enumerate(items):
        log.give([item.key], item.class_name, modes(number) if modes else "by-eye")
    return log


def test_what_stands_is_learnt_from(images, tmp_path):
    """The last answer of each rater, the class that most gave; the rest is said to be left out."""
    items = read_items(images).items
    ada = labelled(tmp_path / "labels.csv", items[:6])
    ada.give([items[0].key], "odd")
    ada.give([items[1].key], CANNOT_TELL)
    ada.undo()
    ada.give([items[2].key], CANNOT_TELL)
    bob = labelled(tmp_path / "labels.csv", items[3:6], rater="Bob")
    bob.give([items[3].key], "odd")
    table = read_items(images, items_csv=tmp_path / "labels.csv")
    found = {item.file: item.class_name for item in table.items}
    assert found == {
        items[0].file: "odd",
        items[1].file: items[1].class_name,
        items[4].file: items[4].class_name,
        items[5].file: items[5].class_name,
    }
    assert "1 items that nobody could tell" in table.assumptions[0]
    assert any("as many each" in sentence for sentence in table.assumptions)


def test_a_consensus_is_what_most_said():
    """Without one where two answers are as frequent."""
    a, b = ItemKey("a", ""), ItemKey("b", "")
    said = [("Ada", a, "x"), ("Bob", a, "x"), ("Eve", a, "y"), ("Ada", b, "x"), ("Bob", b, "y")]
    given = [Annotation(key, name, rater) for rater, key, name in said]
    assert consensus(given) == {a: "x", b: ""}


def test_a_class_of_one_group_is_not_learnt_yet(images):
    """It has nothing to check with; it is named, and the others go on."""
    table = read_items(images, group="folder:2")
    some = replace(table, items=table.items[:4] + table.items[-8:])
    kept, rare = learnable(some)
    assert rare == (table.items[0].class_name,)
    assert len(kept.items) == 8


def test_assisted_labels_are_learnt_from_but_not_checked_with(images, tmp_path):
    """Whole groups of them go to what is learnt from; no group is on both sides."""
    items = read_items(images, group="folder:2").items
    labelled(tmp_path / "labels.csv", items, lambda number: ASSISTED if number % 3 else "by-eye")
    table = read_items(images, items_csv=tmp_path / "labels.csv")
    assert [item.group for item in table.items] == [item.group for item in items]
    assisted = np.array([item.columns["mode"] == ASSISTED for item in table.items])
    units = np.unique([item.group for item in table.items], return_inverse=True)[1]
    parts = training_parts(table.items, units, TrainingConfig(members=2, risk=0.1))
    for learnt, kept in parts.splits:
        assert not assisted[kept].any()
        assert assisted[learnt].any()
        assert not set(units[learnt]) & set(units[kept])
        assert len({table.items[i].class_name for i in kept}) == 2
    assert len(parts.reserved)
    assert not assisted[parts.reserved].any()


def table_at_random(random):
    """Up to 90 items of three classes in groups, by eye or assisted, alone or together."""
    n_groups = int(random.integers(12, 30))
    all_assisted = random.random(n_groups) < random.choice([0.0, 0.3, 0.6])
    items = []
    for group in range(n_groups):
        for number in range(int(random.integers(1, 4))):
            name = f"{group}-{number}.tif"
            mode = ASSISTED if all_assisted[group] or random.random() < 0.3 else "by-eye"
            image = ImageFiles(name, (FilePart(Path(name)),))
            items.append(
                Item(image, class_name="abc"[group % 3], group=str(group), columns={"mode": mode})
            )
    return items


@pytest.mark.parametrize("seed", range(60))
def test_no_table_lets_assisted_labels_be_checked_with(seed):
    """Unless a class has no others there; no group is ever on both sides, no item used twice."""
    random = np.random.default_rng(seed)
    items = table_at_random(random)
    units = np.array([int(item.group or 0) for item in items])
    assisted = np.array([item.columns["mode"] == ASSISTED for item in items])
    classes = np.array([item.class_name for item in items])
    risk = 0.1 if seed % 2 else None
    try:
        parts = training_parts(items, units, TrainingConfig(members=1 + seed % 3, risk=risk))
    except TrainingRefused as refused:
        assert risk is not None
        assert "by eye alone" in str(refused)
        return
    enough = all(
        len(np.unique(units[~assisted & (classes == name)])) > (3 if risk else 1) for name in "abc"
    )
    assert not assisted[parts.reserved].any()
    assert bool(len(parts.reserved)) == (risk is not None)
    for learnt, kept in parts.splits:
        assert set(classes[kept]) == set(classes[learnt]) == set("abc")
        assert len(np.unique(learnt)) == len(learnt)
        assert not set(units[learnt]) & set(units[kept])
        assert not set(units[parts.reserved]) & set(units[np.concatenate([learnt, kept])])
        assert not (assisted[kept].any() and enough)


def test_what_was_only_labelled_with_the_prediction_in_sight(images, tmp_path):
    """It is learnt from, and the scores are said to flatter; nothing is promised or tested."""
    items = read_items(images, group="folder:2").items
    labelled(tmp_path / "labels.csv", items, lambda number: ASSISTED)
    table = read_items(images, items_csv=tmp_path / "labels.csv")
    texture = TrainingConfig(network="texture")
    found = nic.train(table, output=tmp_path / "a.keras", config=texture, in_process=True)
    assert "the scores flatter" in " ".join(found.description.training["messages"])
    risky = replace(texture, risk=0.1)
    with pytest.raises(TrainingRefused, match="by eye alone"):
        nic.train(table, output=tmp_path / "b.keras", config=risky, in_process=True)
    with pytest.raises(TrainingRefused, match="64 labels that were given with a prediction"):
        nic.evaluate(table, tmp_path / "report.html", config=texture, in_process=True)


def test_a_table_in_which_nobody_could_tell_says_so(images, tmp_path):
    """Not that there were no images."""
    log = AnnotationLog(tmp_path / "labels.csv", "Ada", {})
    log.give([item.key for item in read_items(images).items], CANNOT_TELL)
    with pytest.raises(ItemsError, match=r"gives no item a class\. 64 items that nobody"):
        read_items(images, items_csv=tmp_path / "labels.csv")


def test_assisted_labels_are_never_tested_on(images, tmp_path):
    """An evaluation leaves them out, and its report says so."""
    items = read_items(images, group="folder:2").items
    labelled(tmp_path / "labels.csv", items, lambda number: "by-eye" if number % 4 else ASSISTED)
    table = read_items(images, items_csv=tmp_path / "labels.csv")
    assert len(unassisted(table).items) == 48
    report = tmp_path / "report.html"
    nic.evaluate(
        table, report, method="texture", config=TrainingConfig(network="texture"), folds=2,
        seeds=1, controls=False, curve=False, in_process=True,
    )  # fmt: skip
    assert "16 labels that were given with a prediction in sight" in report.read_text()
    assert json.loads((tmp_path / "report.evaluation.json").read_text())["images"] == 48


def test_predicted_classes_take_turns_in_the_queue():
    """What is least certain comes first; two of a class in a row only where no other is left."""
    probabilities = np.array([[0.9, 0.1], [0.55, 0.45], [0.6, 0.4], [0.2, 0.8], [0.51, 0.49]])
    none = np.zeros(5)
    teaches = informativeness(probabilities, none, none)
    assert query_order(teaches, ["a", "a", "a", "b", "a"]) == [4, 3, 1, 2, 0]
    unlike = informativeness(probabilities, none, np.array([2.0, 0, 0, 0, 0]))
    assert unlike[0] > teaches[0]
    assert informativeness(probabilities, none + 1, none)[0] > teaches[0]
    assert query_order(np.array([]), []) == []


def test_a_classifier_puts_all_items_in_order(images, tmp_path):
    """Those that have a class are left out; a file that can't be read has a row with a sentence."""
    path = train_on_half(images, tmp_path / "noise.keras")
    table = read_items(images, annotated=False)
    broken = table.items[5].image.parts[0].path
    content = broken.read_bytes()
    broken.write_bytes(b"II*\0")
    told = []
    try:
        annotated = tuple(item.key for item in table.items[:5])
        found = suggest_labels.run(
            SuggestRequest(table, path, annotated), told.append, lambda: False
        )
    finally:
        broken.write_bytes(content)
    rows = {row.key: row for row in found.items}
    assert len(rows) == len(table.items)
    assert rows[table.items[5].key].class_name is None
    assert broken.name in rows[table.items[5].key].message
    assert len(found.order) == len(table.items) - 6
    classifier = load_classifier(path)
    said = classifier.predict(table.items[9].image)
    assert rows[table.items[9].key].class_name == said.class_name
    assert rows[table.items[9].key].confidence == pytest.approx(said.confidence)
