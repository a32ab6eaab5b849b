"""The part that runs on a worker of a Dask cluster; imported there, and where work is sent off."""

import ctypes
import platform
import socket
import sys
import time
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import Worker, WorkerPlugin, get_worker

from napari_image_classifier.batch.dask_tasks import TaskAnswer, ends_of
from napari_image_classifier.batch.stream import predict_images
from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.manifest_records import PACKAGES
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import Fault
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.system.machine import versions_of

# glibc's numbers of what can be set, from malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
BYTES_TO_KEEP = 32 * 1024**2
# Then a task ends, and what is left of it becomes another one, so that nobody waits long.
SECONDS_FOR_A_TASK = 300.0
_VERSIONS = {
    "python": platform.python_version(), **versions_of((*PACKAGES, "dask", "distributed"))
}  # fmt: skip


class OtherVersionError(Exception):
    """This package is here in another version than where the work comes from."""


class ClassifierOnWorker(WorkerPlugin):
    """The classifier's file, carried to a worker once and opened there when first used."""

    def __init__(self, content: bytes, sha256: str, version: str) -> None:
        self.name = f"napari-image-classifier-{sha256}"
        self._content = content
        self._version = version

    def setup(self, worker: Worker) -> None:
        """Take the place of any copy that was there before; called by Dask."""
        here = _VERSIONS.get(PACKAGES[0], "")
        if here != self._version:
            raise OtherVersionError(
                f"{PACKAGES[0]} {here} on {socket.gethostname()}, {self._version} where the work "
                "comes from"
            )
        _keep_freed_memory()

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier, for one thread a prediction: tasks already run side by side."""
        path = Path(self._folder.name) / "classifier.keras"
        path.write_bytes(self._content)
        return load_classifier(path, threads=1)

    @cached_property
    def _folder(self) -> "TemporaryDirectory[str]":
        # Where an image ends its helper, the next one opens the file again.
        return TemporaryDirectory(prefix="napari-image-classifier-", ignore_cleanup_errors=True)


def predict_task(plugin: str, axes: str | None, task: tuple[ImageFiles, ...]) -> TaskAnswer:
    """Return the predictions of the images of a task, in its order.

    An image that hangs or crashes is one with an error, as it is without a cluster.
    """
    worker = get_worker()
    loaded = worker.plugins.get(plugin)
    if not isinstance(loaded, ClassifierOnWorker):
        raise OtherVersionError(
            f"the worker on {socket.gethostname()} did not take the classifier, its log says why"
        )
    until = time.monotonic() + SECONDS_FOR_A_TASK
    predictions: list[list[Prediction]] = []
    for of_image in predict_images(
        loaded.classifier,
        task,
        axes,
        lambda: bool(predictions) and time.monotonic() > until,
        workers=1,
    ):
        predictions.append(of_image)
    # A drive that hangs would hang this, too.
    hangs = predictions[0][0].code == Fault.TOO_SLOW
    seen = "" if hangs else ends_of(task[0].parts[0].path)
    return TaskAnswer(predictions, socket.gethostname(), worker.address, _VERSIONS, seen)


def _keep_freed_memory() -> None:
    """Let the next image have the memory of the last one.

    Dask's workers are set to return all that is freed to the system at once, which then clears it
    for the next image: a third of the time that an image takes.
    """
    if sys.platform != "linux":
        return
    # Other C libraries than glibc have nothing to set.
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(M_TRIM_THRESHOLD, 2 * BYTES_TO_KEEP)
        mallopt(M_MMAP_THRESHOLD, BYTES_TO_KEEP)
