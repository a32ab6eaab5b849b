"""Fault injection: the points where a program touches the disk, and a failure at one of them.

`watch` counts, in this process, every call that creates, writes, flushes, renames or removes a file
below a folder, as Python makes them. At the chosen one the process kills itself, as a power cut
would, or asks itself to end, as a person or a scheduler would, or the call fails, as on a full or a
broken disk.
"""

import builtins
import errno
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

KILLS = ("before", "half", "after")
# Before the call, after it, and twice around it.
SIGNALS = {"TERM": "SIGTERM", "INT": "SIGINT", "INT INT": "SIGINT"}
ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO}


class Point(NamedTuple):
    """One call: what it does ("write", "flush", "rename" …), and to which file."""

    kind: str
    file: str


class Fault(NamedTuple):
    """What happens at the ``number``-th call: a kill (`KILLS`), a signal (`SIGNALS`), an error.

    From then on all other writes fail, too, with an error that ``lasts``.
    """

    number: int
    how: str
    lasts: bool = False


class Watch:
    """The calls so far, and what is to happen at one of them."""

    def __init__(self, folder: Path, fault: Fault | None) -> None:
        self.points: list[Point] = []
        self._folder = os.path.realpath(folder)
        self._fault = fault
        self.files: dict[int, str] = {}

    def concerns(self, path: Any) -> bool:
        """Whether a path lies below the folder."""
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        whole = os.path.realpath(os.fsdecode(path))
        return whole == self._folder or whole.startswith(self._folder + os.sep)

    def touch(
        self, kind: str, path: Any, do: Callable[[], Any], do_half: Callable[[], Any] | None = None
    ) -> Any:
        """Do it, unless this is the call that is struck."""
        number = len(self.points)
        self.points.append(Point(kind, Path(os.fsdecode(path)).name))
        fault = self._fault
        if fault is None or number < fault.number or (number > fault.number and not fault.lasts):
            return do()
        if fault.how in SIGNALS:
            return self._ask_to_end(fault.how, do)
        if fault.how in ERRORS:
            if kind == "remove":
                # A full disk lets files go.
                return do()
            if do_half is not None and number == fault.number:
                do_half()
            raise OSError(ERRORS[fault.how], os.strerror(ERRORS[fault.how]), os.fsdecode(path))
        if fault.how == "half" and do_half is not None:
            do_half()
        elif fault.how == "after":
            do()
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("killed")

    def _ask_to_end(self, how: str, do: Callable[[], Any]) -> Any:
        if how != "INT":
            signal.raise_signal(getattr(signal, SIGNALS[how]))
        done = do()
        if how != "TERM":
            signal.raise_signal(getattr(signal, SIGNALS[how]))
        return done


class _WatchedFile(io.FileIO):
    """A file whose every write is a point."""

    def __init__(self, watch: Watch, path: Any, mode: str, *arguments: Any) -> None:
        self._watch = watch
        self._path = path
        super().__init__(path, mode, *arguments)
        watch.files[self.fileno()] = os.fsdecode(path)

    def write(self, content: Any) -> int:
        whole = memoryview(content).cast("B")
        some = whole[: len(whole) // 2]
        if not len(whole):
            return super().write(whole)
        return self._watch.touch(
            "write",
            self._path,
            lambda: super(_WatchedFile, self).write(whole),
            lambda: super(_WatchedFile, self).write(some),
        )

    def truncate(self, size: int | None = None) -> int:
        return self._watch.touch(
            "truncate", self._path, lambda: super(_WatchedFile, self).truncate(size)
        )

    def close(self) -> None:
        if not self.closed:
            self._watch.files.pop(self.fileno(), None)
        super().close()


def watch(folder: Path, fault: Fault | None = None) -> Watch:
    """Count what this process does to files below ``folder`` from now on."""
    watching = Watch(folder, fault)
    _watch_opening(watching)
    _watch_descriptors(watching)
    _watch_names(watching)
    return watching


def _watch_opening(watching: Watch) -> None:
    really_open = io.open

    def opened(file: Any, mode: str = "r", buffering: int = -1, encoding: str | None = None,
               errors: str | None = None, newline: str | None = None, closefd: bool = True,
               opener: Any = None) -> Any:  # fmt: skip
        if not set(mode) & set("wax+") or not watching.concerns(file):
            return really_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        plain = mode.replace("b", "").replace("t", "")

        def open_raw() -> _WatchedFile:
            return _WatchedFile(watching, file, plain, closefd, opener)

        makes = set(mode) & set("wx") or not Path(file).exists()
        raw = watching.touch("create", file, open_raw) if makes else open_raw()
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        text = io.TextIOWrapper(buffered, encoding, errors, newline)
        text.mode = mode  # type: ignore[attr-defined]
        return text

    io.open = builtins.open = opened


def _watch_descriptors(watching: Watch) -> None:
    really = {name: getattr(os, name) for name in ("open", "close", "write", "fsync")}

    def opened(path: Any, flags: int, *arguments: Any, **more: Any) -> int:
        def do() -> int:
            number: int = really["open"](path, flags, *arguments, **more)
            if watching.concerns(path):
                watching.files[number] = os.fsdecode(path)
            return number

        creates = flags & os.O_CREAT and watching.concerns(path) and not os.path.lexists(path)
        return watching.touch("create", path, do) if creates else do()

    def close(number: int) -> None:
        watching.files.pop(number, None)
        really["close"](number)

    def write(number: int, content: bytes) -> int:
        path = watching.files.get(number)
        if path is None:
            return really["write"](number, content)
        return watching.touch(
            "write",
            path,
            lambda: really["write"](number, content),
            lambda: really["write"](number, content[: len(content) // 2]),
        )

    def fsync(file: Any) -> None:
        number = file if isinstance(file, int) else file.fileno()
        path = watching.files.get(number)
        if path is None:
            return really["fsync"](number)
        kind = "flush of folder" if Path(path).is_dir() else "flush"
        return watching.touch(kind, path, lambda: really["fsync"](number))

    os.open, os.close, os.write, os.fsync = opened, close, write, fsync


def _watch_names(watching: Watch) -> None:
    def of_one(kind: str, name: str) -> None:
        really = getattr(os, name)

        def call(path: Any, *arguments: Any, **more: Any) -> Any:
            # Within a folder that is taken away as a whole, names are relative to it.
            if more.get("dir_fd") is None and not watching.concerns(path):
                return really(path, *arguments, **more)
            if more.get("dir_fd") is not None and more["dir_fd"] not in watching.files:
                return really(path, *arguments, **more)
            return watching.touch(kind, path, lambda: really(path, *arguments, **more))

        setattr(os, name, call)

    def of_two(kind: str, name: str) -> None:
        really = getattr(os, name)

        def call(path: Any, target: Any, **more: Any) -> Any:
            if not watching.concerns(target):
                return really(path, target, **more)
            return watching.touch(kind, target, lambda: really(path, target, **more))

        setattr(os, name, call)

    for kind, name in (("remove", "unlink"), ("remove", "remove"), ("remove", "rmdir"),
                       ("truncate", "truncate"), ("make folder", "mkdir"),
                       ("rights", "chmod")):  # fmt: skip
        of_one(kind, name)
    of_two("rename", "replace")
    of_two("rename", "rename")
