"""What each part of the default training brings: one fold by plate, the part left out, three seeds.

    python benchmarks/ablation.py FOLDER --output results.csv [--part NAME]… [--epochs N]

FOLDER is as in mitocheck_folds.py. Results are appended as they come, and what is there is not done
again. Every nucleus is classified as it is and in eight orientations. Prints the mean and the range
over seeds, with the difference to the default.
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
from mitocheck_folds import balanced, folds, predict_fold

import napari_image_classifier as nic
from napari_image_classifier.networks import members as network_training
from napari_image_classifier.networks.fit import loop as training_loop
from napari_image_classifier.networks.fit.loop import AVERAGED_EPOCHS
from napari_image_classifier.networks.muon import muon

FOLD = 1
SEEDS = (0, 1, 2)
ADAMW = "AdamW, largest step 0.003"
NO_AVERAGE = "last weights, not averaged ones"
PARTS: dict[str, dict[str, Any]] = {
    "default": {},
    ADAMW: {"learning_rate": 3e-3},
    NO_AVERAGE: {},
    "not finished with all images": {"finish": False},
    "plain stack (vgg)": {"network": "vgg"},
    "each image's own intensities": {"intensity": "percentiles"},
    "no mirroring": {"flips": False},
    "no quarter turns": {"turns": False},
    "no mirroring, no turns": {"flips": False, "turns": False},
    "no shifts": {"shift": 0.0},
    "no change of brightness": {"gain": 0.0},
    "more change of brightness": {"gain": 0.4},
    "no noise": {"noise": 0.0},
    "no class weights": {"class_weights": False},
    "no label smoothing": {"label_smoothing": 0.0},
    "twice the learning rate": {"learning_rate": 1e-2},
    "half the learning rate": {"learning_rate": 2.5e-3},
    "batches of 16": {"batch_size": 16},
    "five networks": {"members": 5},
}
COLUMNS = ("part", "seed", "accuracy", "balanced_accuracy", "turned", "turned_balanced")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--part", action="append", choices=PARTS, help="all unless given")
    parser.add_argument("--epochs", type=int, default=nic.TrainingConfig().epochs)
    given = parser.parse_args()
    table = nic.read_items(given.folder, items_csv=given.folder / "labels.csv", group="plate")
    parts = given.part or list(PARTS)
    for part in parts:
        for seed in SEEDS:
            if (part, str(seed)) not in {(row["part"], row["seed"]) for row in read(given.output)}:
                config = nic.TrainingConfig(**{"epochs": given.epochs, "seed": seed, **PARTS[part]})
                network_training.muon = adamw if part == ADAMW else muon
                training_loop.AVERAGED_EPOCHS = 0 if part == NO_AVERAGE else AVERAGED_EPOCHS
                append(given.output, [part, seed, *scores(table, config)])
    show(read(given.output), parts)


def adamw(rate: float, decay: float) -> Any:
    import keras

    optimizer = keras.optimizers.AdamW(rate, weight_decay=decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def scores(table: nic.ItemTable, config: nic.TrainingConfig) -> list[float]:
    """Return accuracy and balanced accuracy on the fold's plates, as they are and turned."""
    truth = np.array([item.class_name for item in table.items])
    plates = np.array([item.group for item in table.items])
    learnt, kept = folds(truth, plates)[FOLD - 1]
    found = []
    for names in predict_fold(table, learnt, kept, config, FOLD).values():
        right = np.array(names) == truth[kept]
        found += [float(right.mean()), balanced(truth[kept], right)]
    return found


def read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def append(path: Path, row: list[object]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, row] if new else [row])


def show(rows: list[dict[str, str]], parts: list[str]) -> None:
    for score in COLUMNS[2:]:
        print(score)
        default = mean([float(row[score]) for row in rows if row["part"] == "default"])
        for part in parts:
            found = [float(row[score]) for row in rows if row["part"] == part]
            print(f"  {part:<36}{mean(found):.3f} ({min(found):.3f} to {max(found):.3f}) "
                  f"{mean(found) - default:+.3f}")  # fmt: skip


def mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


if __name__ == "__main__":
    main()
