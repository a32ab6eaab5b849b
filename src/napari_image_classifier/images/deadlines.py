"""How long an image may take: a drive can hang for ever, and some decoders never end."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from pathlib import Path
from typing import TypeVar

from napari_image_classifier.images.name_patterns import ImageFiles
from napari_image_classifier.system.file_names import readable

# Far more than any image takes that is read at all.
SECONDS_FOR_AN_IMAGE = 60.0
# A network drive at half a megabyte a second.
SECONDS_PER_MEGABYTE = 2.0
# A drive that does not tell a file's size in this time hangs.
SECONDS_FOR_A_SIZE = 5.0

T = TypeVar("T")


class DeadlineExceededError(Exception):
    """Something did not get on in the time that it has."""


class Deadline:
    """Waits for one image after the other, each as long as the largest of ``images`` may take."""

    def __init__(self, images: Sequence[ImageFiles]) -> None:
        self._images = images
        self._seconds = SECONDS_FOR_AN_IMAGE
        self._sizes_asked = False
        self.restart()

    def restart(self) -> None:
        """Begin to wait anew, as another image has begun, or another part of one."""
        self._since = time.monotonic()

    def check(self) -> None:
        """Raise DeadlineExceededError when it has been too long since the last beat."""
        if not self._is_over:
            return
        # Asked only now: in the usual case nobody wants to know.
        if not self._sizes_asked:
            self._sizes_asked = True
            megabytes = _result_within(SECONDS_FOR_A_SIZE, self._largest_size) or 0.0
            self._seconds += SECONDS_PER_MEGABYTE * megabytes
        if self._is_over:
            raise DeadlineExceededError

    @property
    def _is_over(self) -> bool:
        return time.monotonic() - self._since > self._seconds

    def _largest_size(self) -> float:
        return max(sum(_megabytes(part.path) for part in files.parts) for files in self._images)


def _result_within(seconds: float, ask: Callable[[], T]) -> T | None:
    """Return what ``ask`` returns; None if it does not come back in time, or raises."""
    answer = run_in_thread(ask)
    wait_for([answer], seconds)
    return None if not answer.done() or answer.exception() else answer.result()


def run_in_thread(ask: Callable[[], T]) -> Future[T]:
    """Return what ``ask`` will have returned; it may never come back."""
    answer: Future[T] = Future()

    def asked() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:  # noqa: BLE001 - handed over to who waits
            answer.set_exception(error)

    # As a daemon, it does not keep the program from ending.
    threading.Thread(target=asked, daemon=True).start()
    return answer


def timeout_message(name: str) -> str:
    """Return the sentence for the image ``name``, which did not come."""
    return (
        f"{readable(name)} can't be read: it did not come in time. See whether its drive answers, "
        "or copy it to this computer."
    )


def _megabytes(path: Path) -> float:
    return path.stat().st_size / 1e6
