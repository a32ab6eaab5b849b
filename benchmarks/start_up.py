"""Seconds from the command to the first row, beside what importing TensorFlow alone takes."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from folder_speed import write_classifier, write_images
from rows import Row, by_turns


def measure() -> list[Row]:
    """Return one row."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_classifier(folder / "two channels.keras")
        write_images(folder / "images", z=1, compression=None)
        figures = by_turns(
            {"ours": lambda: first_row(folder), "import tensorflow": import_tensorflow}
        )
    return [Row("start to first row", "seconds", figures, faster_is_more=False)]


def first_row(folder: Path) -> float:
    """Classify from a shell and watch the journal, which every row is in at once."""
    table = folder / "predictions.csv"
    journal = table.with_name(table.name + ".journal")
    command = [sys.executable, "-m", "napari_image_classifier.cli.app", "classify",
               str(folder / "images"), "--classifier", str(folder / "two channels.keras"),
               "--output", str(table)]  # fmt: skip
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while not (journal.is_file() and journal.read_bytes().count(b"\n") > 1):
            if running.poll() is not None:
                raise SystemExit("classify ended without a row")
            time.sleep(0.005)
        seconds = time.perf_counter() - began
    for written in (table, journal):
        written.unlink()
    return seconds


def import_tensorflow() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import tensorflow"], capture_output=True, check=True)
    return time.perf_counter() - began
