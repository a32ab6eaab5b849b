"""The part that runs on a worker of a Dask cluster; imported there, and where work is sent off."""

import ctypes
import sys
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import Worker, WorkerPlugin, get_worker

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.predict import predict_files
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.names.patterns import ImageFiles

# glibc's numbers of what can be set, from malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
BYTES_TO_KEEP = 32 * 1024**2


class ClassifierOnWorker(WorkerPlugin):
    """The classifier's file, carried to a worker once and opened there when first used."""

    def __init__(self, content: bytes, sha256: str) -> None:
        self.name = f"napari-image-classifier-{sha256}"
        self._content = content

    def setup(self, worker: Worker) -> None:
        """Take the place of any copy that was there before; called by Dask."""
        _keep_freed_memory()

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier, for one thread a prediction: tasks already run side by side."""
        with TemporaryDirectory(prefix="napari-image-classifier-") as folder:
            path = Path(folder) / "classifier.keras"
            path.write_bytes(self._content)
            return load_classifier(path, threads=1)


def predict_task(
    plugin: str, axes: str | None, task: tuple[ImageFiles, ...]
) -> list[list[Prediction]]:
    """Return the predictions of each image of a task, in its order."""
    loaded = get_worker().plugins[plugin]
    assert isinstance(loaded, ClassifierOnWorker)
    return predict_files(loaded.classifier, task, axes)


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
