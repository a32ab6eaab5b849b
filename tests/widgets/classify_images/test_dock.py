"""The dock *Classify images*, opened through the manifest and driven as a person would."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QComboBox

from helpers.plugin import PLUGIN
from napari_image_classifier.images.image import Image
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.viewer import layer_captions
from napari_image_classifier.widgets.viewer.prediction_display import OVERLAY

METADATA_KEY = "napari_image_classifier"


@pytest.fixture
def dock(viewer):
    """The dock, opened as the Plugins menu does."""
    return viewer.window.add_plugin_dock_widget(PLUGIN, "Classify images")[1]


@pytest.fixture
def ready(dock, tiny_classifier_path, qtbot):
    """The dock with the classifier loaded."""
    load(dock, tiny_classifier_path, qtbot)
    return dock


def load(dock, path, qtbot):
    """Open a classifier and wait for it."""
    with qtbot.waitSignal(dock.classifier_changed, timeout=20_000):
        dock.use_classifier(path)


def classify(dock, qtbot):
    """Press Classify when it can be, and wait for the end."""
    dock.open_images.refresh()
    with qtbot.waitSignal(dock.ended, timeout=30_000):
        dock.run_button.click()


def add_cells(viewer, name="cell", shape=(40, 50), channels=("GFP", "DNA"), **options):
    """Add an image of one layer per channel."""
    random = np.random.default_rng(len(viewer.layers))
    return [
        viewer.add_image(
            random.integers(0, 1000, shape, np.uint16), name=f"{name} [{channel}]", **options
        )
        for channel in channels
    ]


def caption_of(viewer):
    """Return the text in the canvas, "" when none is shown."""
    overlay = viewer.canvas.overlays.get(OVERLAY, None)
    return overlay.text if overlay is not None and overlay.visible else ""


def test_says_what_the_classifier_expects(ready):
    """Classes, channels and what is classified, in words."""
    told = ready.expects.text()
    assert "control, depleted" in told
    assert "GFP, DNA" in told
    assert "whole images" in told


def test_a_bad_classifier_gives_a_sentence(dock, tmp_path, qtbot):
    """Nothing can be run with it, and the dock goes on."""
    bad = tmp_path / "bad.keras"
    bad.write_bytes(b"no archive")
    load(dock, bad, qtbot)
    assert "bad.keras" in dock.expects.text()
    assert not dock.run_button.isEnabled()


def test_the_classifier_is_remembered(viewer, ready, tiny_classifier_path, qtbot):
    """The next dock begins with it."""
    ready.parent().close()
    again = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify images")[1]
    qtbot.waitUntil(lambda: again.classifier is not None, timeout=20_000)
    assert again.classifier.path == tiny_classifier_path


def test_classifies_each_open_image(viewer, ready, qtbot):
    """The same probabilities as from Python, in the table, the metadata and the caption."""
    layers = add_cells(viewer, "first") + add_cells(viewer, "second")
    qtbot.waitUntil(lambda: ready.run_button.text() == "Classify 2 images")
    classify(ready, qtbot)
    stack = np.stack([layers[2].data, layers[3].data])
    image = Image.from_array(stack, "CYX", channel_names=("GFP", "DNA"))
    expected = ready.classifier.predict(image)
    (kept,) = layers[2].metadata[METADATA_KEY]["predictions"]
    assert kept["class"] == expected.class_name
    assert kept["probabilities"] == pytest.approx(expected.probabilities, abs=1e-6)
    assert [row.file for row in ready.results.model.predictions] == ["first", "second"]
    caption = f"second\n{expected.class_name} {expected.confidence:.2f}"
    qtbot.waitUntil(lambda: caption_of(viewer) == caption)


def test_leaves_the_layers_as_the_user_set_them(viewer, ready, qtbot):
    """Names, contrast, order and visibility stay, also after a click in the table."""
    layers = add_cells(viewer, "first") + add_cells(viewer, "second")
    layers[0].contrast_limits = (3, 77)
    layers[1].visible = False
    before = looks(viewer)
    classify(ready, qtbot)
    ready.results.view.selectRow(0)
    assert looks(viewer) == before


def looks(viewer):
    """Return what a user sets of layers, in their order."""
    return [
        (layer.name, tuple(layer.contrast_limits), layer.visible, layer.colormap.name)
        for layer in viewer.layers
    ]


def test_a_click_selects_and_centres_the_image(viewer, ready, qtbot):
    """The layers of the image are selected and the camera looks at its middle."""
    first = add_cells(viewer, "first", translate=(1000, 2000))
    add_cells(viewer, "second")
    classify(ready, qtbot)
    ready.results.view.selectRow(0)
    assert viewer.layers.selection == set(first)
    assert viewer.scene.camera.center[-2:] == pytest.approx((1019.5, 2024.5))


def test_can_show_the_clicked_image_alone(viewer, ready, qtbot):
    """Only when asked to; unchecking brings the others back."""
    first, second = add_cells(viewer, "first"), add_cells(viewer, "second")
    classify(ready, qtbot)
    ready.only_one.setChecked(True)
    ready.results.view.selectRow(0)
    assert [layer.visible for layer in first + second] == [True, True, False, False]
    ready.only_one.setChecked(False)
    assert all(layer.visible for layer in viewer.layers)


def test_the_caption_follows_the_time_slider(viewer, ready, qtbot):
    """Each time point has its class, and a click goes to it."""
    add_cells(viewer, "film", (4, 40, 50), axis_labels=("t", "y", "x"))
    classify(ready, qtbot)
    predictions = ready.results.model.predictions
    assert [row.item for row in predictions] == ["t=0", "t=1", "t=2", "t=3"]
    for step, row in enumerate(predictions):
        viewer.dims.set_current_step(0, step)
        qtbot.waitUntil(
            lambda row=row: caption_of(viewer) == f"{row.class_name} {row.confidence:.2f}"
        )
    ready.results.view.selectRow(1)
    assert viewer.dims.current_step[0] == 1


def test_a_z_stack_is_projected(viewer, ready, qtbot):
    """It is one image, as in the classifier's training."""
    layers = add_cells(viewer, "stack", (3, 40, 50), axis_labels=("z", "y", "x"))
    classify(ready, qtbot)
    (row,) = ready.results.model.predictions
    projected = np.stack([layer.data.max(axis=0) for layer in layers])
    assert row.confidence == pytest.approx(ready.classifier.predict(projected).confidence, abs=1e-6)


def test_asks_what_a_slider_without_a_name_is(viewer, ready, qtbot):
    """Nothing is classified before the answer."""
    add_cells(viewer, "stack", (3, 40, 50))
    choice = ready.open_images.meanings[1]
    qtbot.waitUntil(lambda: not choice.isHidden())
    assert not ready.run_button.isEnabled()
    assert "sliders" in ready.hint.text()
    choice.choice.setCurrentText("time points")
    classify(ready, qtbot)
    assert len(ready.results.model.predictions) == 3


def test_channels_of_other_names_are_chosen_by_hand(viewer, ready, qtbot):
    """One choice serves all images with the same channels."""
    add_cells(viewer, "first", channels=("Actin", "DNA"))
    add_cells(viewer, "second", channels=("Actin", "DNA"))
    qtbot.waitUntil(lambda: "2 images" in ready.hint.text() or "No image" in ready.hint.text())
    assert not ready.run_button.isEnabled()
    table = ready.open_images.table
    table.editItem(table.item(0, 1))
    qtbot.waitUntil(lambda: table.findChild(QComboBox) is not None)
    combo = table.findChild(QComboBox)
    combo.hidePopup()
    combo.setCurrentText("Actin")
    combo.activated.emit(0)
    qtbot.waitUntil(lambda: ready.run_button.text() == "Classify 2 images")
    classify(ready, qtbot)
    assert {row.status for row in ready.results.model.predictions} == {"ok"}


def test_an_unchecked_image_is_left_out(viewer, ready, qtbot):
    """The check box beside its name says so."""
    add_cells(viewer, "first")
    add_cells(viewer, "second")
    qtbot.waitUntil(lambda: ready.open_images.table.rowCount() == 2)
    ready.open_images.table.item(0, 0).setCheckState(Qt.CheckState.Unchecked)
    classify(ready, qtbot)
    assert [row.file for row in ready.results.model.predictions] == ["second"]


def test_the_list_follows_the_layers(viewer, ready, qtbot):
    """Adding, renaming and removing layers changes the rows; Labels are no images."""
    table = ready.open_images.table
    gfp, dna = add_cells(viewer)
    viewer.add_labels(np.zeros((40, 50), int))
    qtbot.waitUntil(lambda: table.rowCount() == 1)
    gfp.name = "other [GFP]"
    qtbot.waitUntil(lambda: table.rowCount() == 2)
    viewer.layers.remove(gfp)
    viewer.layers.remove(dna)
    qtbot.waitUntil(lambda: table.rowCount() == 0)
    assert "Open images" in ready.hint.text()


def test_a_layer_that_cannot_be_read_is_a_row(viewer, ready, qtbot):
    """The others are classified."""
    import dask.array as da

    gone = threading.Event()

    def broken(block):
        if gone.is_set():
            raise OSError("the disk is gone")
        return block

    lazy = da.zeros((40, 50), np.uint16).map_blocks(broken, meta=np.empty((0, 0), np.uint16))
    viewer.add_image(lazy, name="bad [GFP]", contrast_limits=(0, 1))
    viewer.add_image(lazy, name="bad [DNA]", contrast_limits=(0, 1))
    add_cells(viewer, "good")
    gone.set()
    classify(ready, qtbot)
    gone.clear()
    bad, good = ready.results.model.predictions
    assert bad.status == "error"
    assert "the disk is gone" in bad.message
    assert good.status == "ok"


def test_cancel_ends_within_a_second(viewer, ready, qtbot):
    """Also while an image is still being read."""
    import dask.array as da

    far_away = threading.Event()

    def slow(block):
        time.sleep(1.5 * far_away.is_set())
        return block

    lazy = da.zeros((40, 50), np.uint16).map_blocks(slow, meta=np.empty((0, 0), np.uint16))
    for name in ("a", "b"):
        for channel in ("GFP", "DNA"):
            viewer.add_image(lazy, name=f"{name} [{channel}]", contrast_limits=(0, 1))
    qtbot.waitUntil(ready.run_button.isEnabled)
    far_away.set()
    ready.run_button.click()
    qtbot.wait(100)
    pressed = time.monotonic()
    with qtbot.waitSignal(ready.ended, timeout=1000):
        ready.progress.cancel_button.click()
    assert time.monotonic() - pressed < 1
    assert "Stopped: 0 of 2 images" in ready.progress.message.text()
    assert ready.run_button.isEnabled()


def test_takes_a_dropped_classifier_and_no_other_file(viewer, ready, tiny_classifier_path, qtbot):
    """On the dock as on the canvas; an image that is dropped is napari's."""
    viewer.window.show()
    canvas = next(
        part for part in viewer.window._qt_window.centralWidget().findChildren(object)
        if type(part).__name__ == "QtViewer"
    )  # fmt: skip
    for target in (ready, canvas):
        image, classifier = files("/nowhere/image.tif"), files(str(tiny_classifier_path))
        assert not ready._drop.eventFilter(target, QDropEvent(QPointF(5, 5), *image))
        with qtbot.waitSignal(ready.classifier_changed, timeout=20_000):
            QApplication.sendEvent(target, QDragEnterEvent(QPoint(5, 5), *classifier))
            QApplication.sendEvent(target, QDropEvent(QPointF(5, 5), *classifier))


def files(path):
    """Return what Qt's events say of a file that is dragged."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path)])
    return Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.mark.skipif(not layer_captions.available, reason="this napari has no texts on layers")
def test_in_grid_mode_each_image_has_its_caption(viewer, ready, qtbot):
    """They come with the grid and go with it."""
    viewer.window.show()
    layers = add_cells(viewer, "first") + add_cells(viewer, "second")
    classify(ready, qtbot)
    viewer.canvas.grid.enabled = True
    qtbot.waitUntil(lambda: OVERLAY in layers[0]._overlays)
    assert layers[2]._overlays[OVERLAY].text
    assert caption_of(viewer) == ""
    viewer.canvas.grid.enabled = False
    qtbot.waitUntil(lambda: OVERLAY not in layers[0]._overlays and caption_of(viewer) != "")


def test_closing_the_dock_takes_the_caption_away(viewer, ready, qtbot):
    """Layers can be added and sliders moved afterwards."""
    add_cells(viewer, "film", (4, 40, 50), axis_labels=("t", "y", "x"))
    classify(ready, qtbot)
    qtbot.waitUntil(lambda: caption_of(viewer) != "")
    viewer.window.remove_dock_widget(ready)
    qtbot.waitUntil(lambda: caption_of(viewer) == "")
    viewer.dims.set_current_step(0, 2)
    add_cells(viewer, "new")
    qtbot.wait(50)


def test_no_keras_in_the_viewer(tiny_classifier_path):
    """The dock brings in no Keras and no TensorFlow, and a runtime only to predict."""
    script = (
        "import sys\n"
        "from napari_image_classifier.widgets import classify_images\n"
        "assert 'onnxruntime' not in sys.modules and 'openvino' not in sys.modules\n"
        "from napari_image_classifier.classifiers.classifier import load_classifier\n"
        f"load_classifier({str(tiny_classifier_path)!r})\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_what_is_said_of_channels_is_remembered(dock, viewer, tiny_classifier_path, qtbot):
    """For this classifier, and for the next images whose channels are called so."""
    load(dock, tiny_classifier_path, qtbot)
    add_cells(viewer, channels=("Hoechst", "FITC"))
    dock.open_images.refresh()
    table = dock.open_images.table
    assert [table.item(0, column).text() for column in (1, 2)] == ["choose ▾"] * 2
    table.choose(0, 0, 1)
    table.choose(0, 1, 0)
    assert [table.item(0, column).text() for column in (1, 2)] == ["FITC ▾", "Hoechst ▾"]
    assert settings.remembered_channels(dock.classifier.sha256) == {
        "GFP": "FITC", "DNA": "Hoechst"
    }  # fmt: skip
    viewer.layers.clear()
    add_cells(viewer, name="next", channels=("BF", "Hoechst", "FITC"))
    load(dock, tiny_classifier_path, qtbot)
    assert [table.item(0, column).text() for column in (1, 2)] == ["FITC ▾", "Hoechst ▾"]
