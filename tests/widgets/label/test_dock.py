"""The dock *Label images*, in a real window."""

import csv
import os
import shutil
import signal
import sys

import numpy as np
import pytest
from qtpy.QtCore import Qt

from helpers.keys import press
from helpers.objects import mask_of, noise
from helpers.plugin import PLUGIN
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.annotations import CANNOT_TELL, ItemKey, read_annotations
from napari_image_classifier.raters.active_learning import SuggestedLabel, SuggestedLabels
from napari_image_classifier.raters.labelling_queue import Shown
from napari_image_classifier.widgets.label.dock import LabelImages
from napari_image_classifier.widgets.train.dock import TrainClassifier

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("warm_children")]

N_IMAGES = 8


@pytest.fixture
def folder(tmp_path):
    """Eight images of noise, in two wells."""
    for number in range(N_IMAGES):
        path = tmp_path / "images" / f"well {number % 2}" / f"{number}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.from_array(noise(seed=number), "CYX", channel_names=["GFP", "DNA"])
        write_image(path, image)
    return tmp_path / "images"


@pytest.fixture
def window(make_napari_viewer):
    """A viewer in sight that has the keys."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1200, 900)
    return viewer


def begun(viewer, qtbot, folder, rater="Ada", classes=("left", "right")):
    """The dock, at its first item."""
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Label images")
    source = dock.source
    source.choose_folder(folder)
    qtbot.waitUntil(lambda: source.listed is not None, timeout=30_000)
    source.group.choose("folder:1")
    source.rater.setText(rater)
    assert source.why_unusable() is None
    source.begin_button.click()
    qtbot.waitUntil(lambda: dock.session is not None, timeout=30_000)
    for name in classes:
        dock.classes.add(name)
    shown(dock, qtbot)
    dock.choices.choose(order="folder")
    shown(dock, qtbot)
    return dock


def shown(dock, qtbot):
    """Wait until the item is on the screen; return its file."""
    session = dock.session
    if session.current is not None:
        qtbot.waitUntil(lambda: session._since is not None)
        return session.current.file
    return None


def given(folder):
    """What stands in the table, by file."""
    return {one.key.file: one.class_name for one in read_annotations(folder / "labels.csv")}


@pytest.mark.real_start
def test_keys_give_classes_and_the_next_item_comes(window, qtbot, folder):
    """1 and 2 give the classes, 0 says that one can't tell, Space goes on, Backspace goes back."""
    dock = begun(window, qtbot, folder)
    seen = [shown(dock, qtbot)]
    for key in (Qt.Key.Key_1, Qt.Key.Key_Space, Qt.Key.Key_0, Qt.Key.Key_2):
        press(window, qtbot, key)
        seen.append(shown(dock, qtbot))
    assert len(set(seen)) == 5
    assert given(folder) == {seen[0]: "left", seen[2]: CANNOT_TELL, seen[3]: "right"}
    assert "3 of 8" in dock.counted.text()
    with (folder / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["rater"] for row in rows} == {"Ada"}
    assert {row["mode"] for row in rows} == {"by-eye"}
    assert all(float(row["seconds"]) >= 0 and row["group"].startswith("well") for row in rows)
    for _ in range(3):
        press(window, qtbot, Qt.Key.Key_Backspace)
    assert shown(dock, qtbot) == seen[0]
    assert given(folder) == {}
    press(window, qtbot, Qt.Key.Key_Backspace)
    assert "nothing to take back" in dock.says.text()


def test_labels_are_there_again_the_next_day(window, qtbot, folder):
    """What has no class yet is shown first, and another rater begins anew."""
    dock = begun(window, qtbot, folder)
    first = shown(dock, qtbot)
    press(window, qtbot, Qt.Key.Key_2)
    dock.stop()
    again = begun(window, qtbot, folder, classes=())
    assert "right" in again.classes.names
    assert again.choices.shown == Shown("unlabelled")
    assert shown(again, qtbot) != first
    assert len(again.session.queue.keys) == N_IMAGES - 1


def test_several_are_labelled_at_once_in_the_gallery(window, qtbot, folder):
    """All that are picked get the class, in one step that one undo takes back."""
    dock = begun(window, qtbot, folder)
    picked = [dock.gallery.items.index(row) for row in (1, 3, 4)]
    flag = dock.gallery.selectionModel().SelectionFlag.Select
    dock.gallery.selectionModel().clear()
    for index in picked:
        dock.gallery.selectionModel().select(index, flag)
    press(window, qtbot, Qt.Key.Key_1)
    assert sorted(given(folder)) == sorted(dock.session.queue.keys[row].file for row in (1, 3, 4))
    press(window, qtbot, Qt.Key.Key_Backspace)
    assert given(folder) == {}


def test_the_gallery_draws_pictures(window, qtbot, folder):
    """Each item has one, with its class below it; a click shows it in the viewer."""
    dock = begun(window, qtbot, folder)
    model = dock.gallery.items
    dock.scroll_to(dock.gallery)
    qtbot.waitUntil(lambda: len(model._pictures) >= 4, timeout=20_000)
    assert all(not picture.isNull() for picture in model._pictures.values())
    press(window, qtbot, Qt.Key.Key_2)
    index = model.index(0)
    assert index.data() == "right"
    dock.gallery.setCurrentIndex(model.index(5))
    assert shown(dock, qtbot) == model.keys[5].file


def test_classes_are_renamed_and_merged(window, qtbot, folder, monkeypatch):
    """What was given follows; two of one name are one."""
    dock = begun(window, qtbot, folder)
    for key in (Qt.Key.Key_1, Qt.Key.Key_2):
        press(window, qtbot, key)
        shown(dock, qtbot)
    dock.classes.list.item(0).setText("front")
    assert sorted(given(folder).values()) == ["front", "right"]
    monkeypatch.setattr(dock.classes, "wants_to_merge", lambda name, new: False)
    dock.classes.list.item(0).setText("right")
    assert dock.classes.names == ["front", "right"]
    monkeypatch.setattr(dock.classes, "wants_to_merge", lambda name, new: True)
    dock.classes.list.item(0).setText("right")
    assert dock.classes.names == ["right"]
    assert list(given(folder).values()) == ["right", "right"]
    press(window, qtbot, Qt.Key.Key_Backspace)
    assert sorted(given(folder).values()) == ["front", "right"]


def test_what_is_labelled_with_the_prediction_in_sight_is_assisted(window, qtbot, folder):
    """Shown beside the image, or known from the filter; not where only the order tells."""
    dock = begun(window, qtbot, folder)
    keys = list(dock.session.items)
    items = tuple(
        SuggestedLabel(key, "left", 0.9 - 0.1 * place, 0.0, "") for place, key in enumerate(keys)
    )
    answers = SuggestedLabels(items, tuple(reversed(keys)))
    dock._take_suggestions(answers)
    assert dock.choices.order == "teaching"
    assert shown(dock, qtbot) == keys[-1].file
    assert "says" not in dock.now.text()
    press(window, qtbot, Qt.Key.Key_2)
    shown(dock, qtbot)
    assert [one.mode for one in read_annotations(folder / "labels.csv")] == ["by-eye"]
    dock.see_predictions.setChecked(True)
    assert "The classifier says left (30%)" in dock.now.text()
    press(window, qtbot, Qt.Key.Key_2)
    shown(dock, qtbot)
    dock.see_predictions.setChecked(False)
    dock.choices.choose(Shown("said", "left"), "confidence")
    press(window, qtbot, Qt.Key.Key_1)
    shown(dock, qtbot)
    assert dock.session.log.annotations[keys[-1]].class_name == "left"
    modes = [one.mode for one in read_annotations(folder / "labels.csv")]
    assert modes == ["assisted", "assisted"]  # the first one, too, was given anew
    dock.choices.choose(Shown("differ"))
    assert len(dock.session.queue.keys) == 1


def test_a_damaged_image_is_said_and_passed_over(window, qtbot, folder):
    """It is no end of the session."""
    (folder / "well 0" / "0.tif").write_bytes(b"II*\0")
    dock = begun(window, qtbot, folder)
    assert "0.tif" in dock.says.text()
    press(window, qtbot, Qt.Key.Key_Space)
    assert shown(dock, qtbot) == "well 0/2.tif"
    assert dock.says.text() == ""


def test_it_learns_and_goes_on(window, qtbot, folder):
    """From fourteen labels to a texture classifier; what would teach it most comes first."""
    for number in range(N_IMAGES, 24):
        bright = noise(seed=number) * (1 + number % 3 // 2 * 9)
        image = Image.from_array(bright.astype(np.uint16), "CYX", channel_names=["GFP", "DNA"])
        write_image(folder / f"well {number}" / f"{number}.tif", image)
    dock = begun(window, qtbot, folder)
    for _ in range(14):
        number = int(shown(dock, qtbot).split("/")[1][:-4])
        press(
            window, qtbot, Qt.Key.Key_2 if number % 3 == 2 and number >= N_IMAGES else Qt.Key.Key_1
        )
    qtbot.waitUntil(dock.active_learning.learn_button.isEnabled)
    before = given(folder)
    killed_while_it_learns(dock, qtbot)
    assert given(folder) == before
    with qtbot.waitSignal(dock.active_learning.answered, timeout=120_000):
        dock.active_learning.learn_button.click()
    assert (folder / "labels.keras").is_file()
    assert len(dock.session.queue.suggestions) == 24
    assert dock.choices.order == "teaching"
    assert len(dock.session.queue.keys) == 10
    labelled = set(dock.session.log.annotations)
    assert not labelled & set(dock.session.queue.teaching)
    assert dock.session.queue.suggestions[dock.session.queue.keys[0]].class_name


def killed_while_it_learns(dock, qtbot):
    """kill -9 of the compute process: a sentence, and the button is there again."""
    if sys.platform == "win32":
        return
    panel = dock.active_learning
    panel.learn_button.click()
    qtbot.waitUntil(lambda: panel._worker.pid is not None)
    os.kill(panel._worker.pid, signal.SIGKILL)
    qtbot.waitUntil(panel.learn_button.isEnabled)
    assert "ended from outside" in panel.progress.message.text()


def test_objects_are_labelled_one_by_one(window, qtbot, folder, tmp_path):
    """Each in its frame, named as training names it; the dock leaves no layer when it is closed."""
    for path in sorted(folder.rglob("*.tif")):
        mask = tmp_path / "masks" / path.relative_to(folder)
        mask.parent.mkdir(parents=True, exist_ok=True)
        write_image(mask, Image.from_array(mask_of({1: (20, 30, 4), 7: (50, 12, 6)}), "YX"))
    dock = LabelImages(window)
    window.window.add_dock_widget(dock)
    source = dock.source
    source.form["masks"].value = tmp_path / "masks"
    source.choose_folder(folder)
    qtbot.waitUntil(lambda: source.listed is not None, timeout=30_000)
    assert source.summary.text() == "16 items of 8 images."
    source.group.choose("folder:1")
    source.rater.setText("Ada")
    source.begin()
    qtbot.waitUntil(lambda: dock.session is not None, timeout=30_000)
    dock.classes.add("left")
    dock.choices.choose(order="folder")
    for _ in range(2):
        shown(dock, qtbot)
        press(window, qtbot, Qt.Key.Key_1)
    shown(dock, qtbot)
    assert "object" in window.layers
    found = [tuple(one.key) for one in read_annotations(folder / "labels.csv")]
    assert found == [("well 0/0.tif", "label=1"), ("well 0/0.tif", "label=7")]
    dock.train_button.click()
    (training,) = window.window._qt_window.findChildren(TrainClassifier)
    qtbot.waitUntil(lambda: training.source.survey is not None, timeout=30_000)
    assert training.source.survey.classes == {"left": 2}
    assert training.source.choices().masks == tmp_path / "masks"
    window.window.remove_dock_widget(dock)
    assert list(window.layers) == []


def test_the_open_images_can_be_labelled(window, qtbot, folder):
    """Those that were opened from files; the table lies in the folder that they share."""
    shutil.rmtree(folder / "well 1")
    files = sorted(folder.rglob("*.tif"))[:2]
    window.open(files, plugin="napari-image-classifier")
    dock = LabelImages(window)
    qtbot.addWidget(dock)
    source = dock.source
    source.kind.setCurrentIndex(1)
    qtbot.waitUntil(lambda: source.listed is not None, timeout=30_000)
    source.rater.setText("Ada")
    source.group.choose(None)
    source.begin()
    qtbot.waitUntil(lambda: dock.session is not None, timeout=30_000)
    assert list(dock.session.items) == [ItemKey(path.name, "") for path in files]
    assert dock.session.log.path == folder / "well 0" / "labels.csv"
    shown(dock, qtbot)
    opened = [layer for layer in window.layers if layer.name not in ("GFP", "DNA")]
    assert not any(layer.visible for layer in opened)
    dock.stop()
    assert all(layer.visible for layer in opened)
