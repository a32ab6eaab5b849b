"""A second process that reads, prepares and predicts for this one.

Threads of one Python wait for each other between the pieces of work that NumPy and ONNX Runtime do
for them; on small images they wait as long as they work. The helper is started as a module, not by
`multiprocessing`, whose "spawn" runs a user's unguarded script again, and it ends when its pipe
does, so none outlives the process that it helps. The two speak pickle: each is the other's own.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

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
        self._process = subprocess.Popen(
            [sys.executable, "-m", "napari_image_classifier.prediction_helper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **_untouched_by_the_keyboard(),
        )
        self._send((classifier.path, classifier.sha256, axes, draw_thumbnail))
        threading.Thread(target=self._wait_until_ready, daemon=True).start()

    @property
    def is_ready(self) -> bool:
        """Whether it has opened the classifier and is still there."""
        return self._ready.is_set()

    def predict(self, images: Sequence[ImageFiles]) -> list[list[Prediction]] | None:
        """Return what `predict_files` does, from the other process; None if it is gone."""
        self._send(images)
        found: list[list[Prediction]] | None = self._receive()
        if found is None:
            self._ready.clear()
        return found

    def end(self) -> None:
        """End the process at once; what it was doing is lost. Safe to call twice."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            # What was not sent yet can't be sent any more.
            with suppress(OSError):
                stream.close()

    def _wait_until_ready(self) -> None:
        if self._receive() == READY:
            self._ready.set()

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None
        try:
            _write(self._process.stdin, message)
        except (OSError, ValueError):
            # It is gone, and perhaps ended; what is received next says so.
            return

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        return _read(self._process.stdout)


def _untouched_by_the_keyboard() -> dict[str, Any]:
    """Return arguments for a process of which Ctrl-C in the terminal is none of its business."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return {"process_group": 0}


def _write(stream: IO[bytes], message: Any) -> None:
    pickle.dump(message, stream, pickle.HIGHEST_PROTOCOL)
    stream.flush()


def _read(stream: IO[bytes]) -> Any:
    """Return the next message, None when the stream has ended, also within a message."""
    try:
        return pickle.load(stream)
    except (EOFError, ValueError, pickle.UnpicklingError):
        return None


def main() -> None:
    """Predict what is asked for on standard input until it ends."""
    # Whatever a library prints must not stand between two messages.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asked: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def listen() -> None:
        while (message := _read(sys.stdin.buffer)) is not None:
            asked.put(message)
        # Nobody waits for the rest.
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    path, sha256, axes, draw_thumbnail = asked.get()
    classifier = _opened(path, sha256)
    _write(answers, READY)
    while True:
        _write(answers, predict_files(classifier, asked.get(), axes, draw_thumbnail))


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
