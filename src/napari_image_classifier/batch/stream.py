"""Many images → predictions, as a stream: in order, in bounded memory, the first one at once."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import closing
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING

from napari_image_classifier.batch.helper import Helper
from napari_image_classifier.batch.workers import Task, Work, Worker
from napari_image_classifier.classifiers.predict import Predictions, predict_files
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.name_patterns import ImageFiles
from napari_image_classifier.typing import DrawThumbnail

if TYPE_CHECKING:
    from napari_image_classifier.classifiers.classifier import Classifier

IMAGES_PER_TASK = 8
# Work that is soon done is done before a helper has started.
SECONDS_WITHOUT_HELP = 0.2
SECONDS_BETWEEN_LOOKS = 0.1
# What was begun before a stop may go to its end, if that comes soon.
SECONDS_TO_END = 0.3


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
    way, however many images there are. An image that takes too long, or ends the helper that reads
    it, gives one prediction with status "error", and the others go on.
    """
    n_workers = workers or os.cpu_count() or 1
    over = threading.Event()

    def here(task: Task, passed_over: Callable[[], bool]) -> Predictions:
        return predict_files(
            classifier, task, axes, draw_thumbnail, lambda: passed_over() or should_stop()
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
        here: Work,
        start_helper: Callable[[], Helper],
        over: threading.Event,
    ) -> None:
        self._over = over
        self._pool = ThreadPoolExecutor(number, thread_name_prefix="classify")
        # One stays on its thread, so that one process fewer has to start.
        self._workers = [
            Worker(
                here,
                start_helper,
                over,
                stays=n == 0,
                seconds_without_help=SECONDS_WITHOUT_HELP,
            )
            for n in range(number)
        ]
        self._free: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)

    def submit(self, task: Task) -> "Future[Predictions]":
        """Have a task done as soon as a worker is free."""
        return self._pool.submit(self._do, task)

    def close(self) -> None:
        """End what is under way."""
        self._over.set()
        wait_until = time.monotonic() + SECONDS_TO_END
        for worker in self._workers:
            worker.end(wait_until)
        self._pool.shutdown(cancel_futures=True)

    def _do(self, task: Task) -> Predictions:
        worker = self._free.get()
        try:
            return worker.do(task)
        finally:
            self._free.put(worker)
