"""The compute process: long work in a process of its own, so that the viewer stays live.

The viewer's side starts the module `compute_main`, sends one request and receives events.
"""

import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Generic, Self

from napari_image_classifier.errors import (
    Cancelled,
    ComputeError,
    ImageClassifierError,
    TrainingRefused,
)
from napari_image_classifier.system.child_process import JSON, ChildProcess, whole_path
from napari_image_classifier.system.events import Alive, Emit, Event, Failure, Result, Stopped
from napari_image_classifier.system.job import Job, RequestT, ResultT
from napari_image_classifier.system.processes import (
    ADVICE,
    SECONDS_BETWEEN_LOOKS,
    Limits,
    end_tree,
    keep_within,
)
from napari_image_classifier.system.records import as_json
from napari_image_classifier.typing import ShouldStop

# A busy computer answers within a second; one that swaps, or starts TensorFlow, within some ten.
SECONDS_OF_SILENCE = 60.0


def run_job(
    job: Job[RequestT, ResultT],
    request: RequestT,
    on_event: Emit | None = None,
    should_stop: ShouldStop | None = None,
    *,
    in_process: bool = False,
) -> ResultT:
    """Return the result of a job.

    Parameters
    ----------
    job
        What is to be done.
    request
        What the job takes.
    on_event
        Hears what it says on its way.
    should_stop
        Returns True when it is to be stopped.
    in_process
        Whether it runs in this process and none of its own: for programs that never open a viewer,
        as TensorFlow and a napari window in one process can crash it.

    Returns
    -------
    Result
        The job's own.

    Raises
    ------
    TrainingRefused
        The job says why it can't be done.
    Cancelled
        ``should_stop`` returned True.
    """
    if in_process:
        return job.run(request, on_event or (lambda event: None), should_stop or (lambda: False))
    try:
        return ComputeProcess(job, request).result(on_event, should_stop)
    except ComputeError as error:
        if error.detail is None:
            raise TrainingRefused(str(error)) from error
        raise


class ComputeProcess(ChildProcess, Generic[ResultT]):
    """One job in a process of its own, seen from the process that wants it done.

    Iterate over `events` on a thread that may wait; `cancel` and `kill` may be called from any
    other, and never wait.

    Parameters
    ----------
    job
        What is to be done.
    request
        What the job takes.
    limits
        Beyond these it is ended; by default beyond its share of the memory.
    """

    def __init__(
        self, job: Job[RequestT, ResultT], request: RequestT, limits: Limits | None = None
    ) -> None:
        self._job = job
        self._cancelled = threading.Event()
        self._passed_limit = ""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        module = "napari_image_classifier.system.compute_main"
        super().__init__(module, JSON, self._errors, confined=job.confined)
        keep_within(self.pid, limits or Limits(), self._end_for, self._is_over)
        stored = as_json(request, whole_path)
        self.send({"verb": job.verb, "request": stored, "command": sys.argv})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()
        self._close()

    def events(self) -> Iterator[Event]:
        """Yield events until the last one: the result, `Stopped` or a `Failure`.

        A process that dies without a word yields a `Failure` that says so.
        """
        while True:
            try:
                stored = self.receive()
                event = None if stored is None else self._job.read_event(stored)
            except ImageClassifierError:
                self.kill()
                raise
            if event is None:
                self._process.wait()
                event = self._event_of_a_death()
            if isinstance(event, Result | Stopped | Failure):
                self._close()
                yield event
                return
            if not isinstance(event, Alive):
                yield event

    def result(
        self, on_event: Emit | None = None, should_stop: ShouldStop | None = None
    ) -> ResultT:
        """Wait for the result, handing every other event to ``on_event``.

        Raises
        ------
        Cancelled
            ``should_stop`` returned True and nothing was kept.
        ComputeError
            The job failed; the text is the job's own sentence.
        """
        with self:
            if should_stop is not None:
                threading.Thread(target=self._watch, args=(should_stop,), daemon=True).start()
            for event in self.events():
                if isinstance(event, Failure):
                    raise ComputeError(event.message, event.detail)
                if isinstance(event, Stopped):
                    raise Cancelled
                if isinstance(event, self._job.result):
                    return event
                if on_event is not None:
                    on_event(event)
        raise ComputeError("The compute process ended without a result.")

    def cancel(self) -> None:
        """Ask the job to stop; it keeps what it has and says so in its last event."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            self.send({"verb": "cancel"})

    def kill(self) -> None:
        """End the process, and those that it has started, at once.

        Safe to call twice, and after the last event.
        """
        if self._process.poll() is None:
            end_tree(self.pid)
        self.leave()

    def _watch(self, should_stop: ShouldStop) -> None:
        """Pass a wish to stop on; end the process where it was asked and has fallen silent."""
        while not self._is_over():
            if should_stop():
                self.cancel()
                if self.silence > SECONDS_OF_SILENCE:
                    self.kill()
                    return
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _is_over(self) -> bool:
        return self._process.returncode is not None

    def _end_for(self, why: str) -> None:
        self._passed_limit = why
        end_tree(self.pid)

    def _close(self) -> None:
        self.leave()
        self._process.wait()
        self._errors.close()

    def _event_of_a_death(self) -> Event:
        if self._cancelled.is_set():
            return Stopped()
        self._errors.seek(0)
        printed = self._errors.read().decode(errors="replace").strip()
        how = _how_it_ended(self._process.returncode)
        if self._passed_limit:
            how = f"was ended, as it {self._passed_limit}"
        sentence = (
            f"The compute process {how}. What was already written is kept; you can start again."
        )
        if "memory" in how:
            sentence += f" {ADVICE}"
        return Failure(sentence, printed[-4000:] or None, died=True)


def _how_it_ended(code: int) -> str:
    if code == -signal.SIGSEGV:
        return "crashed"
    if code in (-9, 137):
        return "was ended from outside (perhaps the computer ran out of memory)"
    if code < 0:
        return f"was ended by signal {-code}"
    return f"ended unexpectedly (exit code {code})"
