"""Programs that need Keras, each in a process forked from one that has loaded it.

    python keras_forks.py SOCKET

listens at SOCKET for programs to run, until its own standard input ends. Loading Keras takes more
seconds than most of the programs do. Whatever Keras starts of its own, such as threads, it starts
in the forked process: nothing is computed before. (NumPy's linear algebra has threads at once; it
ends them before a fork, and starts them again, by itself.) The forks don't wait until their files
are on the disk.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from unittest import mock

# macOS can't fork a process that uses its frameworks, and Windows none.
CAN_FORK = sys.platform == "linux"

CHILDREN = frozenset(
    f"napari_image_classifier.{module}" for module in ("system.compute_main", "evaluation.helper")
)
# Besides Keras.
LOADED = (
    "scipy.stats",
    "skimage.feature",
    "skimage.filters",
    "sklearn.covariance",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "napari_image_classifier.jobs.classify_folder",
    "napari_image_classifier.jobs.evaluate",
    "napari_image_classifier.jobs.survey",
    "napari_image_classifier.jobs.train",
)

# What libraries read once, when they are loaded; the product sets the last three for its children.
_READ_WHEN_LOADED = ("PYTHON", "KERAS", "TF_", "OMP_", "OPENBLAS_", "XLA_", "CUDA_")
_OF_NO_MATTER = ("PYTHONSAFEPATH", "PYTHONUTF8", "TF_CPP_MIN_LOG_LEVEL")

_Popen = subprocess.Popen


class KerasForks:
    """The process that has loaded Keras, started when the first program is run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        self._started_with: dict[str, str] = {}
        self._starting = threading.Lock()

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments, a program, ``-c`` or ``-m`` first, to its end."""
        command = [str(argument) for argument in arguments]
        if not CAN_FORK:
            return subprocess.run(
                [sys.executable, *command], capture_output=True, encoding="utf-8", check=False
            )
        with (
            Path(os.devnull).open("rb") as nothing,
            tempfile.TemporaryFile(dir=self._folder) as stdout,
            tempfile.TemporaryFile(dir=self._folder) as stderr,
        ):
            streams = (nothing.fileno(), stdout.fileno(), stderr.fileno())
            address = self._address()
            code = Fork(address, {"command": command, "address": address}, streams).wait()
            stdout.seek(0)
            stderr.seek(0)
            said, told = stdout.read().decode(), stderr.read().decode()
        return subprocess.CompletedProcess(command, code, said, told)

    def succeed(self, *arguments: object) -> str:
        """Run Python as `run` does; it has to end well. Return what it wrote."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def answer(self, *arguments: object) -> Any:
        """Return what a program that has to end well wrote as its last line, JSON."""
        return json.loads(self.succeed(*arguments).splitlines()[-1])

    @contextmanager
    def for_children(self) -> Iterator[None]:
        """While it is entered, children of the product are forked from here.

        One that is to load its libraries in another way than this process did is started as always.
        """

        def start(command: list[str], choices: dict[str, Any]) -> Fork | None:
            if _loading(choices.get("env") or os.environ) != _loading(self._started_with):
                return None
            return fork_child(address, command, choices)

        if not CAN_FORK:
            yield
            return
        # No test waits for it at a moment when it measures how long something takes.
        address = self._address()
        with mock.patch.object(subprocess, "Popen", popen_that_forks(start)):
            yield

    def close(self) -> None:
        """End the process."""
        if self._server is not None:
            self._server.communicate()

    def _address(self) -> str:
        address = str(self._folder / "forks")
        with self._starting:
            if self._server is None:
                self._started_with = dict(os.environ)
                self._server = _Popen(
                    [sys.executable, __file__, address],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
                assert self._server.stdout is not None
                assert self._server.stdout.readline(), "Keras has not started."
        return address


class Fork:
    """A forked process that runs a program, seen from another one: what is used of a `Popen`."""

    def __init__(self, address: str, request: dict[str, Any], streams: tuple[int, ...]) -> None:
        self.args = request["command"]
        self.stdin: IO[bytes] | None = None
        self.stdout: IO[bytes] | None = None
        self.returncode: int | None = None
        self._over = threading.Event()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)
        socket.send_fds(connection, [b"."], streams)
        told = {"folder": str(Path.cwd()), "environment": dict(os.environ), **request}
        connection.sendall(json.dumps(told).encode())
        connection.shutdown(socket.SHUT_WR)
        self._answers = connection.makefile("rb")
        connection.close()
        self.pid = int(self._answers.readline())
        threading.Thread(target=self._watch, name="fork", daemon=True).start()

    def __enter__(self) -> "Fork":
        return self

    def __exit__(self, *exception: object) -> None:
        for stream in (self.stdout, self.stdin):
            if stream is not None:
                stream.close()
        self.wait()

    def poll(self) -> int | None:
        """Return the exit code, None while the process runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code when the process has ended."""
        if not self._over.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> None:
        """End the process, if it runs."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, 9)

    def _watch(self) -> None:
        with self._answers:
            self.returncode = int(self._answers.readline() or -9)
        self._over.set()


def fork_child(address: str, command: list[str], choices: dict[str, Any]) -> Fork:
    """Start a module of the product; its stdin and stdout are pipes."""
    assert choices["stdin"] == choices["stdout"] == subprocess.PIPE
    from_here, to_here = os.pipe(), os.pipe()
    errors = choices.get("stderr")
    streams = (from_here[0], to_here[1], 2 if errors is None else errors.fileno())
    request = {
        # Forks are not confined.
        "command": ["-m", command[-1]],
        "folder": choices["cwd"],
        "environment": dict(choices.get("env") or os.environ),
        "group": choices.get("process_group") == 0,
        "address": address,
    }
    try:
        fork = Fork(address, request, streams)
    finally:
        os.close(from_here[0])
        os.close(to_here[1])
    fork.stdin, fork.stdout = os.fdopen(from_here[1], "wb"), os.fdopen(to_here[0], "rb")
    return fork


def popen_that_forks(start: Callable[[list[str], dict[str, Any]], Fork | None]) -> type[_Popen]:
    """Return `subprocess.Popen`, but what ``start`` starts of the product's children is that."""

    class Popen(_Popen):
        def __new__(cls, command: Any, **choices: Any) -> Any:
            fork = start(command, choices) if _is_a_child(command) else None
            return super().__new__(cls) if fork is None else fork

    return Popen


def _is_a_child(command: Any) -> bool:
    return (
        isinstance(command, list)
        and command[:3] == [sys.executable, "-P", "-m"]
        and command[-1] in CHILDREN
    )


def _loading(environment: Any) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_READ_WHEN_LOADED) and name not in _OF_NO_MATTER
    }


def _run(request: dict[str, Any]) -> None:
    """Do in this process, which ends with it, what Python does with such a command."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    if request.get("group"):
        os.setpgid(0, 0)
    # Children of this one are forked, too.
    subprocess.Popen = popen_that_forks(
        lambda command, choices: fork_child(request["address"], command, choices)
    )
    program, *arguments = request["command"]
    if program == "-c":
        code, *arguments = arguments
        sys.argv = ["-c", *arguments]
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    elif program == "-m":
        sys.argv = arguments
        with warnings.catch_warnings():
            # It may be loaded already.
            warnings.simplefilter("ignore", RuntimeWarning)
            runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [program, *arguments]
        sys.path.insert(0, str(Path(program).parent))
        runpy.run_path(program, run_name="__main__")


def _run_to_the_end(request: dict[str, Any]) -> None:
    code = 0
    try:
        _run(request)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
    except BaseException:  # noqa: BLE001 - told as Python tells it
        code = 1
        traceback.print_exc()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


class _Server:
    """Forks for whoever asks, and tells them when that has ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(listener, selectors.EVENT_READ, self._fork)
        self._waiting.register(0, selectors.EVENT_READ, lambda: os._exit(0))

    def serve(self) -> None:
        """Go on until standard input ends."""
        while True:
            for key, _ in self._waiting.select():
                key.data()

    def _fork(self) -> None:
        asking, _ = self._listener.accept()
        _, streams, _, _ = socket.recv_fds(asking, 1, 3)
        with asking.makefile("rb") as stream:
            request = json.load(stream)
        pid = os.fork()
        if pid == 0:
            for number, one in enumerate(streams):
                os.dup2(one, number)
            for one in (*streams, *(key.fd for key in self._waiting.get_map().values() if key.fd)):
                os.close(one)
            asking.close()
            _run_to_the_end(request)
        for one in streams:
            os.close(one)
        asking.sendall(f"{pid}\n".encode())
        watched = os.pidfd_open(pid)

        def tell() -> None:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            self._waiting.unregister(watched)
            os.close(watched)
            # Nobody may wait for it any more.
            with suppress(OSError), asking:
                asking.sendall(f"{code}\n".encode())

        self._waiting.register(watched, selectors.EVENT_READ, tell)


def main() -> None:
    """Load what most of the programs need, then fork."""
    from napari_image_classifier.networks.backend import start_keras

    start_keras()
    for module in LOADED:
        importlib.import_module(module)
    os.fsync = lambda file: None
    # No fork searches what is loaded for garbage, nor copies its pages for that.
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen(16)
        os.write(1, b"ready\n")
        os.dup2(2, 1)
        _Server(listener).serve()


if __name__ == "__main__":
    main()
