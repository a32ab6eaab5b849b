"""What a bug report needs to know of the computer. Started by the command line alone."""

import os
import platform
import sys
from typing import Any

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.networks.backend import describe_device
from napari_image_classifier.system.machine import versions_of

PACKAGES = (
    "napari-image-classifier",
    "napari",
    "keras",
    "tensorflow",
    "torch",
    "jax",
    "onnxruntime",
    "numpy",
    "tifffile",
    "imagecodecs",
    "PyQt6",
    "PyQt5",
    "PySide6",
)


def describe_environment() -> dict[str, Any]:
    """Return versions, Keras's backend and the device it would train on, ready to print."""
    return {
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "versions": versions_of(PACKAGES),
        **_backend(),
    }


def _backend() -> dict[str, str]:
    try:
        return describe_device()
    except ImageClassifierError as error:
        return {"backend": f"none that starts. {error}"}
