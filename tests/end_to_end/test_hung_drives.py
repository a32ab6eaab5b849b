"""Drives that hang or vanish under a real window: it stays live, and says what it waits for."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from qtpy.QtCore import QSettings, QTimer

from helpers.hung_drive import hung_drive  # noqa: F401 - a fixture
from helpers.plugin import PLUGIN
from helpers.processes import living_children
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.widgets.qt import path_probe as patient_paths
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.qt.path_probe import DriveWatch, Kind, kind_of
from napari_image_classifier.widgets.qt.saving import unused

CLOSE = """
import sys
from pathlib import Path
import napari
from qtpy.QtCore import QSettings, QTimer
from napari_image_classifier.widgets.classify_images import run as image_run

QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, sys.argv[2])
viewer = napari.Viewer()
_, dock = viewer.window.add_plugin_dock_widget("napari-image-classifier", "Classify images")
dock.use_classifier(sys.argv[1])
print(dock.expects.text().split()[0].lower())

def hang(classifier, tasks, stopped):
    print("reading", flush=True)
    yield Path(sys.argv[1]).read_bytes()

image_run.predict_tasks = hang
image_run.SECONDS_TO_END = 0.5
run = image_run.ImageRun(None, [], dock)
QTimer.singleShot(1000, viewer.close)
napari.run()
print("closed")
"""
SILENT = "does not answer"


@pytest.fixture
def viewer(make_napari_viewer, tmp_path):
    """A viewer in sight, with settings of its own."""
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path))
    return make_napari_viewer(show=True)


@pytest.fixture
def opened(viewer):
    """A function that opens a dock; it is stopped in the end."""
    docks = []

    def open_dock(name):
        docks.append(viewer.window.add_plugin_dock_widget(PLUGIN, name)[1])
        return docks[-1]

    yield open_dock
    for dock in docks:
        if hasattr(dock, "stop"):
            dock.stop()


@pytest.fixture
def ticks(qtbot):
    """The ticks of a timer on the GUI thread."""
    seen, timer = [], QTimer()
    timer.timeout.connect(lambda: seen.append(time.monotonic()))
    timer.start(20)
    yield seen
    timer.stop()


def write_images(folder, count):
    """Write small images in the tiny classifier's channels."""
    chance = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        pixels = chance.poisson(100, (2, 32, 32)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(folder / f"{number:03}.tif", image)
    return folder


def test_what_is_at_a_path(tmp_path):
    """Where the drive answers, as ever."""
    (tmp_path / "file").touch()
    assert kind_of(tmp_path) is Kind.FOLDER
    assert kind_of(tmp_path / "file") is Kind.FILE
    assert kind_of(tmp_path / "nothing") is Kind.NOTHING
    assert unused(tmp_path / "file") == tmp_path / "file-2"


def test_a_late_answer_is_told(hung_drive, viewer, qtbot):  # noqa: F811
    """It is asked for once, however often somebody wants to know; and then it is known."""
    watch = DriveWatch(viewer.window._qt_window)
    path = hung_drive.folder / "images"
    assert {kind_of(path) for _ in range(100)} == {Kind.NO_ANSWER}
    assert unused(path) is None
    with qtbot.waitSignal(watch.answered, timeout=10_000):
        hung_drive.vanish()
    assert kind_of(path) is Kind.NOTHING


def test_a_slow_drive_is_believed_for_a_while(tmp_path, monkeypatch, viewer, qtbot):
    """Else the answer to one question would come when that to the one before is forgotten."""
    (tmp_path / "images").mkdir()
    real = os.stat

    def slow(path, *arguments, **options):
        if str(path).startswith(str(tmp_path)):
            time.sleep(2 * patient_paths.SECONDS_OF_PATIENCE)
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", slow)
    watch = DriveWatch(viewer.window._qt_window)
    for path, kind in ((tmp_path / "images", Kind.FOLDER), (tmp_path / "table", Kind.NOTHING)):
        with qtbot.waitSignal(watch.answered, timeout=10_000):
            assert kind_of(path) is Kind.NO_ANSWER
        assert kind_of(path) is kind
    assert kind_of(tmp_path / "images") is Kind.FOLDER


def test_docks_open_though_what_they_remember_hangs(hung_drive, opened, ticks, qtbot):  # noqa: F811
    """The folder of yesterday is on a drive that is not there today."""
    folder = hung_drive.folder / "images"
    settings.remember(
        folder=folder, training_folder=folder, labelled_folder=folder,
        classifier=folder / "cells.keras", output=folder / "predictions.csv", rater="Ada",
    )  # fmt: skip
    docks = [opened(name) for name in (
        "Train classifier", "Classify folder", "Classify images", "Label images", "Compare with me",
    )]  # fmt: skip
    n_ticks = len(ticks)
    qtbot.waitUntil(lambda: len(ticks) > n_ticks + 20)
    assert docks[3].source.rater.text() == "Ada"


def test_docks_say_that_a_folder_does_not_answer(hung_drive, opened, ticks, qtbot):  # noqa: F811
    """Chosen anew; the window goes on, and what the drive says in the end is shown."""
    folder = hung_drive.folder / "images"
    train, label = opened("Train classifier"), opened("Label images")
    classify, compare = opened("Classify folder"), opened("Compare with me")
    train.source.choose_folder(folder)
    label.source.choose_folder(folder)
    classify.form["folder"].value = folder
    compare.setup.form["folder"].value = folder
    words = (
        train.why_not.text,
        label.source.summary.text,
        classify.why_not.text,
        compare.setup.why_not.text,
    )
    for text in words:
        qtbot.waitUntil(lambda text=text: f"{folder} {SILENT}" in text(), timeout=10_000)
    n_ticks = len(ticks)
    qtbot.waitUntil(lambda: len(ticks) > n_ticks + 20)
    hung_drive.vanish()
    for text in words:
        qtbot.waitUntil(lambda text=text: f"There is no folder {folder}" in text(), timeout=10_000)


def test_a_look_at_a_folder_that_hangs_can_be_left(
    hung_drive,  # noqa: F811
    opened,
    ticks,
    tmp_path,
    qtbot,
):
    """The folder itself answers, what is in it does not: another one is chosen meanwhile."""
    stuck = tmp_path / "stuck"
    (stuck / "control").mkdir(parents=True)
    (stuck / "depleted").symlink_to(hung_drive.folder)
    dock = opened("Train classifier")
    dock.source.choose_folder(stuck)
    qtbot.waitUntil(lambda: dock.source.form.runner._worker.pid is not None, timeout=10_000)
    n_ticks = len(ticks)
    qtbot.waitUntil(lambda: len(ticks) > n_ticks + 50)
    assert dock.why_not.text() == "Looking at the images…"
    for name in ("control", "depleted"):
        (tmp_path / "good").mkdir(exist_ok=True)
        write_images(tmp_path / "good" / name, 2)
    dock.source.choose_folder(tmp_path / "good")
    qtbot.waitUntil(lambda: dock.source.survey is not None, timeout=30_000)
    assert dock.source.survey["n_images"] == 4


def test_cancel_ends_a_batch_within_a_second_while_its_drive_hangs(
    hung_drive,  # noqa: F811
    opened,
    ticks,
    tmp_path,
    tiny_classifier_path,
    qtbot,
):
    """Its first images were read; then the drive hangs in the middle of a read."""
    images = write_images(tmp_path / "images", 400)
    dock = opened("Classify folder")
    dock.form["folder"].value = images
    dock.form["output"].value = tmp_path / "predictions.csv"
    dock.use_classifier(tiny_classifier_path)
    qtbot.waitUntil(dock.run_button.isEnabled)
    heard = []
    dock._worker.happened.connect(heard.append)
    dock.run_button.click()
    qtbot.waitUntil(lambda: bool(heard), timeout=30_000)
    images.rename(tmp_path / "elsewhere")
    images.symlink_to(hung_drive.folder)
    qtbot.waitUntil(lambda: bool(dock.table.model.predictions), timeout=10_000)
    n_ticks = len(ticks)
    qtbot.waitUntil(lambda: len(ticks) > n_ticks + 50)
    assert dock._worker.running
    asked = time.monotonic()
    dock.progress.cancel_button.click()
    qtbot.waitUntil(lambda: not dock._worker.running, timeout=10_000)
    assert time.monotonic() - asked < 1.5
    qtbot.waitUntil(lambda: "Stopped" in dock.progress.message.text())
    assert 0 < len(dock.table.model.predictions) < 400
    qtbot.waitUntil(lambda: not living_children(), timeout=10_000)


@pytest.mark.window
def test_napari_closes_though_a_drive_hangs(hung_drive, tmp_path):  # noqa: F811
    """A thread that waits for a classifier, or for an image's pixels, holds up no end."""
    ended = subprocess.run(
        [sys.executable, "-c", CLOSE, str(hung_drive.folder / "cells.keras"), str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["opening", "reading", "closed"], ended.stderr
