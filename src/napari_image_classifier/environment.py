"""What a bug report needs to know of the computer. Started by the command line alone."""

import importlib.metadata
import os
import platform
import sys
from typing import Any

PACKAGES = (
    "napari-image-classifier",
    "napari",
    "keras",
    "tensorflow",
    "torch",
    "onnxruntime",
    "numpy",
    "tifffile",
    "imagecodecs",
    "PyQt6",
    "PyQt5",
    "PySide6",
)
NO_BACKEND = (
    "none that starts ({reason}); install one: pip install tensorflow, or, where that has no "
    "version, pip install torch and set KERAS_BACKEND to torch"
)


def describe_environment() -> dict[str, Any]:
    """Return versions, Keras's backend and the device it would train on, ready to print."""
    return {
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        **_backend(),
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _backend() -> dict[str, Any]:
    try:
        import keras

        return {
            "backend": keras.backend.backend(),
            "devices": keras.distribution.list_devices(),
        }
    except (ImportError, RuntimeError) as error:
        return {"backend": NO_BACKEND.format(reason=error)}
