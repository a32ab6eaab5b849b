"""Seconds per epoch on annotated nuclei: ours, and a PyTorch script with the same network.

Both run in processes of their own, epoch by epoch in turn, over the same images and with the same
part of them kept to check with.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from rows import ROUNDS, Row, by_turns

import napari_image_classifier as nic
from napari_image_classifier.items.splits import validation_split
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.dataset import training_set as prepared
from napari_image_classifier.training.images import read_training_images


def measure(data: Path, pytorch_python: str) -> list[Row]:
    """Return the row; PyTorch is left out where ``pytorch_python`` has none."""
    nuclei = data / "mitocheck"
    if not nuclei.is_dir():
        return []
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as running:
        arrays = Path(temporary) / "arrays.npz"
        write_arrays(arrays, training_set(nuclei))
        commands = {"ours": [sys.executable, __file__, str(nuclei)]}
        note = ""
        if has_torch(pytorch_python):
            script = Path(__file__).with_name("pytorch_script.py")
            commands["PyTorch"] = [pytorch_python, str(script), str(arrays), "--by-turns"]
        else:
            note = "no PyTorch here to compare with"
        contenders = {
            name: epochs_of(running.enter_context(started(command)))
            for name, command in commands.items()
        }
        # The first epoch of each is compiled and warmed up.
        for epoch in contenders.values():
            epoch()
        figures = by_turns(contenders, ROUNDS)
    return [Row("training, nuclei of 64 × 64", "seconds an epoch", figures, False, note)]


def training_set(nuclei: Path) -> TrainingSet:
    """Return the nuclei as ours learns from them by default."""
    table = nic.read_items(nuclei, items_csv=nuclei / "labels.csv", group="plate")
    config = nic.TrainingConfig()
    items = list(table.items)
    images = read_training_images(
        items,
        config,
        axes=table.axes,
        on_progress=lambda stage, done, total: None,
        should_stop=lambda: False,
    )
    split = validation_split(items, images.units, config.validation_fraction, config.seed)
    return prepared(images, split)


def write_arrays(path: Path, data: TrainingSet) -> None:
    np.savez(
        path,
        images=data.pixels,
        classes=data.classes,
        training=data.training,
        validation=data.validation,
    )


def has_torch(python: str) -> bool:
    tried = subprocess.run([python, "-c", "import torch"], capture_output=True, check=False)
    return tried.returncode == 0


def started(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )


def epochs_of(process: subprocess.Popen[str]) -> Callable[[], float]:
    def epoch() -> float:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return float(process.stdout.readline().split()[0])

    return epoch


def train_by_turns(nuclei: Path) -> None:
    """Train as a user would; wait for a line on stdin before every epoch, and end with stdin."""
    table = nic.read_items(nuclei, items_csv=nuclei / "labels.csv", group="plate")
    turns = iter(sys.stdin.readline, "")
    over = not next(turns, "")

    def wait_after_epoch(event: dict) -> None:
        nonlocal over
        if event["event"] == "epoch":
            print(event["seconds"], flush=True)
            over = not next(turns, "")

    with tempfile.TemporaryDirectory() as folder:
        nic.train(
            table,
            output=Path(folder) / "nuclei.keras",
            on_event=wait_after_epoch,
            should_stop=lambda: over,
            in_process=True,
        )


if __name__ == "__main__":
    train_by_turns(Path(sys.argv[1]))
