"""Labelling by keys in a real window: is any answer lost, how soon is the next image there?

    python benchmarks/labelling_session.py DATA [--labels 200] [--kills 10] [--large 40]

The window is killed (kill -9) at random moments and opened again; what it had acknowledged, by
showing the next image, must be in the table. Then everything is taken back, to the first answer.
"From key to screen" is from the key press until the canvas has drawn the next image: on nuclei of
64 × 64, and on images of 2048 × 2048 in four channels.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PLUGIN = "napari-image-classifier"
CLASSES = ("one", "two", "three")
SECONDS_TO_START = 120
# A person needs longer to look at an image.
PAUSE = 0.5


def wait_until(condition, seconds=60.0):
    from qtpy.QtWidgets import QApplication

    end = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > end:
            raise TimeoutError
        QApplication.processEvents()


def opened(folder, table):
    """Return a viewer with the dock at its first item, and the times at which its canvas drew."""
    import napari
    from qtpy.QtCore import QSettings

    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(table.parent))
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1400, 950)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Label images")
    dock.source.choose_folder(folder)
    wait_until(lambda: dock.source.listed is not None, SECONDS_TO_START)
    dock.source.group.choose(None)
    dock.source.rater.setText("Ada")
    dock.source.form["table"].value = table
    dock.source.begin()
    wait_until(lambda: dock.session is not None, SECONDS_TO_START)
    for name in CLASSES:
        dock.classes.add(name)
    drawn = []
    canvas = viewer.window._qt_viewer.canvas._scene_canvas
    canvas.events.draw.connect(lambda event: drawn.append(time.perf_counter()))
    wait_until(lambda: dock.session._since is not None)
    return viewer, dock, drawn


def press(viewer, key):
    """Press a key in the window, and wait until the canvas has drawn what came of it."""
    from qtpy.QtTest import QTest

    window = viewer.window._qt_window
    if not window.isActiveWindow():
        window.activateWindow()
        wait_until(window.isActiveWindow)
    QTest.keyClick(viewer.window._qt_viewer.canvas.native, key)


def labelled(viewer, dock, drawn, number, pause=0.0):
    """Give so many labels, after a pause each; yield how long it was from key to screen."""
    from qtpy.QtCore import Qt

    keys = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)
    for count in range(number):
        resume = time.perf_counter() + pause
        wait_until(lambda resume=resume: time.perf_counter() > resume)
        began = time.perf_counter()
        press(viewer, keys[count % 3])
        wait_until(lambda: dock.session._since is not None)
        wait_until(lambda began=began: drawn and drawn[-1] > began)
        yield drawn[-1] - began


def child(folder, table, number):
    """Label, telling each answer that was acknowledged."""
    viewer, dock, drawn = opened(folder, table)
    begun = len(dock.session.log.annotations)
    print("ready", flush=True)
    for count, _ in enumerate(labelled(viewer, dock, drawn, number - begun), start=1):
        print(begun + count, flush=True)
    print("done", flush=True)
    viewer.close()


def killed(folder, table, number, kills):
    """Kill the window so many times; return what was acknowledged and what the table holds."""
    from napari_image_classifier.raters.annotation_log import AnnotationLog

    acknowledged = lost = done = 0
    chance = random.Random(0)
    while acknowledged < number:
        process = subprocess.Popen(
            [sys.executable, __file__, str(folder), "--child", str(table), "--labels", str(number)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        told = iter(process.stdout.readline, "")
        while next(told).strip() != "ready":
            pass
        if done < kills:
            # At any moment of the answers that one life is to bring.
            for _ in range(chance.randrange(1, number // kills + 1)):
                acknowledged = max(acknowledged, int(next(told)))
            time.sleep(chance.uniform(0, 0.15))
            process.kill()
            done += 1
        for line in told:
            if line.strip().isdigit():
                acknowledged = int(line)
        process.wait()
        kept = AnnotationLog(table, "Ada")
        lost += max(0, acknowledged - len(kept.annotations))
    return done, acknowledged, lost, AnnotationLog(table, "Ada")


def speed(folder, number):
    """Return the seconds from key to screen of so many labels."""
    with tempfile.TemporaryDirectory() as work:
        viewer, dock, drawn = opened(folder, Path(work) / "labels.csv")
        found = list(labelled(viewer, dock, drawn, number, PAUSE))
        dock.stop()
        viewer.close()
    return np.array(found)


def write_large(folder, number):
    """Write images of 2048 × 2048 in four channels of 16 bits."""
    from napari_image_classifier.images.image import Image
    from napari_image_classifier.images.tiff.writer import write_image

    chance = np.random.default_rng(0)
    for index in range(number):
        pixels = chance.integers(0, 4000, (4, 2048, 2048), np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=["DNA", "GFP", "Actin", "Tubulin"])
        write_image(folder / f"{index:03}.tif", image)


def in_words(what, seconds):
    """Return median and 95 % of times."""
    median, most = np.quantile(1000 * seconds, (0.5, 0.95))
    return f"{what}: from key to screen median {median:.0f} ms, 95 % {most:.0f} ms ({len(seconds)})"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--labels", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--large", type=int, default=40)
    parser.add_argument("--child", type=Path)
    asked = parser.parse_args()
    if asked.child:
        child(asked.data, asked.child, asked.labels)
        return
    images = asked.data / "mitocheck" / "images"
    with tempfile.TemporaryDirectory() as work:
        table = Path(work) / "labels.csv"
        done, acknowledged, lost, log = killed(images, table, asked.labels, asked.kills)
        print(f"killed {done} times: {acknowledged} answers acknowledged, {lost} lost, "
              f"{len(log.annotations)} in the table", flush=True)  # fmt: skip
        steps = 0
        while log.undo():
            steps += 1
        print(f"taken back: {steps} steps, {len(log.annotations)} answers left", flush=True)
    print(in_words("nuclei of 64 × 64", speed(images, asked.labels)), flush=True)
    with tempfile.TemporaryDirectory() as work:
        write_large(Path(work), asked.large + 1)
        print(in_words("4 × 2048 × 2048", speed(Path(work), asked.large)))


if __name__ == "__main__":
    main()
