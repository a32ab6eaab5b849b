"""Five folds by plate over a folder of annotated nuclei, predictions pooled.

    python benchmarks/mitocheck_folds.py FOLDER [--epochs N] [--seed N] [--output predictions.csv]

With --output every finished fold is kept there, and a run that was stopped goes on after it.

FOLDER holds labels.csv with the columns file, class and plate. Every nucleus is predicted once, by
a classifier that has seen none of its plate, neither in training nor for early stopping: that
validation part is taken by plate from inside the training folds. The shuffle of the folds is the
first that leaves every class two plates to learn from, as training refuses less.

The interval of the accuracy is Clopper–Pearson on the effective sample size (Korn & Graubard,
1998), with the plate as cluster and the intra-class correlation at least 0.2; that of the balanced
accuracy is a bootstrap over plates (2.5th to 97.5th percentile), which is somewhat too narrow.
"""

import argparse
import csv
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import scipy.stats
from sklearn.model_selection import StratifiedGroupKFold

import napari_image_classifier as nic

FOLDS = 5
SMALLEST_CORRELATION = 0.2
RESAMPLINGS = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=nic.TrainingConfig().epochs)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    table = nic.read_items(given.folder, items_csv=given.folder / "labels.csv", group="plate")
    truth = np.array([item.class_name for item in table.items])
    plates = np.array([item.group for item in table.items])
    predicted = np.full(len(truth), "", dtype="U64")
    if given.output and given.output.exists():
        predicted = read_predictions(given.output, table.items)
    config = nic.TrainingConfig(epochs=given.epochs, seed=given.seed)
    print(config, flush=True)
    for fold, (learnt, kept) in enumerate(folds(truth, plates), start=1):
        if not all(predicted[kept]):
            predicted[kept] = predict_fold(table, learnt, kept, config, fold)
            if given.output:
                write_predictions(given.output, table.items, predicted)
        right = predicted[kept] == truth[kept]
        print(f"fold {fold}: {right.sum()} of {len(kept)} right ({right.mean():.3f}), "
              f"{len(set(plates[kept]))} plates", flush=True)  # fmt: skip
    print_scores(truth, predicted, plates)


def folds(truth: np.ndarray, plates: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    for shuffle in range(1000):
        splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=shuffle)
        found = list(splitter.split(truth, truth, plates))
        if all(
            len(set(plates[learnt][truth[learnt] == name])) >= 2
            for learnt, _ in found
            for name in set(truth)
        ):
            return found
    raise SystemExit("no shuffle leaves every class two plates to learn from")


def predict_fold(
    table: nic.ItemTable,
    learnt: np.ndarray,
    kept: np.ndarray,
    config: nic.TrainingConfig,
    fold: int,
) -> list[str | None]:
    items = replace(table, items=tuple(table.items[i] for i in learnt))
    began, processor = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        classifier = nic.train(
            items, config, output=Path(folder) / "fold.keras", on_event=report, in_process=True
        )
        record = classifier.description.training
        print(f"fold {fold}: {(time.monotonic() - began) / 60:.1f} min of training "
              f"({(time.process_time() - processor) / 60:.1f} min of processor time), epoch "
              f"{record['best_epoch']} of {len(record['history'])} kept, validation accuracy "
              f"{record['validation_accuracy']:.3f}, {record['split']['training_items']} nuclei "
              "learnt from", flush=True)  # fmt: skip
        return [classifier.predict(table.items[i].image).class_name for i in kept]


def report(event: dict) -> None:
    if event["event"] == "epoch":
        print(f"  epoch {event['epoch']}: loss {event['loss']:.3f} ({event['accuracy']:.3f}), "
              f"validation {event['val_loss']:.3f} ({event['val_accuracy']:.3f}), "
              f"{event['seconds']} s", flush=True)  # fmt: skip


def write_predictions(path: Path, items: tuple[nic.Item, ...], predicted: np.ndarray) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "plate", "class", "predicted"])
        for item, name in zip(items, predicted, strict=True):
            writer.writerow([item.file, item.group, item.class_name, name])


def read_predictions(path: Path, items: tuple[nic.Item, ...]) -> np.ndarray:
    with path.open(newline="", encoding="utf-8") as file:
        by_file = {row["file"]: row["predicted"] for row in csv.DictReader(file)}
    return np.array([by_file[item.file] for item in items], dtype="U64")


def print_scores(truth: np.ndarray, predicted: np.ndarray, plates: np.ndarray) -> None:
    right = predicted == truth
    low, high, correlation = accuracy_interval(right, plates)
    print(f"accuracy {right.mean():.3f} (95 % interval by plate {low:.3f} to {high:.3f}, "
          f"intra-class correlation {correlation:.2f})")  # fmt: skip
    resampled = [balanced(truth[i], right[i]) for i in resamplings(plates)]
    low, high = np.percentile(resampled, [2.5, 97.5])
    print(f"balanced accuracy {balanced(truth, right):.3f} "
          f"(bootstrap over plates {low:.3f} to {high:.3f})")  # fmt: skip
    for name in sorted(set(truth)):
        members = truth == name
        print(f"  {name}: {right[members].mean():.3f} of {members.sum()} on "
              f"{len(set(plates[members]))} plates")  # fmt: skip


def balanced(truth: np.ndarray, right: np.ndarray) -> float:
    return float(np.mean([right[truth == name].mean() for name in set(truth)]))


def accuracy_interval(right: np.ndarray, plates: np.ndarray) -> tuple[float, float, float]:
    """Return the ends of the interval and the intra-class correlation (analysis of variance)."""
    groups = [right[plates == plate].astype(float) for plate in sorted(set(plates))]
    sizes = np.array([len(group) for group in groups])
    n, k, mean = sizes.sum(), len(groups), right.mean()
    between = sum(len(group) * (group.mean() - mean) ** 2 for group in groups) / (k - 1)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / (n - k)
    usual = (n - (sizes**2).sum() / n) / (k - 1)
    correlation = (between - within) / (between + (usual - 1) * within)
    effect = 1 + ((sizes**2).sum() / n - 1) * max(correlation, SMALLEST_CORRELATION)
    fewer = scipy.stats.t.ppf(0.975, n - 1) / scipy.stats.t.ppf(0.975, k - 1)
    effective = n / effect * fewer**2
    hits = mean * effective
    low = scipy.stats.beta.ppf(0.025, hits, effective - hits + 1)
    high = scipy.stats.beta.ppf(0.975, hits + 1, effective - hits)
    return float(low), float(high), float(correlation)


def resamplings(plates: np.ndarray) -> Iterator[np.ndarray]:
    random = np.random.default_rng(0)
    members = [np.flatnonzero(plates == plate) for plate in sorted(set(plates))]
    for _ in range(RESAMPLINGS):
        chosen = random.integers(len(members), size=len(members))
        yield np.concatenate([members[i] for i in chosen])


if __name__ == "__main__":
    main()
