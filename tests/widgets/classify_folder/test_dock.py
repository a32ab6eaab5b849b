"""widgets.classify_folder: the dock, driven as a person would, on a real compute process."""

import csv
import os
import signal
import sys

import numpy as np
import pytest
from qtpy.compat import isalive

from helpers.plugin import PLUGIN
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.widgets.qt import settings

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("warm_children")]

N_IMAGES = 12


@pytest.fixture
def folder(tmp_path):
    """Images with the tiny classifier's channels."""
    write_images(tmp_path / "images", N_IMAGES)
    return tmp_path / "images"


def write_images(folder, count):
    """Write small two-channel images."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        pixels = random.poisson(100, (2, 32, 32)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(folder / f"{number:04}.tif", image)


@pytest.fixture
def dock(viewer):
    """The dock as the menu opens it."""
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify folder")
    yield widget
    if isalive(widget):
        widget.stop()


@pytest.fixture
def ready(dock, folder, tiny_classifier_path):
    """The dock with folder and classifier chosen."""
    dock.form["folder"].value = folder
    dock.use_classifier(tiny_classifier_path)
    return dock


def run(dock, qtbot):
    """Click and wait until the last row is in the table."""
    with qtbot.waitSignal(dock.ended, timeout=60_000):
        dock.run_button.click()


@pytest.mark.real_start
def test_a_folder_fills_the_table_and_the_csv(ready, folder, qtbot):
    """A row per image, with picture and class; a CSV beside the images."""
    run(ready, qtbot)
    predictions = ready.table.model.predictions
    assert len(predictions) == N_IMAGES
    assert all(prediction.status == "ok" and prediction.thumbnail for prediction in predictions)
    with (folder / "predictions.csv").open() as file:
        assert len(list(csv.DictReader(file))) == N_IMAGES
    assert f"{N_IMAGES} classified" in ready.progress.message.text()


def test_a_bad_file_is_a_row(ready, folder, qtbot):
    """The rest of the folder goes on."""
    (folder / "broken.tif").write_bytes(b"II*\0nothing")
    run(ready, qtbot)
    bad = [row for row in ready.table.model.predictions if row.status == "error"]
    assert [row.file for row in bad] == ["broken.tif"]
    assert bad[0].message


def test_a_second_run_continues(ready, folder, qtbot):
    """The button says so, and rows of before are shown again."""
    run(ready, qtbot)
    assert ready.run_button.text() == "Continue"
    image = Image.from_array(np.zeros((2, 32, 32), np.uint16), "CYX", channel_names=("GFP", "DNA"))
    write_image(folder / "new.tif", image)
    run(ready, qtbot)
    assert len(ready.table.model.predictions) == N_IMAGES + 1
    assert f"{N_IMAGES} images had been done before" in ready.progress.message.text()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_a_killed_process_is_told_and_the_dock_works_again(ready, qtbot):
    """kill -9 of the compute process: a sentence, and the next run ends well."""
    ready.run_button.click()
    qtbot.waitUntil(lambda: ready._worker.pid is not None)
    with qtbot.waitSignal(ready.ended, timeout=10_000):
        os.kill(ready._worker.pid, signal.SIGKILL)
    assert "ended from outside" in ready.progress.message.text()
    run(ready, qtbot)
    assert f"{N_IMAGES} classified" in ready.progress.message.text()


@pytest.mark.skipif(sys.platform == "win32", reason="asks the process table the POSIX way")
def test_closing_napari_ends_the_work(ready, viewer, qtbot):
    """No process outlives the window."""
    ready.run_button.click()
    qtbot.waitUntil(lambda: ready._worker.pid is not None)
    pid = ready._worker.pid
    viewer.close()
    qtbot.waitUntil(lambda: not is_running(pid), timeout=10_000)


def is_running(pid):
    """Whether the process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_double_click_opens_the_image(ready, viewer, qtbot):
    """Both channels become layers."""
    run(ready, qtbot)
    ready.table.item_activated.emit(ready.table.model.predictions[0])
    assert len(viewer.layers) == 2


def test_an_image_in_several_files_opens_as_one(
    dock, viewer, tmp_path, tiny_classifier_path, qtbot
):
    """The pattern is proposed, shown as a table, and used for opening, too."""
    (tmp_path / "plate").mkdir()
    random = np.random.default_rng(0)
    for well in ("A01", "A02"):
        for channel in (1, 2):
            pixels = random.poisson(99, (32, 32)).astype(np.uint16)
            image = Image.from_array(pixels, "YX")
            write_image(tmp_path / "plate" / f"{well}_w{channel}.tif", image)
    dock.form["folder"].value = tmp_path / "plate"
    dock.use_classifier(tiny_classifier_path)
    dock.pattern.set_pattern("{well}_w{channel}.tif")
    qtbot.waitUntil(lambda: dock.pattern.table.rowCount() == 2, timeout=30_000)
    assert "2 images of 2 files each, with 2 channels (1, 2)." in dock.pattern.text_shown
    assert "A   1  1  ·" in dock.pattern.text_shown
    run(dock, qtbot)
    assert len(dock.table.model.predictions) == 2
    dock.table.item_activated.emit(dock.table.model.predictions[0])
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=10_000)


def test_choices_are_remembered(ready, viewer, folder, tiny_classifier_path, qtbot):
    """The next dock starts where this one was."""
    run(ready, qtbot)
    fresh = type(ready)(viewer)
    choices = fresh.choices()
    assert (choices.folder, choices.classifier) == (folder, tiny_classifier_path)
    fresh.stop()
    fresh.deleteLater()


def test_why_nothing_can_run_is_said(dock):
    """An empty dock asks for a folder."""
    assert "folder" in dock.why_not.text()
    assert not dock.run_button.isEnabled()


def test_the_table_can_be_saved_elsewhere(ready, folder, tmp_path, qtbot):
    """The copy is the table itself."""
    run(ready, qtbot)
    ready.results.save_copy(tmp_path / "copy.csv")
    assert (tmp_path / "copy.csv").read_bytes() == (folder / "predictions.csv").read_bytes()


def test_the_wells_of_a_folder_are_a_tab(ready, folder, viewer, qtbot):
    """Counted after the run, when somebody looks; a click opens the well's images."""
    for number, path in enumerate(sorted(folder.glob("*.tif"))):
        path.rename(folder / f"B{1 + number % 4:02}_{number}.tif")
    ready.pattern.set_pattern("{well}_{site}.tif")
    wells = ready.results.wells
    assert "when the folder has been classified" in wells.sentence.text()
    run(ready, qtbot)
    with qtbot.waitSignal(wells.shown, timeout=30_000):
        ready.results.setCurrentWidget(wells)
        wells.look()
    assert wells.wells.summary["well"].tolist() == ["B01", "B02", "B03", "B04"]
    assert wells.wells.summary["items"].tolist() == [3, 3, 3, 3]
    with qtbot.waitSignal(wells.said, timeout=10_000):
        wells.view.well_clicked.emit(0)
    assert wells.message.text().endswith("Opened: 3 of its 3 images.")
    assert len(viewer.layers) == 6


def test_images_are_copied_into_folders_by_class(ready, folder, tmp_path, qtbot):
    """From a button, in the background; the images stay."""
    copying = ready.results.copying
    assert not copying.button.isEnabled()
    run(ready, qtbot)
    assert copying.button.isEnabled()
    with qtbot.waitSignal(copying.ended, timeout=30_000):
        copying.copy_to(tmp_path / "sorted")
        assert not copying.button.isEnabled()
    assert f"{N_IMAGES} of {N_IMAGES} images copied" in copying.progress.message.text()
    copies = {path.name: path.parent.name for path in (tmp_path / "sorted").rglob("*.tif")}
    expected = {row.file: row.class_name for row in ready.table.model.predictions}
    assert copies == expected
    assert len(list(folder.glob("*.tif"))) == N_IMAGES
    with qtbot.waitSignal(copying.ended, timeout=30_000):
        copying.copy_to(tmp_path / "sorted")
    assert "is not empty" in copying.progress.message.text()


def test_copying_can_be_cancelled(ready, tmp_path, qtbot):
    """It ends with a sentence, and the button can be clicked again."""
    run(ready, qtbot)
    copying = ready.results.copying
    with qtbot.waitSignal(copying.ended, timeout=30_000):
        copying.copy_to(tmp_path / "sorted")
        copying.cancel()
    assert "Stopped" in copying.progress.message.text()
    assert copying.button.isEnabled()
    assert not list(tmp_path.rglob(".writing-*"))


def test_objects_of_a_folder_are_rows_and_colours(
    viewer, dock, tiny_object_classifier_path, tmp_path, qtbot
):
    """With masks; a row opens its image, coloured, with the camera at the object."""
    folder, masks = tmp_path / "cells", tmp_path / "masks"
    write_images(folder, 2)
    masks.mkdir()
    labels = np.zeros((32, 32), np.uint16)
    labels[4:10, 4:10], labels[20:28, 16:24] = 3, 8
    for number in range(2):
        write_image(masks / f"{number:04}.tif", Image.from_array(labels, "YX"))
    dock.form["folder"].value = folder
    dock.form["masks"].value = masks
    dock.use_classifier(tiny_object_classifier_path)
    run(dock, qtbot)
    rows = dock.table.model.predictions
    assert [row.item for row in rows] == ["label=3", "label=8"] * 2
    dock.results.open_image(rows[3])
    qtbot.waitUntil(lambda: "0001.tif mask by class" in viewer.layers, timeout=10_000)
    copy = viewer.layers["0001.tif mask by class"]
    assert np.array_equal(copy.data, labels)
    assert list(copy.features["class"])[1:] == [row.class_name for row in rows[2:]]
    assert viewer.scene.camera.center[-2:] == pytest.approx((23.5, 19.5))


def test_the_channels_are_asked_for_once(dock, tmp_path, tiny_classifier_path, qtbot):
    """Where their names are others; the answer is remembered for this classifier."""
    (tmp_path / "images").mkdir()
    image = Image.from_array(np.ones((2, 32, 32), np.uint16), "CYX", channel_names=("405", "488"))
    write_image(tmp_path / "images" / "0.tif", image)
    dock.form["folder"].value = tmp_path / "images"
    dock.use_classifier(tiny_classifier_path)
    qtbot.waitUntil(lambda: not dock.channel_map.isHidden(), timeout=60_000)
    dock.channel_map.boxes["DNA"].setCurrentText("405")
    dock.channel_map.boxes["GFP"].setCurrentText("488")
    run(dock, qtbot)
    (prediction,) = dock.table.model.predictions
    assert prediction.status == "ok"
    sha256 = load_classifier(tiny_classifier_path).sha256
    assert settings.remembered_channels(sha256) == {"DNA": "405", "GFP": "488"}
