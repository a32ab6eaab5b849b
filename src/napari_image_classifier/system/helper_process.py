"""A second process that does a part of this one's work.

Helpers are started as modules, not by `multiprocessing`, whose "spawn" runs a user's unguarded
script again, and end when their pipe does, so none outlives the process that it helps. The two
speak pickle: each is the other's own.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from napari_image_classifier.system.processes import end_with_parent

SECONDS_TO_END = 1.0


class HelperProcess:
    """A process that runs ``module``, which is `connected`, seen from the other side."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **_untouched_by_the_keyboard(),
        )

        self._received: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, message: Any) -> None:
        """Send a message; if the process is gone, what is received next says so."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            _write(self._process.stdin, message)

    def receive(self, seconds: float | None = None) -> Any:
        """Wait for a message and return it; None if the process is gone.

        Raises
        ------
        TimeoutError
            There was none for so many ``seconds``, where a number is given.
        """
        try:
            message = self._received.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if message is None:
            # It stays gone.
            self._received.put(None)
        return message

    def end(self) -> None:
        """End the process at once; what it was doing is lost. Safe to call twice."""
        self._process.kill()
        assert self._process.stdin is not None
        # What was not sent yet can't be sent any more.
        with suppress(OSError):
            self._process.stdin.close()
        # The system does not end what waits for a drive that hangs.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS_TO_END)
            self._listener.join(SECONDS_TO_END)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while (message := _read(stream)) is not None:
                self._received.put(message)
        self._received.put(None)


def connected() -> tuple[Callable[[], Any], Callable[[Any], None]]:
    """Return, in a helper, what waits for the next message and what sends one.

    When the other side is gone, this process ends.
    """
    end_with_parent()
    # Whatever a library prints must not stand between two messages.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asked: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def listen() -> None:
        while (message := _read(sys.stdin.buffer)) is not None:
            asked.put(message)
        # Nobody waits for the rest.
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    return asked.get, lambda message: _write(answers, message)


def _untouched_by_the_keyboard() -> dict[str, Any]:
    """Return arguments for a process of which Ctrl-C in the terminal is none of its business."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return {"process_group": 0}


def _write(stream: IO[bytes], message: Any) -> None:
    pickle.dump(message, stream, pickle.HIGHEST_PROTOCOL)
    stream.flush()


def _read(stream: IO[bytes]) -> Any:
    """Return the next message, None when the stream has ended, also within a message."""
    try:
        return pickle.load(stream)
    except (EOFError, ValueError, pickle.UnpicklingError):
        return None
