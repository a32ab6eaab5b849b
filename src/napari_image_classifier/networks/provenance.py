"""What Keras adds to a manifest; the manifest of an imported network.

Never imported by anything the viewer imports.
"""

from pathlib import Path

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.description import ClassifierInShort
from napari_image_classifier.classifiers.manifest import (
    Head,
    ResultFile,
    Run,
    this_run,
    write_manifest,
)
from napari_image_classifier.networks.backend import device_in_words, threads_in_use
from napari_image_classifier.training.record import machine

PACKAGES = ("keras", "onnx", "scipy", "scikit-image", "scikit-learn")


def keras_run() -> Run:
    """Return what is to be said of the run in which Keras has just worked."""
    import keras

    backend = keras.backend.backend()
    return this_run(
        threads=threads_in_use(keras),
        backend=backend,
        device=device_in_words(keras),
        packages=(*PACKAGES, backend),
    )


def keras_versions() -> dict[str, str]:
    """Return the versions and the device that a training depends on, as far as they are known."""
    import keras

    backend = keras.backend.backend()
    return {**machine("keras", backend), "backend": backend, "device": device_in_words(keras)}


class ImportManifest(Head, frozen=True, kw_only=True):
    """What is known of a network that was trained elsewhere."""

    classifier: ClassifierInShort


def write_import_manifest(output: Path, classifier: Classifier) -> Path:
    """Write the manifest of ``classifier``, trained elsewhere, which will be ``output``."""
    head = ImportManifest(
        result=ResultFile(output.name, classifier.sha256),
        runs=(keras_run(),),
        classifier=classifier.description.in_short(),
    )
    return write_manifest(output, "import", head)
