"""demo: the main job from end to end, as a new user runs it."""

import csv
import os
import subprocess
import sys

import pytest
from PIL import Image as Picture

from napari_image_classifier.cli import demo
from napari_image_classifier.errors import ImageClassifierError

pytestmark = pytest.mark.long


def test_the_demo_does_the_main_job(tmp_path):
    """Trains, opens a real window, classifies images and a folder, and says how it went."""
    if not sys.platform.startswith("linux"):
        pytest.skip("without a person to close the window, the demo runs under Xvfb, on Linux")
    environment = {key: value for key, value in os.environ.items() if "DISPLAY" not in key}
    command = [sys.executable, "-m", "napari_image_classifier.cli.app", "demo", "--output"]
    said = subprocess.run(
        [*command, str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    with (tmp_path / "demo" / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    right = sum(row["file"].split("/")[0] == row["class"] for row in rows)
    assert len(rows) == 24
    assert right >= 20
    assert f"{right} of 24 images" in said.stdout
    assert (tmp_path / "demo" / "cells.keras").is_file()
    window = Picture.open(tmp_path / "demo" / "demo.png")
    assert len(window.convert("RGB").getcolors(maxcolors=2**24)) > 1000


def test_a_display_that_is_not_there_is_a_sentence(tmp_path):
    """Qt itself would end the process without a word of ours."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only X11 has displays that can be named and not be there")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("QT_")}
    said = subprocess.run(
        [sys.executable, "-m", "napari_image_classifier.cli.app", "demo", "--output",
         str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        env={**environment, "DISPLAY": ":7777", "WAYLAND_DISPLAY": ""},
        check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert "No window can be opened here" in said.stderr
    assert "Traceback" not in said.stderr
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("name", ["mine.txt", "cells.keras", "predictions.csv", "demo.png"])
def test_the_demo_goes_into_no_folder_of_others(tmp_path, monkeypatch, name):
    """Nothing is written among what is there."""
    monkeypatch.setattr(demo, "_has_no_display", lambda: False)
    (tmp_path / name).write_text("mine")
    with pytest.raises(ImageClassifierError, match="is not empty"):
        demo.run_demo(tmp_path, say=print)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"
