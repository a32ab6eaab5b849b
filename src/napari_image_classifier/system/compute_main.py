"""The compute process from within: one job, from the request on its pipe to its last event."""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import IO, Any

from napari_image_classifier.errors import Cancelled, ImageClassifierError
from napari_image_classifier.system.compute_process import ALIVE, JOBS
from napari_image_classifier.system.messages import read_message, write_message
from napari_image_classifier.system.processes import ADVICE, be_ended_first, end_with_parent
from napari_image_classifier.typing import Emit, Event, Job

SECONDS_BETWEEN_BEATS = 1.0
# TensorFlow's and PyTorch's own, which are no MemoryError.
_MEMORY_ERRORS = frozenset({"ResourceExhaustedError", "OutOfMemoryError"})


def main() -> None:
    """Run the one job that is asked for on standard input."""
    end_with_parent()
    _leave_the_viewer_its_share()
    # Whatever a library prints must not stand between two messages.
    events = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    emit = _emitter(events)
    _beat(emit)
    requests = sys.stdin.buffer
    asked = read_message(requests)
    if asked is None:
        return
    # A record of the work names the program that wanted it done.
    sys.argv = asked["command"]
    stop = _stop_heard_on(requests)
    _run(lambda: _find_job(asked["verb"])(asked["request"], emit, stop.is_set), emit)
    events.flush()
    # Libraries with threads of their own can hang at exit, and nothing is left to write.
    os._exit(0)


def _leave_the_viewer_its_share() -> None:
    be_ended_first()
    if sys.platform != "win32":
        os.nice(10)


def _emitter(events: IO[bytes]) -> Emit:
    lock = threading.Lock()

    def emit(event: Event) -> None:
        with lock:
            write_message(events, event)

    return emit


def _beat(emit: Emit) -> None:
    """Let the other side know, now and then, that this process is neither stopped nor stuck."""

    def beat() -> None:
        # Without a reader there is an error to write to the pipe, and nobody to tell of it.
        with suppress(OSError, ValueError):
            while True:
                time.sleep(SECONDS_BETWEEN_BEATS)
                emit({"event": ALIVE})

    threading.Thread(target=beat, name="beat", daemon=True).start()


def _stop_heard_on(requests: IO[bytes]) -> threading.Event:
    """Return what is set when a cancel is asked for; end this process when nobody is there."""
    stop = threading.Event()

    def listen() -> None:
        while (message := read_message(requests)) is not None:
            if message["verb"] == "cancel":
                stop.set()
        # The viewer is gone: nobody waits for the rest.
        os._exit(0)

    threading.Thread(target=listen, name="requests", daemon=True).start()
    return stop


def _find_job(verb: str) -> Job:
    module, function = JOBS[verb].split(":")
    job: Job = getattr(import_module(module), function)
    return job


def _run(job: Callable[[], Event], emit: Emit) -> None:
    """Run a job to its last event, whatever happens in it."""
    try:
        emit({"event": "result", **job()})
    except Cancelled:
        emit({"event": "cancelled"})
    except ImageClassifierError as error:
        emit(_error(str(error)))
    except Exception as error:  # noqa: BLE001 - a bug in a job is told, not lost with the process
        if isinstance(error, MemoryError) or type(error).__name__ in _MEMORY_ERRORS:
            sentence = f"The computer has too little memory for this. {ADVICE}"
        else:
            sentence = f"Something went wrong that should not: {error}"
        emit(_error(sentence, traceback.format_exc()))


def _error(message: str, detail: str | None = None) -> dict[str, Any]:
    return {"event": "error", "message": message, "detail": detail}
