"""widgets.train_classifier: the dock, driven as a person would, on a real compute process."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from helpers.network_audit import environment_with_audit, read_audit
from helpers.plugin import PLUGIN
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.system import processes as process_limits
from napari_image_classifier.training.backends import BACKENDS, installed_backends
from napari_image_classifier.widgets.qt import compute_worker as worker

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("warm_children")]

LONG = 120_000

# No main guard on purpose: "spawn" would run it again and open a second viewer.
SCRIPT = """
import sys
import napari
from qtpy.QtCore import QTimer
viewer = napari.Viewer()
print("viewer opened", flush=True)
_, dock = viewer.window.add_plugin_dock_widget("napari-image-classifier", "Train classifier")
dock.source.choose_folder(sys.argv[1])
dock.form["epochs"].value = 1
dock.form["size"].value = 16

def go_on():
    if dock.run_button.isEnabled():
        dock.run()
    elif dock.source.survey and not dock.source.group.answered:
        dock.source.group.choose(None)

def end(path):
    print("trained", path, flush=True)
    print([name for name in ("keras", "tensorflow", "torch") if name in sys.modules], flush=True)
    viewer.close()

timer = QTimer()
timer.timeout.connect(go_on)
timer.start(100)
dock.trained.connect(lambda path: (timer.stop(), end(path)))
dock._worker.failed.connect(lambda message, detail: (print(message, detail), viewer.close()))
napari.run()
"""


@pytest.fixture
def folder(tmp_path):
    """Two classes of eight images of two named channels; one class is brighter."""
    random = np.random.default_rng(0)
    for name, level in (("control", 200), ("depleted", 2000)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(8):
            pixels = random.poisson(level, (2, 24, 24)).astype(np.uint16)
            image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
            write_image(tmp_path / "images" / name / f"{number}.tif", image)
    return tmp_path / "images"


@pytest.fixture
def dock(make_napari_viewer):
    """The dock as the menu opens it."""
    viewer = make_napari_viewer()
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Train classifier")
    yield widget
    widget.source.stop()
    widget.stop()


@pytest.fixture
def ready(dock, folder, qtbot):
    """The dock with everything chosen for a short training."""
    dock.source.choose_folder(folder)
    qtbot.waitUntil(lambda: dock.source.survey is not None, timeout=30_000)
    dock.source.group.choose(None)
    dock.form["epochs"].value = 2
    dock.form["size"].value = 16
    qtbot.waitUntil(dock.run_button.isEnabled, timeout=30_000)
    return dock


@pytest.mark.real_start
def test_a_folder_is_shown_before_anything_runs(dock, folder, qtbot):
    """Classes, counts, channels and pictures; the question must be answered first."""
    dock.source.choose_folder(folder)
    qtbot.waitUntil(lambda: dock.source.survey is not None, timeout=30_000)
    assert dock.source.survey.classes == {"control": 8, "depleted": 8}
    assert "GFP, DNA" in dock.source.view.notes.text()
    assert dock.source.view.findChildren(type(dock.why_not), "thumbnail")
    assert not dock.run_button.isEnabled()
    assert "not independent" in dock.why_not.text()


def test_a_training_ends_with_a_file_a_plot_and_a_matrix(
    ready, folder, qtbot, monkeypatch, tmp_path
):
    """From the click to a classifier that loads, beside the images; no socket on the way."""
    for name, value in environment_with_audit(tmp_path).items():
        monkeypatch.setenv(name, value)
    with qtbot.waitSignal(ready.trained, timeout=LONG) as caught:
        ready.run_button.click()
    classifier = load_classifier(caught.args[0])
    assert classifier.class_names == ("control", "depleted")
    assert caught.args[0] == str(folder / "classifier.keras")
    assert not ready.confusion.isHidden()
    assert "Saved as" in ready.progress.message.text()
    ready.save_copy(folder.parent / "copy.keras")
    assert (folder.parent / "copy.keras").read_bytes() == (folder / "classifier.keras").read_bytes()
    ready.use_button.click()
    assert any("Classify images" in name for name in ready._viewer.window.dock_widgets)
    assert not {"keras", "tensorflow"} & set(sys.modules)
    started, seen = read_audit(tmp_path)
    assert any("napari_image_classifier.system.compute_main" in command for command in started)
    assert seen == []


def test_the_device_is_shown_and_a_missing_backend_refused(ready, qtbot):
    """The line is there unasked; a backend that is not installed says how to get it."""
    qtbot.waitUntil(lambda: ", with " in ready.device.text(), timeout=LONG)
    assert ready.device.isVisibleTo(ready)
    assert ready.config().backend is None
    missing = [name for name in BACKENDS if name not in installed_backends()]
    if not missing:
        pytest.skip("every backend is installed")
    ready.form["backend"].value = missing[0]
    assert ready.config().backend == missing[0]
    assert f"pip install {missing[0]}" in ready.why_not.text()
    assert not ready.run_button.isEnabled()
    assert not ready.device.isVisibleTo(ready)


def test_cancel_while_it_starts_ends_within_a_second(ready, qtbot):
    """Nothing was learnt, nothing is left running."""
    ready.run_button.click()
    qtbot.waitUntil(lambda: ready._worker.pid is not None)
    asked = time.monotonic()
    ready.progress.cancel_button.click()
    qtbot.waitUntil(lambda: not ready._worker.running, timeout=5000)
    assert time.monotonic() - asked < 1.2
    assert "nothing was saved" in ready.progress.message.text()
    assert ready.run_button.isEnabled()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_a_killed_process_is_told_and_the_dock_works_again(ready, qtbot):
    """kill -9 of the compute process: a sentence, and the next training runs."""
    ready.run_button.click()
    qtbot.waitUntil(lambda: ready._worker.pid is not None)
    os.kill(ready._worker.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not ready._worker.running, timeout=10_000)
    assert "ended from outside" in ready.progress.message.text()
    with qtbot.waitSignal(ready.trained, timeout=LONG):
        ready.run_button.click()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows stops no process")
def test_a_silent_process_is_told_and_cancel_ends_it(ready, qtbot, monkeypatch):
    """A process that is stopped: the sentence, Cancel within a second, and all choices kept."""
    monkeypatch.setattr(worker, "SECONDS_OF_SILENCE", 2.0)
    before = ready.config(), ready.source.choices(), ready.files.values()
    ready.run_button.click()
    qtbot.waitUntil(lambda: ready._worker.pid is not None)
    pid = ready._worker.pid
    os.kill(pid, signal.SIGSTOP)
    qtbot.waitUntil(lambda: ready.progress.silence.isVisibleTo(ready), timeout=10_000)
    assert "Nothing has been heard of this work for" in ready.progress.silence.text()
    asked = time.monotonic()
    ready.progress.cancel_button.click()
    qtbot.waitUntil(lambda: not ready._worker.running, timeout=5000)
    assert time.monotonic() - asked < 1.2
    assert not ready.progress.silence.isVisibleTo(ready)
    assert (ready.config(), ready.source.choices(), ready.files.values()) == before
    assert ready.run_button.isEnabled()
    qtbot.waitUntil(lambda: not psutil.pid_exists(pid))


@pytest.mark.real_start
def test_a_training_that_needs_too_much_memory_says_what_to_do(ready, qtbot, monkeypatch):
    """It is ended before the computer has none left; the dock works on."""
    share = 300e6 / psutil.virtual_memory().available
    monkeypatch.setattr(process_limits, "SHARE_OF_MEMORY", share)
    ready.run_button.click()
    qtbot.waitUntil(lambda: not ready._worker.running, timeout=LONG)
    assert "was ended, as it needed" in ready.progress.message.text()
    assert "Take fewer images, a smaller size" in ready.progress.message.text()
    assert ready.run_button.isEnabled()


def test_open_images_are_learnt_from(dock, tmp_path, qtbot):
    """Layers without a file, their classes filled in the table."""
    random = np.random.default_rng(1)
    for number in range(8):
        pixels = random.poisson(50 + 500 * (number % 2), (24, 24)).astype(np.uint16)
        dock._viewer.add_image(pixels, name=f"cell {number}")
    dock.source.choose_kind("open")
    table = dock.source.open_images
    for row in range(8):
        table.set_class(row, ("low", "high")[row % 2])
    dock.form["epochs"].value = 1
    dock.form["size"].value = 16
    dock.files["output"].value = tmp_path / "open.keras"
    assert dock.why_unusable() is None
    with qtbot.waitSignal(dock.trained, timeout=LONG):
        dock.run_button.click()
    assert load_classifier(tmp_path / "open.keras").class_names == ("high", "low")


def test_an_unguarded_script_opens_one_viewer(folder, tmp_path):
    """A script without a main guard trains through the dock; the viewer imports no Keras."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    ran = subprocess.run(
        [sys.executable, str(script), str(folder)],
        capture_output=True, text=True, timeout=200, env=environment, check=False,
    )  # fmt: skip
    assert ran.stdout.count("viewer opened") == 1, ran.stdout + ran.stderr
    assert "trained" in ran.stdout, ran.stdout + ran.stderr
    assert "[]" in ran.stdout
