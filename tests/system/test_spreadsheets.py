"""Tables as spreadsheets save them."""

import pytest

from napari_image_classifier.system.spreadsheets import (
    SpreadsheetError,
    column_called,
    read_spreadsheet,
    saved_by_spreadsheet,
)

ROWS = [{"file": "c0.tif", "class": "Geschädigt"}, {"file": "d0.tif", "class": "Gesund"}]
TABLE = "file{0}class\r\nc0.tif{0}Geschädigt\r\nd0.tif{0}Gesund\r\n"
# As LibreOffice, Excel's “Unicode text”, “CSV UTF-8” and “CSV” write it, and others.
ENCODINGS = [
    ("utf-8", b""),
    ("utf-8", b"\xef\xbb\xbf"),
    ("utf-16-le", b"\xff\xfe"),
    ("utf-16-be", b"\xfe\xff"),
    ("utf-16-le", b""),
    ("utf-16-be", b""),
    ("utf-32-le", b"\xff\xfe\0\0"),
    ("cp1252", b""),
]


def stored(tmp_path, content):
    path = tmp_path / "items.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(("encoding", "mark"), ENCODINGS)
def test_every_encoding_gives_the_same_rows(tmp_path, encoding, mark, separator):
    path = stored(tmp_path, mark + TABLE.format(separator).encode(encoding))
    table = read_spreadsheet(path)
    assert table.rows == ROWS
    assert table.separator == separator
    assert bool(table.assumptions) == (not mark and encoding != "utf-8")


def test_what_is_assumed_of_the_encoding_is_shown_by_a_word_of_the_table(tmp_path):
    path = stored(tmp_path, TABLE.format(";").encode("cp1252"))
    (sentence,) = read_spreadsheet(path).assumptions
    assert "Windows-1252" in sentence
    assert "“Geschädigt”" in sentence


def test_a_person_may_say_the_encoding(tmp_path):
    path = stored(tmp_path, TABLE.format(",").encode("mac_roman"))
    assert read_spreadsheet(path, encoding="mac_roman").rows == ROWS
    with pytest.raises(SpreadsheetError, match="no text in the encoding utf-8"):
        read_spreadsheet(path, encoding="utf-8")
    for unknown in ("klingon", "hex", "rot13"):
        with pytest.raises(SpreadsheetError, match=f"no encoding “{unknown}”"):
            read_spreadsheet(path, encoding=unknown)


def test_one_name_in_another_encoding_leaves_the_others_as_they_are(tmp_path):
    path = stored(tmp_path, b"file,class\n" + b"\xe4.tif,control\n" + "é.tif,ä\n".encode())
    assert read_spreadsheet(path).rows == [
        {"file": "\udce4.tif", "class": "control"},
        {"file": "é.tif", "class": "ä"},
    ]


@pytest.mark.parametrize("empty", ["\r\n", ",\r\n", ",,\r\n", " , \r\n"])
def test_empty_rows_are_no_rows(tmp_path, empty):
    content = f"{empty}file,class\r\n{empty}c0.tif,a\r\n{3 * empty}"
    assert read_spreadsheet(stored(tmp_path, content)).rows == [{"file": "c0.tif", "class": "a"}]


@pytest.mark.parametrize(
    ("content", "separator"),
    [
        ("sep=;\r\nfile;class\r\na, b;c\r\n", ";"),
        ('"sep=\t"\nfile\tclass\na\tb\n', "\t"),
        ("file;class;note, remark, other\na;b;\n", ";"),
        ("well;dose\nA01;0,1\nA02;0,5\n", ";"),
        ('file,"dose; µM",class\na,1,b\n', ","),
        ("file\tclass\nday 1, dish 2.tif\tb\n", "\t"),
        ("file\na.tif\n", ","),
    ],
)
def test_what_separates_is_what_makes_all_rows_alike(tmp_path, content, separator):
    assert read_spreadsheet(stored(tmp_path, content)).separator == separator


def test_titles_are_known_whatever_their_case(tmp_path):
    path = stored(tmp_path, " File ,CLASS,Dose µM\na,b,1\n")
    assert read_spreadsheet(path, titles=("file", "class")).columns == ("file", "class", "Dose µM")
    twice = stored(tmp_path, "file,Class,class\na,b,c\n")
    with pytest.raises(SpreadsheetError, match="2 columns “class”"):
        read_spreadsheet(twice, titles=("file", "class"))


def test_columns_without_a_title_or_with_the_same_are_kept_if_they_hold_something(tmp_path):
    path = stored(tmp_path, "file,,note,note,,\na,,1,2,x,\n")
    assert read_spreadsheet(path).rows == [
        {"file": "a", "note": "1", "note (2)": "2", "column 5": "x"}
    ]


def test_a_row_that_is_too_long_is_named(tmp_path):
    with pytest.raises(SpreadsheetError, match="line 3 has 3 cells and the first line names 2"):
        read_spreadsheet(stored(tmp_path, "file,class\na,b\nc,d,e\n"))
    short = read_spreadsheet(stored(tmp_path, "file,class,note\na,b\nc,d,,\n"))
    assert short.cells == [["a", "b", ""], ["c", "d", ""]]


@pytest.mark.parametrize("content", [b"", b"\r\n", b"\xef\xbb\xbf", b"sep=;\n"])
def test_an_empty_file_is_no_table(tmp_path, content):
    with pytest.raises(SpreadsheetError, match="empty"):
        read_spreadsheet(stored(tmp_path, content))


def test_a_decimal_comma_counts_only_where_it_does_not_separate(tmp_path):
    path = stored(tmp_path, "well;dose;place\nA01;0,1;1,2,3\nA02;1,5E-06;4\nA03;;5\nA04;10;6\n")
    table = read_spreadsheet(path).with_decimal_points(lambda title: title != "well")
    assert [row["dose"] for row in table.rows] == ["0.1", "1.5E-06", "", "10"]
    assert [row["place"] for row in table.rows] == ["1,2,3", "4", "5", "6"]
    (sentence,) = table.assumptions
    assert "“dose”" in sentence
    quoted = read_spreadsheet(stored(tmp_path, 'well,dose\nA01,"0,1"\n'))
    assert quoted.with_decimal_points(lambda title: True) == quoted


def test_a_column_is_found_whatever_its_case():
    assert column_called("well", ["file", "Well "]) == "Well "
    assert column_called("well", ["Well", "well"]) == "well"
    assert column_called("WELL", ["Well", "well"]) == "WELL"
    assert column_called("dish", ["well"]) == "dish"


def test_a_table_of_ours_is_told_from_one_that_was_saved_anew(tmp_path):
    assert not saved_by_spreadsheet(stored(tmp_path, "file,class\nä,b\n"))
    for content in ("file,class\r\na,b\r\n", "\ufefffile,class\n"):
        assert saved_by_spreadsheet(stored(tmp_path, content))
    assert saved_by_spreadsheet(stored(tmp_path, "file,class\n".encode("utf-16")))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("file,class\na.tif,x\nfile,class\nb.tif,y\n", "line 3 is its first line again"),
        ('file,class\n"a.tif,x\nb.tif,y\nc.tif,z\n', "quotation mark"),
        ('file,class\n"a" b.tif,x\n', "line 2.*quotation mark"),
        (b"file,class\na.tif,x\n" + bytes(8), "no text"),
    ],
)
def test_tables_that_nobody_saved_so_are_refused(tmp_path, content, told):
    """Rows would vanish into a cell, or be no rows."""
    with pytest.raises(SpreadsheetError, match=told):
        read_spreadsheet(stored(tmp_path, content), titles=("file", "class"))


def test_an_inch_within_a_cell_is_no_quotation_mark(tmp_path):
    table = read_spreadsheet(stored(tmp_path, 'file,plate\na.tif,5" dish\n'))
    assert table.rows == [{"file": "a.tif", "plate": '5" dish'}]
