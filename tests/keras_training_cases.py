"""Trainings that `test_keras_training` looks at, all in one process without a window.

    python keras_training_cases.py FOLDER

trains on images in FOLDER/images and writes what came of each case as one line of JSON.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_image_classifier.classifier import load_classifier
from napari_image_classifier.compute import Cancelled
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images import Image, write_image
from napari_image_classifier.items import ItemTable, read_items
from napari_image_classifier.keras_training import train_job
from napari_image_classifier.training_config import TrainingConfig

CONFIG = TrainingConfig(epochs=5, patience=5, seed=3, finish=False)


def write_images(folder: Path) -> ItemTable:
    """Spread-out and clumped signal in two channels, four images in each of six dishes."""
    random = np.random.default_rng(0)
    for dish in range(6):
        name = ("clumped", "spread")[dish % 2]
        for number in range(4):
            pixels = random.poisson(40, (2, 24, 24)).astype(np.uint16)
            if name == "clumped":
                y, x = random.integers(4, 20, (2, 6))
                pixels[0, y, x] += 400
            image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
            path = folder / name / f"dish {dish}" / f"{number}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, image)
    return read_items(folder, group="folder")


def run(table: ItemTable, output: Path, should_stop: Callable[[list], bool], **choices) -> dict:
    """Return the result of a training and its events, or how it ended."""
    config = TrainingConfig(**{**CONFIG.to_json(), "channels": (), **choices})
    events: list[dict] = []
    request = {"items": table.to_json(), "config": config.to_json(), "output": str(output)}
    try:
        result = train_job(request, events.append, lambda: should_stop(events))
    except Cancelled:
        return {"ended": "cancelled", "written": output.exists()}
    except ImageClassifierError as error:
        return {"ended": str(error), "written": output.exists()}
    classifier = load_classifier(output)
    return {
        "result": result,
        "events": events,
        "graph": classifier.description.members[0].graph_sha256,
        "graphs": sorted({member.graph_sha256 for member in classifier.description.members}),
        "orientations": classifier.description.orientations,
        "temperature": classifier.description.temperature,
        "record": dict(classifier.description.training),
        "ranges": classifier.preparation.ranges,
        "architecture": classifier.description.architecture,
        "predictions": [classifier.predict(item.image).class_name for item in table.items],
    }


def never(events: list) -> bool:
    """Let the training run to its end."""
    return False


def after_an_epoch(events: list) -> bool:
    """Stop within the second epoch."""
    epochs = sum(event["event"] == "epoch" for event in events)
    return epochs >= 1 and events[-1]["event"] == "batch"


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
    renamed = ItemTable.from_json(
        json.loads(json.dumps(other.to_json()).replace('"clumped"', '"dotted"'))
    )
    first = folder / "first.keras"
    cases = {
        "stopped early": run(table, folder / "early.keras", while_starting),
        "first": run(table, first, never),
        "again": run(table, folder / "again.keras", never),
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
        "one channel": run(
            table, folder / "one.keras", never, epochs=1, network="vgg", channels=("GFP",), size=32
        ),
    }
    sys.stdout.write(json.dumps(cases))


if __name__ == "__main__":
    main()
