"""Predictions of many images as a stream: in order, in bounded memory, the first one at once.

A task, some images, is done on a thread of this process or by a helper process. One that fails as a
whole is done again image by image, each by a helper that can be ended: the image that fails alone
is to blame.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from queue import SimpleQueue

from napari_image_classifier.batch.helper import Helper
from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.predict import Predictions, predict_files
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import Fault, ImageClassifierError
from napari_image_classifier.images.deadlines import (
    Deadline,
    DeadlineExceededError,
    run_in_thread,
    timeout_message,
)
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.system.child_process import NoPythonError
from napari_image_classifier.system.records import MOST_THREADS
from napari_image_classifier.system.shown_text import readable
from napari_image_classifier.typing import DrawThumbnail, ShouldStop

IMAGES_PER_TASK = 8
# Work that is soon done is done before a helper has started.
SECONDS_WITHOUT_HELP = 0.2
SECONDS_BETWEEN_LOOKS = 0.1
# What was begun before a stop may go to its end, if that comes soon.
SECONDS_TO_END = 0.3

Task = Sequence[ImageFiles]
# Of a task and what says whether to stop, which is asked before each image and between its items.
Work = Callable[[Task, ShouldStop], Predictions]


def check_workers(workers: int | None) -> None:
    """Refuse a number of workers that no computer has use for.

    Parameters
    ----------
    workers
        How many work side by side; None for one per core.

    Raises
    ------
    ImageClassifierError
        There are fewer than one, or more than `MOST_THREADS`.
    """
    if workers is not None and not 1 <= workers <= MOST_THREADS:
        raise ImageClassifierError(f"There can be 1 to {MOST_THREADS:,} workers, not {workers:,}.")


def predict_images(
    classifier: Classifier,
    images: Iterable[ImageFiles],
    axes: str | None = None,
    should_stop: ShouldStop = lambda: False,
    *,
    workers: int | None = None,
    draw_thumbnail: DrawThumbnail | None = None,
) -> Iterator[list[Prediction]]:
    """Yield the predictions of many images, in order, the first one at once.

    Whole tasks of reading, preparing and predicting run side by side. When the work lasts, all
    threads but one pass their tasks on to processes of their own. At most a few tasks are under
    way, however many images there are.

    Parameters
    ----------
    classifier
        Loaded with ``threads=1``, as the workers already run side by side.
    images
        The images.
    axes
        What axes mean in files that don't say.
    should_stop
        Whether to stop before the end.
    workers
        How many work side by side; one per core unless told.
    draw_thumbnail
        What draws a small picture for each prediction.

    Yields
    ------
    list of Prediction
        Those of the items of one image, as `predict_files` has them. An image that takes too long,
        or ends the helper that reads it, gives one prediction with status "error", and the others
        go on.

    Raises
    ------
    ImageClassifierError
        There are to be fewer than one worker, or more than any computer has use for.
    """
    check_workers(workers)
    n_workers = workers or os.cpu_count() or 1
    over = threading.Event()

    def here(task: Task, passed_over: ShouldStop) -> Predictions:
        return predict_files(
            classifier, task, axes, draw_thumbnail, lambda: passed_over() or should_stop()
        )

    start_helper = partial(Helper, classifier, axes, draw_thumbnail)
    # One stays on its thread, so that one process fewer has to start.
    members = [_Worker(here, start_helper, over, stays=n == 0) for n in range(n_workers)]
    remaining = iter(images)
    under_way: deque[Future[Predictions]] = deque()
    size = 1
    with closing(_Crew(members, over)) as crew:
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

    def __init__(self, workers: Sequence["_Worker"], over: threading.Event) -> None:
        self._over = over
        self._pool = ThreadPoolExecutor(len(workers), thread_name_prefix="classify")
        self._workers = workers
        self._free: SimpleQueue[_Worker] = SimpleQueue()
        for worker in workers:
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


@dataclass(eq=False)
class _Worker:
    """Does tasks itself until it has a helper to pass them on to, and when it has none any more.

    One that ``stays`` has no helper but for what failed.
    """

    work: Work
    start_helper: Callable[[], Helper]
    over: threading.Event
    stays: bool
    under_way: Future[Predictions] | None = None
    helper: Helper | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    wants_help_at: float = field(default_factory=lambda: time.monotonic() + SECONDS_WITHOUT_HELP)

    def do(self, task: Task) -> Predictions:
        """Return the predictions of each image of the task; none where there was a stop."""
        try:
            predictions = self._whole(task)
        except DeadlineExceededError:
            if len(task) == 1:
                return [[_too_slow(task[0])]]
            predictions = None
        if predictions is None:
            predictions = [self._alone(files) for files in task]
        return predictions

    def end(self, wait_until: float) -> None:
        """End what is under way; wait for it no longer than to a time of the monotonic clock."""
        with self.lock:
            if self.helper is not None:
                self.helper.end()
        if self.under_way is not None:
            wait_for([self.under_way], max(0.0, wait_until - time.monotonic()))

    def _whole(self, task: Task) -> Predictions | None:
        if self.helper is not None and self.helper.is_ready:
            return self.helper.predict(task, self.over)
        gone = self.helper is not None and self.helper.is_gone
        if not self.stays and not gone and time.monotonic() > self.wants_help_at:
            self._have_helper()
        return self._on_thread(task)

    def _alone(self, files: ImageFiles) -> list[Prediction]:
        for _ in range(2):
            helper = self._have_helper()
            if self.over.is_set():
                return []
            try:
                if helper is None:
                    predictions = self._on_thread([files])
                else:
                    predictions = helper.predict([files], self.over)
            except DeadlineExceededError:
                return [_too_slow(files)]
            if predictions is not None:
                return predictions[0]
        return [] if self.over.is_set() else [_crashed(files)]

    def _have_helper(self) -> Helper | None:
        """Return the helper, a new one where there is none; None where none can start."""
        with self.lock:
            if self.over.is_set():
                return None
            if self.helper is not None and self.helper.is_gone:
                self.helper.end()
                self.helper = None
            if self.helper is None:
                # A machine that has no room for another process still has this one, and so has a
                # program that is no Python.
                with suppress(OSError, NoPythonError):
                    self.helper = self.start_helper()
            return self.helper

    def _on_thread(self, task: Task) -> Predictions | None:
        """Do a task on a thread of this process, which is left alone when it does not get on.

        Return None where there was a stop; raise DeadlineExceededError where an image took too
        long.
        """
        deadline, given_up = Deadline(task), threading.Event()

        def should_stop() -> bool:
            deadline.restart()
            return given_up.is_set() or self.over.is_set()

        self.under_way = run_in_thread(lambda: self.work(task, should_stop))
        while not wait_for([self.under_way], SECONDS_BETWEEN_LOOKS).done:
            if self.over.is_set():
                return None
            try:
                deadline.check()
            except DeadlineExceededError:
                given_up.set()
                raise
        return self.under_way.result()


def _too_slow(files: ImageFiles) -> Prediction:
    sentence = timeout_message(files.name)
    return Prediction(files.name, "", "error", message=sentence, code=Fault.TOO_SLOW)


def _crashed(files: ImageFiles) -> Prediction:
    sentence = (
        f"{readable(files.name)} can't be classified: it ended the process that read it, twice. It "
        "is damaged in a way that its decoder does not bear, or needs more memory than there is; "
        "export it anew."
    )
    return Prediction(files.name, "", "error", message=sentence, code=Fault.CRASHED)
