"""Manifests as they stand in their files."""

import json
from pathlib import Path
from typing import Any

from napari_image_classifier.classifiers import manifest


def read_manifest(path: Path) -> dict[str, Any]:
    """All that a manifest says, as JSON, of one that can be opened."""
    manifest.read_manifest(path)
    return json.loads(path.read_text(encoding="utf-8"))
