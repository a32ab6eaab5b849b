"""Make the screenshots of the three docks at work on real images, into docs/images.

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py

It needs the folder of real images beside the repository (see ../shared/data/README.md there).
"""

import csv
import shutil
import sys
import tempfile
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QSettings
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget
from scipy.ndimage import gaussian_filter

import napari_image_classifier as nic
from napari_image_classifier.images.tiff.writer import write_image

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY.parent / "shared" / "data"
WELLS = DATA / "translocation" / "wells"
IMAGES = REPOSITORY / "docs" / "images"
PLUGIN = "napari-image-classifier"
CLASSES = ("negative_control", "positive_control")
LONGEST_WAIT = 600_000


def main() -> None:
    """Evaluate and train on the controls, then classify open images and the whole plate."""
    if not DATA.is_dir():
        sys.exit(f"The real images are not here: {DATA}")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, temporary)
        for name in CLASSES:
            shutil.copytree(WELLS / name, folder / "controls" / name)
        for name in ("negative_control", "dose_03"):
            shutil.copytree(WELLS / name, folder / "low dose" / name)
        viewer = napari.Viewer(show=True)
        viewer.window._qt_window.resize(1500, 980)
        take_evaluation(viewer, folder / "low dose")
        classifier = take_training(viewer, folder / "controls")
        take_images(viewer, classifier)
        take_folder(viewer, classifier, folder)
        draw_plate(classifier, folder / "plate.csv")
        take_wells(viewer, classifier, folder)
        take_accidents(viewer, classifier, folder / "accidents")
        viewer.close()


def take_training(viewer: napari.Viewer, controls: Path) -> Path:
    """Show the dock before, during and after a training; return the classifier."""
    open_some(viewer, controls)
    dock = add_dock(viewer, "Train classifier")
    dock.source.choose_folder(controls)
    wait_until(lambda: dock.source.survey is not None)
    dock.source.group.choose(None)
    dock.form["epochs"].value = 12
    dock.form["size"].value = 64
    wait_until(dock.run_button.isEnabled)
    save(viewer, "train-classifier-before")
    ended = []
    dock.trained.connect(ended.append)
    dock.run()
    wait_until(lambda: dock._epochs_done >= 5 or bool(ended))
    scroll_to(dock, dock.plot)
    save(viewer, "train-classifier")
    wait_until(lambda: bool(ended))
    scroll_to(dock, dock.confusion)
    save(viewer, "train-classifier-result")
    close_docks(viewer)
    return Path(ended[0])


def take_evaluation(viewer: napari.Viewer, folder: Path) -> None:
    """Ask whether a low dose does anything; show the answer and the surest of its errors."""
    dock = add_dock(viewer, "Train classifier")
    dock.source.choose_folder(folder)
    wait_until(lambda: dock.source.survey is not None)
    dock.source.group.choose(None)
    panel = dock.evaluation
    panel.form["extent"].value = "texture"
    wait_until(panel.run_button.isEnabled)
    ended = []
    panel.ended.connect(lambda: ended.append(True))
    dock.evaluate()
    wait_until(lambda: bool(ended))
    row = panel.errors.rows.item(0)
    panel.errors.rows.setCurrentItem(row)
    panel.errors.rows.itemClicked.emit(row)
    scroll_to(dock, panel.errors)
    save(viewer, "how-good")
    close_docks(viewer)
    viewer.layers.clear()


def take_images(viewer: napari.Viewer, classifier: Path) -> None:
    """Show the open images with their classes."""
    dock = add_dock(viewer, "Classify images")
    dock.use_classifier(classifier)
    ended = []
    dock.ended.connect(lambda: ended.append(True))
    QTest.qWait(3000)
    dock.classify()
    wait_until(lambda: bool(ended))
    save(viewer, "classify-images")
    close_docks(viewer)
    viewer.layers.clear()


def take_folder(viewer: napari.Viewer, classifier: Path, folder: Path) -> None:
    """Show a plate while it is classified, with one of its images opened from the table."""
    for number in range(1, 6):
        wells = folder / "plates" / f"plate {number}"
        shutil.copytree(WELLS, wells)
    dock = add_dock(viewer, "Classify folder")
    dock.form["folder"].value = folder / "plates"
    dock.use_classifier(classifier)
    QTest.qWait(4000)
    ended = []
    dock.ended.connect(lambda: ended.append(True))
    dock.run()
    wait_until(lambda: len(dock.table.model.predictions) > 5)
    dock.open_image(dock.table.model.predictions[5])
    save(viewer, "classify-folder")
    wait_until(lambda: bool(ended))
    save(viewer, "classify-folder-result")


def draw_plate(classifier: Path, table: Path) -> None:
    """Draw the whole plate: how probable the positive control's class is in every well."""
    nic.classify_folder(WELLS, classifier, table, pattern="{well}.tif")
    shown = [f"mean_p_{CLASSES[1]}"]
    summary = nic.summarize(table, wells=write_doses(table.with_name("wells.csv")))
    nic.draw_plate_maps(summary, IMAGES / "plate-map.png", shown)
    nic.draw_dose_response(summary, IMAGES / "dose-response.png", "dose", shown, "compound")
    print("docs/images/plate-map.png, docs/images/dose-response.png")


def write_doses(path: Path) -> Path:
    """Write what is known of the wells: compound and dose; the positive controls have none."""
    with (DATA / "translocation" / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    compounds = {"rows_A-D": "compound 1", "rows_E-H": "compound 2"}
    lines = [
        f"{row['well']},{compounds[row['plate_half']]},"
        f"{'' if row['class'] == CLASSES[1] else row['dose']}"
        for row in rows
    ]
    path.write_text("\n".join(["well,compound,dose", *lines]) + "\n")
    return path


def take_wells(viewer: napari.Viewer, classifier: Path, folder: Path) -> None:
    """Show the plate and the doses in the tab Wells, with the image of one well."""
    close_docks(viewer)
    viewer.layers.clear()
    shutil.copytree(WELLS, folder / "plate")
    dock = add_dock(viewer, "Classify folder")
    dock.form["folder"].value = folder / "plate"
    dock.use_classifier(classifier)
    dock.pattern.set_pattern("{well}.tif")
    QTest.qWait(4000)
    ended = []
    dock.ended.connect(lambda: ended.append(True))
    dock.run()
    wait_until(lambda: bool(ended))
    wells = dock.results.wells
    wells.form["wells"].value = write_doses(folder / "wells.csv")
    dock.results.setCurrentWidget(wells)
    wait_until(lambda: wells.wells is not None)
    for choice, value in ((wells.colour, f"mean_p_{CLASSES[1]}"), (wells.series, "compound")):
        choice.setCurrentIndex(choice.findData(value))
        choice.activated.emit(choice.currentIndex())
    wells.open_well(wells.wells.summary["well"].tolist().index("B08"))
    QTest.qWait(1000)
    scroll_to(dock, wells)
    save(viewer, "classify-folder-wells")
    close_docks(viewer)


def take_accidents(viewer: napari.Viewer, classifier: Path, folder: Path) -> None:
    """Show what is said of images that went wrong at the microscope, among good ones."""
    good = sorted((WELLS / "negative_control").iterdir())[:4]
    accidents = {
        "out of focus": lambda plane: gaussian_filter(plane, 6),
        "lamp off": lambda plane: plane // 50,
        "exposed too long": lambda plane: np.minimum(plane.astype(int) * 8, 255),
    }
    folder.mkdir()
    for number, path in enumerate(good):
        shutil.copy(path, folder)
        with nic.read_image(path) as image:
            pixels = image.asarray()
        for name, accident in list(accidents.items())[number : number + 1]:
            made = np.stack([accident(plane) for plane in pixels]).astype(pixels.dtype)
            write_image(
                folder / f"{path.stem} {name}.tif",
                nic.Image.from_array(made, image.axes, channel_names=None),
            )
    viewer.layers.clear()
    dock = add_dock(viewer, "Classify folder")
    dock.form["folder"].value = folder
    dock.use_classifier(classifier)
    QTest.qWait(4000)
    ended = []
    dock.ended.connect(lambda: ended.append(True))
    dock.run()
    wait_until(lambda: bool(ended))
    dock.open_image(next(one for one in dock.table.model.predictions if "focus" in one.file))
    save(viewer, "saying-no")
    close_docks(viewer)


def open_some(viewer: napari.Viewer, controls: Path) -> None:
    """Open one image of each class, side by side."""
    paths = [sorted((controls / name).iterdir())[0] for name in CLASSES]
    viewer.open(paths, plugin=PLUGIN)
    viewer.canvas.grid.enabled = True
    viewer.canvas.grid.stride = 2
    viewer.reset_view()


def add_dock(viewer: napari.Viewer, name: str) -> QWidget:
    """Open one of our docks as the menu does."""
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    QTest.qWait(500)
    return widget


def close_docks(viewer: napari.Viewer) -> None:
    """Close what add_dock opened."""
    viewer.window.remove_dock_widget("all")


def scroll_to(dock: QWidget, widget: QWidget) -> None:
    """Bring a part of a long dock into view."""
    QTest.qWait(300)
    dock.scroll_to(widget)


def save(viewer: napari.Viewer, name: str) -> None:
    """Save the whole window."""
    QTest.qWait(700)
    viewer.window._qt_window.grab().save(str(IMAGES / f"{name}.png"))
    print(f"docs/images/{name}.png")


def wait_until(holds) -> None:
    """Let the window live until something holds."""
    for _ in range(LONGEST_WAIT // 100):
        if holds():
            return
        QTest.qWait(100)
    sys.exit("It took too long.")


if __name__ == "__main__":
    main()
