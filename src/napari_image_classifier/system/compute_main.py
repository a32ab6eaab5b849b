"""The compute process from within: one job, from the request on its pipe to its last event."""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from napari_image_classifier.errors import Cancelled, ImageClassifierError
from napari_image_classifier.system.child_process import JSON, connected
from napari_image_classifier.system.events import Alive, Emit, Event, Failure, Stopped
from napari_image_classifier.system.job import event_as_json, job_named
from napari_image_classifier.system.processes import ADVICE, be_ended_first
from napari_image_classifier.typing import ShouldStop

SECONDS_BETWEEN_BEATS = 1.0
# TensorFlow's and PyTorch's own, which are no MemoryError.
_MEMORY_ERRORS = frozenset({"ResourceExhaustedError", "OutOfMemoryError"})


def main() -> None:
    """Run the one job that is asked for on standard input."""
    receive, send = connected(JSON)
    # The viewer goes first, for memory and for time.
    be_ended_first()
    if sys.platform != "win32":
        os.nice(10)

    def emit(event: Event) -> None:
        send(event_as_json(event))

    _beat(emit)
    request = receive()
    # A record of the work names the program that wanted it done.
    sys.argv = request["command"]
    _run(request["verb"], request["request"], emit, _stop_heard(receive).is_set)
    # Libraries with threads of their own can hang at exit, and nothing is left to write.
    os._exit(0)


def _beat(emit: Emit) -> None:
    """Let the other side know, now and then, that this process is neither stopped nor stuck."""

    def beat() -> None:
        # Without a reader there is an error to write to the pipe, and nobody to tell of it.
        with suppress(OSError, ValueError):
            while True:
                time.sleep(SECONDS_BETWEEN_BEATS)
                emit(Alive())

    threading.Thread(target=beat, name="beat", daemon=True).start()


def _stop_heard(receive: Callable[[], Any]) -> threading.Event:
    """Return what is set when a cancel is asked for."""
    stop = threading.Event()

    def listen() -> None:
        while True:
            if receive()["verb"] == "cancel":
                stop.set()

    threading.Thread(target=listen, name="stop", daemon=True).start()
    return stop


def _run(verb: str, request: object, emit: Emit, should_stop: ShouldStop) -> None:
    """Run a job to its last event, whatever happens in it."""
    try:
        job = job_named(verb)
        emit(job.run(job.read_request(request), emit, should_stop))
    except Cancelled:
        emit(Stopped())
    except ImageClassifierError as error:
        emit(Failure(str(error)))
    except Exception as error:  # noqa: BLE001 - a bug in a job is told, not lost with the process
        if isinstance(error, MemoryError) or type(error).__name__ in _MEMORY_ERRORS:
            sentence = f"The computer has too little memory for this. {ADVICE}"
        else:
            sentence = f"Something went wrong that should not: {error}"
        emit(Failure(sentence, traceback.format_exc()))


if __name__ == "__main__":
    main()
