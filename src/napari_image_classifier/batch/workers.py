"""Who does a task of a batch, and what becomes of an image that ends its reader or never ends.

A task is done on a thread of this process, or by a helper process. One that fails as a whole is
done again image by image, each by a helper that can be ended: whoever fails alone is to blame.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress

from napari_image_classifier.batch.helper import Helper
from napari_image_classifier.classifiers.predict import Predictions
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import Fault
from napari_image_classifier.images.deadlines import (
    Deadline,
    DeadlineExceededError,
    timeout_message,
)
from napari_image_classifier.images.name_patterns import ImageFiles
from napari_image_classifier.system.file_names import readable

SECONDS_BETWEEN_LOOKS = 0.1

Task = Sequence[ImageFiles]
# Of a task and what says whether to stop, which is asked before each image and between its items.
Work = Callable[[Task, Callable[[], bool]], Predictions]


class Worker:
    """Does tasks itself until it has a helper to pass them on to, and when it has none any more.

    One that ``stays`` has no helper but for what failed.
    """

    def __init__(
        self,
        work: Work,
        start_helper: Callable[[], Helper],
        over: threading.Event,
        *,
        stays: bool,
        seconds_without_help: float,
    ) -> None:
        self._thread = _OwnThread(work, over)
        self._start_helper = start_helper
        self._over = over
        self._stays = stays
        self._helper: Helper | None = None
        self._lock = threading.Lock()
        self._wants_help_at = time.monotonic() + seconds_without_help

    def do(self, task: Task) -> Predictions:
        """Return the predictions of each image of the task; none where there was a stop."""
        try:
            found = self._whole(task)
        except DeadlineExceededError:
            if len(task) == 1:
                return [[_too_slow(task[0])]]
            found = None
        if found is None:
            found = [self._alone(files) for files in task]
        return found

    def end(self, wait_until: float) -> None:
        """End what is under way; wait for it no longer than to a time of the monotonic clock."""
        with self._lock:
            if self._helper is not None:
                self._helper.end()
        self._thread.end(wait_until)

    def _whole(self, task: Task) -> Predictions | None:
        if self._helper is not None and self._helper.is_ready:
            return self._helper.predict(task, self._over)
        gone = self._helper is not None and self._helper.is_gone
        if not self._stays and not gone and time.monotonic() > self._wants_help_at:
            self._have_helper()
        return self._thread.predict(task)

    def _alone(self, files: ImageFiles) -> list[Prediction]:
        for _ in range(2):
            helper = self._have_helper()
            if self._over.is_set():
                return []
            try:
                if helper is None:
                    found = self._thread.predict([files])
                else:
                    found = helper.predict([files], self._over)
            except DeadlineExceededError:
                return [_too_slow(files)]
            if found is not None:
                return found[0]
        return [] if self._over.is_set() else [_crashed(files)]

    def _have_helper(self) -> Helper | None:
        """Return the helper, a new one where there is none; None where none can start."""
        with self._lock:
            if self._over.is_set():
                return None
            if self._helper is not None and self._helper.is_gone:
                self._helper.end()
                self._helper = None
            if self._helper is None:
                # A machine that has no room for another process still has this one.
                with suppress(OSError):
                    self._helper = self._start_helper()
            return self._helper


class _OwnThread:
    """Does tasks on a thread of this process, which is left alone when it does not get on."""

    def __init__(self, work: Work, over: threading.Event) -> None:
        self._work = work
        self._over = over
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def predict(self, task: Task) -> Predictions | None:
        """Return the predictions of each image of the task; None where there was a stop.

        Raises
        ------
        DeadlineExceededError
            An image took too long.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=_listen, args=(self._asked,), daemon=True)
            self._thread.start()
        deadline = Deadline(task)
        given_up = threading.Event()

        def should_stop() -> bool:
            deadline.restart()
            return given_up.is_set() or self._over.is_set()

        answer: Future[Predictions] = Future()
        self._asked.put((lambda: self._work(task, should_stop), answer))
        while not wait_for([answer], SECONDS_BETWEEN_LOOKS).done:
            if self._over.is_set():
                return None
            try:
                deadline.check()
            except DeadlineExceededError:
                given_up.set()
                self._asked.put(None)
                self._asked, self._thread = queue.SimpleQueue(), None
                raise
        return answer.result()

    def end(self, wait_until: float) -> None:
        """Have the thread end when it is done with what it does; wait, but not for ever."""
        self._asked.put(None)
        if self._thread is not None:
            self._thread.join(max(0.0, wait_until - time.monotonic()))


_Asked = tuple[Callable[[], Predictions], "Future[Predictions]"]


def _listen(asked: "queue.SimpleQueue[_Asked | None]") -> None:
    while (one := asked.get()) is not None:
        work, answer = one
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where the answer is waited for
            answer.set_exception(error)


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
