"""Memory: ten times the files, a stack of 600 MB, and the dock in the viewer."""

import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import tifffile
from folder_speed import link_copies, write_classifier, write_images
from rows import Row

MIB = 1024**2
SECONDS_BETWEEN_LOOKS = 0.02

CLASSIFY = """
import sys
import napari_image_classifier as nic
nic.classify_folder(sys.argv[1], sys.argv[2], sys.argv[3])
"""

# The kernel's own high-water mark: that of `getrusage` is inherited from whoever started it.
REDUCE = """
import sys
from pathlib import Path
import napari_image_classifier as nic

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024

classifier = nic.load_classifier(sys.argv[2])
classifier.predict(sys.argv[3])
before = peak()
classifier.predict(sys.argv[1])
print(peak() - before)
"""

OPEN_DOCK = """
import sys, time
import napari, psutil
viewer = napari.Viewer()
viewer.window._qt_window.show()
from qtpy.QtWidgets import QApplication
QApplication.processEvents()
before, began = psutil.Process().memory_info().rss, time.perf_counter()
viewer.window.add_plugin_dock_widget("napari-image-classifier", "Classify images")
QApplication.processEvents()
print(time.perf_counter() - began, psutil.Process().memory_info().rss - before)
viewer.close()
"""


def measure() -> list[Row]:
    """Return the rows; each figure comes from a fresh process."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        classifier = write_classifier(folder / "two channels.keras")
        small, large = folder / "1000", folder / "10000"
        write_images(folder / "few", z=1, compression=None)
        link_copies(folder / "few", small, 1_000)
        link_copies(folder / "few", large, 10_000)
        files = {
            "ours": [most_at_once(CLASSIFY, large, classifier, folder / "large.csv")],
            "1,000 files": [most_at_once(CLASSIFY, small, classifier, folder / "small.csv")],
        }
        stack = write_stack(folder / "stack.tif")
        one = next((folder / "few").glob("*.tif"))
        added = float(run(REDUCE, str(stack), str(classifier), str(one)))
    seconds, bytes_added = (float(word) for word in run(OPEN_DOCK).split()[-2:])
    return [
        Row("memory, 10,000 files", "MiB at most", in_mib(files), False),
        Row("memory, stack of 604 MB", "MiB added", in_mib({"ours": [added], "limit": [1e8]}),
            False),
        Row("dock Classify images", "MiB added", in_mib({"ours": [bytes_added],
            "limit": [50 * MIB]}), False),
        Row("dock Classify images", "seconds to open", {"ours": [seconds], "limit": [0.5]}, False),
    ]  # fmt: skip


def in_mib(figures: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: [value / MIB for value in values] for name, values in figures.items()}


def write_stack(path: Path) -> Path:
    """Write 604 MB: two channels, 144 planes of 1024 × 1024, 16 bits."""
    random = np.random.default_rng(0)
    plane = random.poisson(200, (1024, 1024)).astype(np.uint16)
    tifffile.imwrite(
        path,
        (plane + np.uint16(number) for number in range(288)),
        shape=(144, 2, 1024, 1024),
        dtype=np.uint16,
        bigtiff=True,
        ome=True,
        metadata={"axes": "ZCYX"},
    )
    return path


def most_at_once(program: str, *arguments: Path) -> float:
    """Return the most memory that the program and its helpers ever held together, in bytes."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    most = 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            most = max(most, held_by(process.pid))
            time.sleep(SECONDS_BETWEEN_LOOKS)
    assert process.returncode == 0
    return float(most)


def held_by(pid: int) -> int:
    """Return what a process and its children hold, what they share counted for each."""
    held = 0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children()):
            held += one.memory_info().rss
    return held


def run(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
