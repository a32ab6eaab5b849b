"""Jobs of the compute process as Qt objects, whose signals say what it says."""

import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal

from napari_image_classifier.errors import sentence_of
from napari_image_classifier.system.compute_process import SECONDS_OF_SILENCE, ComputeProcess
from napari_image_classifier.system.events import Event, Failure, Result, Stopped
from napari_image_classifier.system.job import Job, RequestT, ResultT
from napari_image_classifier.widgets.qt.gui_thread import post, tell
from napari_image_classifier.widgets.qt.parts import timer

SECONDS_TO_STOP = 0.9
NOT_HEARD_OF = "Nothing was heard of the look at the images for a minute, twice; it was ended."
MILLISECONDS_BETWEEN_LOOKS = 500


class _Run:
    """One run of the compute process; it outlives the widget by the moment it takes to end."""

    def __init__(self, job: Job[Any, Any], make_request: Callable[[], object]) -> None:
        self.job = job
        self.make_request = make_request
        self._lock = threading.Lock()
        self._process: ComputeProcess[Any] | None = None
        self._wanted = True
        threading.Thread(target=self._work, name=f"{job.verb} events", daemon=True).start()

    @property
    def pid(self) -> int | None:
        """The compute process's number, once it has started."""
        return self._process.pid if self._process is not None else None

    @property
    def silence(self) -> float:
        """For how many seconds nothing has been heard of the compute process."""
        return self._process.silence if self._process is not None else 0.0

    def cancel(self) -> None:
        """Ask it to stop; before it has started, it never does."""
        with self._lock:
            self._wanted = False
            if self._process is not None:
                self._process.cancel()

    def kill(self) -> None:
        """End it at once."""
        with self._lock:
            self._wanted = False
            if self._process is not None:
                self._process.kill()

    def _work(self) -> None:
        try:
            process = self._started(self.make_request())
            if process is None:
                tell(self, Stopped())
                return
            for event in process.events():
                tell(self, event)
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell it to
            tell(self, Failure(sentence_of(error)))

    def _started(self, request: object) -> ComputeProcess[Any] | None:
        if not self._wanted:
            return None
        # Outside the lock: a process takes its time to start, and `cancel` must not wait for it.
        process = ComputeProcess(self.job, request)
        with self._lock:
            self._process = process
            if not self._wanted:
                process.cancel()
                process.kill()
        return process


class Worker(QObject):
    """Runs one job at a time in the compute process; every signal comes on the GUI thread.

    Exactly one of `finished` (the result), `cancelled` and `failed` (a sentence for a person and
    a traceback for a bug report, "" when there is none) ends a job, whatever becomes of its
    process. While the process does not answer, `silent` carries, now and then, for how many
    seconds that has been so, and 0 when it is heard again. When the worker's parent is destroyed,
    the process is killed.

    A job that only ``looks`` has no button to begin it again: it is begun once more by itself when
    its process died or fell silent, and fails if that is so again.
    """

    happened = Signal(object)
    finished = Signal(object)
    cancelled = Signal()
    failed = Signal(str, str)
    silent = Signal(float)
    running_changed = Signal(bool)

    def __init__(self, parent: QObject, *, looks: bool = False) -> None:
        super().__init__(parent)
        self._looks = looks
        self._may_begin_again = False
        self._run: _Run | None = None
        post().told.connect(self._hear, Qt.ConnectionType.QueuedConnection)
        self._deadline = timer(self, self._give_up)
        self._listening = timer(self, self._listen, MILLISECONDS_BETWEEN_LOOKS, repeats=True)
        self._is_silent = self._is_asked_to_stop = False
        self._temporary: TemporaryDirectory[str] | None = None
        self._runs: list[_Run] = []
        post().kill_with(self, self._runs)

    @property
    def running(self) -> bool:
        """Whether a job has begun and not ended."""
        return self._run is not None

    @property
    def pid(self) -> int | None:
        """The compute process's number in the operating system, once it has started."""
        return self._run.pid if self._run is not None else None

    def start(self, job: Job[RequestT, ResultT], request: RequestT) -> None:
        """Begin a job; what still runs is killed."""
        self.start_later(job, lambda: request)

    def start_later(
        self, job: Job[RequestT, ResultT], make_request: Callable[[], RequestT]
    ) -> None:
        """Begin a job whose request is still to be made.

        That is done on the reading thread, so it may take its time but must not touch widgets or
        layers.
        """
        self.kill()
        self._may_begin_again = self._looks
        self._begin(_Run(job, make_request))
        self.running_changed.emit(True)

    def temporary_folder(self) -> Path:
        """Make an empty folder for the job that is begun next; it goes when that has ended."""
        self._temporary = TemporaryDirectory(prefix="image-classifier-")
        return Path(self._temporary.name)

    def cancel(self, kill_after: float | None = None) -> None:
        """Ask the job to stop; `finished` or `cancelled` follows.

        A job that has not done so ``kill_after`` seconds later is killed; so is, within a second,
        one that does not answer, and one that is asked for the second time.
        """
        if self._run is None:
            return
        if self._is_silent or self._is_asked_to_stop:
            kill_after = min(kill_after or SECONDS_TO_STOP, SECONDS_TO_STOP)
        self._is_asked_to_stop = True
        self._run.cancel()
        if kill_after is not None:
            self._deadline.start(round(1000 * kill_after))

    def kill(self) -> None:
        """End the job at once, without a last signal but ``running_changed``."""
        if self._run is not None:
            run = self._run
            self._forget()
            run.kill()

    def _begin(self, run: _Run) -> None:
        self._run = run
        self._runs[:] = [run]
        self._is_silent = self._is_asked_to_stop = False
        self._listening.start()

    def _begin_again(self) -> None:
        self._may_begin_again = False
        self._run.kill()
        self._begin(_Run(self._run.job, self._run.make_request))

    def _give_up(self) -> None:
        self.kill()
        self.cancelled.emit()

    def _listen(self) -> None:
        silence = self._run.silence if self._run is not None else 0.0
        if silence > SECONDS_OF_SILENCE and self._may_begin_again:
            self._begin_again()
        elif silence > SECONDS_OF_SILENCE and self._looks:
            self.kill()
            self.failed.emit(NOT_HEARD_OF, "")
        elif silence > SECONDS_OF_SILENCE:
            self._is_silent = True
            self.silent.emit(silence)
        elif self._is_silent:
            self._is_silent = False
            self.silent.emit(0.0)

    def _forget(self) -> None:
        self._run = None
        self._runs.clear()
        self._deadline.stop()
        self._listening.stop()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None
        self.running_changed.emit(False)

    def _hear(self, run: object, event: Event) -> None:
        if self._run is None or run is not self._run:
            return
        match event:
            case Failure(died=True) if self._may_begin_again:
                self._begin_again()
            case Failure(message=message, detail=detail):
                self._forget()
                self.failed.emit(message, detail or "")
            case Stopped():
                self._forget()
                self.cancelled.emit()
            case Result():
                self._forget()
                self.finished.emit(event)
            case _:
                self.happened.emit(event)
