"""20,000 objects of one field: seconds to cut and to classify, memory, and the viewer's ticks.

    python benchmarks/object_speed.py [--rounds N] [--no-window]

A field of 4,000 × 4,000 pixels with two channels and a mask of 20,164 round cells is made. Cutting
is set against the loop that scripts have: regionprops, and a slice of each channel for each object.
The same objects are then classified in Python, on the command line and in the dock of a real
window, and their classes compared. Images are synthetic, the classifier has learnt for two epochs.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from rows import Row, by_turns

import napari_image_classifier as nic
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.crops import ObjectBox, cut_objects
from napari_image_classifier.items.objects import objects_of

SIDE, PITCH, BOX = 4000, 28, 48
CHANNELS = ("GFP", "DNA")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-window", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pixels, mask = field(SIDE, 0)
        print(f"{mask.max()} objects", flush=True)
        print("\n".join(cutting(pixels, mask, given.rounds).lines()), flush=True)
        save(folder / "images" / "field.tif", folder / "masks" / "field.tif", pixels, mask)
        classifier = learnt(folder)
        found = {
            "Python": timed("in Python", lambda: in_python(classifier, pixels, mask)),
            "command": timed(
                "on the command line", lambda: on_the_command_line(classifier, folder)
            ),
        }
        if not given.no_window:
            found["dock"] = in_the_dock(classifier, pixels, mask, folder)
        first = found["Python"]
        for name, classes in found.items():
            same = sum(classes[item] == first[item] for item in first)
            print(f"{name}: {same} of {len(first)} objects have the class of Python")


def field(side: int, seed: int, brighter: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels of shape (2, side, side) and a mask of round cells of unequal size."""
    random = np.random.default_rng(seed)
    mask = np.zeros((side, side), np.int32)
    rows, columns = np.mgrid[:PITCH, :PITCH]
    distance = (rows - PITCH / 2) ** 2 + (columns - PITCH / 2) ** 2
    label = 0
    for top in range(0, side - PITCH + 1, PITCH):
        for left in range(0, side - PITCH + 1, PITCH):
            label += 1
            cell = distance < random.uniform(7, 12) ** 2
            mask[top : top + PITCH, left : left + PITCH][cell] = label
    pixels = random.poisson(100, (2, side, side)).astype(np.uint16)
    pixels += (60 * (mask > 0) * (random.random((2, 1, 1)) + 0.5)).astype(np.uint16)
    pixels[0] += (brighter * (mask > 0)).astype(np.uint16)
    return pixels, mask


def save(image: Path, mask: Path, pixels: np.ndarray, labels: np.ndarray) -> None:
    for path in (image, mask):
        path.parent.mkdir(exist_ok=True)
    write_image(image, Image.from_array(pixels, "CYX", channel_names=CHANNELS))
    write_image(mask, Image.from_array(labels.astype(np.uint16), "YX"))


def cutting(pixels: np.ndarray, mask: np.ndarray, rounds: int) -> Row:
    def ours() -> float:
        began = time.perf_counter()
        image = Image.from_array(pixels, "CYX", mask=Image.from_array(mask, "YX"))
        objects = objects_of(image)
        for _ in cut_objects(image, objects, ObjectBox(BOX), (0, 1), "max", (BOX, BOX)):
            pass
        return time.perf_counter() - began

    return Row(
        f"finding objects and cutting boxes of {BOX} px", "seconds",
        by_turns({"ours": ours, "regionprops in a loop": lambda: in_a_loop(pixels, mask)}, rounds),
        faster_is_more=False,
    )  # fmt: skip


def in_a_loop(pixels: np.ndarray, mask: np.ndarray) -> float:
    from skimage.measure import regionprops

    began = time.perf_counter()
    half = BOX // 2
    padded = np.pad(pixels, ((0, 0), (half, half), (half, half)), mode="edge")
    for region in regionprops(mask):
        top, left = (int(place) for place in region.centroid)
        padded[:, top : top + BOX, left : left + BOX].transpose(1, 2, 0).astype(np.float32)
    return time.perf_counter() - began


def learnt(folder: Path) -> Path:
    """Return a classifier that has seen small fields, dim ones and bright ones."""
    images = folder / "learn"
    images.mkdir()
    (folder / "learn masks").mkdir()
    rows = ["file,class"]
    for number in range(4):
        pixels, mask = field(280, number + 1, brighter=40 * (number % 2))
        name = f"{number}.tif"
        save(images / name, folder / "learn masks" / name, pixels, mask)
        rows.append(f"{name},{('dim', 'bright')[number % 2]}")
    (folder / "classes.csv").write_text("\n".join(rows))
    table = nic.read_items(images, items_csv=folder / "classes.csv", masks="../learn masks")
    config = nic.TrainingConfig(epochs=2, box=str(BOX))
    return nic.train(table, config, output=folder / "objects.keras").path


def timed(what: str, classify: Callable[[], dict[str, str]]) -> dict[str, str]:
    began = time.perf_counter()
    found = classify()
    seconds = time.perf_counter() - began
    print(f"classified {what}: {seconds:.1f} s, {len(found) / seconds:.0f} objects a second",
          flush=True)  # fmt: skip
    return found


def in_python(classifier: Path, pixels: np.ndarray, mask: np.ndarray) -> dict[str, str]:
    said = nic.load_classifier(classifier).predict_objects(pixels, mask)
    return {one.item: str(one.class_name) for one in said}


def on_the_command_line(classifier: Path, folder: Path) -> dict[str, str]:
    table = folder / "predictions.csv"
    measured = subprocess.run(
        [sys.executable, "-c", COMMAND, "classify", folder / "images", "--masks", folder / "masks",
         "--classifier", classifier, "--output", table],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    print(f"the command's memory: {measured.stderr.splitlines()[-1]}")
    with table.open(encoding="utf-8") as file:
        return {row["item"]: row["class"] for row in csv.DictReader(file)}


COMMAND = """
import resource, sys
from napari_image_classifier.cli.commands import app
app(standalone_mode=False)
print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB", file=sys.stderr)
"""


def in_the_dock(
    classifier: Path, pixels: np.ndarray, mask: np.ndarray, folder: Path
) -> dict[str, str]:
    import napari
    from qtpy.QtCore import QSettings
    from viewer_ticks import PLUGIN, Ticks, wait_until

    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    viewer = napari.Viewer(show=True)
    for plane, channel in zip(pixels, CHANNELS, strict=True):
        viewer.add_image(plane, name=f"field [{channel}]")
    viewer.add_labels(mask, name="cells")
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify images")
    dock.use_classifier(classifier)
    wait_until(dock.run_button.isEnabled)
    ended: list[bool] = []
    dock.ended.connect(lambda: ended.append(True))
    began = time.perf_counter()
    ticks = Ticks(viewer.window._qt_window)
    ticks.during("the window while it classifies", dock.run_button.click, lambda: bool(ended))
    print(f"classified in the dock: {time.perf_counter() - began:.1f} s")
    first = next(iter(dock.results.model.predictions))
    ticks.during(*hiding(dock, str(first.class_name)))
    ticks.during(*panning(viewer))
    found = classes_of(dock.results.model.predictions)
    viewer.close()
    return found


def hiding(dock: object, name: str) -> tuple[str, Callable[[], None], Callable[[], bool]]:
    over = time.perf_counter() + 2
    return (
        "while a class is hidden",
        lambda: dock.legend.box(name).setChecked(False),  # type: ignore[attr-defined]
        lambda: time.perf_counter() > over,
    )


def panning(viewer: object) -> tuple[str, Callable[[], None], Callable[[], bool]]:
    over = time.perf_counter() + 5

    def is_over() -> bool:
        camera = viewer.scene.camera  # type: ignore[attr-defined]
        camera.center = (0, *(camera.center[1:] + np.array([3, 3])))
        return time.perf_counter() > over

    return "while the camera moves over the coloured objects", lambda: None, is_over


def classes_of(predictions: Iterable[nic.Prediction]) -> dict[str, str]:
    return {one.item: str(one.class_name) for one in predictions}


if __name__ == "__main__":
    main()
