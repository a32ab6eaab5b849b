"""widgets.evaluation_panel: “How good is it really?” in the dock, on a real compute process."""

import json
import os
import signal
import sys
import time

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QDesktopServices

from helpers.plugin import PLUGIN
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("warm_children")]

LONG = 120_000


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
    widget.form["size"].value = 16
    qtbot.waitUntil(widget.evaluation.run_button.isEnabled, timeout=30_000)
    yield widget
    widget.source.stop()
    widget.stop()


@pytest.mark.real_start
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
    (wrong,) = [one for one in numbers["surest_errors"] if one["file"] == "dark/0.tif"]
    assert (wrong["given"], wrong["predicted"]) == ("dark", "light")
    assert wrong["paths"] == [str(folder / "dark" / "0.tif")]
    assert dock.run_button.isEnabled()
    shown = [panel.errors.rows.item(row).text() for row in range(panel.errors.rows.count())]
    assert sum("given dark, predicted light" in text for text in shown) == 3
    row = panel.errors.rows.item(0)
    assert not row.icon().isNull()
    panel.errors.rows.itemClicked.emit(row)
    (layer,) = dock._viewer.layers
    assert layer.source.path.endswith(row.data(Qt.ItemDataRole.UserRole)[0])
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    panel.open_button.click()
    assert opened[0].toLocalFile() == str(folder / "report.html")
    assert not {"keras", "tensorflow"} & set(sys.modules)


def test_the_next_report_has_another_name(dock, folder):
    """No report is written over."""
    (folder / "report.html").touch()
    dock._show_what_can_run()
    assert dock.evaluation.form["report"].value == folder / "report-2.html"
    dock.evaluation.form["report"].value = folder / "mine.html"
    (folder / "mine.html").touch()
    dock.evaluation.run_button.click()
    assert "is there already" in dock.evaluation.progress.message.text()
    assert not dock.evaluation.running


def test_cancel_ends_within_a_second_and_it_goes_on_where_it_was(dock, folder, qtbot):
    """What was trained is not trained again; nothing is left running, no training can begin."""
    panel, told = dock.evaluation, []
    panel.form["extent"].value = "once"
    dock.form["epochs"].value = 1
    panel._worker.happened.connect(told.append)
    panel.run_button.click()
    dock.run()
    assert not dock._worker.running
    kept = folder / "report.html.runs"
    qtbot.waitUntil(kept.exists, timeout=LONG)
    asked = time.monotonic()
    with qtbot.waitSignal(panel.ended, timeout=5000):
        panel.progress.cancel_button.click()
    assert time.monotonic() - asked < 1.5
    assert "goes on from here" in panel.progress.message.text()
    assert not panel.running
    assert not (folder / "report.html").exists()
    n_done = len(json.loads(kept.read_text(encoding="utf-8"))["runs"])
    told.clear()
    panel.run_button.click()

    def evaluating():
        return [event for event in told if getattr(event, "stage", "") == "evaluating"]

    qtbot.waitUntil(lambda: bool(evaluating()), timeout=LONG)
    first = evaluating()[0]
    # Six networks, all but the last of about as many images.
    assert first.done > 0.8 * first.total * n_done / 6
    with qtbot.waitSignal(panel.ended, timeout=5000):
        panel.progress.cancel_button.click()
    assert panel.run_button.isEnabled()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_a_killed_process_is_told_and_the_panel_works_again(dock, qtbot):
    """kill -9 of the compute process: a sentence, every choice as it was, and it can be begun."""
    panel, told = dock.evaluation, []
    panel.form["extent"].value = "texture"
    before = dock.config(), panel.form.values(), dock.source.choices()
    panel.run_button.click()
    qtbot.waitUntil(lambda: panel._worker.pid is not None)
    with qtbot.waitSignal(panel.ended, timeout=10_000):
        os.kill(panel._worker.pid, signal.SIGKILL)
    assert "ended from outside" in panel.progress.message.text()
    assert (dock.config(), panel.form.values(), dock.source.choices()) == before
    panel._worker.happened.connect(told.append)
    panel.run_button.click()
    qtbot.waitUntil(lambda: bool(told), timeout=LONG)
    with qtbot.waitSignal(panel.ended, timeout=5000):
        panel.progress.cancel_button.click()


def test_a_refusal_is_one_sentence(dock, folder, qtbot):
    """Two groups a class are too few to test with."""
    for path in folder.glob("*/*.tif"):
        if path.stem not in ("0", "1"):
            path.unlink()
    with qtbot.waitSignal(dock.evaluation.ended, timeout=LONG):
        dock.evaluation.run_button.click()
    assert "at least three independent images" in dock.evaluation.progress.message.text()


def test_other_choices_lose_nothing_of_a_stopped_evaluation(dock, folder, qtbot):
    """What is kept for a report belongs to other choices: a sentence, and it stays."""
    kept = folder / "report.html.runs"
    kept.write_text('{"evaluation": "another one", "runs": {}}', encoding="utf-8")
    dock.evaluation.form["extent"].value = "texture"
    with qtbot.waitSignal(dock.evaluation.ended, timeout=LONG):
        dock.evaluation.run_button.click()
    assert "Choose another name for the report" in dock.evaluation.progress.message.text()
    assert "another one" in kept.read_text(encoding="utf-8")


def test_a_classifier_to_go_on_from_is_refused(dock, folder):
    """It has seen the images that it would be tested on."""
    (folder / "earlier.keras").touch()
    dock.files["start_from"].value = folder / "earlier.keras"
    dock.evaluation.run_button.click()
    assert "has seen the images" in dock.evaluation.progress.message.text()
    assert not dock.evaluation.running


def test_without_a_report_it_says_so(dock, folder):
    """The button waits for a file name, and what has no ending gets one."""
    panel = dock.evaluation
    panel._suggested.path = folder / "report.html"
    panel.form["report"].value = None
    assert not panel.run_button.isEnabled()
    assert panel.why_not.isVisibleTo(panel)
    panel.form["report"].value = folder / "mine.v2"
    assert panel.run_button.isEnabled()
    assert not panel.why_not.isVisibleTo(panel)
    (folder / "mine.v2.html").touch()
    panel.run_button.click()
    assert "mine.v2.html is there already" in panel.progress.message.text()


def test_the_dock_is_no_wider_than_its_room(dock, qtbot):
    """Long words are cut off, and no button lies beyond the edge."""
    dock.evaluation.acquisition.offer(("a very long name of a column " * 5,), ())
    qtbot.waitUntil(lambda: dock.evaluation.acquisition.box.count() == 2)
    inside = dock._area.widget()
    assert inside.minimumSizeHint().width() <= dock.minimumWidth()


def test_what_was_taken_together_is_looked_at(make_napari_viewer, tmp_path, qtbot):
    """A column of the table says the day; every day has one class, which turns the verdict."""
    random = np.random.default_rng(2)
    rows = ["file,class,day"]
    for number in range(16):
        pixels = random.poisson((200, 400)[number % 2], (24, 24)).astype(np.uint16)
        write_image(tmp_path / f"{number}.tif", Image.from_array(pixels, "YX"))
        rows.append(f"{number}.tif,{('dark', 'light')[number % 2]},{('Mon', 'Tue')[number % 2]}")
    (tmp_path / "items.csv").write_text("\n".join(rows), encoding="utf-8")
    _, dock = make_napari_viewer().window.add_plugin_dock_widget(PLUGIN, "Train classifier")
    dock.source.choose_folder(tmp_path, tmp_path / "items.csv")
    qtbot.waitUntil(lambda: dock.source.survey is not None, timeout=30_000)
    dock.source.group.choose(None)
    panel = dock.evaluation
    panel.acquisition.box.setCurrentText("images with the same “day”")
    dock._show_what_can_run()
    assert panel.acquisition.shared == "day"
    panel.form["extent"].value = "texture"
    with qtbot.waitSignal(panel.ended, timeout=LONG):
        panel.run_button.click()
    assert "may be batch" in panel.answer.text()
    dock.source.stop()
    dock.stop()


def test_errors_of_open_images_have_their_names(make_napari_viewer, tmp_path, qtbot):
    """Layers without a file: the list names the layer, and a click selects it."""
    viewer = make_napari_viewer()
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Train classifier")
    random = np.random.default_rng(3)
    for number in range(16):
        shown = 400 if number in (0, 2, 4) or number % 2 else 200
        viewer.add_image(random.poisson(shown, (24, 24)).astype(np.uint16), name=f"cell {number}")
    dock.source.choose_kind("open")
    for row in range(16):
        dock.source.open_images.set_class(row, ("dark", "light")[row % 2])
    panel = dock.evaluation
    panel.form["extent"].value = "texture"
    panel.form["report"].value = tmp_path / "open.html"
    qtbot.waitUntil(panel.run_button.isEnabled, timeout=30_000)
    with qtbot.waitSignal(panel.ended, timeout=LONG):
        panel.run_button.click()
    rows = [panel.errors.rows.item(row) for row in range(panel.errors.rows.count())]
    (row,) = [row for row in rows if "cell 2.tif" in row.text()]
    panel.errors.rows.itemClicked.emit(row)
    assert [layer.name for layer in viewer.layers.selection] == ["cell 2"]
    viewer.layers.remove("cell 2")
    panel.errors.rows.itemClicked.emit(row)
    assert "no longer there" in panel.progress.message.text()
    dock.source.stop()
    dock.stop()
