"""widgets.well_summary: what the tab knows of a table, without a window."""

import numpy as np
import pytest

from napari_image_classifier.batch.predictions_csv import write_predictions
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.names.well_names import Well
from napari_image_classifier.plates.plate_map import plate_maps
from napari_image_classifier.widgets.classify_folder.well_summary import (
    HOW_TO_GET_WELLS,
    summarize_wells,
)

CLASSES = ("dark", "light")


def write_table(path, fields):
    """Write a table of images that are all light, with such fields."""
    said = {"dark": 0.25, "light": 0.75}
    rows = [[Prediction(file, "", "ok", "light", 0.75, said)] for file in fields]
    write_predictions(path, rows, CLASSES, "0" * 64, fields)
    return path


@pytest.fixture
def table(tmp_path):
    """Two plates of three wells, two sites each, with a dose in the name."""
    fields = {
        f"{plate}/{well}_{dose}_{site}.tif": {
            "plate": plate, "well": well, "site": site, "dose": dose, "drug": f"drug {plate}",
        }
        for plate in ("p1", "p2")
        for well, dose in (("A01", "0"), ("A02", "5"), ("B03", "50"))
        for site in ("1", "2")
    }  # fmt: skip
    return write_table(tmp_path / "predictions.csv", fields)


def test_wells_lie_on_their_plates(table):
    """With their places, images, and what the names say of them."""
    wells = summarize_wells(table, None)
    assert wells.plates == ["p1", "p2"]
    assert wells.on_plates
    first, second = plate_maps(wells.summary, "percent_light")
    assert list(second.rows.values()) == [3, 4, 5]
    assert list(first.rows) == [Well(0, 0), Well(0, 1), Well(1, 2)]
    assert first.values.shape == (2, 3)
    assert wells.files[0] == ("p1/A01_0_1.tif", "p1/A01_0_2.tif")
    assert wells.name_of(5) == "p2 B03"
    assert wells.columns[:4] == ["percent_dark", "percent_light", "mean_p_dark", "mean_p_light"]
    assert not wells.note


def test_fields_of_a_well_are_told_from_fields_of_its_images(table):
    """A dose belongs to the well, a site does not."""
    wells = summarize_wells(table, None)
    assert wells.known == ("dose", "drug")
    assert wells.doses == ("dose",)
    assert wells.series == ("plate", "drug")


def test_a_well_in_words(table):
    """Counts, per cent with its interval, and what is known."""
    wells = summarize_wells(table, None)
    low, high = wells.summary.loc[1, ["low_light", "high_light"]]
    assert wells.explain(1, "percent_light").splitlines() == [
        "p1 A02",
        "2 images: 2 answered",
        f"per cent light: 100 ({low:.0f} to {high:.0f})",
        "dose: 5",
        "drug: drug p1",
    ]
    assert "mean probability of light: 0.75" in wells.explain(1, "mean_p_light")
    wells.summary.loc[1, "percent_light"] = np.nan
    assert "per cent light: nothing is known" in wells.explain(1, "percent_light")


def test_a_table_of_wells_is_joined(table, tmp_path):
    """And what it lacks is told."""
    (tmp_path / "wells.csv").write_text("well,conc\nA1,1\nA2,2\n")
    wells = summarize_wells(table, tmp_path / "wells.csv")
    assert "conc" in wells.known
    assert wells.note == "wells.csv says nothing of 2 wells: p1, B03; p2, B03."
    (tmp_path / "wells.csv").write_text("well,dose\nA1,1\n")
    assert "has a column “dose” already" in summarize_wells(table, tmp_path / "wells.csv")


def test_why_there_is_nothing_to_see(tmp_path):
    """No wells, no table, names that are no places on a plate."""
    path = tmp_path / "predictions.csv"
    assert summarize_wells(write_table(path, {"a.tif": {}}), None) == HOW_TO_GET_WELLS
    assert "is not there" in summarize_wells(tmp_path / "none.csv", None)
    wells = summarize_wells(write_table(path, {"7.tif": {"well": "7"}}), None)
    assert not wells.on_plates
    assert wells.note == (
        "“7” is no name of a well; wells are called A01, or r01c02. So no plate is drawn."
    )
