"""A folder that changes while it is classified: files still being written, a drive that goes."""

import csv
import errno
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from napari_image_classifier.batch import retries as patient_prediction
from napari_image_classifier.batch.classify_folder import OutputRefusedError, classify_folder
from napari_image_classifier.batch.journal import journal_path
from napari_image_classifier.batch.retries import PatientPrediction
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import Fault
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.system.output_lock import RunningError, only_run

HOLD = """
import sys
from pathlib import Path
from napari_image_classifier.system.output_lock import only_run
with only_run(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def images(tmp_path):
    """Eight images of the tiny classifier's channels, written an hour ago."""
    folder = tmp_path / "drive" / "images"
    folder.mkdir(parents=True)
    random = np.random.default_rng(3)
    for number in range(8):
        pixels = random.integers(0, 4000, (2, 32, 32)).astype(np.uint16)
        path = folder / f"{number}.tif"
        write_image(path, Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA")))
        make_old(path)
    return folder


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Looks a few times a second, and waits for a second."""
    monkeypatch.setattr(patient_prediction, "SECONDS_BETWEEN_LOOKS", 0.05)
    monkeypatch.setattr(patient_prediction, "LONGEST_WAIT_FOR_FILES", 1.0)
    monkeypatch.setattr(patient_prediction, "SECONDS_UNTIL_WHOLE", 0.5)


def make_old(path):
    """As if it had been written an hour ago."""
    os.utime(path, (time.time() - 3600,) * 2)


def status_of(output):
    """The status of each file of a table."""
    with output.open(newline="", encoding="utf-8") as file:
        return {row["file"]: row["status"] for row in csv.DictReader(file)}


def test_a_file_that_becomes_whole_is_classified_in_the_end(images, tiny_classifier_path, tmp_path):
    """It was half there at first, and is whole when all others are done."""
    whole = (images / "0.tif").read_bytes()
    (images / "0.tif").write_bytes(whole[: len(whole) // 2])
    told = []

    def hear(rows, done, total):
        told.extend(row.file for row in rows)
        (images / "0.tif").write_bytes(whole)

    output = tmp_path / "predictions.csv"
    result = classify_folder(images, tiny_classifier_path, output, on_predictions=hear)
    assert (result.n_ok, result.n_errors, result.n_pending) == (8, 0, 0)
    assert told[-1] == "0.tif"


def test_a_file_that_is_still_written_is_pending_and_tried_again(
    images, tiny_classifier_path, tmp_path, monkeypatch
):
    """Its row says so; the next run takes it up and leaves the others alone."""
    whole = (images / "0.tif").read_bytes()
    (images / "0.tif").write_bytes(whole[: len(whole) // 2])
    monkeypatch.setattr(patient_prediction, "SECONDS_UNTIL_WHOLE", 60.0)
    output = tmp_path / "predictions.csv"
    result = classify_folder(images, tiny_classifier_path, output)
    assert (result.n_ok, result.n_pending, result.n_errors) == (7, 1, 0)
    assert "Still being written: 1" in result.message
    assert status_of(output)["0.tif"] == "pending"
    (images / "0.tif").write_bytes(whole)
    again = classify_folder(images, tiny_classifier_path, output)
    assert (again.n_ok, again.n_pending, again.n_resumed) == (8, 0, 7)


def test_a_broken_file_that_is_old_is_no_pending_one(images, tiny_classifier_path, tmp_path):
    """Nobody waits for it."""
    (images / "0.tif").write_bytes(b"II*\0 not really")
    make_old(images / "0.tif")
    output = tmp_path / "predictions.csv"
    assert classify_folder(images, tiny_classifier_path, output).n_errors == 1
    assert status_of(output)["0.tif"] == "error"


def test_a_drive_that_goes_and_comes_back_loses_nothing(images, tiny_classifier_path, tmp_path):
    """It waits, says why, and classifies what it could not reach."""
    drive, away = images.parent, tmp_path / "away"
    pauses = []

    def hear(rows, done, total):
        if drive.exists() and not pauses:
            drive.rename(away)

    def paused(sentence):
        pauses.append(sentence)
        away.rename(drive)

    output = tmp_path / "predictions.csv"
    result = classify_folder(
        images, tiny_classifier_path, output, workers=1, on_predictions=hear, on_pause=paused
    )
    assert (result.n_ok, result.n_errors, result.stopped) == (8, 0, False)
    assert len(pauses) == 1
    assert "Drive not reachable, nothing lost" in pauses[0]


def test_a_stop_while_the_drive_is_gone_keeps_what_was_done(images, tiny_classifier_path, tmp_path):
    """And the next run goes on with the rest."""
    drive, away = images.parent, tmp_path / "away"
    pauses = []

    def hear(rows, done, total):
        if drive.exists():
            drive.rename(away)

    output = tmp_path / "predictions.csv"
    stopped = classify_folder(
        images,
        tiny_classifier_path,
        output,
        workers=1,
        on_predictions=hear,
        on_pause=pauses.append,
        should_stop=lambda: bool(pauses),
    )
    assert stopped.stopped
    assert stopped.n_errors == 0
    away.rename(drive)
    again = classify_folder(images, tiny_classifier_path, output)
    assert (again.n_ok, again.n_resumed) == (8, stopped.n_ok)


def test_a_second_run_on_the_same_output_is_refused(images, tiny_classifier_path, tmp_path):
    """As long as the first lives, and not after it was killed."""
    output = tmp_path / "predictions.csv"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(output)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert first.stdout.readline().strip() == b"held"
        with pytest.raises(RunningError, match="Another run is writing"):
            classify_folder(images, tiny_classifier_path, output)
        assert not output.exists()
    finally:
        first.kill()
        first.communicate()
    assert classify_folder(images, tiny_classifier_path, output).n_ok == 8
    assert not list(tmp_path.glob("*.lock"))
    with only_run(output), pytest.raises(RunningError), only_run(output):
        raise AssertionError("never reached")


def test_a_full_disk_is_a_sentence_and_keeps_what_there_was(
    images, tiny_classifier_path, tmp_path, monkeypatch
):
    """Half a line is taken away again; the next run goes on."""
    from napari_image_classifier.batch import journal

    output = tmp_path / "predictions.csv"
    real_open, n_left = journal.Journal._append, [5]

    def append(self, line):
        n_left[0] -= 1
        if n_left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real_open(self, line)

    monkeypatch.setattr(journal.Journal, "_append", append)
    with pytest.raises(OutputRefusedError, match="No space left on device"):
        classify_folder(images, tiny_classifier_path, output)
    assert journal_path(output).read_bytes().endswith(b"\n")
    monkeypatch.undo()
    assert classify_folder(images, tiny_classifier_path, output).n_resumed == 3


def slow(names):
    """What a batch says of images that never came."""
    return [[Prediction(name, "", "error", message="slow", code=Fault.TOO_SLOW)] for name in names]


def test_a_drive_that_hangs_pauses_the_batch_and_a_stop_is_heard(images, monkeypatch):
    """After three images that never came; asking the drive itself does not come back either."""
    found, _ = find_images(images)
    pauses, hang = [], threading.Event()
    monkeypatch.setattr(type(images), "is_dir", lambda path: hang.wait(60))
    patient = PatientPrediction(
        lambda files: slow(one.name for one in files), lambda: bool(pauses), pauses.append
    )
    told = list(patient(found))
    hang.set()
    assert len(pauses) == 1
    assert "Drive not reachable, nothing lost" in pauses[0]
    assert [one.predictions[0].code for one in told[:2]] == [Fault.TOO_SLOW] * 2


def test_images_that_never_come_from_a_drive_that_answers_are_rows(images):
    """It is the images, then: nobody waits."""
    found, _ = find_images(images)
    pauses = []
    patient = PatientPrediction(
        lambda files: slow(one.name for one in files), lambda: False, pauses.append
    )
    told = list(patient(found))
    assert not pauses
    assert [one.predictions[0].file for one in told] == [files.name for files in found]
