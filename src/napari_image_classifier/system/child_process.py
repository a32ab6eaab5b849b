"""Child processes: modules of this package run apart, and messages to and from them.

Messages on the pipes are JSON, or pickle between two processes that trust each other. The processes
are started as modules, not by `multiprocessing`, whose "spawn" runs a user's unguarded script
again, and end when their pipe does, so none outlives the process that started it. They work in a
folder of their own: paths that are sent to them are whole.
"""

import json
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.processes import end_with_parent
from napari_image_classifier.system.shown_text import ReadableStream

SECONDS_TO_END = 1.0
LONGEST_MESSAGE = 256 * 1024**2
# Named, as it imports more than this module does.
CONFINED = "napari_image_classifier.system.confinement"
# For Python, and for each that it starts in turn: never import from the folder one works in.
SAFE_PATH = {"PYTHONSAFEPATH": "1"}
_LENGTH = struct.Struct(">I")


class MessageError(ImageClassifierError):
    """What stands on the pipe is no message."""


class NoPythonError(ImageClassifierError):
    """This program is no Python that could be started a second time."""


def command_of(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this package in another Python.

    Parameters
    ----------
    module
        Its dotted name.
    *arguments
        What follows it.

    Returns
    -------
    list of str
        Program and arguments. Nothing is imported from the folder that one works in: the images
        there, and all that lies beside them, may be a stranger's.

    Raises
    ------
    NoPythonError
        Python is part of another program, which would be started anew in its place.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        raise NoPythonError(
            "This needs a second process of Python, and the program that runs here, "
            f"{sys.executable or 'without a name'}, holds Python within itself and can't start "
            "one. Install Python, napari and this plugin with pip or conda, and use them there."
        )
    return [sys.executable, "-P", "-m", module, *arguments]


def folder_to_work_in() -> str:
    """Return the folder that child processes work in: Python's own.

    Libraries obey files in the folder they are started in (``matplotlibrc``), and search it
    wherever a setting names a folder that is not a whole path (``PYTHONPATH=:/my/modules``). Who
    can write into Python's own folder needs none of that.

    Returns
    -------
    str
        A whole path.
    """
    return sys.base_prefix if Path(sys.base_prefix).is_dir() else str(Path(os.sep).absolute())


def write_message(stream: IO[bytes], message: Any) -> None:
    """Write one message and flush: four bytes of length, big endian, and so many of JSON."""
    body = json.dumps(message, allow_nan=True).encode()
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def read_message(stream: IO[bytes]) -> Any:
    """Read one message; None when the stream has ended, also within a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LONGEST_MESSAGE:
        raise MessageError("The compute process sent something that is no message.")
    body = stream.read(length)
    return json.loads(body) if len(body) == length else None


def _write_pickle(stream: IO[bytes], message: Any) -> None:
    pickle.dump(message, stream, pickle.HIGHEST_PROTOCOL)
    stream.flush()


def _read_pickle(stream: IO[bytes]) -> Any:
    try:
        return pickle.load(stream)
    except (EOFError, ValueError, pickle.UnpicklingError):
        return None


@dataclass(frozen=True)
class Wire:
    """How messages are written to a pipe and read from it; reading gives None at its end."""

    write: Callable[[IO[bytes], Any], None]
    read: Callable[[IO[bytes]], Any]


JSON = Wire(write_message, read_message)
PICKLE = Wire(_write_pickle, _read_pickle)


class _Answer(pickle.Unpickler):
    def __init__(self, stream: IO[bytes], kinds: Iterable[type]) -> None:
        super().__init__(stream)
        self._kinds = {(kind.__module__, kind.__qualname__): kind for kind in kinds}

    def find_class(self, module: str, name: str) -> type:
        """Return a class by its name, which is the only way to code of any kind."""
        return self._kinds[module, name]


def pickled_answers(*kinds: type) -> Wire:
    """Return how a process is talked to that opens what strangers sent, and may be taken over.

    Parameters
    ----------
    *kinds
        The only classes that its answers are made of, besides numbers, texts and collections.

    Returns
    -------
    Wire
        The other side's is `PICKLE`. An answer of anything else counts as none: the process is
        taken for gone.
    """

    def read(stream: IO[bytes]) -> Any:
        try:
            return _Answer(stream, kinds).load()
        except Exception:  # noqa: BLE001 - what no honest process says may fail in any way
            return None

    return Wire(_write_pickle, read)


def whole_path(path: str | Path) -> str:
    """Return a path as this process means it, for one that works in another folder.

    Parameters
    ----------
    path
        As a person gave it: from the folder one works in, or from one's home (``~``).

    Returns
    -------
    str
        The whole path.
    """
    path = Path(path)
    with suppress(RuntimeError):
        # There may be no such home, and a file may be called so.
        path = path.expanduser()
    return str(path.absolute())


class ChildProcess:
    """A process that runs a module, which is `connected`, seen from the other side.

    Nobody who sends waits for a process that does not read.

    Parameters
    ----------
    module
        Its dotted name.
    wire
        How messages are written and read.
    errors
        Where to what libraries print there goes; to this process's own unless told.
    confined
        Whether it only opens and answers (see `system.confinement`).
    """

    def __init__(
        self, module: str, wire: Wire, errors: IO[bytes] | None = None, *, confined: bool = False
    ) -> None:
        self._wire = wire
        self._heard = time.monotonic()
        self._to_send: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._received: queue.SimpleQueue[Any] = queue.SimpleQueue()
        started: Future[subprocess.Popen[bytes]] = Future()
        command = command_of(CONFINED, module) if confined else command_of(module)
        threading.Thread(
            target=self._keep, args=(command, errors, started), name=f"{module} keeper", daemon=True
        ).start()
        self._process = started.result()
        self._listener = threading.Thread(
            target=self._listen, name=f"{module} listener", daemon=True
        )
        self._listener.start()

    @property
    def pid(self) -> int:
        """The number of the process in the operating system."""
        return self._process.pid

    @property
    def silence(self) -> float:
        """For how many seconds nothing has been heard of the process."""
        return time.monotonic() - self._heard

    def send(self, message: Any) -> None:
        """Send a message; if the process is gone, what is received next says so."""
        self._to_send.put(message)

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
        if isinstance(message, Exception):
            raise message
        return message

    def leave(self) -> None:
        """Say no more; a process that still listens ends."""
        self._to_send.put(None)

    def kill(self) -> None:
        """End the process at once; what it was doing is lost. Safe to call twice."""
        self._process.kill()
        self.leave()

    def end(self) -> None:
        """Kill it and wait until it is gone, but not for one that waits for a drive that hangs."""
        self.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS_TO_END)
            self._listener.join(SECONDS_TO_END)

    def _keep(
        self,
        command: Sequence[str],
        errors: IO[bytes] | None,
        started: "Future[subprocess.Popen[bytes]]",
    ) -> None:
        """Start the process and write to it, on a thread that is there as long as it is.

        Linux ends a process together with the thread that started it (see `end_with_parent`).
        """
        try:
            process = _started(command, errors)
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        assert process.stdin is not None
        try:
            while (message := self._to_send.get()) is not None:
                self._wire.write(process.stdin, message)
        except OSError:
            # It is gone or going; what is received next says so.
            pass
        except Exception as error:  # noqa: BLE001 - whoever waits for the answer learns of it
            self._received.put(error)
        with suppress(OSError):
            process.stdin.close()
        process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            with self._process.stdout as stream:
                while (message := self._wire.read(stream)) is not None:
                    self._heard = time.monotonic()
                    self._received.put(message)
        except Exception as error:  # noqa: BLE001 - whoever waits for a message learns of it
            self._received.put(error)
        self._received.put(None)


def connected(wire: Wire) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    """Return, in a child process, what waits for the next message and what sends one.

    When the other side is gone, this process ends.

    Parameters
    ----------
    wire
        How messages are written and read.

    Returns
    -------
    tuple
        Two functions: one returns the next message, the other takes one.
    """
    end_with_parent()
    # Whatever a library prints must not stand between two messages.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if sys.stderr is not None:
        # Of images with names that a terminal would obey.
        sys.stderr = ReadableStream(sys.stderr)
    received: queue.SimpleQueue[Any] = queue.SimpleQueue()
    one_at_a_time = threading.Lock()

    def listen() -> None:
        while (message := wire.read(sys.stdin.buffer)) is not None:
            received.put(message)
        # Nobody waits for the rest.
        os._exit(0)

    def send(message: Any) -> None:
        with one_at_a_time:
            wire.write(answers, message)

    threading.Thread(target=listen, name="requests", daemon=True).start()
    return received.get, send


def _started(command: Sequence[str], errors: IO[bytes] | None) -> "subprocess.Popen[bytes]":
    # Without a window, and out of the reach of Ctrl-C.
    apart: dict[str, Any] = {"process_group": 0}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        apart = {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd=folder_to_work_in(),
        # TensorFlow's greetings would fill the log that explains a crash.
        env={"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUTF8": "1", **os.environ, **SAFE_PATH},
        **apart,
    )
