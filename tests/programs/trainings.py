"""Trainings that `test_keras_training` looks at, all in one process without a window.

    python trainings.py FOLDER

trains on images in FOLDER/images and writes what came of each case as one line of JSON.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.errors import Cancelled, ImageClassifierError
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.jobs import train
from napari_image_classifier.system.events import Event
from napari_image_classifier.system.job import event_as_json
from napari_image_classifier.system.records import as_json, from_json
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.train_job import Batch, Epoch, TrainRequest

# What can happen to images at a microscope, by name.
STRANGE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "nothing": lambda pixels: pixels,
    "blank": np.zeros_like,
    "saturated": lambda pixels: np.full_like(pixels, 65535),
    "out of focus": lambda pixels: np.stack([gaussian_filter(one, 3) for one in pixels]),
    "8-bit": lambda pixels: np.minimum(pixels, 255).astype(np.uint8),
}

CONFIG = TrainingConfig(epochs=5, patience=5, seed=3, finish=False)


def write_images(folder: Path) -> ItemTable:
    """Spread-out and clumped signal in two channels, four images in each of six dishes."""
    random = np.random.default_rng(0)
    for dish in range(6):
        name = ("clumped", "spread")[dish % 2]
        for number in range(4):
            pixels = pixels_of(random, name == "clumped")
            image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
            path = folder / name / f"dish {dish}" / f"{number}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, image)
    return read_items(folder, group="folder")


def pixels_of(random: np.random.Generator, clumped: bool) -> np.ndarray:
    """Return pixels of an image, uint16 (channel, y, x)."""
    pixels = random.poisson(40, (2, 24, 24)).astype(np.uint16)
    if clumped:
        y, x = random.integers(4, 20, (2, 6))
        pixels[0, y, x] += 400
    return pixels


def run(table: ItemTable, output: Path, should_stop: Callable[[list], bool], **choices) -> dict:
    """Return the result of a training and its events, or how it ended."""
    config = replace(CONFIG, **{"channels": (), **choices})
    events: list[Event] = []
    request = TrainRequest(table, config, output)
    try:
        result = train.run(request, events.append, lambda: should_stop(events))
    except Cancelled:
        return {"ended": "cancelled", "written": output.exists()}
    except ImageClassifierError as error:
        return {"ended": str(error), "written": output.exists()}
    classifier = load_classifier(output)
    return {
        "result": event_as_json(result),
        "events": [event_as_json(event) for event in events],
        "graph": classifier.description.members[0].graph_sha256,
        "graphs": sorted({member.graph_sha256 for member in classifier.description.members}),
        "orientations": classifier.description.orientations,
        "temperature": classifier.description.temperature,
        "thresholds": dict(classifier.description.thresholds),
        "record": dict(classifier.description.training),
        "ranges": classifier.preparation.ranges,
        "architecture": as_json(classifier.description.architecture),
        "predictions": [classifier.predict(item.image).class_name for item in table.items],
        "unlike": unlike(classifier),
    }


def unlike(classifier: Classifier) -> dict[str, tuple[int, list[str]]]:
    """Return how many of twelve strange images of each sort are told, and what is said of them."""
    random = np.random.default_rng(1)
    found = {}
    for name, strange in STRANGE.items():
        said = [
            classifier.predict(Image.from_array(strange(one), "CYX", channel_names=("GFP", "DNA")))
            for one in (pixels_of(random, number % 2 == 0) for number in range(12))
        ]
        told = [one for one in said if one.status == "unlike-training"]
        found[name] = len(told), sorted({one.message for one in told})
    return found


def never(events: list) -> bool:
    """Let the training run to its end."""
    return False


def after_an_epoch(events: list) -> bool:
    """Stop within the second epoch."""
    epochs = sum(isinstance(event, Epoch) for event in events)
    return epochs >= 1 and isinstance(events[-1], Batch)


def in_the_second_network(events: list) -> bool:
    """Stop when the second network has begun and has nothing to keep yet."""
    return any(event.get("member") == 2 for event in events)


def while_finishing(events: list) -> bool:
    """Stop when the network learns from the validation part, too."""
    return any(event.get("stage") == "finishing" for event in events)


def while_starting(events: list) -> bool:
    """Stop while Keras is being imported or the first batch compiled."""
    return any(event.get("stage") == "starting" for event in events)


def main() -> None:
    """Run every case."""
    folder = Path(sys.argv[1])
    table = write_images(folder / "images")
    other = write_images(folder / "other")
    renamed = from_json(
        ItemTable, json.loads(json.dumps(as_json(other)).replace('"clumped"', '"dotted"'))
    )
    first = folder / "first.keras"
    cases = {
        "stopped early": run(table, folder / "early.keras", while_starting),
        "first": run(table, first, never),
        "finished": run(table, folder / "finished.keras", never, finish=True),
        "not finished": run(table, folder / "not.keras", while_finishing, finish=True),
        "stopped": run(table, folder / "stopped.keras", after_an_epoch, epochs=40),
        "went on": run(table, folder / "on.keras", never, epochs=1, start_from=str(first)),
        "together": run(
            table,
            folder / "three.keras",
            never,
            members=3,
            validation_fraction=0.34,
            epochs=3,
            orientations=True,
        ),
        "second stopped": run(table, folder / "two.keras", in_the_second_network, members=2),
        "other classes": run(renamed, folder / "x.keras", never, start_from=str(first)),
        "other channels": run(
            table, folder / "x.keras", never, start_from=str(first), channels=("DNA",)
        ),
        "limited": run(table, folder / "limited.keras", never, epochs=1, risk=0.05),
        "each alone": run(
            read_items(folder / "images"), folder / "alone.keras", never, finish=True, risk=0.9
        ),
        "limited, going on": run(
            table, folder / "x.keras", never, start_from=str(first), risk=0.05
        ),
        "one channel": run(
            table, folder / "one.keras", never, epochs=1, network="vgg", channels=("GFP",), size=32
        ),
    }
    sys.stdout.write(json.dumps(cases))


if __name__ == "__main__":
    main()
