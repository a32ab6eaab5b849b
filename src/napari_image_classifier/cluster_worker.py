"""What runs on a worker of a Dask cluster; imported there, and where work is sent off."""

from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import Worker, WorkerPlugin, get_worker

from napari_image_classifier.classifier import Classifier, load_classifier
from napari_image_classifier.naming import ImageFiles
from napari_image_classifier.prediction import Prediction, predict_files


class ClassifierOnWorker(WorkerPlugin):
    """The classifier's file, carried to a worker once and opened there when first used."""

    def __init__(self, content: bytes, sha256: str) -> None:
        self.name = f"napari-image-classifier-{sha256}"
        self._content = content

    def setup(self, worker: Worker) -> None:
        """Take the place of any copy that was there before; called by Dask."""

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
    found = get_worker().plugins[plugin]
    assert isinstance(found, ClassifierOnWorker)
    return predict_files(found.classifier, task, axes)
