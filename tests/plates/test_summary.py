"""summary: what there is of each class in each well."""

import subprocess
import sys

import numpy as np
import pytest

from napari_image_classifier.batch.predictions_csv import write_predictions
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.plates.columns import SummaryError
from napari_image_classifier.plates.plate_map import draw_plate_maps
from napari_image_classifier.plates.summary import summarize
from napari_image_classifier.statistics.intervals import proportion_interval

CLASSES = ("dark", "light")


def said(file, item="", light=0.9, status="ok"):
    """A prediction with that probability of “light”."""
    if status == "error":
        return Prediction(file, item, "error", message="can't be read")
    probabilities = {"dark": 1 - light, "light": light}
    best = max(probabilities, key=probabilities.__getitem__)
    return Prediction(file, item, status, best, probabilities[best], probabilities)


@pytest.fixture
def table(tmp_path):
    """Two wells of plate 1 and one of plate 2, as classify writes them."""
    path = tmp_path / "predictions.csv"
    images = {
        "A10_1.tif": [said("A10_1.tif", light=0.2)],
        "A10_2.tif": [said("A10_2.tif", light=0.9)],
        "A10_3.tif": [said("A10_3.tif", light=0.6, status="unsure")],
        "A10_4.tif": [said("A10_4.tif", status="unlike-training")],
        "A10_5.tif": [said("A10_5.tif", status="error")],
        "A2_1.tif": [said("A2_1.tif", f"t={t}", light=0.8) for t in range(6)],
        "B1_1.tif": [said("B1_1.tif", status="error")],
    }
    fields = {
        file: {"plate": "2" if file[0] == "B" else "1", "well": file.partition("_")[0]}
        for file in images
    }
    write_predictions(path, images.values(), CLASSES, "0" * 64, fields)
    return path


def test_every_item_is_counted_once_by_its_status(table):
    """Wells stand as people count them, and what was no answer is in no class."""
    found = summarize(table).set_index("well")
    assert list(found.index) == ["A2", "A10", "B1"]
    statuses = ["answered", "unsure", "unlike_training", "errors"]
    assert found.loc["A10", ["items", *statuses]].tolist() == [5, 2, 1, 1, 1]
    assert (found[statuses].sum(axis=1) == found["items"]).all()
    assert found.loc["A10", ["n_dark", "n_light", "percent_light"]].tolist() == [1, 1, 50]
    assert found.loc["A10", "mean_p_light"] == pytest.approx((0.2 + 0.9 + 0.6) / 3)


def test_wells_of_one_name_on_two_plates_are_two_wells(tmp_path):
    """Though nobody asked for plates; a single plate needs no column."""
    path = tmp_path / "predictions.csv"
    files = [f"P{plate}/A0{well}.tif" for plate in (1, 2) for well in (1, 2)]
    fields = {file: {"plate": file[:2], "well": file[3:6]} for file in files}
    write_predictions(path, [[said(file)] for file in files], CLASSES, "0" * 64, fields)
    found = summarize(path, by="well")
    assert found[["plate", "well", "items"]].to_numpy().tolist() == [
        ["P1", "A01", 1], ["P1", "A02", 1], ["P2", "A01", 1], ["P2", "A02", 1],
    ]  # fmt: skip
    draw_plate_maps(found, tmp_path / "plates.svg")
    drawn = (tmp_path / "plates.svg").read_text(encoding="utf-8")
    assert "P1: per cent light" in drawn
    assert "P2: per cent light" in drawn
    half = files[:2]
    write_predictions(path, [[said(file)] for file in half], CLASSES, "0" * 64, fields)
    assert "plate" not in summarize(path)


def test_intervals_count_images_and_not_their_items(table):
    """Six time points of one image say as much of other images as one does: nothing."""
    found = summarize(table).set_index("well")
    assert found.loc["A2", ["percent_light", "low_light", "high_light"]].tolist() == [100, 0, 100]
    expected = proportion_interval(np.array([False, True]), np.array([0, 1]))
    assert found.loc["A10", "low_light"] == pytest.approx(100 * expected.low)
    assert found.loc["A10", "high_light"] == pytest.approx(100 * expected.high)


def test_a_well_without_any_answer_says_nothing(table):
    """Rather than 0 per cent of every class."""
    found = summarize(table).set_index("well").loc["B1"]
    assert found["n_dark"] == 0
    assert found[["percent_dark", "low_dark", "high_dark", "mean_p_dark"]].isna().all()


def test_several_columns_count_each_combination(table):
    """Wells of one name on two plates are two wells."""
    found = summarize(table, ["plate", "well"])
    assert found[["plate", "well"]].to_numpy().tolist() == [["1", "A2"], ["1", "A10"], ["2", "B1"]]
    assert summarize(table, "plate")["items"].tolist() == [11, 1]


def test_a_class_may_have_any_name(tmp_path):
    """Also one that looks like a column, or like a missing value."""
    path = tmp_path / "predictions.csv"
    one = Prediction("a.tif", "", "ok", "NA", 0.75, {"NA": 0.75, "p_status": 0.25})
    write_predictions(path, [[one]], ("NA", "p_status"), "0" * 64, {"a.tif": {"well": "NA"}})
    found = summarize(path)
    assert found[["well", "n_NA", "n_p_status", "mean_p_p_status"]].to_numpy().tolist() == [
        ["NA", 1, 0, 0.25]
    ]


def test_refusals_say_what_to_do(table, tmp_path):
    """A column that isn't there, another table, and no table."""
    with pytest.raises(SummaryError, match=r"no column “day” to count by; it has plate, well\."):
        summarize(table, "day")
    other = tmp_path / "other.csv"
    other.write_text("file,class\na.tif,dark\n")
    with pytest.raises(SummaryError, match="is no table of predictions"):
        summarize(other)
    with pytest.raises(SummaryError, match="is not there"):
        summarize(tmp_path / "none.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(SummaryError, match="can't be read as a CSV"):
        summarize(tmp_path / "empty.csv")


def test_the_command_writes_it_beside_the_table(table):
    """And never over something else, unless told to."""
    pandas = pytest.importorskip("pandas")
    command = [sys.executable, "-m", "napari_image_classifier.cli.app", "summarize", table]
    command += ["--by", "plate,well"]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    path = table.with_name("predictions.by-plate-well.csv")
    assert done.stdout == f"Written: {path} (3 rows)\n"
    written, found = (
        pandas.read_csv(path, dtype={"plate": str}),
        summarize(table, ["plate", "well"]),
    )
    pandas.testing.assert_frame_equal(written, found, atol=1e-4)
    again = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    assert again.returncode == 1
    assert "exists already" in again.stderr
    command += ["--overwrite", "--plate-map", table.with_name("plates.svg"), "--show", "n_light"]
    assert subprocess.run(command, check=False).returncode == 0
    assert "number of light" in table.with_name("plates.svg").read_text(encoding="utf-8")
