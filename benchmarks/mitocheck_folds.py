"""Five folds by plate over a folder of annotated nuclei, predictions pooled.

    python benchmarks/mitocheck_folds.py FOLDER [--epochs N] [--members N] [--seed N] [--random]
                                         [--output predictions.csv]

With --output every finished fold is kept there, and a run that was stopped goes on after it. Every
nucleus is predicted as it is and in eight orientations. With --random the folds don't respect
plates: such figures stand in papers, and flatter.

FOLDER holds labels.csv with the columns file, class and plate. Every nucleus is predicted once, by
a classifier that has seen none of its plate, neither in training nor for early stopping: that
validation part is taken by plate from inside the training folds. The shuffle of the folds is the
first that leaves every class two plates to learn from, as training refuses less.

The interval of the accuracy is that of `intervals.proportion_interval`, by plate; that of the
balanced accuracy and of F1, weighted by class size, is a bootstrap over plates (2.5th to 97.5th
percentile), which is somewhat too narrow.
"""

import argparse
import csv
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

import napari_image_classifier as nic
from napari_image_classifier.statistics.intervals import proportion_interval

FOLDS = 5
RESAMPLINGS = 1000
WAYS = {"predicted": "as it is", "predicted_turned": "in eight orientations"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=nic.TrainingConfig().epochs)
    parser.add_argument("--members", type=int, default=nic.TrainingConfig().members)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    table = nic.read_items(given.folder, items_csv=given.folder / "labels.csv", group="plate")
    truth = np.array([item.class_name for item in table.items])
    plates = np.array([item.group for item in table.items])
    predicted = {way: np.full(len(truth), "", dtype="U64") for way in WAYS}
    if given.output and given.output.exists():
        predicted = read_predictions(given.output, table.items)
    config = nic.TrainingConfig(epochs=given.epochs, seed=given.seed, members=given.members)
    print(config, flush=True)
    parts = random_folds(truth) if given.random else folds(truth, plates)
    for fold, (learnt, kept) in enumerate(parts, start=1):
        if not all(predicted["predicted"][kept]):
            found = predict_fold(table, learnt, kept, config, fold)
            for way, names in found.items():
                predicted[way][kept] = names
            if given.output:
                write_predictions(given.output, table.items, predicted)
        right = [int((names[kept] == truth[kept]).sum()) for names in predicted.values()]
        print(f"fold {fold}: {right[0]} of {len(kept)} right ({right[0] / len(kept):.3f}), "
              f"in eight orientations {right[1]} ({right[1] / len(kept):.3f}), "
              f"{len(set(plates[kept]))} plates", flush=True)  # fmt: skip
    for way, words in WAYS.items():
        print(f"{words}:")
        print_scores(truth, predicted[way], plates)


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


def random_folds(truth: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(truth, truth))


def predict_fold(
    table: nic.ItemTable,
    learnt: np.ndarray,
    kept: np.ndarray,
    config: nic.TrainingConfig,
    fold: int,
) -> dict[str, list[str | None]]:
    """Train on some items; return what is said of the others, for each of `WAYS`."""
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
        return {
            way: [oriented.predict(table.items[i].image).class_name for i in kept]
            for way, oriented in zip(
                WAYS, (in_orientations(classifier, 1), in_orientations(classifier, 8)), strict=True
            )
        }


def in_orientations(classifier: nic.Classifier, number: int) -> nic.Classifier:
    """Return the same classifier that looks at every image in that many orientations."""
    description = replace(classifier.description, orientations=number)
    return nic.Classifier(classifier.path, classifier.sha256, description, classifier.graphs)


def report(event: dict) -> None:
    if event["event"] == "epoch":
        print(f"  epoch {event['epoch']}: loss {event['loss']:.3f} ({event['accuracy']:.3f}), "
              f"validation {event['val_loss']:.3f} ({event['val_accuracy']:.3f}), "
              f"{event['seconds']} s", flush=True)  # fmt: skip


def write_predictions(
    path: Path, items: tuple[nic.Item, ...], predicted: dict[str, np.ndarray]
) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "plate", "class", *predicted])
        for item, *names in zip(items, *predicted.values(), strict=True):
            writer.writerow([item.file, item.group, item.class_name, *names])


def read_predictions(path: Path, items: tuple[nic.Item, ...]) -> dict[str, np.ndarray]:
    with path.open(newline="", encoding="utf-8") as file:
        by_file = {row["file"]: row for row in csv.DictReader(file)}
    return {way: np.array([by_file[item.file][way] for item in items], dtype="U64") for way in WAYS}


def print_scores(truth: np.ndarray, predicted: np.ndarray, plates: np.ndarray) -> None:
    right = predicted == truth
    accuracy = proportion_interval(right, np.unique(plates, return_inverse=True)[1])
    print(f"accuracy {accuracy.score:.3f} "
          f"(95 % interval by plate {accuracy.low:.3f} to {accuracy.high:.3f})")  # fmt: skip
    for name, score in {"balanced accuracy": balanced_of, "weighted F1": weighted_f1}.items():
        resampled = [score(truth[i], predicted[i]) for i in resamplings(plates)]
        low, high = np.percentile(resampled, [2.5, 97.5])
        print(f"{name} {score(truth, predicted):.3f} "
              f"(bootstrap over plates {low:.3f} to {high:.3f})")  # fmt: skip
    for name in sorted(set(truth)):
        members = truth == name
        print(f"  {name}: {right[members].mean():.3f} of {members.sum()} on "
              f"{len(set(plates[members]))} plates")  # fmt: skip


def balanced(truth: np.ndarray, right: np.ndarray) -> float:
    return float(np.mean([right[truth == name].mean() for name in set(truth)]))


def balanced_of(truth: np.ndarray, predicted: np.ndarray) -> float:
    return balanced(truth, predicted == truth)


def weighted_f1(truth: np.ndarray, predicted: np.ndarray) -> float:
    return float(f1_score(truth, predicted, average="weighted", zero_division=0))


def resamplings(plates: np.ndarray) -> Iterator[np.ndarray]:
    random = np.random.default_rng(0)
    members = [np.flatnonzero(plates == plate) for plate in sorted(set(plates))]
    for _ in range(RESAMPLINGS):
        chosen = random.integers(len(members), size=len(members))
        yield np.concatenate([members[i] for i in chosen])


if __name__ == "__main__":
    main()
