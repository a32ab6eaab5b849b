"""Raters and machine, from tables to the report."""

import csv
import html
import json
import shutil
import unicodedata
from html.parser import HTMLParser

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa
from typer.testing import CliRunner

import napari_image_classifier as nic
from helpers.manifests import learnt_manifest, read_manifest
from napari_image_classifier.cli.commands import app
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.annotations import (
    ASSISTED,
    CANNOT_TELL,
    AnnotationsError,
    ItemKey,
)
from napari_image_classifier.raters.agreement import AgreementError
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.raters.comparison import ComparedItem, compare
from napari_image_classifier.statistics.paired_difference import paired_difference

CLASSES = np.array(["interphase", "metaphase", "anaphase"])
N = 120


def answers(part_right, seed):
    """Answers to images of three classes in turn, of which a part is right."""
    random = np.random.default_rng(seed)
    truth = CLASSES[np.arange(N) % 3]
    return np.where(random.random(N) < part_right, truth, random.choice(CLASSES, N))


def write(path, given, **columns):
    """A table of answers, with other columns beside them."""
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "class", *columns])
        for number, name in enumerate(given):
            values = [of[number] for of in columns.values()]
            table.writerow([f"well {number // 6}/{number}.tif", name, *values])
    return path


def predictions(path, given, status=None):
    """A table as classify writes it."""
    return write(path, given, status=status or ["ok"] * N, classifier=["abc"] * N)


class Links(HTMLParser):
    """What a page would fetch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found += [value for name, value in attributes if name in ("src", "href")]


def test_two_raters_are_compared_as_statsmodels_does(tmp_path):
    """Images in common, percentage, kappa; the page needs no network."""
    ada, bob = answers(0.9, 1), answers(0.7, 2)
    paths = [write(tmp_path / "ada.csv", ada), write(tmp_path / "bob.csv", bob)]
    found = nic.compare_raters(paths, tmp_path / "report.html")
    table = [[((ada == one) & (bob == other)).sum() for other in CLASSES] for one in CLASSES]
    (pair,) = found.agreement.pairs
    assert pair.kappa.kappa == pytest.approx(cohens_kappa(np.array(table)).kappa)
    assert pair.kappa.agreement == pytest.approx((ada == bob).mean())
    assert len(found.agreement.differing) == (ada != bob).sum()
    page = (tmp_path / "report.html").read_text()
    links = Links()
    links.feed(page)
    assert not [link for link in links.found if not link.startswith("data:")]
    assert found.sentences[0] in page
    with (tmp_path / "report.answers.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2 * N


def test_a_machine_is_compared_with_each_rater_by_group(tmp_path):
    """Against a truth, with groups from the folders; what the machine does not answer is wrong."""
    truth = CLASSES[np.arange(N) % 3]
    status = ["ok"] * (N - 3) + ["unsure", "error", "unlike-training"]
    machine = answers(0.95, 3)
    tables = [
        write(tmp_path / "ada.csv", answers(0.9, 1)),
        write(tmp_path / "bob.csv", answers(0.7, 2)),
        predictions(tmp_path / "predictions.csv", machine, status),
    ]
    found = nic.compare_raters(
        tables,
        tmp_path / "report.html",
        truth=write(tmp_path / "truth.csv", truth),
        group="folder",
    )
    right = (machine == truth) & (np.array(status) == "ok")
    expected = paired_difference(right, answers(0.7, 2) == truth, np.arange(N) // 6)
    assert [one.rater for one in found.comparisons] == ["ada", "bob"]
    assert found.comparisons[1].difference == expected
    assert found.agreement.alpha is not None
    numbers = json.loads((tmp_path / "report.agreement.json").read_text())
    assert numbers["comparisons"][1]["no_answer"] == 3
    assert numbers["comparisons"][1]["verdict"] == "better"


def test_the_consensus_leaves_the_tested_rater_out(tmp_path):
    """Of two others who differ there is none, and these images are left out."""
    truth = CLASSES[np.arange(N) % 3]
    wrong = np.where(np.arange(N) < 20, "metaphase", truth)
    tables = [
        write(tmp_path / "ada.csv", truth),
        write(tmp_path / "bob.csv", wrong),
        write(tmp_path / "eve.csv", truth),
        predictions(tmp_path / "predictions.csv", truth),
    ]
    found = nic.compare_raters(tables, tmp_path / "report.html", truth="consensus")
    by_rater = {one.rater: one for one in found.comparisons}
    assert len(by_rater["bob"].items) == N
    assert by_rater["bob"].difference.difference == pytest.approx((wrong != truth).mean())
    assert len(by_rater["ada"].items) == (wrong == truth).sum()


def test_assisted_labels_meet_no_machine(tmp_path):
    """They were given with its answer in sight; between persons they count."""
    log = AnnotationLog(tmp_path / "labels.csv", "Ada")
    other = AnnotationLog(tmp_path / "others.csv", "Bob")
    for number, name in enumerate(CLASSES[np.arange(30) % 3]):
        key = ItemKey(f"well {number // 6}/{number}.tif", "")
        log.give([key], str(name), ASSISTED if number < 10 else "by-eye")
        other.give([key], str(name))
    tables = [log.path, other.path]
    alone = nic.compare_raters(tables, tmp_path / "a.html")
    assert len(alone.agreement.answers["Ada"]) == 30
    tables.append(predictions(tmp_path / "predictions.csv", answers(0.9, 3)))
    beside = nic.compare_raters(tables, tmp_path / "b.html")
    assert len(beside.agreement.answers["Ada"]) == 20
    assert "10 labels" in beside.notes[0]


def test_images_that_the_classifier_had_learnt_from_are_told(tiny_classifier_path, tmp_path):
    """Of the shared ones, by the manifests of the table and of its classifier."""
    (tmp_path / "images").mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 4000, (2, 32, 32)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(tmp_path / "images" / f"{number}.tif", image)
    classifier = shutil.copy(tiny_classifier_path, tmp_path / "cells.keras")
    nic.classify_folder(tmp_path / "images", classifier, tmp_path / "predictions.csv")
    ada = tmp_path / "ada.csv"
    ada.write_text("file,class\n1.tif,control\n2.tif,depleted\n3.tif,control\n", encoding="utf-8")

    def notes():
        tables = [ada, tmp_path / "predictions.csv"]
        return nic.compare_raters(tables, tmp_path / "a.html").notes[1:]

    assert "nobody can tell, as that of cells.keras is not beside it" in notes()[0]
    files = read_manifest(tmp_path / "predictions.manifest.json")["files"]
    learnt_manifest(classifier, files[:2])
    (said,) = notes()
    assert "had learnt from 1 of the 3 images on which it is compared, such as 1.tif" in said
    assert said in html.unescape((tmp_path / "a.html").read_text("utf-8"))
    learnt_manifest(classifier, files[:1])
    assert notes() == ()
    (tmp_path / "predictions.manifest.json").unlink()
    assert "nobody can tell, as its own manifest is not beside it" in notes()[0]


def compared(truth, person, machine, again=None, **options):
    """An item of a comparison."""
    number = compared.number = getattr(compared, "number", 0) + 1
    return ComparedItem(ItemKey(f"{number}.tif", ""), truth, person, machine, again, **options)


def test_repeats_count_once_and_cannot_tell_is_wrong():
    """Consistency comes from the repeats, accuracy from the first answers."""
    items = [
        compared("a", "a", "a", "a"),
        compared("a", "a", "b", "a", seen_before=True),
        compared("b", CANNOT_TELL, "b", "b", seconds=2.0),
        compared("b", "b", "no answer", seconds=4.0),
    ]
    found = compare(items, rater="Ada", machine="m", truth="condition")
    assert found.difference.person.score == 0.75
    assert found.difference.machine.score == 0.5
    assert found.consistency.n_items == 3
    assert [one.key for one in found.wavered] == [items[2].key]
    assert [one.key for one in found.steady_but_different] == [items[1].key]
    assert found.confusion("person").tolist() == [[2, 0, 0], [0, 1, 1]]
    assert found.confusion("machine").tolist() == [[1, 1, 0], [0, 1, 1]]
    assert found.unseen.n_items == 3
    assert found.median_seconds == 3.0


def test_on_ones_own_labels_nobody_is_better():
    """Accuracy is agreement then, and there is no verdict."""
    items = [compared("a", "a", "b"), compared("b", "b", "b"), compared("b", "a", "b")]
    found = compare(items, rater="Ada", machine="m", truth="own")
    assert found.verdict is None
    assert found.difference is None
    assert "nothing about who is better" in found.sentence


def test_tables_that_share_nothing_are_told_apart_by_their_names(tmp_path):
    """The sentence shows how files are named in each; a truth without a machine is refused."""
    one = write(tmp_path / "a.csv", ["x"])
    other = tmp_path / "b.csv"
    other.write_text("file,class\n0.tif,x\n")
    with pytest.raises(AgreementError, match=r"a: well 0/0.tif; b: 0.tif"):
        nic.compare_raters([one, other], tmp_path / "report.html")
    with pytest.raises(AgreementError, match="at least two"):
        nic.compare_raters([one], tmp_path / "report.html")
    with pytest.raises(AgreementError, match=r"add predictions.csv"):
        nic.compare_raters([one, write(tmp_path / "c.csv", ["x"])], tmp_path / "r.html", truth=one)
    (tmp_path / "d.csv").write_text("name\nx\n")
    with pytest.raises(AnnotationsError, match="no column “file”"):
        nic.compare_raters([one, tmp_path / "d.csv"], tmp_path / "report.html")


def test_the_command_says_it_in_words(tmp_path):
    """And writes over nothing unasked."""
    tables = [
        str(write(tmp_path / "ada.csv", answers(0.9, 1))),
        str(predictions(tmp_path / "predictions.csv", answers(0.9, 2))),
    ]
    truth = str(write(tmp_path / "truth.csv", CLASSES[np.arange(N) % 3]))
    command = ["agreement", *tables, "--truth", truth, "--report", str(tmp_path / "r.html")]
    found = CliRunner().invoke(app, command)
    assert found.exit_code == 0, found.output
    assert "ada and predictions gave the same answer" in found.output
    assert "95 % interval" in found.output
    assert CliRunner().invoke(app, command).exit_code != 0
    assert CliRunner().invoke(app, [*command, "--overwrite"]).exit_code == 0


def test_tables_that_spreadsheets_saved_are_compared(tmp_path):
    """Each in its own way; names of files and classes are the same in whatever way Unicode has."""
    ours = tmp_path / "ours.csv"
    ours.write_text("file,class\nä1.tif,Geschädigt\nä2.tif,Gesund\nä3.tif,Gesund\n", "utf-8")
    excel = tmp_path / "excel.csv"
    excel.write_bytes(
        "File;Class\r\nä1.tif;Geschädigt\r\nä2.tif;Gesund\r\nä3.tif;Geschädigt\r\n".encode("cp1252")
    )
    mac = tmp_path / "mac.csv"
    mac.write_text(unicodedata.normalize("NFD", ours.read_text("utf-8")), "utf-8")
    found = nic.compare_raters([ours, excel, mac], tmp_path / "report.html")
    assert len(found.agreement.items) == 3
    assert any("excel.csv does not say its encoding" in note for note in found.notes)
    assert "Geschädigt" in (tmp_path / "report.answers.csv").read_text("utf-8")


def test_classes_that_differ_in_case_are_no_disagreement(tmp_path):
    """They are refused until one of them is renamed."""
    for name, text in (("a", "Early"), ("b", "early")):
        (tmp_path / f"{name}.csv").write_text(f"file,class\n1.tif,{text}\n2.tif,late\n")
    tables = [tmp_path / "a.csv", tmp_path / "b.csv"]
    with pytest.raises(AnnotationsError, match="“Early”, “early” of these tables differ only"):
        nic.compare_raters(tables, tmp_path / "report.html")
    found = nic.compare_raters(tables, tmp_path / "report.html", rename_classes={"Early": "early"})
    assert found.agreement.class_names == ("early", "late")


def test_a_name_that_is_no_text_ends_no_report(tmp_path):
    """Files are called as the disk has them; the page shows a mark in the place of such a byte."""
    for name in "ab":
        (tmp_path / f"{name}.csv").write_bytes(
            "file,class\nä.tif,early\n".encode() + b"\xe4.tif,late\n"
        )
    nic.compare_raters([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "report.html")
    assert b"\xe4.tif" in (tmp_path / "report.answers.csv").read_bytes()


def test_a_table_that_is_there_twice_is_refused(tmp_path):
    """As itself, a copy, a link, with its rows in another order, and as the truth."""
    rows = [f"{number}.tif,{'ab'[number % 2]},Ada" for number in range(12)]
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("\n".join(["file,class,rater", *rows]))
    for make in (
        lambda: other.write_bytes(one.read_bytes()),
        lambda: other.symlink_to(one),
        lambda: other.write_text("\r\n".join(["file,class,rater", *reversed(rows)])),
    ):
        make()
        with pytest.raises(AnnotationsError, match="was given twice"):
            nic.compare_raters([one, other], tmp_path / "r.html")
        other.unlink()
    with pytest.raises(AnnotationsError, match="was given twice"):
        nic.compare_raters([one, one], tmp_path / "r.html")
    other.write_text(one.read_text().replace("Ada", "Bea"))
    said = nic.compare_raters([one, other], tmp_path / "r.html").sentences
    assert any("the same answers to all 12 images" in sentence for sentence in said)
    other.write_text(one.read_text().replace("0.tif,a", "0.tif,b"))
    said = nic.compare_raters([one, other], tmp_path / "s.html").sentences
    assert any("repeats their own answers" in sentence for sentence in said)
