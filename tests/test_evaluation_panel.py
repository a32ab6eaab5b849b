"""widgets.evaluation_panel: “How good is it really?” in the dock, on a real compute process."""

import json
import sys
import time

import numpy as np
import pytest
from qtpy.QtCore import QSettings
from qtpy.QtGui import QDesktopServices

from napari_image_classifier.images import Image, write_image

PLUGIN = "napari-image-classifier"
LONG = 120_000


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory):
    """Nothing is remembered from, or for, the person who runs the tests."""
    folder = str(tmp_path_factory.mktemp("settings"))
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)


@pytest.fixture
def folder(tmp_path):
    """Two classes of ten images; three of the dark ones are bright, as if given wrongly."""
    random = np.random.default_rng(0)
    for name, level in (("dark", 200), ("light", 400)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(10):
            shown = 400 if name == "dark" and number < 3 else level
            pixels = random.poisson(shown, (24, 24)).astype(np.uint16)
            write_image(
                tmp_path / "images" / name / f"{number}.tif", Image.from_array(pixels, "YX")
            )
    return tmp_path / "images"


@pytest.fixture
def dock(make_napari_viewer, folder, qtbot):
    """The dock with images chosen, each standing alone."""
    viewer = make_napari_viewer()
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Train classifier")
    widget.source.choose_folder(folder)
    qtbot.waitUntil(lambda: widget.source.survey is not None, timeout=30_000)
    widget.source.group.choose(None)
    widget.folded_form["size"].value = 16
    qtbot.waitUntil(widget.evaluation.run_button.isEnabled, timeout=30_000)
    yield widget
    widget.source.stop()
    widget.stop()


def test_the_answer_the_report_and_the_errors(dock, folder, qtbot, monkeypatch):
    """From the click to the sentence; a click on an error opens its image."""
    panel = dock.evaluation
    assert panel.form["report"].value == folder / "report.html"
    panel.form["extent"].value = "texture"
    with qtbot.waitSignal(panel.ended, timeout=LONG):
        panel.run_button.click()
        assert not dock.run_button.isEnabled()
        assert not panel.run_button.isEnabled()
    numbers = json.loads((folder / "report.evaluation.json").read_text(encoding="utf-8"))
    assert numbers["sentence"] in panel.answer.text()
    assert numbers["method"] == "texture features"
    assert dock.run_button.isEnabled()
    shown = [panel.errors.rows.item(row).text() for row in range(panel.errors.rows.count())]
    assert sum("given dark, predicted light" in text for text in shown) == 3
    row = panel.errors.rows.item(0)
    assert not row.icon().isNull()
    panel.errors.rows.itemClicked.emit(row)
    (layer,) = dock._viewer.layers
    assert layer.source.path.endswith(row.data(256))
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    panel.open_button.click()
    assert opened[0].toLocalFile() == str(folder / "report.html")
    assert not {"keras", "tensorflow", "skimage.feature", "matplotlib.figure"} & set(sys.modules)


def test_the_next_report_has_another_name(dock, folder):
    """No report is written over; one that was begun is gone on with."""
    (folder / "report.html").touch()
    dock._show_what_can_run()
    assert dock.evaluation.form["report"].value == folder / "report-2.html"
    (folder / "report.html").unlink()
    (folder / "report-2.html.runs").touch()
    dock._show_what_can_run()
    assert dock.evaluation.form["report"].value == folder / "report-2.html"
    dock.evaluation.form["report"].value = folder / "mine.html"
    (folder / "mine.html").touch()
    dock.evaluation.run_button.click()
    assert "is there already" in dock.evaluation.progress.message.text()
    assert not dock.evaluation.running


def test_cancel_ends_within_a_second(dock, folder, qtbot):
    """While the first network is trained; nothing is left running, and it says what comes next."""
    panel = dock.evaluation
    panel.form["extent"].value = "once"
    panel.run_button.click()
    qtbot.waitUntil(lambda: "Training and testing" in panel.progress._note.text(), timeout=LONG)
    asked = time.monotonic()
    with qtbot.waitSignal(panel.ended, timeout=5000):
        panel.progress.cancel_button.click()
    assert time.monotonic() - asked < 1.5
    assert "goes on from here" in panel.progress.message.text()
    assert not panel.running
    assert not (folder / "report.html").exists()
    assert panel.run_button.isEnabled()


def test_a_refusal_is_one_sentence(dock, folder, qtbot):
    """Two groups a class are too few to test with."""
    for path in folder.glob("*/*.tif"):
        if path.stem not in ("0", "1"):
            path.unlink()
    with qtbot.waitSignal(dock.evaluation.ended, timeout=LONG):
        dock.evaluation.run_button.click()
    assert "at least three independent images" in dock.evaluation.progress.message.text()
