"""The log of whole lines; what builds on it has tests of its own."""

import errno
import os

import pytest

from napari_image_classifier.system.append_log import (
    AppendedTable,
    AppendedTableError,
    AppendLog,
    drop_cut_line,
)

pytestmark = pytest.mark.usefixtures("really_flushed_files")


@pytest.mark.parametrize("length", [0, 10, 65_535, 65_536, 200_000])
def test_what_a_power_cut_leaves_of_a_line_is_dropped(tmp_path, length):
    """However long it is, and however long the lines before."""
    path = tmp_path / "log"
    whole = b"a" * length + b"\nb\n"
    path.write_bytes(whole + b"c" * length)
    drop_cut_line(path)
    assert path.read_bytes() == whole
    path.write_bytes(b"c" * length)
    drop_cut_line(path)
    assert path.read_bytes() == b""


def test_a_line_is_whole_or_not_there(tmp_path, monkeypatch):
    """A disk that is full takes half of it; what follows begins where that one did."""
    path = tmp_path / "log"
    flush, full = os.fsync, [False]

    def refuse(descriptor):
        if full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    with AppendLog(path) as log:
        log.append(b"first\n")
        full[0] = True
        with pytest.raises(OSError, match="No space"):
            log.append(b"second\n")
        full[0] = False
        assert log.end == len(b"first\n")
        log.append(b"third\n")
    assert path.read_bytes() == b"first\nthird\n"


def test_lines_are_on_the_disk_when_it_is_closed(tmp_path, monkeypatch):
    """Flushing each would cost more than classifying an image."""
    flushed = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    with AppendLog(tmp_path / "log", seconds_between_flushes=3600) as log:
        log.append(b"first\n")
        log.append(b"second\n")
        assert not flushed
    assert len(flushed) == 1


HEADER = b"file,note,time\n"
FIRST, SECOND = (
    f'a.tif,"x, {number}",2026-12-01T00:00:0{number}.000000Z\n'.encode() for number in (1, 2)
)


@pytest.mark.parametrize("length", range(1, len(SECOND) - 1))
def test_a_row_that_was_being_written_is_dropped_and_no_other(tmp_path, length):
    """Wherever a power cut took the rest."""
    path = tmp_path / "log.csv"
    path.write_bytes(HEADER + FIRST + SECOND[:length])
    table = AppendedTable(path, ("file", "note"))
    whole = length == len(SECOND) - 1
    assert len(table.rows) == 1 + whole
    assert path.read_bytes().startswith(HEADER + FIRST)
    table.append([{"file": "c.tif"}])
    assert [row["file"] for row in AppendedTable(path, ("file", "note")).rows][-1] == "c.tif"


@pytest.mark.parametrize(
    "last",
    [
        b"b.tif,by hand,1.12.2026",
        b"b.tif,,2026-12-01T00:00:02.000000Zx",
        b"b.tif,,2026-12-01T00:00:02.000000Z,more",
        b"b.tif,,\xff",
        b"b.tif,,2026-12-01T00:00:02.000000Z\x00",
    ],
)
def test_a_last_row_that_was_changed_is_no_cut_one(tmp_path, last):
    """It is refused, and stays."""
    path = tmp_path / "log.csv"
    path.write_bytes(HEADER + FIRST + last)
    with pytest.raises(AppendedTableError):
        AppendedTable(path, ("file", "note"))
    assert path.read_bytes() == HEADER + FIRST + last


@pytest.mark.parametrize("content", [
    b"what I did on Monday", b"a,b\nc,d", b"file,note\na,b\n",
    HEADER + b'"' + FIRST + b'b"' + SECOND,
    HEADER + b'"' + FIRST.replace(b'"', b"") + b'b",' + SECOND.replace(b'"', b""),
])  # fmt: skip
def test_a_foreign_file_stays(tmp_path, content):
    """Whether it ends in a line or not."""
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(AppendedTableError):
        AppendedTable(path, ("file", "note"))
    assert path.read_bytes() == content


def test_rows_that_were_sorted_are_read_in_the_order_of_their_times(tmp_path):
    """And one that makes no sense is refused before anything in the file is touched."""
    path = tmp_path / "log.csv"
    path.write_bytes(HEADER.replace(b"\n", b"\r\n") + SECOND + FIRST)

    def check(row):
        if row["note"] == "x, 2":
            raise AppendedTableError("nonsense")

    with pytest.raises(AppendedTableError, match="nonsense"):
        AppendedTable(path, ("file", "note"), check=check)
    assert path.read_bytes() == HEADER.replace(b"\n", b"\r\n") + SECOND + FIRST
    rows = AppendedTable(path, ("file", "note")).rows
    assert [row["note"] for row in rows] == ["x, 1", "x, 2"]


def test_a_table_of_another_encoding_has_one_encoding_afterwards(tmp_path):
    """What is appended is UTF-8; both together would be read as neither."""
    path = tmp_path / "log.csv"
    path.write_bytes(HEADER + FIRST.replace(b"a.tif", "ä.tif".encode("cp1252")))
    AppendedTable(path, ("file", "note")).append([{"file": "ä.tif"}, {"file": "a\x1eb\u2028.tif"}])
    again = [row["file"] for row in AppendedTable(path, ("file", "note")).rows]
    assert again == ["ä.tif", "ä.tif", "a\x1eb\u2028.tif"]
