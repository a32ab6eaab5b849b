"""Files that a person saves from a dock: what must stay stays, and the dock says so."""

import os

import pytest
from qtpy.QtWidgets import QLabel

from napari_image_classifier.raters.object_annotations import export_annotations
from napari_image_classifier.widgets.qt.progress_row import ProgressRow
from napari_image_classifier.widgets.qt.saving import save_copy, save_table, told_in

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def places(tmp_path):
    """Where a person may want to save, and what says why not; ``read.csv`` is what is read."""
    (tmp_path / "read.csv").write_text("file,class\na.tif,x\n")
    (tmp_path / "picture.csv").write_bytes(PNG)
    os.link(tmp_path / "read.csv", tmp_path / "same.csv")
    (tmp_path / "link.csv").symlink_to("read.csv")
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "null.csv").symlink_to(os.devnull)
    return {
        "read.csv": "one of the files that are read", "same.csv": "one of the files that are read",
        "link.csv": "one of the files that are read", "picture.csv": "another kind of file",
        "folder.csv": "it is a folder", "pipe.csv": "a device or a pipe",
        "null.csv": "a device or a pipe",
    }  # fmt: skip


def contents(folder):
    """All that is in a folder."""
    return {
        path.name: path.read_bytes() if path.is_file() else path.lstat().st_mode
        for path in folder.iterdir()
    }


def test_what_must_stay_stays(qtbot, tmp_path, places):
    """Tables, copies of tables and tables of objects, also after the dialog was agreed to."""
    import pandas as pd

    rows = pd.DataFrame({"well": ["A01"], "items": [3]})
    label, row = QLabel(), ProgressRow()
    for widget in (label, row):
        qtbot.addWidget(widget)
    before = contents(tmp_path)
    for name, why in places.items():
        with told_in(label):
            save_table(rows, tmp_path / name, "%.4f", [tmp_path / "read.csv", None])
        assert why in label.text(), name
        save_copy(tmp_path / "read.csv", tmp_path / name, row)
        assert why in row.message.text(), name
        if not why.startswith("one of"):
            label.clear()
            with told_in(label):
                export_annotations(tmp_path / name, {"a.tif": {"label=1": "x"}})
            assert why in label.text(), name
    assert contents(tmp_path) == before


def test_a_copy_of_a_classifier_replaces_classifiers_alone(qtbot, tmp_path, tiny_classifier_path):
    """A text, a picture and a foreign archive stay."""
    row = ProgressRow()
    qtbot.addWidget(row)
    path = tmp_path / "mine.keras"
    for content in (b"notes", PNG, b"PK\x03\x04" + b"\0" * 60):
        path.write_bytes(content)
        save_copy(tiny_classifier_path, path, row)
        assert "is not a classifier" in row.message.text()
        assert path.read_bytes() == content
    path.unlink()
    for _ in range(2):
        save_copy(tiny_classifier_path, path, row)
        assert row.message.text() == f"Saved as {path}."
    assert path.read_bytes() == tiny_classifier_path.read_bytes()


def test_options_of_the_command_line_are_left_out(qtbot):
    """A dock has none."""
    row = ProgressRow()
    qtbot.addWidget(row)
    row.end("Choose another output, or overwrite it (--overwrite).", error=True)
    assert row.message.text() == "Choose another output, or overwrite it."
