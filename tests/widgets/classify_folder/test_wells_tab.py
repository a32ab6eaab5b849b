"""widgets.wells_tab: plates and doses of a finished table, with a viewer beside."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as Picture
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QHelpEvent
from qtpy.QtWidgets import QFileDialog, QToolTip

from napari_image_classifier.batch.predictions_csv import write_predictions
from napari_image_classifier.batch.result import FolderRequest
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.names.well_names import Well
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.widgets.classify_folder.wells_tab import NOTHING_YET, WellsTab

WELLS = ("A01", "A02", "A03", "B04")
SITES = 6


@pytest.fixture
def classified(tmp_path):
    """Four wells with six images each, of which more and more are light."""
    folder = tmp_path / "images"
    folder.mkdir()
    predictions, fields = [], {}
    for number, well in enumerate(WELLS):
        for site in range(SITES):
            file = f"{well}_{site}.tif"
            write_image(folder / file, Image.from_array(np.zeros((9, 9), np.uint16), "YX"))
            light = 0.9 if site < 2 * number else 0.2
            name = "light" if light > 0.5 else "dark"
            said = {"dark": 1 - light, "light": light}
            predictions.append([Prediction(file, "", "ok", name, said[name], said)])
            fields[file] = {"well": well, "site": str(site)}
    table = tmp_path / "predictions.csv"
    write_predictions(table, predictions, ("dark", "light"), "0" * 64, fields)
    return FolderRequest(folder, folder / "cells.keras", table, "{well}_{site}.tif")


@pytest.fixture
def tab(viewer, qtbot):
    """The tab, not yet looked at."""
    tab = WellsTab(viewer)
    qtbot.addWidget(tab)
    tab.resize(360, 700)
    return tab


@pytest.fixture
def shown(tab, classified, qtbot):
    """The tab with the wells of a folder."""
    with qtbot.waitSignal(tab.shown, timeout=30_000):
        tab.show_folder(classified)
        tab.show()
    return tab


@pytest.fixture
def dosed(shown, tmp_path, qtbot):
    """The tab with a table of wells, too."""
    lines = [f"A{number},{dose},drug" for number, dose in ((1, 0), (2, 1), (3, 10))]
    (tmp_path / "wells.csv").write_text("\n".join(["well,dose,kind", *lines, "B4,100,drug"]))
    with qtbot.waitSignal(shown.shown, timeout=30_000):
        shown.form["wells"].value = tmp_path / "wells.csv"
    return shown


def colour_of(tab, well):
    """The colour of a well on the screen, beside its number."""
    place = QPointF(*tab.view.on_screen([[well.column, well.row]])[0])
    picture = tab.view.grab()
    scale = picture.width() / tab.view.width()
    colour = picture.toImage().pixelColor(round(place.x() * scale), round((place.y() + 13) * scale))
    return colour.red(), colour.green(), colour.blue()


def test_nothing_is_counted_before_somebody_looks(tab, classified, qtbot):
    """A finished folder costs nothing."""
    assert tab.sentence.text() == NOTHING_YET
    with qtbot.assertNotEmitted(tab.shown, wait=300):
        tab.show_folder(classified)


def test_wells_are_coloured_by_what_was_chosen(shown):
    """Per cent of the first class at first; another choice draws the plate anew."""
    words = [shown.colour.itemText(index) for index in range(shown.colour.count())]
    assert words[:4] == ["per cent dark", "per cent light", "mean probability of dark",
                         "mean probability of light"]  # fmt: skip
    assert {"answered", "unsure", "unlike training", "errors"} <= set(words)
    all_dark = colour_of(shown, Well(0, 0))
    assert all_dark == pytest.approx((253, 231, 37), abs=6)
    shown.colour.setCurrentIndex(1)
    shown.colour.activated.emit(1)
    assert colour_of(shown, Well(0, 0)) == pytest.approx((68, 1, 84), abs=6)
    assert colour_of(shown, Well(1, 3)) == pytest.approx(all_dark, abs=6)


def test_a_click_opens_the_first_images_of_a_well(shown, viewer, qtbot):
    """And says how many there are."""
    with qtbot.waitSignal(shown.said, timeout=10_000):
        place = QPointF(*shown.view.on_screen([[1, 0]])[0]).toPoint()
        qtbot.mouseClick(shown.view, Qt.MouseButton.LeftButton, pos=place)
    assert [layer.name for layer in viewer.layers] == [f"A02_{site}" for site in range(4)]
    assert shown.message.text().startswith("A02 – 6 images: 6 answered; per cent dark: 67 (")
    assert shown.message.text().endswith("Opened: 4 of its 6 images.")


def test_images_that_are_gone_are_told(shown, classified, qtbot):
    """Rather than nothing happening."""
    for path in classified.folder.glob("A02*"):
        path.unlink()
    with qtbot.waitSignal(shown.said, timeout=10_000):
        shown.open_well(1)
    assert shown.message.text() == "The image is no longer in the folder."


def test_a_table_without_wells_says_how_to_get_them(tab, tmp_path, qtbot):
    """In a sentence, with nothing else to click."""
    table = tmp_path / "predictions.csv"
    write_predictions(table, [[Prediction("a.tif", "", "error")]], ("a", "b"), "0" * 64)
    with qtbot.waitSignal(tab.shown, timeout=30_000):
        tab.show()
        tab.show_folder(FolderRequest(tmp_path, tmp_path / "cells.keras", table))
    assert "{well}" in tab.sentence.text()
    assert not tab.view.isVisible()
    assert not tab.saving.isVisible()


def test_doses_come_from_a_table_of_wells(dosed):
    """The first column of doses is shown at once, with its correlation."""
    assert dosed.dose.currentData() == "dose"
    assert dosed.dose_view.isVisible()
    assert "Spearman -1.00, p = 0.083, 4 wells of 4 doses" in dosed.dose_words.text()
    dosed.dose.setCurrentIndex(0)
    dosed.dose.activated.emit(0)
    assert not dosed.dose_view.isVisible()
    assert not dosed.saving.doses_button.isVisible()


def test_a_dot_tells_and_opens_its_well(dosed, viewer, qtbot):
    """As its circle on the plate does."""
    plot = dosed.dose_view
    # The largest dose, of the well that is all light.
    place = QPointF(*plot.on_screen([[2, 0]])[0]).toPoint()
    plot.event(QHelpEvent(QEvent.Type.ToolTip, place, plot.mapToGlobal(place)))
    assert QToolTip.text().startswith("B04\n6 images: 6 answered\nper cent dark")
    with qtbot.waitSignal(dosed.said, timeout=10_000):
        qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place)
    assert viewer.layers[0].name == "B04_0"


def test_a_wrong_table_of_wells_is_told(shown, tmp_path, qtbot):
    """And another one may be chosen."""
    (tmp_path / "wrong.csv").write_text("dose\n1\n")
    with qtbot.waitSignal(shown.shown, timeout=30_000):
        shown.form["wells"].value = tmp_path / "wrong.csv"
    assert "wrong.csv has no column “well”" in shown.sentence.text()
    assert shown.form.native.isVisible()


def test_everything_shown_can_be_saved(dosed, tmp_path, qtbot):
    """The table, the plates as they are coloured, and the dose response."""
    for save, name in (
        (dosed.saving.save_table, "wells out.csv"),
        (dosed.saving.save_plates, "plates.svg"),
        (dosed.saving.save_doses, "doses.png"),
    ):
        written = f"Saved as {tmp_path / name}."
        save(tmp_path / name)
        qtbot.waitUntil(lambda said=written: dosed.message.text() == said, timeout=20_000)
    lines = (tmp_path / "wells out.csv").read_text().splitlines()
    assert lines[0].startswith("well,dose,kind,items,")
    assert len(lines) == 1 + len(WELLS)
    assert "per cent dark" in (tmp_path / "plates.svg").read_text(encoding="utf-8")
    with Picture.open(tmp_path / "doses.png") as picture:
        assert picture.size[0] > 300
    # What the wells were counted from stays.
    read = dosed.form["wells"].value
    before = read.read_bytes()
    dosed.saving.save_table(read)
    qtbot.waitUntil(lambda: "one of the files that are read" in dosed.message.text(), timeout=9_000)
    assert read.read_bytes() == before


def test_a_name_without_its_ending_gets_one_and_replaces_nothing(
    dosed, tmp_path, monkeypatch, qtbot
):
    """The dialog has only asked about the name as it was typed."""
    (tmp_path / "mine.png").write_text("mine")
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine"), "PNG (*.png)")
    )
    dosed.saving.plates_button.click()
    assert dosed.message.text() == "mine.png is there already; choose another name."
    assert (tmp_path / "mine.png").read_text() == "mine"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "new"), "PNG (*.png)")
    )
    dosed.saving.plates_button.click()
    qtbot.waitUntil(lambda: dosed.message.text().startswith("Saved as"), timeout=20_000)
    assert (tmp_path / "new.png").is_file()


def test_the_viewer_stays_without_keras_and_plots_until_needed():
    """Opening the dock brings neither TensorFlow nor matplotlib."""
    code = (
        "import sys; import napari_image_classifier.widgets.classify_folder.results; "
        "print([name for name in ('tensorflow', 'keras', 'matplotlib', 'pyqtgraph') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
