"""Learn the two controls of one half of a plate, look at the other half and at the doses.

    python benchmarks/translocation.py FOLDER [--epochs N] [--seed N] [--output classifier.keras]

FOLDER holds labels.csv with the columns file, class, well, plate_half and dose. Controls of rows
A–D are learnt from, one group per well; the controls of rows E–H are then classified, and the
probability of the positive control is set against the dose in each half of the plate.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import scipy.stats

import napari_image_classifier as nic

POSITIVE, CONTROLS = "positive_control", ("negative_control", "positive_control")
LEARNT, KEPT = "rows_A-D", "rows_E-H"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=nic.TrainingConfig().epochs)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    output = given.output or Path(tempfile.mkdtemp()) / "translocation.keras"
    table = nic.read_items(given.folder, items_csv=given.folder / "labels.csv", group="well")
    learnt = [
        item
        for item in table.items
        if item.class_name in CONTROLS and item.columns["plate_half"] == LEARNT
    ]
    config = nic.TrainingConfig(epochs=given.epochs, seed=given.seed)
    began, processor = time.monotonic(), time.process_time()
    classifier = nic.train(
        replace(table, items=tuple(learnt)),
        config,
        output=output,
        on_event=report,
        in_process=True,
    )
    seconds = time.monotonic() - began
    cpu = time.process_time() - processor
    record = classifier.description.training
    print(f"trained on {len(learnt)} fields in {seconds:.0f} s ({cpu:.0f} s of processor time)")
    print(f"best epoch {record['best_epoch']} of {len(record['history'])}; validation accuracy "
          f"{record['validation_accuracy']:.3f}")  # fmt: skip
    for message in record["messages"]:
        print(f"  {message}")
    predictions = [classifier.predict(item.image) for item in table.items]
    print_controls(table.items, predictions)
    print_doses(table.items, predictions)


def report(event: dict) -> None:
    if event["event"] == "epoch" and event["epoch"] % 5 == 0:
        print(f"epoch {event['epoch']}: loss {event['loss']:.3f}, validation "
              f"{event['val_loss']:.3f} ({event['val_accuracy']:.2f})", flush=True)  # fmt: skip


def print_controls(items: tuple[nic.Item, ...], predictions: list[nic.Prediction]) -> None:
    kept = [
        (item.class_name, prediction.class_name)
        for item, prediction in zip(items, predictions, strict=True)
        if item.class_name in CONTROLS and item.columns["plate_half"] == KEPT
    ]
    right = sum(annotated == predicted for annotated, predicted in kept)
    print(f"controls of {KEPT}: {right} of {len(kept)} right, accuracy {right / len(kept):.3f}")


def print_doses(items: tuple[nic.Item, ...], predictions: list[nic.Prediction]) -> None:
    for half in (LEARNT, KEPT):
        pairs = [
            (float(item.columns["dose"]), prediction.probabilities[POSITIVE])
            for item, prediction in zip(items, predictions, strict=True)
            if item.columns["plate_half"] == half and item.class_name not in CONTROLS
        ]
        found = scipy.stats.spearmanr(*zip(*pairs, strict=True))
        print(f"doses of {half}: Spearman {found.statistic:.3f} over {len(pairs)} fields")
        for dose in sorted({dose for dose, _ in pairs}):
            of_dose = [p for d, p in pairs if d == dose]
            print(f"  dose {dose:g}: mean probability {sum(of_dose) / len(of_dose):.3f}")


if __name__ == "__main__":
    main()
