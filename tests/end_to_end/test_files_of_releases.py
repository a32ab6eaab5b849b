"""Files that earlier versions wrote: opened, gone on with, and made again by this one."""

import csv
import json
import os
from dataclasses import asdict
from importlib.metadata import version

import pytest
from qtpy.QtCore import QSettings
from typer.testing import CliRunner

import napari_image_classifier as nic
from helpers.paths import TESTS
from hostile.kept_files import write_study
from napari_image_classifier.cli.commands import app
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.raters.blinded_session import BlindedSession
from napari_image_classifier.raters.object_annotations import ObjectAnnotations
from napari_image_classifier.raters.session_jobs import SCORE_SESSION, ScoreRequest
from napari_image_classifier.system.compute_process import run_job
from napari_image_classifier.widgets.qt import settings

RELEASES = TESTS / "data" / "files_of_releases"
TEXTURE = nic.TrainingConfig(network="texture")
EVALUATION = {"folds": 2, "seeds": 1, "controls": False, "curve": False}


@pytest.fixture(params=sorted(path.name for path in RELEASES.iterdir() if path.is_dir()))
def study(request, tmp_path):
    """The files of a release, as if they had been written in this folder."""
    return write_study(tmp_path / "study", RELEASES / request.param)


def expected(study):
    """What the version that wrote the files said of them."""
    return json.loads((study / "expected.json").read_text(encoding="utf-8"))


def rows_of(path):
    """The rows of a table, with numbers as such."""

    def cell(text):
        try:
            return float(text)
        except ValueError:
            return text

    return [{name: cell(text) for name, text in row.items()} for row in texts_of(path)]


def texts_of(path):
    """The rows of a table, as they stand there."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rounded(rows):
    """Rows that are equal to others whose numbers differ by rounding."""
    return [
        {
            name: pytest.approx(cell, abs=1e-5) if isinstance(cell, float) else cell
            for name, cell in row.items()
        }
        for row in rows
    ]


def spoil(path):
    """Leave nothing that could be read in a file, but its size and time."""
    stat = path.stat()
    path.write_bytes(bytes(stat.st_size))
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))


def test_this_version_has_its_files():
    """Whoever changes the version writes them: see the folder's README."""
    assert (RELEASES / version("napari-image-classifier")).is_dir()


def test_classifiers_say_what_they_said(study):
    """Of a network, of several, imported, of texture: the same probabilities."""
    for name, of_images in expected(study)["probabilities"].items():
        classifier = nic.load_classifier(study / name)
        for image, said in of_images.items():
            assert dict(classifier.predict(study / image).probabilities) == pytest.approx(
                said, abs=1e-5
            )


def test_classifiers_are_described(study):
    """Classes, channels, how many networks, and the hash that the manifest knows."""
    for path in study.glob("*.keras"):
        found = CliRunner().invoke(app, ["describe", str(path), "--json"])
        assert found.exit_code == 0
        described = json.loads(found.stdout)
        manifest = json.loads(path.with_suffix(".manifest.json").read_text(encoding="utf-8"))
        assert described["kind"] == "classifier"
        assert described["sha256"] == manifest["result"]["sha256"]
        assert described["channel_names"] == ["DNA", "GFP"]
        assert described["networks"] == (2 if path.stem == "ensemble" else 1)


def test_a_stopped_batch_goes_on(study):
    """What was classified is not read again, and the table is that of a run to the end."""
    table = study / "stopped" / "predictions.csv"
    done = texts_of(table)
    assert 0 < len(done) < len(list((study / "new").rglob("*.tif")))
    for row in done:
        spoil(study / "new" / row["file"])
    result = nic.classify_folder(study / "new", study / "network.keras", table, workers=1)
    assert (result.n_resumed, result.stopped) == (len(done), False)
    assert texts_of(table)[: len(done)] == done
    assert rows_of(table) == rounded(rows_of(study / "finished" / "predictions.csv"))


def test_a_finished_batch_needs_no_image_again(study):
    """Of images and of objects: every row is taken from the journal."""
    for images, classifier, name, masks in (
        ("new", "network.keras", "predictions.csv", None),
        ("cells", "objects.keras", "objects.csv", "../masks"),
    ):
        table = study / "finished" / name
        before = table.read_bytes()
        for path in (study / images).rglob("*.tif"):
            spoil(path)
        nic.classify_folder(study / images, study / classifier, table, masks=masks)
        assert table.read_bytes() == before


def test_tables_get_the_same_classes_again(study):
    """From their manifests, of images and of objects; a part of the images is a table, too."""
    for name in ("finished/predictions", "finished/objects", "stopped/predictions"):
        outcome = nic.reproduce(study / f"{name}.manifest.json")
        assert outcome.same
        assert outcome.found[0].endswith("(100.00%; 99.9% are expected everywhere).")


def test_tables_are_summarized(study):
    """The counts are those of the rows."""
    for name in ("predictions.csv", "objects.csv"):
        rows = texts_of(study / "finished" / name)
        summary = nic.summarize(study / "finished" / name, by="classifier")
        assert list(summary["items"]) == [len(rows)]
        assert list(summary["answered"]) == [sum(row["status"] == "ok" for row in rows)]


def test_a_label_table_goes_on(study):
    """Steps of then are undone, new ones appended; what stood there stays, byte by byte."""
    path = study / "labels.csv"
    before = path.read_bytes()
    log = AnnotationLog(path, "Ada")
    truth = {item.key: item.class_name for item in nic.read_items(study / "images").items}
    assert {key: one.class_name for key, one in log.annotations.items()} == truth
    assert {one.class_name for one in log.of_others} == {"coarse"}
    assert len(log.of_others) == 3
    # The last step that stands is the one that called the class otherwise.
    assert len(log.undo()) == 8
    assert log.counts == {"rough": 8, "fine": 8}
    log.give(list(truth)[:1], "fine")
    assert path.read_bytes().startswith(before)
    assert AnnotationLog(path, "Ada").counts == {"rough": 7, "fine": 9}


def test_labels_are_learnt_from(study):
    """The table of labels is a table of items."""
    items = nic.read_items(study / "images", items_csv=study / "labels.csv", group="group").items
    assert {item.key: item.class_name for item in items} == {
        item.key: item.class_name for item in nic.read_items(study / "images").items
    }
    assert [item.columns["mode"] for item in items].count("assisted") == 3


def test_classes_of_objects_go_on(study):
    """Those of an image in the docks, and the table of several that is learnt from."""
    items = [f"label={number}" for number in range(1, 5)]
    given = ObjectAnnotations(study / "annotations" / "0.csv", "0.tif", items)
    assert list(given.classes.values()) == ["bright", "dim", "bright", "dim"]
    given.give({"label=1": "dim"})
    again = ObjectAnnotations(study / "annotations" / "0.csv", "0.tif", items)
    assert again.counts == {"bright": 1, "dim": 3}
    table = nic.read_items(study / "cells", items_csv=study / "objects.csv", masks="../masks")
    assert len(table.items) == 16
    assert {(item.selection, item.class_name) for item in table.items} == {
        ("label=1", "bright"), ("label=2", "dim"), ("label=3", "bright"), ("label=4", "dim")
    }  # fmt: skip


def test_a_blinded_session_goes_on_to_its_score(study):
    """Nothing that was answered is asked again, and the order is that of then."""
    session = BlindedSession(study / "session")
    then = expected(study)["session"]
    assert [asdict(one) for one in session.plan.showings] == then["showings"]
    assert {str(one): said.class_name for one, said in session.answers.items()} == then["answers"]
    assert session.position == len(then["answers"])
    while session.position is not None:
        showing = session.plan.showings[session.position]
        session.answer(session.plan.items.items[showing.item].class_name or "", 1.0)
    request = ScoreRequest((session.folder,), study / "score.html")
    found = run_job(SCORE_SESSION, request, in_process=True)
    assert len([one.sentence for one in found.comparisons]) == 1
    assert found.report.stat().st_size > 0


def test_a_stopped_evaluation_goes_on(study):
    """It is taken up as the same one, and says what it said when it ran through."""
    report = study / "evaluation" / "report.html"
    kept = report.with_name("report.html.runs")
    assert kept.is_file()
    result = nic.evaluate(
        nic.read_items(study / "images", group="folder:2"),
        report,
        TEXTURE,
        in_process=True,
        **EVALUATION,
    )
    assert not kept.exists()
    assert {"verdict": result.verdict, "sentence": result.sentence} == expected(study)["evaluation"]
    assert rows_of(result.csv) == rounded(rows_of(study / "evaluation" / "expected.csv"))


@pytest.fixture
def remembered(study):
    """The settings of then; behind it, none."""
    for folder in ("settings", "none"):
        place = QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(study / folder)
        QSettings.setPath(*place)
        if folder == "settings":
            yield settings.remembered


def test_settings_are_remembered(study, remembered):
    """Every choice, as it was."""
    root = study.as_posix()
    choices = {
        settings.FOLDER: f"{root}/new",
        settings.CLASSIFIER: f"{root}/network.keras",
        settings.OUTPUT: f"{root}/finished/predictions.csv",
        settings.TRAINING_FOLDER: f"{root}/images",
        settings.BACKEND: "tensorflow",
        settings.RATER: "Ada",
        settings.LABELLED_FOLDER: f"{root}/images",
    }
    assert {key: remembered(key) for key in choices} == choices


# A busy machine takes minutes to load Keras.
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("warm_children")
@pytest.mark.parametrize("name", ["texture", "network"])
def test_trainings_are_made_again(study, name):
    """From their manifests, a network also from the classifier that it went on from."""
    outcome = nic.reproduce(study / f"{name}.manifest.json", in_process=name == "texture")
    assert outcome.checked[0].startswith("The pixels of all 16 images are those that were learnt")
    assert outcome.checked[1] == "The same images were kept aside to check with."
    # Other machines and versions round otherwise.
    assert outcome.same or any(said.startswith("0 of the 16 images") for said in outcome.found)
