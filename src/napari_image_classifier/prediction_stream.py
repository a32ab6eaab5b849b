"""Many images → predictions, as a stream: in order, in bounded memory, the first one at once."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import closing, suppress
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING

from napari_image_classifier.naming import ImageFiles
from napari_image_classifier.prediction import DrawThumbnail, Prediction, predict_files
from napari_image_classifier.prediction_helper import Helper

if TYPE_CHECKING:
    from napari_image_classifier.classifier import Classifier

IMAGES_PER_TASK = 8
# Work that is soon done is done before a helper has started.
SECONDS_WITHOUT_HELP = 0.2
SECONDS_BETWEEN_LOOKS = 0.1

Task = Sequence[ImageFiles]
Predictions = list[list[Prediction]]


def predict_images(
    classifier: "Classifier",
    images: Iterable[ImageFiles],
    *,
    axes: str | None = None,
    workers: int | None = None,
    draw_thumbnail: DrawThumbnail | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[list[Prediction]]:
    """Yield, for each image in order, the predictions of its items, as `predict_files` has them.

    Whole tasks of reading, preparing and predicting run side by side on ``workers`` threads (one
    per core unless told), so load the classifier with ``threads=1``. When the work lasts, all
    threads but one pass their tasks on to processes of their own. At most a few tasks are under
    way, however many images there are.
    """
    n_workers = workers or os.cpu_count() or 1
    over = threading.Event()

    def here(task: Task) -> Predictions:
        return predict_files(
            classifier, task, axes, draw_thumbnail, lambda: over.is_set() or should_stop()
        )

    start_helper = partial(Helper, classifier, axes, draw_thumbnail)
    remaining = iter(images)
    under_way: deque[Future[Predictions]] = deque()
    size = 1
    with closing(_Crew(n_workers, here, start_helper, over)) as crew:
        while not should_stop():
            while len(under_way) < 2 * n_workers and (task := list(islice(remaining, size))):
                under_way.append(crew.submit(task))
                size = min(2 * size, IMAGES_PER_TASK)
            if not under_way:
                break
            if wait_for([under_way[0]], SECONDS_BETWEEN_LOOKS).done:
                # An image that was passed over because of a stop has no predictions.
                yield from filter(None, under_way.popleft().result())


class _Crew:
    """Workers that do tasks side by side, each task by whichever is free."""

    def __init__(
        self,
        number: int,
        here: Callable[[Task], Predictions],
        start_helper: Callable[[], Helper],
        over: threading.Event,
    ) -> None:
        self._over = over
        self._pool = ThreadPoolExecutor(number, thread_name_prefix="classify")
        # One stays on its thread, so that one process fewer has to start.
        self._workers = [_Worker(here, start_helper if n else None) for n in range(number)]
        self._free: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)

    def submit(self, task: Task) -> "Future[Predictions]":
        """Have a task done as soon as a worker is free."""
        return self._pool.submit(self._do, task)

    def close(self) -> None:
        """End what is under way."""
        self._over.set()
        self._end_helpers()
        self._pool.shutdown(cancel_futures=True)
        # One may have been started just now.
        self._end_helpers()

    def _do(self, task: Task) -> Predictions:
        worker = self._free.get()
        try:
            return worker.do(task)
        finally:
            self._free.put(worker)

    def _end_helpers(self) -> None:
        for worker in self._workers:
            worker.end_helper()


class _Worker:
    """Does tasks itself until it has a helper to pass them on to, and when it has lost that."""

    def __init__(
        self, here: Callable[[Task], Predictions], start_helper: Callable[[], Helper] | None
    ) -> None:
        self._here = here
        self._start_helper = start_helper
        self._helper: Helper | None = None
        self._began = time.monotonic()

    def do(self, task: Task) -> Predictions:
        """Return the predictions of each image of the task."""
        if self._helper is not None and self._helper.is_ready:
            found = self._helper.predict(task)
            if found is not None:
                return found
        elif self._start_helper and time.monotonic() - self._began > SECONDS_WITHOUT_HELP:
            # A machine that has no room for another process still has this one.
            with suppress(OSError):
                self._helper = self._start_helper()
            self._start_helper = None
        return self._here(task)

    def end_helper(self) -> None:
        """End the helper's process, if there is one."""
        if self._helper is not None:
            self._helper.end()
