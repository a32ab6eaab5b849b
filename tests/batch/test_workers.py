"""Images that never come, or end the process that reads them: a row each, and the batch ends."""

import csv
import os
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest

from helpers import hanging_reader
from helpers.paths import TESTS
from napari_image_classifier.batch import stream as prediction_stream
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.stream import predict_images
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.images import deadlines
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image

pytestmark = pytest.mark.long

RANDOM = np.random.default_rng(5)
BAD = ("crashes.tif", "hangs.tif")
# Enough for an image that can be read, also on a machine that has much else to do.
SECONDS = 5.0
CLASSIFY = """
from napari_image_classifier.images import deadlines
deadlines.SECONDS_FOR_AN_IMAGE = 5.0
from napari_image_classifier.cli.app import main
main()
"""


@pytest.fixture
def images(tmp_path):
    """Eleven images, two of which can't be read in the end, written an hour ago."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name in (*(f"{number:02}.tif" for number in range(9)), *BAD):
        pixels = RANDOM.integers(0, 4000, (2, 32, 32)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(folder / name, image)
        os.utime(folder / name, (time.time() - 3600,) * 2)
    return folder


@pytest.fixture
def in_helpers(tmp_path, monkeypatch):
    """The reader of the helper processes is the one that hangs and crashes."""
    folder = tmp_path / "patched"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        f"import sys; sys.path.append({str(TESTS)!r})\n"
        "from helpers import hanging_reader; hanging_reader.install(crashing=True)\n"
    )
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), before])))
    hanging_reader.install(crashing=False)
    yield
    hanging_reader.uninstall()


def rows_of(output):
    with output.open(newline="", encoding="utf-8") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def check_rows(output):
    """One row for each image, with what is wrong with it and no class where something is."""
    rows = rows_of(output)
    codes = {name: row["code"] for name, row in rows.items()}
    assert codes == {
        **dict.fromkeys((f"{number:02}.tif" for number in range(9)), ""),
        "crashes.tif": "crashed", "hangs.tif": "too-slow",
    }  # fmt: skip
    for name in BAD:
        assert (rows[name]["status"], rows[name]["class"]) == ("error", "")
        assert name in rows[name]["message"]


@pytest.mark.parametrize("helped", [False, True])
def test_who_never_comes_is_a_row(
    images, in_helpers, tiny_classifier_path, tmp_path, monkeypatch, helped
):
    """Whether a thread or a helper meets it; those that shared its task are classified."""
    monkeypatch.setattr(deadlines, "SECONDS_FOR_AN_IMAGE", SECONDS)
    monkeypatch.setattr(prediction_stream, "SECONDS_WITHOUT_HELP", -1.0 if helped else 600.0)
    output = tmp_path / "predictions.csv"
    result = classify_folder(images, tiny_classifier_path, output, workers=2)
    assert (result.n_ok, result.n_errors, result.stopped) == (9, 2, False)
    check_rows(output)
    assert not [
        child
        for child in psutil.Process().children()
        if "napari_image_classifier.batch.helper" in child.cmdline()
    ]


def test_a_stop_does_not_wait_for_what_hangs(images, in_helpers, tiny_classifier_path):
    """Within a second, though a thread and a helper hang, with minutes left to them."""
    classifier = load_classifier(tiny_classifier_path, threads=1)
    only_bad = [files for files in find_images(images)[0] if files.name in BAD]
    stop = threading.Event()
    stopped = []

    def run():
        list(predict_images(classifier, only_bad, workers=2, should_stop=stop.is_set))
        stopped.append(time.monotonic())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    time.sleep(1.0)
    assert thread.is_alive()
    asked = time.monotonic()
    stop.set()
    thread.join(10)
    assert stopped[0] - asked < 1.0


def test_a_large_file_has_longer(images, monkeypatch):
    """By its size, which is asked when the time of a small one is over."""
    files = find_images(images)[0][:1]
    monkeypatch.setattr(deadlines, "SECONDS_FOR_AN_IMAGE", 0.0)
    monkeypatch.setattr(deadlines, "SECONDS_PER_MEGABYTE", 1e9)
    deadline = deadlines.Deadline(files)
    deadline.check()
    (images / files[0].name).unlink()
    with pytest.raises(deadlines.DeadlineExceededError):
        deadlines.Deadline(files).check()


def test_the_command_line_ends_though_a_thread_hangs(
    images, in_helpers, tiny_classifier_path, tmp_path
):
    """Which nothing can end but the end of the process."""
    (images / "crashes.tif").unlink()
    output = tmp_path / "predictions.csv"
    subprocess.run(
        [sys.executable, "-c", CLASSIFY, "classify", str(images), "--workers", "1",
         "--classifier", str(tiny_classifier_path), "--output", str(output)],
        check=True, timeout=120,
    )  # fmt: skip
    assert rows_of(output)["hangs.tif"]["code"] == "too-slow"
