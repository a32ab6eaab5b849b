"""Make the pictures of objects, from nuclei to a plate map, on real images, into docs/images.

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_object_screenshots.py [WORK]

WORK is a folder for masks, classifier and table, a temporary one unless told; what is there already
is not made again. It needs the folder of real images beside the repository.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import napari
import numpy as np
from make_screenshots import (
    DATA,
    IMAGES,
    PLUGIN,
    REPOSITORY,
    WELLS,
    add_dock,
    close_docks,
    save,
    wait_until,
)
from qtpy.QtCore import QSettings

import napari_image_classifier as nic

POSITIVE = "positive_control"
# Half of its cells have answered.
WELL = WELLS / "dose_05" / "H07.tif"


def main(work: Path) -> None:
    """Number nuclei, learn from the controls of one half, and show a well and the plate."""
    if not DATA.is_dir():
        sys.exit(f"The real images are not here: {DATA}")
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(work))
    masks = work / "masks"
    if not masks.is_dir():
        script = REPOSITORY / "examples" / "segment_nuclei.py"
        subprocess.run([sys.executable, script, WELLS, masks, "2"], check=True)
    classifier = trained(work, masks)
    table = work / "cells.csv"
    nic.classify_folder(WELLS, classifier, table, masks=masks, pattern="{condition}/{well}.tif")
    draw_results(work, table)
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1500, 980)
    take_objects(viewer, classifier, masks / "dose_05" / "H07.tif")
    close_docks(viewer)
    viewer.layers.clear()
    take_annotation(viewer, masks)
    viewer.close()


def trained(work: Path, masks: Path) -> Path:
    """Return a classifier of the cells of rows A to D of the two controls."""
    import pandas as pd

    path = work / "cells.keras"
    if not path.is_file():
        labels = pd.read_csv(WELLS.parent / "labels.csv", dtype=str)
        labels["file"] = labels["file"].str.removeprefix("wells/")
        chosen = labels["class"].str.endswith("control") & (labels["plate_half"] == "rows_A-D")
        labels[chosen][["file", "class", "well"]].to_csv(work / "controls.csv", index=False)
        items = nic.read_items(WELLS, items_csv=work / "controls.csv", masks=masks, group="well")
        nic.train(items, output=path)
    return path


def draw_results(work: Path, table: Path) -> None:
    """Draw the plate map and the dose response."""
    import pandas as pd

    labels = pd.read_csv(WELLS.parent / "labels.csv", dtype=str)
    labels["compound"] = labels["plate_half"].map({"rows_A-D": "1", "rows_E-H": "2"})
    labels.loc[labels["class"] == POSITIVE, "dose"] = ""
    labels[["well", "compound", "dose"]].to_csv(work / "wells.csv", index=False)
    summary = nic.summarize(table, wells=work / "wells.csv")
    shown = [f"percent_{POSITIVE}"]
    nic.draw_plate_maps(summary, IMAGES / "plate-map-cells.png", shown)
    nic.draw_dose_response(
        summary, IMAGES / "dose-response-cells.png", "dose", shown, by="compound"
    )


def take_objects(viewer: napari.Viewer, classifier: Path, mask: Path) -> None:
    """Show a well whose cells were classified, coloured, with the table and the legend."""
    channels = viewer.open(WELL, plugin=PLUGIN)
    channels[-1].visible = False
    with nic.read_image(mask) as labels:
        viewer.add_labels(labels.plane(), name="nuclei", visible=False, scale=channels[0].scale)
    dock = add_dock(viewer, "Classify images")
    dock.use_classifier(classifier)
    wait_until(dock.run_button.isEnabled)
    ended = []
    dock.ended.connect(lambda: ended.append(True))
    dock.run_button.click()
    wait_until(lambda: bool(ended))
    dock.scroll_to(dock.results)
    save(viewer, "classify-objects")


def take_annotation(viewer: napari.Viewer, masks: Path) -> None:
    """Show nuclei of a well of a middle dose that get classes; here from what is known of them."""
    channels = viewer.open(WELL, plugin=PLUGIN)
    with nic.read_image(masks / "dose_05" / "H07.tif") as labels:
        mask = labels.plane()
    nuclei = viewer.add_labels(mask, name="nuclei", visible=False, scale=channels[0].scale)
    gfp = channels[0].data
    inside = [float(np.mean(gfp[mask == label])) for label in range(1, mask.max() + 1)]
    classes = ["nuclear" if level > np.median(inside) else "cytoplasmic" for level in inside]
    nuclei.features = {"index": range(1, 41), "looks": classes[:40]}
    dock = add_dock(viewer, "Train classifier")
    dock.source.choose_kind("objects")
    asked = dock.source.objects
    asked.layer.setCurrentText("nuclei")
    asked.layer.activated.emit(asked.layer.currentIndex())
    asked.column.setCurrentText("looks")
    asked.column.activated.emit(asked.column.currentIndex())
    channels[-1].visible = False
    save(viewer, "annotate-objects")


if __name__ == "__main__":
    if sys.argv[1:]:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
