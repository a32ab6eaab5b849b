"""A folder of images that somebody sent, in which one works: nothing in it is run or obeyed."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hostile.folder import make_hostile, run_of

pytestmark = pytest.mark.long

RELEASE = Path(__file__).parents[1] / "data" / "files_of_releases" / "0.1.0"
PROGRAM = Path(sys.executable).with_name(
    "napari-image-classifier.exe" if sys.platform == "win32" else "napari-image-classifier"
)
# What the docks ask of the compute process when a folder is only looked at, from a window's side.
LOOK = """
import json
from pathlib import Path
from napari_image_classifier.items.survey import SURVEY, SurveyRequest
from napari_image_classifier.system.compute_process import ComputeProcess
from napari_image_classifier.training.import_network import describe_network
survey = ComputeProcess(SURVEY, SurveyRequest(Path("images"))).result()
print(json.dumps([survey.classes, describe_network("foreign.keras").outputs]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images, classifiers, and a module for every name that is imported anywhere."""
    sent = tmp_path_factory.mktemp("sent")
    make_hostile(sent, sent.with_name("marks"))
    shutil.copytree(RELEASE / "images", sent / "images")
    for number in range(12):
        shutil.copytree(RELEASE / "images", sent / "many" / str(number))
    shutil.copy(RELEASE / "network.keras", sent / "network.keras")
    foreign = RELEASE.parents[1] / "keras_files" / "keras-3.15.1.keras"
    shutil.copy(foreign, sent / "foreign.keras")
    return sent


def run(folder, *command):
    """Run a program in the folder, and nothing that lies there; return what it said."""
    marks = folder.with_name("marks")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run_of(marks) == []
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_folder_would_do_it(folder):
    """What a careless start runs of it is told: the other tests could fail."""
    marks = folder.with_name("marks")
    subprocess.run([sys.executable, "-m", "json.tool"], cwd=folder, input=b"1", check=False)
    assert run_of(marks)
    marks.unlink()


def test_commands(folder):
    """Training, classifying with helpers, and evaluating, with its plots."""
    run(folder, PROGRAM, "train", "images", "--output", "new.keras", "--network", "texture")
    run(folder, PROGRAM, "classify", "many", "--classifier", "network.keras",
        "--output", "many.csv", "--workers", "2")  # fmt: skip
    with (folder / "many.csv").open(newline="", encoding="utf-8") as file:
        assert {row["status"] for row in csv.DictReader(file)} <= {"ok", "unlike-training"}
    run(folder, PROGRAM, "evaluate", "images", "--report", "report.html", "--method", "texture",
        "--group", "folder:2", "--folds", "2", "--seeds", "1",
        "--no-controls", "--no-curve")  # fmt: skip


def test_a_look_at_the_folder(folder):
    """As the docks look; paths from the folder one works in mean what they say."""
    said = run(folder, sys.executable, "-P", "-c", LOOK)
    classes, outputs = json.loads(said.splitlines()[-1])
    assert (set(classes), outputs) == ({"coarse", "fine"}, 2)
