"""From the rows that a folder's job sends back to predictions, files and layers."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_image_classifier.classifier import load_classifier
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items import find_images
from napari_image_classifier.naming import ImageFiles, NamePattern
from napari_image_classifier.prediction import Prediction

PLUGIN = "napari-image-classifier"


def prediction_of_row(row: Mapping[str, Any]) -> Prediction:
    """Return the prediction that an event's row holds."""
    return Prediction(
        row["file"],
        row["item"],
        row["status"],
        row["class"],
        row["confidence"],
        row["probabilities"],
        row["message"],
        thumbnail=base64.b64decode(row["png"]) if row.get("png") else None,
    )


def find_image(folder: Path, pattern: str | None, name: str) -> ImageFiles | None:
    """Return the image of that name among those that ``pattern`` makes of a folder's files."""
    images, _ = find_images(folder, NamePattern(pattern) if pattern else None)
    return next((files for files in images if files.name == name), None)


@dataclass(frozen=True)
class Expectation:
    """What a classifier expects, in words, and the classes it tells apart (none: unusable)."""

    words: str
    class_names: tuple[str, ...] = ()

    @classmethod
    def of(cls, path: Path) -> "Expectation":
        """Open the classifier; the words say what is wrong where that fails."""
        try:
            classifier = load_classifier(path, threads=1)
        except ImageClassifierError as error:
            return cls(str(error))
        channels = ", ".join(classifier.channel_names)
        names = classifier.class_names
        return cls(f"Expects: {channels}. Tells apart: {', '.join(names)}.", names)
