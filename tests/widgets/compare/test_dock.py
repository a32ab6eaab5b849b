"""The dock *Compare with me*: nothing in the window gives an answer away, and none is lost."""

import csv
import os
import signal
import sys

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QApplication, QComboBox, QDockWidget

from helpers.keys import press
from helpers.plugin import PLUGIN
from helpers.wells import CLASSES, train_on_half, write_wells
from napari_image_classifier.items.annotations import CANNOT_TELL
from napari_image_classifier.raters.blinded_session import BlindedSession
from napari_image_classifier.raters.comparison import NO_ANSWER
from napari_image_classifier.widgets.compare.blinded_page import UNREADABLE
from napari_image_classifier.widgets.compare.setup import power_in_words

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("warm_children")]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Images in wells, and a classifier of half of them."""
    folder = tmp_path_factory.mktemp("study")
    images = write_wells(folder / "images")
    return images, train_on_half(images, folder / "noise.keras")


@pytest.fixture
def viewer(make_napari_viewer):
    """A viewer in sight."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1300, 950)
    return viewer


def opened(viewer, qtbot, study, session, truth="condition", labels=None):
    """The dock, filled in."""
    images, classifier = study
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Compare with me")
    setup = dock.setup
    setup.truth.setCurrentIndex(setup.truth.findData(truth))
    setup.form["folder"].value = images
    setup.form["classifier"].value = classifier
    setup.form["session"].value = session
    setup.number.setValue(10)
    setup.rater.setText("Ada")
    qtbot.waitUntil(lambda: setup.listed is not None, timeout=30_000)
    setup.group.choose("folder:2")
    return dock


def begun(viewer, qtbot, study, session, **options):
    """The dock with its session on the screen."""
    dock = opened(viewer, qtbot, study, session, **options)
    assert dock.setup.why_unusable() is None
    dock.setup.start_button.click()
    qtbot.waitUntil(lambda: dock.page.running, timeout=30_000)
    shown(dock, qtbot)
    return dock


def shown(dock, qtbot):
    """Wait until there is an image on the screen."""
    qtbot.waitUntil(lambda: not dock.page.running or dock.page._since is not None)


def texts_in_sight(viewer):
    """Every text that a person could read, by where it is; that of layers, too."""
    found = []
    for widget in QApplication.allWidgets():
        if not widget.isVisible():
            continue
        found += [("action", action.text()) for action in widget.actions()]
        told = [widget.toolTip(), widget.statusTip(), widget.whatsThis(), widget.windowTitle(),
                widget.accessibleName()]  # fmt: skip
        for name in ("text", "title", "placeholderText", "currentText", "toPlainText"):
            if callable(getattr(widget, name, None)):
                told.append(getattr(widget, name)())
        if isinstance(widget, QComboBox):
            told += [widget.itemText(i) for i in range(widget.count())]
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            model = widget.model()
            told += [str(model.index(row, column).data()) for row in range(model.rowCount())
                     for column in range(model.columnCount())]  # fmt: skip
        found += [(type(widget).__name__, text) for text in told if isinstance(text, str) and text]
    actions = viewer.window._qt_window.menuBar().actions()
    while actions:
        action = actions.pop()
        found += [("action", action.text()), ("action", action.toolTip())]
        actions += action.menu().actions() if action.menu() else []
    found += [("status", str(viewer.status)), ("title", viewer.title), ("help", str(viewer.help))]
    overlays = getattr(viewer.canvas, "overlays", {})
    found += [("overlay", one.text) for one in overlays.values()
              if hasattr(one, "text") and one.visible]  # fmt: skip
    for layer in viewer.layers:
        found += [("layer", layer.name), ("metadata", str(layer.metadata)),
                  ("source", str(layer.source))]  # fmt: skip
        found.append(("features", str(getattr(layer, "features", ""))))
    return found


def test_nothing_in_the_window_gives_an_answer_away(viewer, qtbot, study, tmp_path):
    """Whatever was open before: no name of a file, and classes on the buttons alone."""
    images, classifier = study
    first = next(images.rglob("*.tif"))
    viewer.open(images / "coarse" / "W9" / "2.tif", plugin=PLUGIN)
    viewer.title = f"Looking at {first}"
    _, classify = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify images")
    classify.use_classifier(classifier)
    qtbot.waitUntil(classify.run_button.isEnabled, timeout=20_000)
    with qtbot.waitSignal(classify.ended, timeout=20_000):
        classify.run_button.click()
    dock = begun(viewer, qtbot, study, tmp_path / "session")
    viewer.cursor.position = (5, 5)
    secrets = {str(images), "W8", "W9", "W10", "W11", "W12", "W13", "W14", "W15", ".tif", "noise",
               "condition", NO_ANSWER}  # fmt: skip
    for name in (CLASSES[0], CANNOT_TELL, CLASSES[1]):
        labelled = [button.text() for button in dock.page.buttons]
        assert [text.split("   ")[1] for text in labelled] == [*sorted(CLASSES), CANNOT_TELL]
        assert len({button.styleSheet() for button in dock.page.buttons}) == 1
        told = texts_in_sight(viewer)
        assert len(told) > 40
        given_away = [one for one in told if any(secret in one[1] for secret in secrets)]
        assert given_away == []
        of_classes = [one for one in told if any(name in one[1] for name in CLASSES)]
        assert sorted(of_classes) == sorted(("QPushButton", text) for text in labelled[:2])
        dock.page.answer(name)
        shown(dock, qtbot)
    dock.page.pause()
    assert viewer.title.startswith("Looking at")
    assert any("2" in layer.name for layer in viewer.layers)
    assert classify.isVisible()


@pytest.mark.real_start
def test_a_session_is_answered_with_keys(viewer, qtbot, study, tmp_path):
    """To the end, with an undo on the way; the verdict is said, and the report is there."""
    dock = begun(viewer, qtbot, study, tmp_path / "session")
    session = dock.page.session
    press(viewer, qtbot, Qt.Key.Key_2)
    shown(dock, qtbot)
    press(viewer, qtbot, Qt.Key.Key_Backspace)
    shown(dock, qtbot)
    assert session.position == 0
    dock.page.seen_before.setChecked(True)
    while session.position is not None:
        item = session.plan.items.items[session.plan.showings[session.position].item]
        key = Qt.Key.Key_1 if item.class_name == sorted(CLASSES)[0] else Qt.Key.Key_2
        press(viewer, qtbot, key)
        shown(dock, qtbot)
    qtbot.waitUntil(lambda: dock.report is not None, timeout=30_000)
    qtbot.waitUntil(dock.result.isVisible)
    assert "you about 100%" in dock.result.text()
    assert dock.report.is_file()
    with (tmp_path / "session" / "answers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 22
    assert rows[2]["seen_before"] == "yes"
    assert all(float(row["seconds"]) >= 0 for row in rows if row["class"])
    assert list(viewer.layers) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_a_killed_process_is_told_and_nothing_is_lost(viewer, qtbot, study, tmp_path):
    """kill -9 while the session is prepared, and while it is scored: a sentence, then once more."""
    session = tmp_path / "session"
    dock = opened(viewer, qtbot, study, session)
    before = dock.setup.choices(), dock.setup.group.shared, dock.setup.rater.text()
    dock.setup.start_button.click()
    kill(dock, qtbot)
    assert (dock.setup.choices(), dock.setup.group.shared, dock.setup.rater.text()) == before
    dock.setup.start_button.click()
    qtbot.waitUntil(lambda: dock.page.running, timeout=30_000)
    while dock.page.running:
        shown(dock, qtbot)
        dock.page.answer(CLASSES[0])
    answers = (session / "answers.csv").read_bytes()
    kill(dock, qtbot)
    assert (session / "answers.csv").read_bytes() == answers
    dock.resume(session)
    qtbot.waitUntil(lambda: dock.report is not None, timeout=60_000)


def kill(dock, qtbot):
    """End the compute process as the system does when memory is short, and wait for the word."""
    qtbot.waitUntil(lambda: dock._worker.pid is not None, timeout=10_000)
    os.kill(dock._worker.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not dock._worker.running)
    assert "ended from outside" in dock.progress.message.text()


def test_a_paused_session_goes_on(viewer, qtbot, study, tmp_path):
    """With the next image, and what was set stays; the window comes back meanwhile."""
    dock = begun(viewer, qtbot, study, tmp_path / "session")
    docks = list(viewer.window._qt_window.findChildren(QDockWidget))
    assert sum(one.isVisible() for one in docks) == 1
    press(viewer, qtbot, Qt.Key.Key_1)
    shown(dock, qtbot)
    dock.page.pause_button.click()
    assert sum(one.isVisible() for one in docks) > 1
    assert "19 images are left" in dock.result.text()
    dock.resume(tmp_path / "session")
    shown(dock, qtbot)
    assert dock.page.session.position == 1
    dock.stop()
    assert len(BlindedSession(tmp_path / "session").answers) == 1


def test_the_second_arm_shows_what_the_classifier_sees(viewer, qtbot, study, tmp_path):
    """The prepared image, after all others, and the page says so."""
    dock = opened(viewer, qtbot, study, tmp_path / "session")
    dock.setup.second_arm.setChecked(True)
    dock.setup.start_button.click()
    qtbot.waitUntil(lambda: dock.page.running, timeout=30_000)
    shown(dock, qtbot)
    session = dock.page.session
    assert viewer.layers[0].data.dtype == np.uint16
    while session.plan.showings[session.position].arm == "everything":
        dock.page.answer(CANNOT_TELL)
        shown(dock, qtbot)
    assert "exactly what the classifier sees" in dock.page.progress.text()
    assert viewer.layers[0].data.dtype == np.float32
    dock.stop()


def test_an_image_that_is_gone_is_no_end_and_names_nothing(viewer, qtbot, study, tmp_path):
    """The sentence would name the file; another one stands there."""
    dock = begun(viewer, qtbot, study, tmp_path / "session")
    session = dock.page.session
    place = session.plan.showings[5].item
    path = session.plan.items.items[place].image.parts[0].path
    content = path.read_bytes()
    path.unlink()
    try:
        for _ in range(len(session.plan.showings) - 1):
            if dock.page.says.text() == UNREADABLE:
                break
            dock.page.answer(CANNOT_TELL)
            shown(dock, qtbot)
        assert dock.page.says.text() == UNREADABLE
        dock.page.answer(CANNOT_TELL)
        assert dock.page.says.text() != UNREADABLE
    finally:
        path.write_bytes(content)
        dock.stop()


def test_power_is_said_before_the_start(viewer, qtbot, study, tmp_path):
    """Of these images and groups; of one's own labels there is none."""
    dock = opened(viewer, qtbot, study, tmp_path / "session")
    # Eight of the sixteen wells were learnt from.
    qtbot.waitUntil(lambda: "10 images of 8 groups" in dock.setup.power.text(), timeout=20_000)
    listed = dock.setup.listed.items
    words = power_in_words(listed, "folder:2", 60, 0.1)
    assert words.startswith("60 images of 16 groups")
    assert "For 80 %: about" in words
    dock.setup.truth.setCurrentIndex(1)
    assert "agreeing with yourself" in dock.setup.power.text()
    assert "table of labels" in dock.setup.why_unusable()
    dock.resume(tmp_path)
    assert "no session" in dock.progress.message.text()


def test_a_dock_that_is_closed_gives_the_window_back(viewer, qtbot, study, tmp_path):
    """Whatever was open is there again, and the answers are kept."""
    own = viewer.add_points([[1, 1]], name="mine")
    dock = begun(viewer, qtbot, study, tmp_path / "session")
    assert own not in viewer.layers
    dock.page.answer(CANNOT_TELL)
    viewer.window.remove_dock_widget(dock)
    assert list(viewer.layers) == [own]
    assert not dock.page.running
    assert len(BlindedSession(tmp_path / "session").answers) == 1
