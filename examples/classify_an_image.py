"""Classify images one by one, and print the probability of every class.

    python classify_an_image.py cells.keras IMAGE.tif [IMAGE.tif ...]

Whole images only: for time series, or a classifier of single planes, classify the folder.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import napari_image_classifier as nic


def main(classifier_file: Path, images: Sequence[Path]) -> None:
    classifier = nic.load_classifier(classifier_file)
    print(f"Channels expected: {', '.join(classifier.channel_names)}")
    for path in images:
        try:
            prediction = classifier.predict(path)
        except nic.ImageClassifierError as error:
            print(error)
            continue
        print(f"{path.name}: {prediction.class_name} ({prediction.confidence:.1%})")
        for class_name, probability in prediction.probabilities.items():
            print(f"    {class_name}: {probability:.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
