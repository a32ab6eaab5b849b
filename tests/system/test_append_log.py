"""The log of whole lines; what builds on it has tests of its own."""

import errno
import os
import subprocess
import sys
import time

import pytest

from napari_image_classifier.system.append_log import AppendedTable, AppendLog, drop_cut_line

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


BEGIN = """
import sys, time
from pathlib import Path
from napari_image_classifier.system.append_log import AppendedTable
table = AppendedTable(Path(sys.argv[1]), ["rater", "n"])
while time.time() < float(sys.argv[3]):
    pass
for number in range(30):
    table.append([{"rater": sys.argv[2], "n": str(number)}])
"""


@pytest.mark.parametrize("there", [None, "", "rater;n;time\n"])
def test_tables_that_several_begin_at_once_hold_all_rows(tmp_path, there):
    """Where there is none, an empty one, or one that a spreadsheet has saved."""
    path = tmp_path / "labels.csv"
    if there is not None:
        path.write_text(there)
    command = [sys.executable, "-c", BEGIN, str(path)]
    at = str(time.time() + 1.5)
    writers = [subprocess.Popen([*command, name, at]) for name in "abcd"]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    rows = AppendedTable(path, ["rater", "n"]).rows
    expected = {(name, str(number)) for name in "abcd" for number in range(30)}
    assert {(row["rater"], row["n"]) for row in rows} == expected
    assert len(rows) == len(expected)
    assert list(tmp_path.iterdir()) == [path]
