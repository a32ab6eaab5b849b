"""A training that keeps where it is after every epoch; run by test_checkpoints.py.

    python resumed_training.py FOLDER OUTPUT [EPOCHS]

trains on images that it writes to FOLDER and prints what came of it as one line of JSON. With
EPOCHS it ends itself, as a power cut would, when so many epochs are done; that a network begins to
learn from all images counts as one.
"""

import io
import json
import os
import signal
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import h5py

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_image_classifier.items.reading import read_items
from napari_image_classifier.jobs import train
from napari_image_classifier.networks import members as network_training
from napari_image_classifier.system.events import Event
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.train_job import Epoch, TrainRequest
from programs.trainings import write_images

CONFIG = TrainingConfig(epochs=4, patience=4, seed=3, members=2)

network_training.SECONDS_BETWEEN_CHECKPOINTS = 0


def weights_in(path: Path) -> list[str]:
    """A hash of all numbers of each network in a classifier's file."""
    hashes = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(name for name in archive.namelist() if name.endswith(".h5")):
            hashed = sha256()
            with h5py.File(io.BytesIO(archive.read(name))) as file:
                file.visititems(lambda name, found, h=hashed: _take_in(h, name, found))
            hashes.append(hashed.hexdigest())
    return hashes


def _take_in(hashed, name: str, found) -> None:
    if isinstance(found, h5py.Dataset):
        hashed.update(name.encode() + found[()].tobytes())


def main(folder: Path, output: Path, epochs_until_the_end: int | None) -> None:
    """Train, and say what came of it."""
    table = read_items(folder, group="folder") if folder.exists() else write_images(folder)
    done, stage = 0, None

    def hear(event: Event) -> None:
        nonlocal done, stage
        # A slow machine tells of more batches than a quick one.
        finishes = event.get("stage") == "finishing" != stage
        stage = event.get("stage")
        done += isinstance(event, Epoch) or finishes
        if done == epochs_until_the_end:
            os.kill(os.getpid(), signal.SIGKILL)

    result = train.run(TrainRequest(table, CONFIG, output), hear, lambda: False)
    history = [{**record, "seconds": 0} for record in result.history]
    found = {
        "weights": weights_in(output),
        "history": history,
        "gone on": [message for message in result.messages if "Gone on" in message],
        "left": sorted(path.name for path in output.parent.iterdir()),
    }
    print(json.dumps(found), file=sys.__stdout__)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else None)
