"""Work on a thread of its own, abandoned as soon as nobody wants its result."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from napari_image_classifier.errors import Cancelled

T = TypeVar("T")

SECONDS_BETWEEN_LOOKS = 0.1
# Random numbers are Keras's own and global: a training that was left behind must end first.
_one_at_a_time = threading.Lock()


def run_abandonable(work: Callable[[], T], is_over: Callable[[], bool]) -> T:
    """Return what ``work`` returns, or leave it behind as soon as it is over.

    It runs on a thread of its own: importing Keras and its first batch take seconds in which
    nothing else could notice that the person has changed their mind.

    Parameters
    ----------
    work
        What is to be done.
    is_over
        Returns True when nobody wants the result any more.

    Returns
    -------
    Any
        What ``work`` returns.

    Raises
    ------
    Cancelled
        ``is_over`` returned True first.
    """

    def alone() -> T:
        with _one_at_a_time:
            return work()

    pool = ThreadPoolExecutor(1)
    running = pool.submit(alone)
    pool.shutdown(wait=False)
    while wait([running], SECONDS_BETWEEN_LOOKS).not_done:
        if is_over():
            raise Cancelled
    return running.result()
