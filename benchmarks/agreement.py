"""The same class as plain Keras, in float32, on every real image.

    python benchmarks/agreement.py ../shared/data CLASSIFIER.keras [CLASSIFIER.keras …]

Every image that a classifier can be shown (any with as many channels) is prepared once and
predicted by both. Prints how many classes differ, and the largest difference of a probability.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import napari_image_classifier as nic
from napari_image_classifier.classifiers.confidence import tempered
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.items.preparation import prepare
from napari_image_classifier.items.selection import selections_of

BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("classifiers", type=Path, nargs="+")
    given = parser.parse_args()
    for path in given.classifiers:
        items, different, largest = compare(given.data, path)
        print(f"{path.name}: {items} items, {different} of another class than plain Keras gives, "
              f"largest difference of a probability {largest:.1e}")  # fmt: skip


def compare(data: Path, path: Path) -> tuple[int, int, float]:
    """Return the number of items, of classes that differ, and the largest difference."""
    import keras

    classifier = nic.load_classifier(path)
    network = keras.saving.load_model(path)
    temperature = classifier.description.temperature
    items = different = 0
    largest = 0.0
    for batch in batches(prepared_items(data, classifier)):
        ours = classifier.predict_prepared(batch)
        # The temperature is ours, and stands in the description.
        theirs = tempered(network.predict_on_batch(batch).astype(float), temperature)
        items += len(batch)
        different += int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum())
        largest = max(largest, float(abs(ours - theirs).max()))
    return items, different, largest


def prepared_items(data: Path, classifier: nic.Classifier) -> Iterator[np.ndarray]:
    channels = tuple(range(classifier.preparation.n_channels))
    for files in find_images(data)[0]:
        try:
            with nic.read_image(files) as image:
                if image.n_channels != len(channels):
                    continue
                for selection in selections_of(image, "image"):
                    yield prepare(
                        image, classifier.preparation, selection=selection, channels=channels
                    )
        except ImageClassifierError:
            continue


def batches(images: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    waiting: list[np.ndarray] = []
    for image in images:
        if np.isfinite(image).all():
            waiting.append(image)
        if len(waiting) == BATCH:
            yield np.stack(waiting)
            waiting = []
    if waiting:
        yield np.stack(waiting)


if __name__ == "__main__":
    main()
