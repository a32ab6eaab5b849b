"""child_process: what goes into the pipe comes out of it."""

import io
import os
import pickle
import struct
import sys
from pathlib import Path

import pytest

from hostile.folder import make_hostile, run_of
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import Fault
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.system.child_process import (
    JSON,
    ChildProcess,
    MessageError,
    NoPythonError,
    pickled_answers,
    read_message,
    whole_path,
    write_message,
)
from napari_image_classifier.system.processes import end_tree
from napari_image_classifier.system.records import as_json
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.train_job import TrainRequest


def test_messages_come_out_as_they_went_in():
    """Length and JSON; the end of the stream is None, also within a message."""
    pipe = io.BytesIO()
    write_message(pipe, {"event": "progress", "file": "Zelle µ.tif"})
    write_message(pipe, {"event": "result"})
    pipe.seek(0)
    assert read_message(pipe) == {"event": "progress", "file": "Zelle µ.tif"}
    assert read_message(pipe) == {"event": "result"}
    assert read_message(pipe) is None
    assert read_message(io.BytesIO(pipe.getvalue()[:7])) is None


def test_a_stream_that_is_no_message_is_refused():
    """A length that can't be is not allocated."""
    with pytest.raises(MessageError):
        read_message(io.BytesIO(struct.pack(">I", 2**32 - 1)))


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """A folder that somebody sent, and the file that names what is run of it."""
    folder = tmp_path_factory.mktemp("somebody")
    return make_hostile(folder / "sent", folder / "marks"), folder / "marks"


@pytest.fixture
def hostile(sent, monkeypatch):
    """That folder is the one that one works in; what is run of it is told."""
    folder, marks = sent
    monkeypatch.chdir(folder)
    return lambda: run_of(marks)


def look_around(monkeypatch, tmp_path, confined=False):
    """What a child process has of the folder that its parent works in."""
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    (folder / "looks_around.py").write_text(LOOKS_AROUND, encoding="utf-8")
    before = filter(None, [os.environ.get("PYTHONPATH"), str(folder)])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(before))
    child = ChildProcess("looks_around", JSON, confined=confined)
    try:
        return child.receive(60)
    finally:
        child.end()


LOOKS_AROUND = """
import os, subprocess, sys
import json, pkgutil, numpy
from napari_image_classifier.system.child_process import JSON, connected

def main():
    receive, send = connected(JSON)
    inherited = os.environ.get("PYTHONSAFEPATH")
    send({"folder": os.getcwd(), "path": sys.path, "inherited": inherited})
    receive()

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("confined", [False, True])
@pytest.mark.parametrize("path", [None, "", ".", "sent:", "lib", ".:.."])
def test_nothing_is_imported_from_the_folder_one_works_in(
    hostile, monkeypatch, tmp_path, path, confined
):
    """Also where an empty or a relative entry of PYTHONPATH means that folder, or one in it."""
    if path is not None:
        monkeypatch.setenv("PYTHONPATH", path.replace(":", os.pathsep))
    seen = look_around(monkeypatch, tmp_path, confined)
    assert hostile() == []
    assert Path(seen["folder"]) == Path(sys.base_prefix)
    # Those that it starts in turn are safe as well.
    assert seen["inherited"] == "1"
    assert not [entry for entry in seen["path"] if Path(entry).is_relative_to(Path.cwd())]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PYTHONSTARTUP", "numpy.py"),
        ("PYTHONUSERBASE", "."),
        ("PYTHONPYCACHEPREFIX", "."),
        ("PYTHONINSPECT", "1"),
        ("LD_LIBRARY_PATH", ":"),
        ("PATH", "."),
        ("TMPDIR", "."),
        ("XDG_CONFIG_HOME", "."),
    ],
)
def test_a_relative_setting_means_nothing_in_the_folder_one_works_in(
    hostile, monkeypatch, tmp_path, name, value
):
    """Child processes work in another one."""
    monkeypatch.setenv(name, value)
    assert Path(look_around(monkeypatch, tmp_path)["folder"]) == Path(sys.base_prefix)
    assert hostile() == []


@pytest.mark.parametrize("executable", ["", None, "frozen"])
def test_a_program_that_is_no_python_is_not_started_again(monkeypatch, executable):
    """A second window would open in its place."""
    if executable == "frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    else:
        monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(NoPythonError, match="Install Python"):
        ChildProcess("looks_around", JSON)


def test_paths_that_are_sent_are_whole(monkeypatch, tmp_path):
    """They mean what they meant to the one who sent them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    assert whole_path("images") == str(tmp_path / "images")
    assert whole_path(tmp_path) == str(tmp_path)
    assert whole_path("~/images") == str(Path.home() / "images")
    assert whole_path("~nobody-of-that-name/images").endswith("~nobody-of-that-name/images")
    config = TrainingConfig(weights="photographs.h5", start_from="cells.keras")
    request = TrainRequest(ItemTable(Path("images"), ()), config, Path("new.keras"))
    assert request.config.weights == str(tmp_path / "photographs.h5")
    assert request.config.start_from == str(tmp_path / "cells.keras")
    stored = as_json(request, whole_path)
    assert stored["output"] == str(tmp_path / "new.keras")
    assert stored["items"]["root"] == str(tmp_path / "images")


class Evil:
    """Pickled, it is what is called when it is read."""

    def __init__(self, *called):
        self.called = called

    def __reduce__(self):
        return self.called


@pytest.mark.parametrize(
    "answer",
    [
        Evil(os.system, ("exit 7",)),
        Evil(eval, ("1 + 1",)),
        Evil(end_tree, (0,)),
        Evil(getattr, (Prediction, "of_failure")),
        Evil(Path, ("/",)),
        [Evil(print, ())],
        Prediction,
        ValueError("x"),
        b"\x80\x05ccollections\nOrderedDict\n.",
        b"\x80\x05nonsense",
        b"",
    ],
)
def test_answers_of_a_process_that_was_taken_over_are_no_code(answer):
    """Only the classes that were named are made of them; all else counts as no answer."""
    stored = answer if isinstance(answer, bytes) else pickle.dumps(answer)
    assert pickled_answers(Fault).read(io.BytesIO(stored)) is None
    good = [[Prediction("1.tif", "", "error", code=Fault.CRASHED)]]
    assert pickled_answers(Prediction, Fault).read(io.BytesIO(pickle.dumps(good))) == good
