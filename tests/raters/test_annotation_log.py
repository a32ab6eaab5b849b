"""The table of annotations: what was given stays given, whatever happens."""

import csv
import errno
import os
import subprocess
import sys
import textwrap

import pytest

from napari_image_classifier.items.annotations import (
    ASSISTED,
    CANNOT_TELL,
    AnnotationsError,
    ItemKey,
    read_annotations,
)
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.system import append_log as appended_table
from napari_image_classifier.system.append_log import AppendedTableError

pytestmark = pytest.mark.usefixtures("really_flushed_files")

A, B, C = (ItemKey(f"{name}.tif", "") for name in "abc")


def classes(log):
    """What stands, by file."""
    return {key.file[0]: one.class_name for key, one in log.annotations.items()}


@pytest.fixture
def path(tmp_path):
    """A table that is not there yet."""
    return tmp_path / "labels.csv"


def test_what_was_given_is_there_again(path):
    """Class, mode and time in sight come back, from a new log on the same file."""
    log = AnnotationLog(path, "Ada", {A: "well 1"})
    log.give([A], "mitosis", seconds=1.5)
    log.give([B, C], "interphase", ASSISTED)
    again = AnnotationLog(path, "Ada")
    assert again.annotations == log.annotations
    assert again.annotations[A].seconds == 1.5
    assert again.annotations[A].group == "well 1"
    assert again.annotations[B].mode == ASSISTED
    assert again.counts == {"mitosis": 1, "interphase": 2}


def test_the_last_answer_counts(path):
    """A second answer replaces the first, and the file holds both."""
    log = AnnotationLog(path, "Ada")
    log.give([A], "mitosis")
    log.give([A], CANNOT_TELL)
    assert classes(AnnotationLog(path, "Ada")) == {"a": CANNOT_TELL}
    assert path.read_text().count("a.tif") == 2


def test_undo_goes_back_to_the_first(path):
    """Also over an earlier day, over renamed classes, and over several images at once."""
    log = AnnotationLog(path, "Ada")
    log.give([A], "mitosis")
    log.give([B, C], "other", ASSISTED)
    log.rename("other", "mitosis")
    log.give([A], "interphase")
    log = AnnotationLog(path, "Ada")
    assert log.undo() == [A]
    assert classes(log) == {"b": "mitosis", "c": "mitosis", "a": "mitosis"}
    assert log.undo() == [B, C]
    assert classes(log) == {"a": "mitosis", "b": "other", "c": "other"}
    assert log.annotations[B].mode == ASSISTED
    log = AnnotationLog(path, "Ada")
    assert log.undo() == [B, C]
    assert log.undo() == [A]
    assert (log.undo(), log.can_undo, log.annotations) == ([], False, {})
    assert read_annotations(path) == []


def test_a_merge_keeps_what_was_assisted(path):
    """A label given with the prediction in sight is none by eye under another name."""
    log = AnnotationLog(path, "Ada")
    log.give([A], "other", ASSISTED)
    log.rename("other", "mitosis")
    assert AnnotationLog(path, "Ada").annotations[A].mode == ASSISTED


def test_raters_share_a_table(path):
    """Each has her own answers, and her own undo."""
    ada, bob = AnnotationLog(path, "Ada"), AnnotationLog(path, "Bob")
    ada.give([A], "mitosis")
    bob.give([A], "interphase")
    bob = AnnotationLog(path, "Bob")
    assert [one.rater for one in bob.of_others] == ["Ada"]
    bob.undo()
    assert [(one.rater, one.class_name) for one in read_annotations(path)] == [("Ada", "mitosis")]


@pytest.mark.parametrize("kept", [3, 30, -1])
def test_a_line_that_was_cut_off_is_dropped(path, kept):
    """As a power cut leaves it; the next answer goes on a line of its own."""
    AnnotationLog(path, "Ada").give([A], "mitosis")
    whole = path.read_bytes()
    AnnotationLog(path, "Ada").give([B], "mitosis")
    line = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + line[: kept - 1 if kept < 0 else kept])
    log = AnnotationLog(path, "Ada")
    assert classes(log) == {"a": "mitosis"}
    log.give([C], "mitosis")
    assert classes(AnnotationLog(path, "Ada")) == {"a": "mitosis", "c": "mitosis"}


def test_a_last_line_without_an_end_is_kept_if_it_is_whole(path):
    """Some editors leave it so."""
    log = AnnotationLog(path, "Ada")
    log.give([A], "mitosis")
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    log = AnnotationLog(path, "Ada")
    log.give([B], "mitosis")
    assert classes(AnnotationLog(path, "Ada")) == {"a": "mitosis", "b": "mitosis"}


def test_a_spreadsheet_may_have_saved_it(path):
    """With semicolons, a mark at the beginning, and a column of one's own, which stays."""
    AnnotationLog(path, "Ada").give([A], "mitosis")
    header, row = path.read_text().splitlines()
    saved = f"{header};remark\r\n{row};nice\r\n".replace(",", ";")
    path.write_text(saved, encoding="utf-8-sig", newline="")
    log = AnnotationLog(path, "Ada")
    log.give([B], "mitosis")
    assert classes(AnnotationLog(path, "Ada")) == {"a": "mitosis", "b": "mitosis"}
    assert "nice" in path.read_text()


def test_another_table_is_left_alone(path):
    """It is no place for annotations."""
    path.write_text("well,dose\nA1,3\n")
    with pytest.raises(AppendedTableError, match="no column file, item, class"):
        AnnotationLog(path, "Ada")
    assert path.read_text() == "well,dose\nA1,3\n"


def test_what_cannot_be_written_was_not_given(path, monkeypatch):
    """The disk is full in the middle of a line: the file is as it was, and so is what stands."""
    log = AnnotationLog(path, "Ada")
    log.give([A], "mitosis")
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        log.give([B], "mitosis")
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert classes(log) == {"a": "mitosis"}


def test_a_table_that_was_deleted_comes_back_whole(path, tmp_path):
    """A folder that is gone, as on a drive that was pulled out, is an error, not a new folder."""
    path.touch()
    log = AnnotationLog(path, "Ada")
    log.give([A], "mitosis")
    path.unlink()
    log.give([B], "mitosis")
    assert classes(AnnotationLog(path, "Ada")) == {"a": "mitosis", "b": "mitosis"}
    elsewhere = tmp_path / "drive" / "labels.csv"
    with pytest.raises(OSError, match="not there"):
        AnnotationLog(elsewhere, "Ada").give([A], "mitosis")
    assert not elsewhere.parent.exists()


def test_names_that_are_no_text_come_back(path):
    """Bytes that are not UTF-8 may stand in the name of a file."""
    key = ItemKey(os.fsdecode(b"\xff, 1.tif"), "t=3")
    AnnotationLog(path, "Ada").give([key], "Mitose, späte")
    assert AnnotationLog(path, "Ada").annotations[key].class_name == "Mitose, späte"


def test_annotations_made_elsewhere_are_read(path):
    """File and class are enough; who said it is then called as the file is."""
    path.write_text("file;class\nb\\1.tif;mitosis\nb/2.tif;\n")
    (one,) = read_annotations(path)
    assert (one.key, one.class_name, one.rater) == (("b/1.tif", ""), "mitosis", "labels")
    path.write_text("name,class\na,b\n")
    with pytest.raises(AnnotationsError, match="no column “file”"):
        read_annotations(path)


GIVES_UNTIL_KILLED = """
    import sys
    from pathlib import Path
    from napari_image_classifier.raters.annotation_log import AnnotationLog
    from napari_image_classifier.items.annotations import ItemKey

    log = AnnotationLog(Path(sys.argv[1]), "Ada")
    for number in range(len(log.annotations), 100_000):
        log.give([ItemKey(f"{number}.tif", "")], f"class {number % 3}")
        print(number, flush=True)
"""


def test_killed_at_any_moment_nothing_acknowledged_is_lost(path):
    """Killed ten times while it writes without pause."""
    for after in range(1, 11):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(GIVES_UNTIL_KILLED), path],
            stdout=subprocess.PIPE,
            text=True,
        )
        told = [process.stdout.readline() for _ in range(7 * after)]
        process.kill()
        told += process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        acknowledged = int(told[-1])
        log = AnnotationLog(path, "Ada")
        assert len(log.annotations) >= acknowledged + 1
        assert all(
            one.class_name == f"class {int(key.file[:-4]) % 3}"
            for key, one in log.annotations.items()
        )
    assert acknowledged > 300


def test_half_a_row_that_stayed_is_not_written_on(path, monkeypatch):
    """The disk broke in the middle of it, and would not even take it away again."""
    log = AnnotationLog(path, "Ada")
    log.give([A], "mitosis")

    def refuse(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    def half(path, text):
        with path.open("a", encoding="utf-8") as file:
            file.write(text[: len(text) // 2])
        refuse()

    with monkeypatch.context() as broken:
        broken.setattr(appended_table, "_append_to_disk", half)
        with pytest.raises(OSError, match="Input/output error"):
            log.give([B], "other")
    assert not path.read_text().endswith("\n")
    log.give([C], "other")
    assert classes(log) == classes(AnnotationLog(path, "Ada")) == {"a": "mitosis", "c": "other"}


def test_a_last_line_without_an_end_gets_one(path):
    """As an editor may leave it while labels are given; half a line is somebody's who writes."""
    log = AnnotationLog(path, "Ada")
    log.give([A], "mitosis")
    path.write_text(path.read_text().rstrip("\n"))
    log.give([B], "other")
    assert classes(AnnotationLog(path, "Ada")) == {"a": "mitosis", "b": "other"}
    before = path.read_text() + "c.tif,,oth"
    path.write_text(before)
    with pytest.raises(OSError, match="another program is writing"):
        log.give([C], "other")
    assert path.read_text() == before


@pytest.mark.parametrize("time", ["2026-11-30 21:54:43", "30.11.2026 21:54", "46356,91"])
def test_a_table_that_a_spreadsheet_saved_goes_on(tmp_path, time):
    """Whatever it made of the times, and in its encoding; no row is lost."""
    path = tmp_path / "labels.csv"
    AnnotationLog(path, "Anna").give([ItemKey("ä.tif", "")], "früh", seconds=1.5)
    AnnotationLog(path, "Anna").give([ItemKey("b.tif", "")], "spät")
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    with path.open("w", newline="", encoding="cp1252") as file:
        saved = csv.writer(file, delimiter=";")
        saved.writerows([header, *([*row[:-1], time] for row in rows)])
    path.write_bytes(path.read_bytes().replace(b"1.50", b"1,50"))
    log = AnnotationLog(path, "Anna")
    assert {key.file: one.class_name for key, one in log.annotations.items()} == {
        "ä.tif": "früh", "b.tif": "spät"
    }  # fmt: skip
    assert log.annotations[ItemKey("ä.tif", "")].seconds == 1.5
    log.give([ItemKey("c.tif", "")], "früh")
    assert len(AnnotationLog(path, "Anna").annotations) == 3
