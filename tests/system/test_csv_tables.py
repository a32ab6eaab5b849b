"""system.csv_tables: no spreadsheet calculates a text, and every text comes back as it was."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile.texts import HONEST, HOSTILE, NO_TEXT
from napari_image_classifier.system.append_log import AppendedTable
from napari_image_classifier.system.csv_tables import (
    as_cell,
    read_table,
    text_in,
    write_frame,
    write_table,
)
from napari_image_classifier.system.spreadsheets import read_spreadsheet

# In a table for people, the ends of lines and spaces around titles are lost, as ever.
TEXTS = [text for text in (*HOSTILE, *HONEST) if text not in NO_TEXT and "\0" not in text]


def begins_a_formula(cell: str) -> bool:
    """Whether a spreadsheet would calculate it."""
    unseen = "".join(map(chr, range(33))) + "\x7f\x85\xa0\u200b\u2028\u2029\ufeff\u2060"
    letters = unicodedata.normalize("NFKC", cell.strip(unseen))[:1]
    number = cell.replace(",", ".")
    try:
        float(number)
    except ValueError:
        return letters in tuple("=+-@")
    return False


def as_spreadsheets_read(content: str) -> list[str]:
    """All cells, whatever separates them where the spreadsheet is."""
    cells = []
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(content, newline=""), delimiter=separator):
            cells += row
        for line in content.splitlines():
            # One that does not know of quotes.
            cells += [part.strip('"') for part in line.split(separator)] * (separator != ",")
    return cells


@pytest.mark.parametrize("text", [*HOSTILE, *HONEST], ids=ascii)
def test_a_text_comes_back_and_is_not_calculated(text, tmp_path):
    """Through a table that is written row by row, as a cell and as a title."""
    path = tmp_path / "table.csv"
    write_table(path, ["file", text or "x", "n"], [{"file": text, text or "x": text, "n": "-5.2"}])
    content = path.read_text("utf-8", errors="surrogateescape")
    # The line of a number, taken for one cell, begins with its sign, and is no formula.
    cells = as_spreadsheets_read(content) if as_cell(text) != text or text[:1] not in "+-" else []
    assert not [cell for cell in cells if begins_a_formula(cell)]
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        header, rows = read_table(file)
        (row,) = rows
    expected = "".join(
        "\ufffd" if letter in "\x00\ud800\udfff\udc7f" else letter for letter in text
    )
    assert header == ["file", expected, "n"]
    assert row == {"file": expected, expected: expected, "n": "-5.2"}


@given(st.text("=+-@';\t\n\r \"a1,.\x85＝\ufeff", max_size=12))
def test_any_text_comes_back(text):
    """Also one that has apostrophes of its own."""
    assert text_in(as_cell(text)) == text


def test_all_texts_come_back_from_tables_that_people_read(tmp_path):
    """As pandas writes them, and as rows are appended to a table of labels."""
    import pandas as pd

    frame, log = tmp_path / "frame.csv", tmp_path / "log.csv"
    write_frame(pd.DataFrame({"class": TEXTS, "x": -5.25}), frame, "%.4f")
    assert [row["class"] for row in read_spreadsheet(frame).rows] == TEXTS
    assert {row["x"] for row in read_spreadsheet(frame).rows} == {"-5.2500"}
    names = [" ".join(text.splitlines()) for text in TEXTS]
    AppendedTable(log, ["class"]).append([{"class": name} for name in names])
    again = AppendedTable(log, ["class"])
    assert [row["class"] for row in again.rows] == names
    again.append([{"class": "=1"}])
    assert log.read_text("utf-8").splitlines()[-1].startswith("'=1,")
    assert [row["class"] for row in read_spreadsheet(log).rows] == [*names, "=1"]


@pytest.mark.parametrize("number", ["-5.2", "+7", "-1e-05", "-.5", "-1,5", "-inf", "0.1", "-0"])
def test_numbers_stay_numbers(number):
    """A dose that is a logarithm, or one with a decimal comma."""
    assert as_cell(number) == number


def test_tables_of_before_read_as_they_did(tmp_path):
    """They have no apostrophes but those of their own texts."""
    path = tmp_path / "old.csv"
    names = ["=x", "-control", "'tis", "'5 foci'", "+", "a;=b", "@home", "' =x"]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([["class"], *([name] for name in names)])
    assert [row["class"] for row in read_spreadsheet(path).rows] == names


def test_a_very_long_text_takes_no_longer_than_it_is_long():
    """Of nothing but what is looked for."""
    for part in ("\t", "'", ";", ";'", " \t", "\t' "):
        assert text_in(as_cell(part * 50_000)) == part * 50_000
