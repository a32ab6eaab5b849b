"""What the jobs that train have in common: they stop when asked to, and don't say too much."""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from napari_image_classifier.system.compute_process import Cancelled, Emit
from napari_image_classifier.system.messages import Event

SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_BETWEEN_EVENTS = 0.25

# Random numbers are Keras's own and global: a training that was left behind must end first.
_one_at_a_time = threading.Lock()


def run_stoppable(work: Callable[[], Event], is_over: Callable[[], bool]) -> Event:
    """Return what ``work`` returns, or leave it behind as soon as it is over.

    It runs on a thread of its own: importing Keras and its first batch take seconds in which
    nothing else could notice that the person has changed their mind.

    Raises
    ------
    Cancelled
        ``is_over`` returned True first.
    """

    def alone() -> Event:
        with _one_at_a_time:
            return work()

    pool = ThreadPoolExecutor(1)
    running: Future[Event] = pool.submit(alone)
    pool.shutdown(wait=False)
    while wait([running], SECONDS_BETWEEN_LOOKS).not_done:
        if is_over():
            raise Cancelled
    return running.result()


def throttled(emit: Emit) -> Emit:
    """Return ``emit`` with "batch" and "progress" events at most about four times a second.

    The first and the last one of a series always pass, and so does every other event.
    """
    series, last = "", -math.inf

    def emit_some(event: Event) -> None:
        nonlocal series, last
        if event["event"] in ("batch", "progress"):
            before, series = series, str(event.get("stage"))
            now = time.monotonic()
            same = series == before
            if same and event["done"] < event["total"] and now - last < SECONDS_BETWEEN_EVENTS:
                return
            last = now
        emit(event)

    return emit_some
