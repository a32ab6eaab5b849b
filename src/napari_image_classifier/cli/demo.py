"""The demo: sample images, a training, and a viewer with classified images and folder.

Everything goes the way that a person's own images would: the same training, the same docks.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from napari_image_classifier.batch.predictions_csv import is_table_of_predictions
from napari_image_classifier.classifiers.file import is_classifier
from napari_image_classifier.classifiers.manifest import check_place
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.sample_data import CLASS_NAMES, write_sample_folder
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.system.child_process import (
    SAFE_PATH,
    command_of,
    folder_to_work_in,
)
from napari_image_classifier.system.csv_tables import read_table
from napari_image_classifier.system.events import Event
from napari_image_classifier.system.outputs import check_output
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.train import train
from napari_image_classifier.training.train_job import Epoch

PLUGIN = "napari-image-classifier"
IMAGES_TO_LEARN_FROM = 24
IMAGES_NEVER_SEEN = 12
EPOCHS = 8
FILES = ("cells.keras", "predictions.csv", "demo.png")
SIZE = 64
LONGEST_WAIT = 300_000
# Qt ends a process that can't open windows, so another one tries.
_OPENS_WINDOWS = """
from qtpy.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
application = QGuiApplication([])
if application.platformName() == "xcb":
    from OpenGL.contextdata import getContext
    surface, context = QOffscreenSurface(), QOpenGLContext()
    surface.create()
    try:
        # What draws for napari has to find the one that Qt made.
        found = context.create() and context.makeCurrent(surface) and getContext()
    except Exception:
        found = None
    raise SystemExit(0 if found else 2)
"""
NO_OPENGL = 2

Say = Callable[[str], None]


def run_demo(output: Path, *, close: bool = False, say: Say) -> int:
    """Run the demo into the folder ``output``; return the program's exit code.

    Without a display, on Linux, it runs under Xvfb and closes by itself after its screenshot; so
    it does with ``close``. Otherwise the window stays open until the person closes it.

    Raises
    ------
    ImageClassifierError
        There is no display and no Xvfb, no window can be opened, or a step failed; the text says
        which.
    """
    if _has_no_display():
        return _run_under_xvfb(output)
    _check_windows_open()
    learnt, unseen = output / "images to learn from", output / "images never seen"
    classifier, table, picture = (output / name for name in FILES)
    _check_output(output, learnt)
    output.mkdir(parents=True, exist_ok=True)
    write_sample_folder(learnt, IMAGES_TO_LEARN_FROM, seed=0)
    write_sample_folder(unseen, IMAGES_NEVER_SEEN, seed=1000)
    say(f"Made {2 * IMAGES_TO_LEARN_FROM} images to learn from and {2 * IMAGES_NEVER_SEEN} more.")
    _train(learnt, classifier, say)
    _show(unseen, classifier, table, picture, close or _started_under_xvfb(), say)
    return 0


def _check_output(output: Path, images: Path) -> None:
    """Refuse a folder that holds anything of another origin than a demo of before."""
    if not output.is_dir() or (images / CLASS_NAMES[0]).is_dir():
        check_place(output / FILES[0])
        check_output(output / FILES[0], is_own=is_classifier, what="classifier")
        check_output(output / FILES[1], is_own=is_table_of_predictions, what="table of predictions")
        check_output(output / FILES[2])
        return
    if any(not entry.name.startswith(".") for entry in output.iterdir()):
        raise ImageClassifierError(
            f"{output} is not empty; choose an empty folder, or a new one, for the demo."
        )


def _train(images: Path, output: Path, say: Say) -> None:
    config = TrainingConfig(epochs=EPOCHS, size=SIZE)

    def hear(event: Event) -> None:
        if isinstance(event, Epoch):
            say(f"Epoch {event.epoch} of {EPOCHS}: {event.val_accuracy:.0%} right.")

    say("Training; Keras takes some seconds to start.")
    train(read_items(images), config, output=output, on_event=hear)
    say(f"Written: {output}")


def _show(
    images: Path, classifier: Path, table: Path, screenshot: Path, close: bool, say: Say
) -> None:
    import napari

    viewer = napari.Viewer(title="Image Classifier demo")
    viewer.window._qt_window.resize(1500, 950)
    paths = [images / name / f"{name}_{1000:03d}.tif" for name in CLASS_NAMES]
    viewer.open(paths, plugin=PLUGIN)
    viewer.grid.enabled = True
    viewer.grid.stride = 2
    viewer.reset_view()
    _classify_open_images(viewer, classifier)
    _classify_folder(viewer, images, classifier, table)
    say(_score(table))
    viewer.window._qt_window.grab().save(str(screenshot))
    say(f"Written: {table} and {screenshot}")
    if close:
        viewer.close()
        return
    say("The window stays open: look around, and close it when you are done.")
    napari.run()


def _classify_open_images(viewer: Any, classifier: Path) -> None:
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify images")
    dock.use_classifier(classifier)
    _wait_until(dock.run_button.isEnabled, "the classifier did not open")
    _wait_for_end(dock, dock.classify, "the open images were not classified")


def _classify_folder(viewer: Any, images: Path, classifier: Path, table: Path) -> None:
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify folder", tabify=True)
    dock.form["folder"].value = images
    dock.form["output"].value = table
    dock.form["overwrite"].value = True
    dock.use_classifier(classifier)
    _wait_until(dock.run_button.isEnabled, "the folder can't be classified")
    _wait_for_end(dock, dock.run, "the folder was not classified")


def _wait_for_end(dock: Any, start: Callable[[], None], otherwise: str) -> None:
    ended: list[bool] = []
    dock.ended.connect(lambda: ended.append(True))
    start()
    _wait_until(lambda: bool(ended), otherwise)


def _wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    from qtpy.QtTest import QTest

    # PyQt6's types take this static method for one of instances.
    wait: Callable[[int], None] = cast(Any, QTest).qWait

    for _ in range(LONGEST_WAIT // 50):
        if holds():
            wait(500)
            return
        wait(50)
    raise ImageClassifierError(f"The demo was stopped after {LONGEST_WAIT // 60_000} minutes: "
                               f"{otherwise}.")  # fmt: skip


def _score(table: Path) -> str:
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(read_table(file)[1])
    right = sum(row["file"].split("/")[0] == row["class"] for row in rows)
    return f"{right} of {len(rows)} images that it had never seen were put into the right class."


def _has_no_display() -> bool:
    return sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _started_under_xvfb() -> bool:
    return os.environ.get("NAPARI_IMAGE_CLASSIFIER_DEMO") == "xvfb"


def _check_windows_open() -> None:
    tried = subprocess.run(
        [sys.executable, "-c", _OPENS_WINDOWS],
        cwd=folder_to_work_in(),
        env={**os.environ, **SAFE_PATH},
        capture_output=True,
        check=False,
    )
    if tried.returncode == NO_OPENGL:
        raise ImageClassifierError(
            "This display has no OpenGL, which napari draws with; start the demo on the computer "
            "itself rather than through a remote desktop, or install its graphics driver."
        )
    if tried.returncode:
        display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        named = f" The display is {display}." if display else ""
        raise ImageClassifierError(
            "No window can be opened here: there is no such display, it does not let you in, or "
            f"a library of the system that Qt needs is missing.{named} Start the demo from a "
            "desktop, or without a display (unset DISPLAY WAYLAND_DISPLAY), where it uses Xvfb."
        )


def _run_under_xvfb(output: Path) -> int:
    # Not one that lies in the folder one works in.
    places = filter(os.path.isabs, os.environ.get("PATH", os.defpath).split(os.pathsep))
    xvfb = shutil.which("xvfb-run", path=os.pathsep.join(places))
    if xvfb is None:
        raise ImageClassifierError(
            "There is no display; start the demo from a desktop, or install Xvfb "
            "(on Debian and Ubuntu: apt-get install xvfb)."
        )
    demo = command_of("napari_image_classifier.cli.app", "demo", "--output", str(output.absolute()))
    command = [xvfb, "-a", "-s", "-screen 0 1600x1000x24", *demo]
    environment = {**os.environ, **SAFE_PATH, "NAPARI_IMAGE_CLASSIFIER_DEMO": "xvfb"}
    return subprocess.run(command, cwd=folder_to_work_in(), env=environment, check=False).returncode
