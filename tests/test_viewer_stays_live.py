"""The viewer stays live while a folder runs or a training does, from the click to the result."""

import sys
import time

import numpy as np
import pytest
from qtpy.QtCore import QSettings, Qt, QTimer

from napari_image_classifier.images import Image, write_image

PLUGIN = "napari-image-classifier"
TICK = 0.01
N_IMAGES = 500
WAIT = 180_000


class Ticks:
    """How long the GUI thread kept a timer of 10 ms waiting, in seconds."""

    def __init__(self, parent):
        self._times = []
        self._timer = QTimer(parent)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self._times.append(time.perf_counter()))

    def __enter__(self):
        self._timer.start(round(1000 * TICK))
        return self

    def __exit__(self, *exception):
        self._timer.stop()

    @property
    def gaps(self):
        """The gaps between ticks."""
        return np.diff(self._times)

    def __str__(self):
        p99, longest = np.percentile(self.gaps, 99), self.gaps.max()
        return f"{len(self.gaps)} gaps, 99 % {1000 * p99:.0f} ms, longest {1000 * longest:.0f} ms"


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory):
    """Nothing is remembered from, or for, the person who runs the tests."""
    folder = str(tmp_path_factory.mktemp("settings"))
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)


@pytest.fixture
def viewer(make_napari_viewer):
    """A real window."""
    return make_napari_viewer(show=True)


def write_images(folder, count, level=100):
    """Write two-channel images."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(level)
    for number in range(count):
        pixels = random.poisson(level, (2, 64, 64)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(folder / f"{number:04}.tif", image)


def best_of(attempts, start, ended, dock, qtbot, record_property):
    """Start and wait until a signal, and hold the gaps against what a person notices.

    What else the computer does can only make them longer, so a bad attempt is made again.
    """
    for _ in range(attempts):
        with Ticks(dock) as ticks, qtbot.waitSignal(ended, timeout=WAIT):
            start()
        record_property("ticks", str(ticks))
        sys.stdout.write(f"\n{ticks}\n")
        if np.percentile(ticks.gaps, 99) <= 0.05 and ticks.gaps.max() <= 0.25:
            return
    pytest.fail(str(ticks))


def test_while_a_folder_runs(viewer, tmp_path, tiny_classifier_path, qtbot, record_property):
    """500 images with thumbnails fill the table."""
    write_images(tmp_path / "images", N_IMAGES)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify folder")
    dock.form["folder"].value = tmp_path / "images"
    dock.use_classifier(tiny_classifier_path)
    qtbot.wait(3000)

    def start():
        dock.folded_form["overwrite"].value = True
        dock.run_button.click()

    best_of(5, start, dock.ended, dock, qtbot, record_property)
    assert len(dock.table.model.predictions) == N_IMAGES


def test_while_a_training_runs(viewer, tmp_path, qtbot, record_property):
    """Thirty epochs are plotted."""
    write_images(tmp_path / "images" / "control", 30)
    write_images(tmp_path / "images" / "depleted", 30, level=140)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Train classifier")
    dock.source.choose_folder(tmp_path / "images")
    qtbot.waitUntil(lambda: dock.source.survey is not None, timeout=WAIT)
    dock.source.group.choose(None)
    dock.form["epochs"].value = 30
    dock.folded_form["size"].value = 32
    qtbot.waitUntil(dock.run_button.isEnabled, timeout=WAIT)
    best_of(2, dock.run_button.click, dock.trained, dock, qtbot, record_property)
    assert not {"keras", "tensorflow", "torch"} & set(sys.modules)
