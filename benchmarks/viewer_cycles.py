"""Open a viewer, begin a training, cancel it, close the viewer; again and again in one process.

    python benchmarks/viewer_cycles.py [--cycles 50] [--network-every 5] [--json FILE]

After each cycle: is a process left, is a dock still in memory, how much memory is resident? A
training is cancelled before its process has started, while it starts, or while it learns, in turn;
every fifth is of a network, so that TensorFlow is started, the others are of texture features. Then
the same number of viewers is opened and closed without a dock, in a process of its own, as napari's
share. Images are synthetic.
"""

import argparse
import gc
import json
import random
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import napari
import numpy as np
import psutil
from qtpy.QtCore import QSettings
from qtpy.QtTest import QTest

from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image

PLUGIN = "napari-image-classifier"
MOMENTS = ("before it starts", "while it starts", "while it learns")
# Texture features learn in one go; what can be seen before is that they are measured.
LEARNS = {"residual": ("batch", "epoch"), "texture": ("progress",)}
LONGEST_WAIT_S = 180
SECONDS_TO_END = 5
WARM = 10


@dataclass(frozen=True)
class Cycle:
    """What was there after a viewer was closed; ``memory`` in bytes, ``files`` that are open."""

    network: str
    moment: str
    processes_left: int
    dock_left: bool
    memory: int
    threads: int
    files: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--network-every", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--napari-alone", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, temporary)
        images = write_images(Path(temporary) / "images")
        cycles = [
            one_alone() if given.napari_alone else one(images, number, given.network_every)
            for number in range(given.cycles)
        ]
    tell("napari alone" if given.napari_alone else "with a training in each", cycles)
    if given.json:
        given.json.write_text(json.dumps([asdict(cycle) for cycle in cycles], indent=1))
    if not given.napari_alone:
        again = [sys.executable, __file__, "--napari-alone", "--cycles", str(given.cycles)]
        subprocess.run(again, check=True)
        if any(cycle.processes_left or cycle.dock_left for cycle in cycles):
            sys.exit("Something was left behind.")


def one(images: Path, number: int, network_every: int) -> Cycle:
    """Go round once."""
    turn, place = divmod(number, network_every)
    network = "texture" if place else "residual"
    # A network's first turn is the longest way: until it learns.
    moment = MOMENTS[(place or turn + 2) % len(MOMENTS)]
    viewer = napari.Viewer(show=True)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Train classifier")
    dock.source.choose_folder(images)
    wait_until(lambda: dock.source.survey is not None)
    dock.source.group.choose(None)
    dock.form["network"].value = network
    dock.form["epochs"].value = 1000
    dock.form["size"].value = 64
    wait_until(dock.run_button.isEnabled)
    cancel_at(dock, moment, random.Random(number))
    viewer.close()
    gone = weakref.ref(dock)
    dock = viewer = _ = None
    return seen(network, moment, gone)


def cancel_at(dock, moment: str, chance: random.Random) -> None:
    """Begin a training and cancel it at a moment; every other one is left to the closing window."""
    learning: list[dict] = []
    wanted = LEARNS[dock.config().network]
    dock._worker.happened.connect(
        lambda event: learning.append(event) if event["event"] in wanted else None
    )
    dock.run_button.click()
    if moment == "while it starts":
        wait_until(lambda: dock._worker.pid is not None)
        QTest.qWait(chance.randrange(2000))
    elif moment == "while it learns":
        wait_until(lambda: bool(learning) or not dock._worker.running)
        QTest.qWait(chance.randrange(1000))
    if chance.random() < 0.5:
        dock.progress.cancel_button.click()
        QTest.qWait(chance.randrange(1000))


def one_alone() -> Cycle:
    """Open and close a viewer without a dock."""
    viewer = napari.Viewer(show=True)
    QTest.qWait(500)
    viewer.close()
    gone = weakref.ref(viewer)
    del viewer
    return seen("", "", gone)


def seen(network: str, moment: str, gone: Callable[[], object]) -> Cycle:
    """Look at what is left, once what was closed has had the time to go."""
    me = psutil.Process()
    until = time.perf_counter() + SECONDS_TO_END
    while time.perf_counter() < until:
        QTest.qWait(100)
        gc.collect()
        if not me.children(recursive=True) and gone() is None:
            break
    left = len(me.children(recursive=True))
    files = me.num_handles() if sys.platform == "win32" else me.num_fds()
    memory = me.memory_info().rss
    cycle = Cycle(network, moment, left, gone() is not None, memory, me.num_threads(), files)
    print(asdict(cycle), flush=True)
    return cycle


def tell(what: str, cycles: list[Cycle]) -> None:
    """Print what the cycles came to."""
    memory = [cycle.memory / 1e6 for cycle in cycles]
    warm = memory[min(WARM, len(memory)) - 1]
    print(
        f"{what}: {len(cycles)} cycles, "
        f"{sum(cycle.processes_left for cycle in cycles)} processes left, "
        f"{sum(cycle.dock_left for cycle in cycles)} docks (or viewers) left in memory; "
        f"resident after cycle 1 {memory[0]:.0f} MB, after {min(WARM, len(memory))} {warm:.0f} MB, "
        f"in the end {memory[-1]:.0f} MB: {memory[-1] / warm - 1:+.1%}; "
        f"threads {cycles[0].threads} and {cycles[-1].threads}, "
        f"open files {cycles[0].files} and {cycles[-1].files}",
        flush=True,
    )


def write_images(folder: Path) -> Path:
    chance = np.random.default_rng(0)
    for name, level in (("control", 100), ("depleted", 140)):
        for number in range(20):
            path = folder / name / f"{number}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = chance.poisson(level, (2, 64, 64)).astype(np.uint16)
            write_image(path, Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA")))
    return folder


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.perf_counter() + LONGEST_WAIT_S
    while not holds():
        if time.perf_counter() > until:
            sys.exit("It took too long.")
        QTest.qWait(20)


if __name__ == "__main__":
    main()
