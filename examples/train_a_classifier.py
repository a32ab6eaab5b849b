"""Train a classifier on a folder that has one sub-folder of images per class.

    python train_a_classifier.py IMAGES cells.keras [EPOCHS]

Where images share a well, a dish or an animal, say so with ``group`` (see
docs/items-and-groups.md). Here each image is taken to stand alone.
"""

import sys
from pathlib import Path
from typing import Any

import napari_image_classifier as nic


def hear(event: dict[str, Any]) -> None:
    """Print a line per epoch, and at the end what was taken for granted."""
    if event["event"] == "epoch":
        print(f"epoch {event['epoch']}: {event['val_accuracy']:.0%} right on images kept aside")
    elif event["event"] == "result":
        print(*event["messages"], sep="\n")


def main(images: Path, output: Path, epochs: int) -> None:
    items = nic.read_items(images)
    print(f"{len(items.items)} images of {', '.join(items.class_names)}")
    config = nic.TrainingConfig(epochs=epochs)
    classifier = nic.train(items, config, output=output, on_event=hear)
    print(f"Written: {classifier.path}")


if __name__ == "__main__":
    folder, written, *rest = sys.argv[1:]
    main(Path(folder), Path(written), int(rest[0]) if rest else nic.TrainingConfig().epochs)
