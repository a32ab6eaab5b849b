"""Time limits for reading an image.

A network drive can hang for ever, and some decoders never end on a damaged file.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import TypeVar

from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.system.shown_text import readable

# Far more than any image takes that is read at all.
SECONDS_FOR_AN_IMAGE = 60.0
# A network drive at half a megabyte a second.
SECONDS_PER_MEGABYTE = 2.0
# A drive that does not tell a file's size in this time hangs.
SECONDS_FOR_A_SIZE = 5.0

T = TypeVar("T")


class DeadlineExceededError(Exception):
    """Reading did not get on within its time limit."""


class Deadline:
    """The time limit for each of several images, which are read one after the other.

    It is a minute and, where that was not enough, what the largest image takes from a slow network
    drive in addition (`SECONDS_FOR_AN_IMAGE`, `SECONDS_PER_MEGABYTE`).

    Parameters
    ----------
    images
        The images that are read. Their files are looked at only once the first minute is over.
    """

    def __init__(self, images: Sequence[ImageFiles]) -> None:
        self._images = images
        self._seconds = SECONDS_FOR_AN_IMAGE
        self._sizes_known = False
        self.restart()

    def restart(self) -> None:
        """Give the whole time again, as another image has begun, or another part of one."""
        self._since = time.monotonic()

    def check(self) -> None:
        """Do nothing while there is time left.

        Raises
        ------
        DeadlineExceededError
            More time has gone by since the last `restart` than the largest image may take.
        """
        if not self._is_over:
            return
        if not self._sizes_known:
            self._sizes_known = True
            megabytes = _result_within(SECONDS_FOR_A_SIZE, self._largest_size) or 0.0
            self._seconds += SECONDS_PER_MEGABYTE * megabytes
        if self._is_over:
            raise DeadlineExceededError

    @property
    def _is_over(self) -> bool:
        return time.monotonic() - self._since > self._seconds

    def _largest_size(self) -> float:
        sizes = [[part.path.stat().st_size for part in files.parts] for files in self._images]
        return max(map(sum, sizes)) / 1e6


def run_in_thread(function: Callable[[], T]) -> Future[T]:
    """Call a function that may never return, in a daemon thread of its own.

    An executor's threads would keep the program from ending; a daemon does not.

    Parameters
    ----------
    function
        What is called.

    Returns
    -------
    Future
        Holds what ``function`` returns or raises, once it does.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - the future hands it over
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _result_within(seconds: float, function: Callable[[], T]) -> T | None:
    """Return what ``function`` returns; None if it does not return in time, or raises."""
    future = run_in_thread(function)
    wait_for([future], seconds)
    return None if not future.done() or future.exception() else future.result()


def timeout_message(name: str) -> str:
    """Return what the user is told of an image that could not be read in time.

    Parameters
    ----------
    name
        The image's name, as `ImageFiles` has it.

    Returns
    -------
    str
        One or two whole sentences.
    """
    return (
        f"{readable(name)} can't be read: it did not come in time. See whether its drive answers, "
        "or copy it to this computer."
    )
