"""well_table: what a person knows of the wells, joined to what was found in them."""

import csv

import pytest

from napari_image_classifier.batch.predictions_csv import write_predictions
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.plates.columns import SummaryError
from napari_image_classifier.plates.summary import summarize
from napari_image_classifier.plates.well_table import WellTableError, read_wells, wells_not_listed

CLASSES = ("dark", "light")


@pytest.fixture
def table(tmp_path):
    """Wells A1 and A2 of plate 1, A1 of plate 2; two images each."""
    path = tmp_path / "predictions.csv"
    fields = {
        f"{plate}/{well}_{site}.tif": {"plate": plate, "well": well, "site": site}
        for plate, well in (("1", "A1"), ("1", "A2"), ("2", "A1"))
        for site in ("1", "2")
    }
    said = {"dark": 0.25, "light": 0.75}
    rows = [[Prediction(file, "", "ok", "light", 0.75, said)] for file in fields]
    write_predictions(path, rows, CLASSES, "0" * 64, fields)
    return path


def wells(table, text):
    """A table of wells beside the predictions."""
    path = table.with_name("wells.csv")
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_wells_are_the_same_however_they_are_written(table):
    """A01 is A1, and plate 001 is plate 1, as spreadsheets have it."""
    known = wells(table, "plate,well,dose\n001,a01,5\n1,A2,10\n2,A-1,0.5\n")
    found = summarize(table, ["plate", "well"], known)
    assert found[["plate", "well", "dose", "items"]].to_numpy().tolist() == [
        ["1", "A1", "5", 2],
        ["1", "A2", "10", 2],
        ["2", "A1", "0.5", 2],
    ]


def test_one_layout_serves_all_plates(table):
    """Where the table of wells names none."""
    found = summarize(table, ["plate", "well"], wells(table, "well,dose\nA1,5\nA2,10\n"))
    assert found["dose"].tolist() == ["5", "10", "5"]


def test_a_well_that_is_not_listed_has_an_empty_cell_and_is_told(table):
    """An empty well of the plate may well have been imaged; it is no error, but no secret."""
    known = wells(table, "plate,well,dose,compound\n1,A1,5,taxol\n1,H12,7,taxol\n")
    found = summarize(table, ["plate", "well"], known)
    assert found[["dose", "compound"]].to_numpy().tolist() == [["5", "taxol"], ["", ""], ["", ""]]
    said = wells_not_listed(found, known)
    assert said == "wells.csv says nothing of 2 wells: 1, A2; 2, A1."
    assert not wells_not_listed(found[:1], known)


def test_its_columns_can_be_counted_by(table):
    """Per cent by compound, over all its wells."""
    known = wells(table, "plate,well,compound\n1,A1,taxol\n1,A2,DMSO\n2,A1,taxol\n")
    found = summarize(table, "compound", known)
    assert found[["compound", "items"]].to_numpy().tolist() == [["DMSO", 2], ["taxol", 4]]


def test_spreadsheets_of_other_countries(table):
    """Semicolons, spaces, and lines of nothing but separators at the end."""
    known = read_wells(wells(table, "well ; dose\nA1 ; 5\nA2;10\n;\n;\n"))
    assert known.to_numpy().tolist() == [["A1", "5"], ["A2", "10"]]


@pytest.mark.parametrize(
    ("text", "by", "why"),
    [
        ("dose\n5\n", "well", r"wells\.csv has no column “well”: it has dose\."),
        ("well,dose\nA1,5\nA01,6\n", "well", "two different rows for the well A01; a well has one"),
        ("well,dose\nB7,5\n", "well", "None of the wells .* the first is A1 here and B7 there"),
        ("plate,well,dose\n9,A1,5\n", "well", "or on other plates: the first is 1, A1 here"),
        ("well,site\nA1,5\n", "well", "has a column “site” already; name that of wells.csv other"),
        ("well,items\nA1,5\n", "well", "has a column “items”, as the summary has"),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do(table, text, by, why):
    """Rather than join what does not belong together."""
    with pytest.raises((WellTableError, SummaryError), match=why):
        summarize(table, by, wells(table, text))


def test_wells_on_several_plates_have_what_is_known_of_each(table):
    """A well is plate and well, though only wells were asked for."""
    found = summarize(table, "well", wells(table, "plate,well,dose\n1,A1,5\n2,A1,6\n"))
    of_wells = found[found["well"] == "A1"]
    assert of_wells[["plate", "dose"]].to_numpy().tolist() == [["1", "5"], ["2", "6"]]


def test_refusals_without_tables(table, tmp_path):
    """No table of wells, and predictions without wells."""
    with pytest.raises(WellTableError, match="There is no table of wells"):
        summarize(table, "well", tmp_path / "none.csv")
    without = tmp_path / "without.csv"
    write_predictions(without, [[Prediction("a.tif", "", "error")]], CLASSES, "0" * 64)
    with pytest.raises(
        WellTableError, match=r"has no column “well” to find its wells in wells\.csv"
    ):
        summarize(without, "file", wells(table, "well,dose\nA1,5\n"))
    plates = wells(table, "plate,well,dose\n1,A1,5\n2,A1,6\n")
    one_plate = tmp_path / "one.csv"
    write_predictions(
        one_plate,
        [[Prediction("a.tif", "", "error")]],
        CLASSES,
        "0" * 64,
        {"a.tif": {"well": "A1"}},
    )
    with pytest.raises(WellTableError, match="no column “plate” to tell them apart by"):
        summarize(one_plate, "well", plates)


def test_doses_with_a_decimal_comma(table):
    """Where semicolons separate; and that is said."""
    known = wells(table, "\ufeffWell;Dose\r\nA1;0,5\r\nA2;1,5E-06\r\n;\r\n")
    found = summarize(table, ["plate", "well"], known)
    assert found["Dose"].tolist() == ["0.5", "1.5E-06", "0.5"]
    assert any("“Dose”" in text for text in found.attrs["assumptions"])


def test_predictions_that_a_spreadsheet_saved(table):
    """Semicolons, decimal commas and a mark at the beginning: the same numbers."""
    before = summarize(table)
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    with table.open("w", newline="", encoding="utf-16") as file:
        saved = csv.writer(file, delimiter="\t")
        saved.writerows([row[0], *(cell.replace(".", ",") for cell in row[1:])] for row in rows)
    assert summarize(table).equals(before)
