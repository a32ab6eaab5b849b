"""The compute process: long work in a process of its own, so that the viewer stays live.

The viewer's side starts ``python -m napari_image_classifier.system.compute_process``, writes one
request and reads events; the other side (`job_runner`) finds the job by name and runs it. The work
ends when the pipe does, so no process outlives its viewer. `multiprocessing` is not used: its
"spawn" runs a user's unguarded script again."""

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from importlib import import_module
from typing import Any, Self

from napari_image_classifier.errors import Cancelled, ComputeError
from napari_image_classifier.system.messages import encoded, read_message
from napari_image_classifier.system.processes import ADVICE, Limits, end_tree, keep_within
from napari_image_classifier.typing import Emit, Event, ShouldStop

JOBS: Mapping[str, str] = {
    "train": "napari_image_classifier.jobs.train:train_job",
    "evaluate": "napari_image_classifier.jobs.evaluate:evaluate_job",
    "import": "napari_image_classifier.jobs.import_network:import_job",
    "device": "napari_image_classifier.jobs.device:device_job",
    "classify_folder": "napari_image_classifier.jobs.classify_folder:classify_job",
    "survey": "napari_image_classifier.jobs.survey:survey_job",
    "order": "napari_image_classifier.jobs.suggest_labels:order_job",
    "prepare_session": "napari_image_classifier.jobs.prepare_session:prepare_job",
    "score_session": "napari_image_classifier.jobs.score_session:score_job",
    "sort_images": "napari_image_classifier.jobs.sort_images:sort_job",
}
LAST_EVENTS = frozenset({"result", "cancelled", "error"})
# Says nothing but that the process is there; `events` keeps it for itself.
ALIVE = "alive"
# A busy computer answers within a second; one that swaps, or starts TensorFlow, within some ten.
SECONDS_OF_SILENCE = 60.0


class ComputeProcess:
    """One job in a process of its own, seen from the process that wants it done.

    ``verb`` is a key of `JOBS`; ``request`` is JSON. Iterate over `events` on a thread that may
    wait; `cancel` and `kill` may be called from any other, and never wait. Beyond ``limits`` it is
    ended.
    """

    def __init__(self, verb: str, request: Mapping[str, Any], limits: Limits | None = None) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._keeper = _Keeper(self._start)
        self._process = self._keeper.process
        self._cancelled = threading.Event()
        self._passed_limit = ""
        self._heard = time.monotonic()
        keep_within(self.pid, limits or Limits(), self._end, self._is_over)
        self._keeper.send({"verb": verb, "request": dict(request), "command": sys.argv})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()
        self._close()

    @property
    def pid(self) -> int:
        """The number of the process in the operating system."""
        return self._process.pid

    @property
    def silence(self) -> float:
        """For how many seconds nothing has been heard of the process; it speaks every second."""
        return time.monotonic() - self._heard

    def events(self) -> Iterator[Event]:
        """Yield events until the last one, whose "event" is "result", "cancelled" or "error".

        A process that dies without a word yields an "error" that says so, with "died" true.
        """
        assert self._process.stdout is not None
        while True:
            event = read_message(self._process.stdout)
            self._heard = time.monotonic()
            if event is None:
                self._process.wait()
                death = self._event_of_a_death()
                self._close()
                yield death
                return
            if event.get("event") in LAST_EVENTS:
                self._close()
                yield event
                return
            if event.get("event") != ALIVE:
                yield event

    def result(self, on_event: Emit | None = None, should_stop: ShouldStop | None = None) -> Event:
        """Wait for the result, handing every other event to ``on_event``.

        Raises
        ------
        Cancelled
            ``should_stop`` returned True and nothing was kept.
        ComputeError
            The job failed; the text is the job's own sentence.
        """
        with self, _watch(self, should_stop):
            for event in self.events():
                if event["event"] == "error":
                    raise ComputeError(event["message"], event.get("detail"))
                if event["event"] == "cancelled":
                    raise Cancelled
                if event["event"] == "result":
                    return event
                if on_event is not None:
                    on_event(event)
        raise ComputeError("The compute process ended without a result.")

    def cancel(self) -> None:
        """Ask the job to stop; it keeps what it has and says so in its last event."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            self._keeper.send({"verb": "cancel"})

    def kill(self) -> None:
        """End the process, and those that it has started, at once.

        Safe to call twice, and after the last event.
        """
        if self._process.poll() is None:
            end_tree(self.pid)
        self._keeper.leave()

    def _is_over(self) -> bool:
        return self._process.returncode is not None

    def _end(self, why: str) -> None:
        self._passed_limit = why
        end_tree(self.pid)

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "napari_image_classifier.system.compute_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            creationflags=_quiet_and_low_priority_on_windows(),
            env=_environment(),
        )

    def _close(self) -> None:
        self._keeper.leave()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.wait()
        self._errors.close()

    def _event_of_a_death(self) -> Event:
        if self._cancelled.is_set():
            return {"event": "cancelled"}
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()
        how = _how_it_ended(self._process.returncode)
        if self._passed_limit:
            how = f"was ended, as it {self._passed_limit}"
        sentence = (
            f"The compute process {how}. What was already written is kept; you can start again."
        )
        if "memory" in how:
            sentence += f" {ADVICE}"
        return {
            "event": "error",
            "message": sentence,
            "detail": said[-4000:] or None,
            "died": True,
        }


class _Keeper:
    """Starts a process and hands it its messages, on a thread that is there as long as it is.

    Linux ends a process together with the thread that started it (see `end_with_parent`). And a
    process that does not read must not hold up those who have something to tell it.
    """

    def __init__(self, start: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self._start = start
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._started: Future[subprocess.Popen[bytes]] = Future()
        threading.Thread(target=self._keep, name="compute process", daemon=True).start()
        self.process = self._started.result()

    def send(self, message: Mapping[str, Any]) -> None:
        """Write a message when those before it are written."""
        self._outbox.put(encoded(message))

    def leave(self) -> None:
        """Say no more; a process that still listens ends."""
        self._outbox.put(None)

    def _keep(self) -> None:
        try:
            process = self._start()
        except OSError as error:
            self._started.set_exception(error)
            return
        self._started.set_result(process)
        assert process.stdin is not None
        # It is gone or going where it can't be written to; `events` tells how it ended.
        with suppress(OSError, ValueError):
            while (message := self._outbox.get()) is not None:
                process.stdin.write(message)
                process.stdin.flush()
        with suppress(OSError):
            process.stdin.close()
        process.wait()


class _watch:  # noqa: N801 - used as a function
    """While it is entered, pass a True of ``should_stop`` on to the process.

    One that is asked to stop and has fallen silent is ended.
    """

    def __init__(self, process: ComputeProcess, should_stop: ShouldStop | None) -> None:
        self._process = process
        self._should_stop = should_stop
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        if self._should_stop is not None:
            self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._over.set()

    def _look(self) -> None:
        assert self._should_stop is not None
        while not self._over.wait(0.1):
            if self._should_stop():
                self._process.cancel()
                if self._process.silence > SECONDS_OF_SILENCE:
                    self._process.kill()
                    return


def _how_it_ended(code: int) -> str:
    if code == -signal.SIGSEGV:
        return "crashed"
    if code in (-9, 137):
        return "was ended from outside (perhaps the computer ran out of memory)"
    if code < 0:
        return f"was ended by signal {-code}"
    return f"ended unexpectedly (exit code {code})"


def _environment() -> dict[str, str]:
    # TensorFlow's greetings would fill the log that explains a crash.
    return {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUTF8": "1", **os.environ}


def _quiet_and_low_priority_on_windows() -> int:
    if sys.platform != "win32":
        return 0
    return subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS


if __name__ == "__main__":
    # The class must be the same one that jobs raise, not a second one named __main__.
    import_module("napari_image_classifier.system.compute_main").main()
