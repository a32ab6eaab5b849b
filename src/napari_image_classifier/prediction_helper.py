"""A second process that reads, prepares and predicts for this one.

Threads of one Python wait for each other between the pieces of work that NumPy and ONNX Runtime do
for them; on small images they wait as long as they work.
"""

import os
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.helper_process import HelperProcess, connected
from napari_image_classifier.naming import ImageFiles
from napari_image_classifier.prediction import DrawThumbnail, Prediction, predict_files

if TYPE_CHECKING:
    from napari_image_classifier.classifier import Classifier

READY = b"ready"


class Helper:
    """A process that predicts with the same classifier, seen from the one that it helps."""

    def __init__(
        self,
        classifier: "Classifier",
        axes: str | None = None,
        draw_thumbnail: DrawThumbnail | None = None,
    ) -> None:
        self._ready = threading.Event()
        self._process = HelperProcess("napari_image_classifier.prediction_helper")
        self._process.send((classifier.path, classifier.sha256, axes, draw_thumbnail))
        threading.Thread(target=self._wait_until_ready, daemon=True).start()

    @property
    def is_ready(self) -> bool:
        """Whether it has opened the classifier and is still there."""
        return self._ready.is_set()

    def predict(self, images: Sequence[ImageFiles]) -> list[list[Prediction]] | None:
        """Return what `predict_files` does, from the other process; None if it is gone."""
        self._process.send(images)
        found: list[list[Prediction]] | None = self._process.receive()
        if found is None:
            self._ready.clear()
        return found

    def end(self) -> None:
        """End the process at once; what it was doing is lost. Safe to call twice."""
        self._process.end()

    def _wait_until_ready(self) -> None:
        if self._process.receive() == READY:
            self._ready.set()


def main() -> None:
    """Predict what is asked for on standard input until it ends."""
    asked, answer = connected()
    path, sha256, axes, draw_thumbnail = asked()
    classifier = _opened(path, sha256)
    answer(READY)
    while True:
        answer(predict_files(classifier, asked(), axes, draw_thumbnail))


def _opened(path: Path, sha256: str) -> "Classifier":
    from napari_image_classifier.classifier import load_classifier

    classifier = load_classifier(path, threads=1)
    if classifier.sha256 != sha256:
        # Another file has taken its place since; the process that asked goes on alone.
        os._exit(1)
    return classifier


if __name__ == "__main__":
    # What is pickled must be of the same modules on both sides, none of them named __main__.
    import_module("napari_image_classifier.prediction_helper").main()
