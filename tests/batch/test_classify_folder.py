"""folder: a folder → a table of predictions that survives anything."""

import csv
import errno
import json
import os
from dataclasses import replace

import numpy as np
import pytest

from napari_image_classifier.batch import classify_folder as folder
from napari_image_classifier.batch.classify_folder import (
    OutputRefusedError,
    classify_folder,
)
from napari_image_classifier.batch.helper import Helper
from napari_image_classifier.batch.journal import journal_path, read_journal
from napari_image_classifier.batch.result import CLASSIFY_FOLDER, FolderRequest
from napari_image_classifier.batch.shards import Shard, ShardError, merge_shards
from napari_image_classifier.classifiers import predict
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.evaluation.reproduce import reproduce
from napari_image_classifier.images.channel_matching import ChannelMismatchError
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.images.read_errors import read_failure
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.system.compute_process import ComputeProcess

RANDOM = np.random.default_rng(3)


def rows_of(path):
    """The table as dicts."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def save_image(path, shape=(2, 32, 32), axes="CYX"):
    """A random image with the tiny classifier's channels."""
    pixels = RANDOM.integers(0, 4000, shape).astype(np.uint16)
    write_image(path, Image.from_array(pixels, axes, channel_names=("GFP", "DNA")))


@pytest.fixture
def images(tmp_path):
    """Six images, one of them a time series, and a file that is no image."""
    folder = tmp_path / "images"
    (folder / "day 2").mkdir(parents=True)
    for number in range(4):
        save_image(folder / f"{number}.tif")
    save_image(folder / "day 2" / "4.tif")
    save_image(folder / "movie.tif", (11, 2, 32, 32), "TCYX")
    (folder / "broken.tif").write_bytes(b"II*\0 not really")
    # One that was only just written would be waited for.
    os.utime(folder / "broken.tif", (0, 0))
    return folder


def test_every_item_gets_a_row(images, tiny_classifier_path, tmp_path):
    """Sorted by file and item, time points in order, a broken file with a sentence."""
    output = tmp_path / "predictions.csv"
    result = classify_folder(images, tiny_classifier_path, output)
    rows = rows_of(output)
    assert [(row["file"], row["item"]) for row in rows] == [
        ("0.tif", ""), ("1.tif", ""), ("2.tif", ""), ("3.tif", ""), ("broken.tif", ""),
        ("day 2/4.tif", ""), *(("movie.tif", f"t={time}") for time in range(11)),
    ]  # fmt: skip
    assert list(rows[0]) == [
        "file", "item", "status", "class", "confidence", "p_control", "p_depleted", "message",
        "code", "classifier",
    ]  # fmt: skip
    broken = rows[4]
    assert (broken["status"], broken["class"]) == ("error", "")
    assert "broken.tif" in broken["message"]
    assert (result.n_ok, result.n_errors, result.stopped) == (16, 1, False)
    sha256 = load_classifier(tiny_classifier_path).sha256
    assert {row["classifier"] for row in rows} == {sha256[:12]}


def test_the_table_holds_what_python_says(images, tiny_classifier_path, tmp_path):
    """The same probabilities as classifier.predict of each file."""
    output = tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, output)
    classifier = load_classifier(tiny_classifier_path)
    for row in rows_of(output):
        if row["status"] == "ok":
            said = classifier.predict(images / row["file"], selection=row["item"])
            assert row["class"] == said.class_name
            for name, probability in said.probabilities.items():
                assert float(row[f"p_{name}"]) == pytest.approx(probability, abs=1e-5)


def test_a_stopped_run_goes_on(images, tiny_classifier_path, tmp_path):
    """What was done is not done again, and the table equals an uninterrupted one."""
    whole, output = tmp_path / "whole.csv", tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, whole)
    seen = []

    def note(predictions, done, total):
        seen.append(done)

    first = classify_folder(
        images, tiny_classifier_path, output, workers=1,
        on_predictions=note, should_stop=lambda: len(seen) >= 2,
    )  # fmt: skip
    assert first.stopped
    second = classify_folder(images, tiny_classifier_path, output)
    assert second.n_resumed >= 2
    assert not second.stopped
    assert output.read_text() == whole.read_text()


def test_a_torn_last_line_is_dropped(images, tiny_classifier_path, tmp_path):
    """As a power cut leaves it."""
    output = tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, output)
    before = output.read_text()
    journal = journal_path(output)
    journal.write_bytes(journal.read_bytes()[:-20])
    result = classify_folder(images, tiny_classifier_path, output)
    assert result.n_resumed == 6
    assert output.read_text() == before


def test_a_changed_image_is_classified_anew(images, tiny_classifier_path, tmp_path):
    """Size and time of the file count, not its name."""
    output = tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, output)
    before = rows_of(output)
    save_image(images / "0.tif", (2, 40, 40))
    assert classify_folder(images, tiny_classifier_path, output).n_resumed == 6
    assert rows_of(output)[1:] == before[1:]
    said = load_classifier(tiny_classifier_path).predict(images / "0.tif")
    assert float(rows_of(output)[0]["confidence"]) == pytest.approx(said.confidence, abs=1e-5)


def test_what_is_done_is_not_read_again(images, tiny_classifier_path, tmp_path):
    """Nor are errors that would come again: all files could be anything now."""
    output = tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, output)
    before = output.read_bytes()
    for path in images.rglob("*.tif"):
        found = path.stat()
        path.write_bytes(bytes(found.st_size))
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    again = classify_folder(images, tiny_classifier_path, output)
    assert (again.n_resumed, again.n_errors) == (7, 1)
    assert output.read_bytes() == before


def test_an_error_that_may_be_over_is_tried_again(
    images, tiny_classifier_path, tmp_path, monkeypatch
):
    """The drive, the memory or the rights were at fault, and the file is as it was."""
    output = tmp_path / "predictions.csv"
    really_read = predict.read_image

    def read(files, **choices):
        reasons = {"0.tif": OSError(errno.EIO, "Input/output error"), "1.tif": MemoryError(),
                   "2.tif": PermissionError(errno.EACCES, "Permission denied")}  # fmt: skip
        if files.name in reasons:
            raise read_failure(files.parts[0].path, reasons[files.name])
        return really_read(files, **choices)

    monkeypatch.setattr(predict, "read_image", read)
    assert classify_folder(images, tiny_classifier_path, output, workers=1).n_errors == 4
    monkeypatch.undo()
    again = classify_folder(images, tiny_classifier_path, output)
    assert (again.n_resumed, again.n_errors, again.n_ok) == (4, 1, 16)


def test_errors_are_tried_again_by_other_programs(images, tiny_classifier_path, tmp_path):
    """A newer version may read what this one could not; once, as it then says so itself."""
    output = tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, output)
    journal = journal_path(output)
    journal.write_text(journal.read_text().replace('"tifffile": "', '"tifffile": "1.'))
    assert classify_folder(images, tiny_classifier_path, output).n_resumed == 6
    assert classify_folder(images, tiny_classifier_path, output).n_resumed == 7


def test_shares_are_done_when_their_tables_are(images, tiny_classifier_path, tmp_path, monkeypatch):
    """One whose table could not be written is not merged, whatever its journal holds."""
    output, whole = tmp_path / "predictions.csv", tmp_path / "whole.csv"
    classify_folder(images, tiny_classifier_path, whole)
    classify_folder(images, tiny_classifier_path, output, shard=Shard(2, 2))
    seen = []
    first = classify_folder(
        images, tiny_classifier_path, output, workers=1, shard=Shard(1, 2),
        on_predictions=lambda *news: seen.append(news), should_stop=lambda: len(seen) >= 2,
    )  # fmt: skip
    assert first.stopped

    def refuse(*arguments, **choices):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder, "write_predictions", refuse)
    with pytest.raises(OutputRefusedError, match="No space left on device"):
        classify_folder(images, tiny_classifier_path, output, shard=Shard(1, 2))
    monkeypatch.undo()
    with pytest.raises(ShardError, match="1 of 2 shares are not done"):
        merge_shards(output)
    assert classify_folder(images, tiny_classifier_path, output, shard=Shard(1, 2)).n_resumed == 4
    merge_shards(output)
    assert output.read_text() == whole.read_text()


def test_an_output_that_holds_other_work_is_refused(images, tiny_classifier_path, tmp_path):
    """Another table, or another classifier's; overwriting must be said."""
    output = tmp_path / "mine.csv"
    output.write_text("well,count\nA01,7\n")
    with pytest.raises(OutputRefusedError, match="not a table of predictions"):
        classify_folder(images, tiny_classifier_path, output)
    output.write_text("file,status,classifier\n0.tif,ok,0123456789ab\n")
    with pytest.raises(OutputRefusedError, match="another classifier"):
        classify_folder(images, tiny_classifier_path, output)
    assert read_journal(journal_path(output)) == (None, {})
    classify_folder(images, tiny_classifier_path, output, overwrite=True)
    assert len(rows_of(output)) == 17
    header, _ = read_journal(journal_path(output))
    assert header.classifier == load_classifier(tiny_classifier_path).sha256


def test_fields_of_the_name_become_columns(tiny_classifier_path, tmp_path):
    """Well and site, from files of one channel each."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for channel in ("GFP", "DNA"):
        pixels = RANDOM.integers(0, 255, (32, 32)).astype(np.uint8)
        write_image(folder / f"A01_s3_{channel}.tif", Image.from_array(pixels, "YX"))
    output = tmp_path / "predictions.csv"
    classify_folder(folder, tiny_classifier_path, output, pattern="{well}_s{site}_{channel}.tif")
    (row,) = rows_of(output)
    assert (row["file"], row["well"], row["site"]) == ("A01_s3_{channel}.tif", "A01", "3")
    assert row["status"] == "ok", row["message"]


def test_the_job_streams_rows_with_thumbnails(images, tiny_classifier_path, tmp_path):
    """Rows come as events, every row once, and the table is there at the end."""
    output = tmp_path / "predictions.csv"
    request = FolderRequest(images, tiny_classifier_path, output, thumbnails=True)
    with ComputeProcess(CLASSIFY_FOLDER, request) as process:
        *events, last = process.events()
    rows = [row for event in events for row in event.predictions]
    assert len(rows) == len(rows_of(output)) == 17
    assert all(row.thumbnail for row in rows if row.status == "ok")
    assert (last["event"], last.n_ok, last.n_errors) == ("result", 16, 1)


def save_wavelengths(path, pixels):
    """An image whose channels are called by their wavelengths, DNA first."""
    write_image(path, Image.from_array(pixels[::-1], "CYX", channel_names=("405", "488")))


def test_what_images_call_channels_is_said_once_and_kept(tiny_classifier_path, tmp_path):
    """The same answers as of images whose channels have the classifier's names."""
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    for number in range(3):
        pixels = RANDOM.integers(0, 4000, (2, 32, 32)).astype(np.uint16)
        named = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(own / f"{number}.tif", named)
        save_wavelengths(other / f"{number}.tif", pixels)
    expected, table = tmp_path / "expected.csv", tmp_path / "predictions.csv"
    classify_folder(own, tiny_classifier_path, expected)

    assert classify_folder(other, tiny_classifier_path, table).n_errors == 3
    assert {row["code"] for row in rows_of(table)} == {"no-channel"}
    said = {"GFP": "488", "DNA": "405"}
    # Nothing was classified, so nothing is lost by beginning anew.
    assert classify_folder(other, tiny_classifier_path, table, channels=said).n_ok == 3
    assert rows_of(table) == rows_of(expected)

    header, _ = read_journal(journal_path(table))
    manifest = json.loads((tmp_path / "predictions.manifest.json").read_text())
    assert header.channel_map == manifest["images"]["channel_map"] == said
    assert reproduce(tmp_path / "predictions.manifest.json").same
    unsaid = json.loads((tmp_path / "expected.manifest.json").read_text())
    assert "channel_map" not in unsaid["images"]
    with pytest.raises(OutputRefusedError, match="another map of channels"):
        classify_folder(other, tiny_classifier_path, table, channels={"GFP": "405", "DNA": "488"})


def test_a_map_of_channels_that_the_classifier_lacks_is_refused(
    images, tiny_classifier_path, tmp_path
):
    """Before anything is written."""
    table = tmp_path / "predictions.csv"
    with pytest.raises(ChannelMismatchError, match="no channel “405”"):
        classify_folder(images, tiny_classifier_path, table, channels={"405": "DNA"})
    assert not table.exists()


def test_helpers_know_what_images_call_channels(tiny_classifier_path, tmp_path):
    """As the images carry it with them."""
    save_wavelengths(tmp_path / "0.tif", np.ones((2, 32, 32), np.uint16))
    files = replace(
        ImageFiles.single(tmp_path / "0.tif", tmp_path),
        channel_map={"GFP": "488", "DNA": "405"},
    )
    helper = Helper(load_classifier(tiny_classifier_path, threads=1))
    try:
        ((prediction,),) = helper.predict([files])
    finally:
        helper.end()
    assert prediction.status == "ok"
