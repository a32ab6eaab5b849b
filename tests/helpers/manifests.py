"""Manifests as they stand in their files."""

import json
from pathlib import Path
from typing import Any

from napari_image_classifier.classifiers import manifest
from napari_image_classifier.classifiers.classifier import load_classifier


def read_manifest(path: Path) -> dict[str, Any]:
    """All that a manifest says, as JSON, of one that can be opened."""
    manifest.read_manifest(path)
    return json.loads(path.read_text(encoding="utf-8"))


def learnt_manifest(classifier: Path, files: list[dict[str, Any]]) -> None:
    """Beside a classifier the manifest of a training, on the files of any other manifest."""
    head = {"result": {"file": classifier.name, "sha256": load_classifier(classifier).sha256}}
    learnt = [
        {**file, "items": [
            {"number": 0, "item": item["item"], "class": "", "group": None,
             "pixels": item["pixels"]}
            for item in file["items"]
        ]}
        for file in files
    ]  # fmt: skip
    manifest.write_manifest(classifier, "classifier", head, learnt)
