"""Keras's part of a manifest, and the manifest of an imported network.

Never imported by anything the viewer imports.
"""

from pathlib import Path

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.description import ClassifierInShort
from napari_image_classifier.classifiers.manifest import Head, Result, Run, this_run, write_manifest
from napari_image_classifier.networks.backend import device_in_words, threads_in_use
from napari_image_classifier.training.record import machine

PACKAGES = ("keras", "onnx", "scipy", "scikit-image", "scikit-learn")


def keras_run() -> Run:
    """Return what is to be said of the run in which Keras has just worked.

    Returns
    -------
    Run
        With Keras's backend, its device and its number of threads.
    """
    import keras

    backend = keras.backend.backend()
    return this_run(
        threads=threads_in_use(keras),
        backend=backend,
        device=device_in_words(keras),
        packages=(*PACKAGES, backend),
    )


def keras_versions() -> dict[str, str]:
    """Return the versions and the device that a training depends on, as far as they are known.

    Returns
    -------
    dict
        Versions by package, the "backend" and the "device", in words.
    """
    import keras

    backend = keras.backend.backend()
    return {**machine("keras", backend), "backend": backend, "device": device_in_words(keras)}


class ImportManifest(Head, frozen=True, kw_only=True):
    """What is known of a network that was trained elsewhere."""

    classifier: ClassifierInShort


def write_import_manifest(output: Path, classifier: Classifier) -> Path:
    """Write the manifest of a network that was trained elsewhere.

    Parameters
    ----------
    output
        Where the classifier will be.
    classifier
        The classifier as it was written.

    Returns
    -------
    Path
        The manifest's.
    """
    head = ImportManifest(
        result=Result(output.name, classifier.sha256),
        runs=(keras_run(),),
        classifier=classifier.description.in_short(),
    )
    return write_manifest(output, "import", head)
