"""How long the viewer keeps a person waiting while a folder or a training runs beside it.

    python benchmarks/viewer_ticks.py [--epochs N] [--images N]

A timer ticks every 10 ms on the GUI thread of a real window, from the click to the result; each gap
between two ticks is time in which the window could not answer. Prints the 99th percentile and the
longest gap, and the same for the idle window as the bound. Images are synthetic.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QSettings, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image

PLUGIN = "napari-image-classifier"
TICK_MS = 10
N_IMAGES = 500
EPOCHS = 30
SIDE = 64
LONGEST_WAIT_S = 600


class Ticks:
    """The times at which a timer of 10 ms was served."""

    def __init__(self, parent: QWidget) -> None:
        self._times: list[float] = []
        self._timer = QTimer(parent)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self._times.append(time.perf_counter()))

    def during(self, what: str, start: Callable[[], None], is_over: Callable[[], bool]) -> None:
        """Print the gaps from ``start`` until ``is_over``."""
        self._times.clear()
        self._timer.start(TICK_MS)
        start()
        wait_until(is_over)
        self._timer.stop()
        gaps = 1000 * np.diff(self._times)
        print(f"{what}: {len(gaps)} gaps, median {np.median(gaps):.0f} ms, "
              f"99 % {np.percentile(gaps, 99):.0f} ms, longest {gaps.max():.0f} ms",
              flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--images", type=int, default=N_IMAGES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, temporary)
        write_images(folder / "classes" / "control", 30, level=100)
        write_images(folder / "classes" / "depleted", 30, level=140)
        write_images(folder / "many", given.images, level=120)
        viewer = napari.Viewer(show=True)
        over = time.perf_counter() + 5
        Ticks(viewer.window._qt_window).during(
            "idle window", lambda: None, lambda: time.perf_counter() > over
        )
        classifier = while_training(viewer, folder / "classes", given.epochs)
        while_classifying(viewer, folder / "many", classifier)
        if {"keras", "tensorflow", "torch"} & set(sys.modules):
            sys.exit("Keras was imported into the viewer.")
        viewer.close()


def while_training(viewer: napari.Viewer, images: Path, epochs: int) -> Path:
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Train classifier")
    dock.source.choose_folder(images)
    wait_until(lambda: dock.source.survey is not None)
    dock.source.group.choose(None)
    dock.form["epochs"].value = epochs
    dock.form["size"].value = SIDE
    wait_until(dock.run_button.isEnabled)
    QTest.qWait(1000)
    trained: list[str] = []
    dock.trained.connect(trained.append)
    Ticks(dock).during(f"training, {epochs} epochs", dock.run_button.click, lambda: bool(trained))
    return Path(trained[0])


def while_classifying(viewer: napari.Viewer, images: Path, classifier: Path) -> None:
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify folder")
    dock.form["folder"].value = images
    dock.use_classifier(classifier)
    wait_until(dock.run_button.isEnabled)
    QTest.qWait(3000)
    ended: list[bool] = []
    dock.ended.connect(lambda: ended.append(True))
    n_images = len(list(images.iterdir()))
    Ticks(dock).during(f"folder, {n_images} images", dock.run_button.click, lambda: bool(ended))


def write_images(folder: Path, count: int, level: float) -> None:
    folder.mkdir(parents=True)
    random = np.random.default_rng(round(level))
    for number in range(count):
        pixels = random.poisson(level, (2, SIDE, SIDE)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(folder / f"{number:04}.tif", image)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.perf_counter() + LONGEST_WAIT_S
    while not holds():
        if time.perf_counter() > until:
            sys.exit("It took too long.")
        QTest.qWait(20)


if __name__ == "__main__":
    main()
