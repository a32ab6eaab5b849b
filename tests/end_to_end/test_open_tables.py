"""A table that a spreadsheet shows, which Windows lets nobody replace, gets company."""

import os
import sys

import numpy as np
import pytest

from helpers.manifests import read_manifest
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.shards import Shard
from napari_image_classifier.classifiers.manifest import manifest_path
from napari_image_classifier.cli.app import main
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.annotations import ItemKey
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.raters.object_annotations import ObjectAnnotations, export_annotations
from napari_image_classifier.system.atomic_files import replace_table
from napari_image_classifier.system.spreadsheets import read_spreadsheet


@pytest.fixture
def opened(monkeypatch):
    """Says which files are open: replacing one of them fails as it does on Windows."""
    held = set()
    really_replace = os.replace

    def replace(source, target):
        if os.fspath(target) in map(os.fspath, held):
            raise PermissionError(13, "The process cannot access the file", os.fspath(target))
        really_replace(source, target)

    monkeypatch.setattr(os, "replace", replace)
    return held


@pytest.fixture
def images(tmp_path):
    """Four images of the tiny classifier's channels."""
    folder = tmp_path / "images"
    folder.mkdir()
    random = np.random.default_rng(3)
    for number in range(4):
        pixels = random.integers(0, 4000, (2, 32, 32)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(folder / f"{number}.tif", image)
    return folder


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process and return what it says."""

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["napari-image-classifier", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out

    return run_command


def test_it_lies_beside_under_a_name_that_is_free(tmp_path, opened):
    """Also of what would lie beside it in turn; the one that is open stays as it was."""
    path = tmp_path / "a table.csv"
    path.write_text("old\n")
    (tmp_path / "a table (2).manifest.json").write_text("{}\n")
    opened.add(path)
    for name, content in (("a table (3).csv", "new\n"), ("a table (4).csv", "newer\n")):
        with replace_table(path) as table:
            table.temporary.write_text(content)
        assert table.path == tmp_path / name
        assert table.path.read_text() == content
        assert table.sentence == (
            "a table.csv is open in another program, such as Excel, so this was written beside "
            f"it, as {name}."
        )
    assert path.read_text() == "old\n"
    assert len(list(tmp_path.iterdir())) == 4
    opened.clear()
    with replace_table(path) as table:
        table.temporary.write_text("newest\n")
    assert (table.path, table.sentence, path.read_text()) == (path, "", "newest\n")


def test_a_folder_without_permission_is_an_error(tmp_path, opened):
    """Nothing is open there, so another name would be no better."""
    path = tmp_path / "table.csv"
    opened.add(path)
    with pytest.raises(PermissionError), replace_table(path) as table:
        table.temporary.write_text("new\n")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_classified_beside_the_open_table(
    images, tiny_classifier_path, tmp_path, opened
):
    """The message says so, the manifest is of what was written, and the journal goes on."""
    output = tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, output)
    before = output.read_text()
    (images / "0.tif").unlink()
    opened.add(output)
    result = classify_folder(images, tiny_classifier_path, output)
    beside = tmp_path / "predictions (2).csv"
    assert result.output == beside
    assert "predictions.csv is open in another program" in result.message
    assert "predictions (2).csv" in result.message
    assert output.read_text() == before
    assert [row["file"] for row in read_spreadsheet(beside).rows] == ["1.tif", "2.tif", "3.tif"]
    manifest = read_manifest(manifest_path(beside))
    assert manifest["result"]["file"] == "predictions (2).csv"
    assert len(manifest["files"]) == 3
    assert len(read_manifest(manifest_path(output))["files"]) == 4
    opened.clear()
    again = classify_folder(images, tiny_classifier_path, output)
    assert (again.n_resumed, again.output, again.elsewhere) == (3, output, "")
    assert output.read_text() == beside.read_text()


def test_the_command_line_says_where_tables_are(
    images, tiny_classifier_path, tmp_path, opened, run
):
    """Of shares that are merged, and of a summary."""
    output = tmp_path / "predictions.csv"
    for number in (1, 2):
        classify_folder(images, tiny_classifier_path, output, shard=Shard(number, 2))
    run("merge", "--output", output)
    run("summarize", output, "--by", "class")
    opened |= {output, tmp_path / "predictions.by-class.csv"}
    said = run("merge", "--output", output)
    assert "so this was written beside it, as predictions (2).csv." in said
    assert f"Written: {tmp_path / 'predictions (2).csv'} (4 rows)" in said
    assert (tmp_path / "predictions (2).csv").read_text() == output.read_text()
    said = run("summarize", output, "--by", "class", "--overwrite")
    assert "as predictions.by-class (2).csv." in said


def test_what_a_person_gives_has_one_place(tmp_path, opened):
    """Labels would be parted in two: they are refused, and the docks say so."""
    log = AnnotationLog(tmp_path / "labels.csv", "Ada")
    objects = ObjectAnnotations(tmp_path / "cells.csv", "cells.tif", ["label=1", "label=2"])
    log.give([ItemKey("a.tif", "")], "odd")
    objects.give({"label=1": "round"})
    opened |= {tmp_path / "labels.csv", tmp_path / "cells.csv"}
    log.give([ItemKey("b.tif", "")], "even")
    with pytest.raises(PermissionError):
        objects.give({"label=2": "long"})
    assert objects.classes == {"label=1": "round"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells.csv", "labels.csv"]
    written = export_annotations(tmp_path / "cells.csv", {"cells.tif": objects.classes})
    assert written.path.name == "cells (2).csv"
