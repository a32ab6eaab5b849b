"""Networks trained by Keras, as the learner of a training.

Never imported by anything the viewer imports. Only Keras is used, no backend of it, so that any of
them serves.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.classifiers.manifest_records import Run, this_run
from napari_image_classifier.classifiers.onnx_runtime import Graph
from napari_image_classifier.networks.backend import (
    backend_here,
    device_in_words,
    start_keras,
    threads_in_use,
    use_threads,
)
from napari_image_classifier.networks.fit.checkpoints import Checkpoints
from napari_image_classifier.networks.members import optimizer_of, train_members
from napari_image_classifier.system.records import as_json
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.learner import Ensemble, Learner, Lesson
from napari_image_classifier.training.record import machine


class KerasLearner(Learner):
    """Networks, trained by Keras."""

    def check(self) -> None:
        """Refuse a backend that is not installed, or another one than already runs."""
        backend_here(self._config.backend)

    def prepare(self, threads: int | None) -> None:
        """Start Keras with that many threads, where a number is given."""
        if threads is not None:
            use_threads(backend_here(self._config.backend), threads)

    def learn(self, lesson: Lesson, kept_in: Path) -> Ensemble:
        """Train a network for each split, or go on with what is kept of such a training."""
        start_keras(self._config.backend)
        checkpoints = Checkpoints(kept_in, _fingerprint(lesson, self._config))
        ensemble = train_members(lesson, self._config, checkpoints, with_distances=True)
        ensemble.optimizer = optimizer_of(self._config).get_config()
        return ensemble

    def runnable(self, ensemble: Ensemble) -> list[Graph]:
        """Return the networks as graphs."""
        from napari_image_classifier.networks.export.onnx_export import export_graph

        return [Graph(export_graph(network)) for network in ensemble.networks]

    def save(self, path: Path, ensemble: Ensemble, description: ClassifierDescription) -> None:
        """Write a file that plain Keras opens, too."""
        from napari_image_classifier.networks.files import save_classifier

        save_classifier(path, ensemble.networks, description)

    def run(self) -> Run:
        """Return what the manifest says of this run: Keras's backend, device and threads."""
        return keras_run()

    def versions(self) -> dict[str, str]:
        """Return the versions, backend and device."""
        return keras_versions()


PACKAGES = ("keras", "onnx", "scipy", "scikit-image", "scikit-learn")
_MACHINE = ("processor", "threads", "backend", "device", "versions")


def _fingerprint(lesson: Lesson, config: TrainingConfig) -> str:
    """Return a hash of all that the weights of a training depend on."""
    run = keras_run()
    computed_on = {name: getattr(run, name) for name in _MACHINE}
    hashed = hashlib.sha256()
    data, earlier = lesson.data, lesson.earlier
    settings = (config, data.preparation, data.class_names, computed_on)
    hashed.update(json.dumps(as_json(settings), sort_keys=True).encode())
    if earlier is not None:
        hashed.update("".join(member.weights_sha256 for member in earlier.members).encode())
    parts = [part for split in lesson.splits for part in split]
    arrays: list[npt.NDArray[Any]] = [data.pixels, data.classes, *parts]
    for array in arrays:
        hashed.update(f"{array.shape} {array.dtype}".encode())
        hashed.update(np.ascontiguousarray(array).data)
    return hashed.hexdigest()


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
