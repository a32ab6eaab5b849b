"""Minutes of training and accuracy on unseen plates: ours, a PyTorch script, a tutorial's network.

    python benchmarks/time_to_accuracy.py FOLDER [--epochs 5,10,20,40] [--pytorch-python PYTHON]

FOLDER is as in mitocheck_folds.py. All learn from the plates of one fold and predict the nuclei of
the others, once for every number of epochs: a learning rate that falls to 0 makes a short training
better than the begin of a long one. Ours keeps a fifth of what it learns from aside at first; the
others learn from everything at once. The minutes are those of the whole training, by the clock and
of the processor: other guests of a machine take from the first only.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mitocheck_folds import balanced, folds, predict_fold
from training_speed import has_torch, training_set, write_arrays

import napari_image_classifier as nic
from napari_image_classifier.training.dataset import TrainingSet

FOLD = 1
BATCH = 32

Run = Callable[[int], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", default="5,10,20,40")
    parser.add_argument("--pytorch-python", default=sys.executable)
    given = parser.parse_args()
    table = nic.read_items(given.folder, items_csv=given.folder / "labels.csv", group="plate")
    truth = np.array([item.class_name for item in table.items])
    plates = np.array([item.group for item in table.items])
    learnt, kept = folds(truth, plates)[FOLD - 1]
    data = training_set(given.folder)
    names = np.array(data.class_names)
    runs: dict[str, Run] = {
        "ours": lambda epochs: ours(table, learnt, kept, epochs),
        "tutorial": lambda epochs: tutorial(data, learnt, kept, epochs),
    }
    if has_torch(given.pytorch_python):
        runs["PyTorch"] = lambda epochs: pytorch(given.pytorch_python, data, learnt, kept, epochs)
    for epochs in map(int, given.epochs.split(",")):
        for name, run in runs.items():
            began, busy = time.monotonic(), processor_seconds()
            said = run(epochs)
            minutes, busy = (time.monotonic() - began) / 60, (processor_seconds() - busy) / 60
            said = names[said] if said.dtype.kind == "i" else said
            right = said == truth[kept]
            print(f"{name}, {epochs} epochs: {minutes:.1f} min, {busy:.1f} of the processor, "
                  f"accuracy {right.mean():.3f}, balanced {balanced(truth[kept], right):.3f}",
                  flush=True)  # fmt: skip


def processor_seconds() -> float:
    """Return what this process and its ended children have used."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def ours(table: nic.ItemTable, learnt: np.ndarray, kept: np.ndarray, epochs: int) -> np.ndarray:
    found = predict_fold(table, learnt, kept, nic.TrainingConfig(epochs=epochs), FOLD)
    return np.array(found["predicted"])


def pytorch(
    python: str, data: TrainingSet, learnt: np.ndarray, kept: np.ndarray, epochs: int
) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        arrays, said = Path(folder) / "arrays.npz", Path(folder) / "said.npy"
        write_arrays(arrays, data)
        stored = dict(np.load(arrays))
        stored |= {"training": learnt, "validation": kept[:BATCH], "unseen": data.pixels[kept]}
        np.savez(arrays, **stored)
        script = str(Path(__file__).with_name("pytorch_script.py"))
        command = [python, script, str(arrays), "--epochs", str(epochs), "--predictions", str(said)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return np.load(said)


def tutorial(data: TrainingSet, learnt: np.ndarray, kept: np.ndarray, epochs: int) -> np.ndarray:
    """Train what Keras's own guides train: three convolutions, Adam, mirrored images."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input(data.pixels.shape[1:]),
            layers.RandomFlip(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(64, activation="relu"),
            layers.Dense(len(data.class_names), activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(data.pixels[learnt], data.classes[learnt], BATCH, epochs, verbose=0)
    return network.predict(data.pixels[kept], verbose=0).argmax(axis=1)


if __name__ == "__main__":
    main()
