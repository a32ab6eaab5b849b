"""From real fields to per cent of cells in each well: a short round on a few wells.

`make accuracy` does it with a network and the whole plate.
"""

import csv
import subprocess
import sys

import pytest

import napari_image_classifier as nic
from helpers.paths import REPOSITORY

pytestmark = pytest.mark.long

SEGMENT = REPOSITORY / "examples" / "segment_nuclei.py"
LEARNT = {"negative_control": ("A01", "B02"), "positive_control": ("A12", "B12")}
TESTED = {"negative_control": ("E12",), "positive_control": ("E01",)}
DOSES = {"dose_02": "E04", "dose_05": "E07", "dose_08": "E10"}


def test_the_way_from_nuclei_to_wells(shared_data, tmp_path):
    """Controls of one half are learnt from; in the other half the per cent follow the dose."""
    wells = shared_data / "translocation" / "wells"
    images, masks = tmp_path / "images", tmp_path / "masks"
    chosen = [(name, well) for part in (LEARNT, TESTED) for name in part for well in part[name]]
    for condition, well in (*chosen, *DOSES.items()):
        (images / condition).mkdir(parents=True, exist_ok=True)
        (images / condition / f"{well}.tif").symlink_to(wells / condition / f"{well}.tif")
    subprocess.run([sys.executable, SEGMENT, images, masks, "2"], check=True)
    classes = tmp_path / "classes.csv"
    with classes.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "class"])
        rows.writerows((f"{c}/{well}.tif", c) for c, names in LEARNT.items() for well in names)
    items = nic.read_items(images, items_csv=classes, masks=masks)
    assert len(items.items) > 400
    classifier = nic.train(
        items, nic.TrainingConfig(network="texture"), output=tmp_path / "c.keras"
    )
    table = tmp_path / "predictions.csv"
    result = nic.classify_folder(
        images, classifier, table, masks=masks, pattern="{condition}/{well}.tif"
    )
    assert result.n_errors == 0
    found = nic.summarize(table).set_index("well")["percent_positive_control"]
    assert found["E12"] < 25 < 75 < found["E01"]
    assert found["E04"] < found["E07"] < found["E10"]
