"""One run at a time for each output: two would write over each other's work."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.atomic_files import (
    is_abandoned,
    this_process,
    told_when_refused,
)

if TYPE_CHECKING:
    from filelock import FileLock

# What drives answer that have no locks.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
# Others hold a table for the time of a row.
_LONGEST_WAIT = 20.0

# Those that this process holds, or tries to.
_not_left: list["FileLock"] = []


class RunningError(ImageClassifierError):
    """An output that another run is writing."""


class OutputUnwritableError(ImageClassifierError):
    """An output in a place that takes no files."""


@contextmanager
def only_run(output: Path, *beside: Path) -> Iterator[None]:
    """Be the only one that writes an output until the block ends, or the process does.

    Parameters
    ----------
    output
        The file; a lock lies beside it as long as it is written.
    *beside
        What else is written, which another output may also have beside it.

    Yields
    ------
    None
        The block writes.

    Raises
    ------
    RunningError
        Another run, also in another process, is writing one of them.
    OutputUnwritableError
        Nothing can be written there.
    """
    what_now = "Make room there, mend the drive, or choose another output."
    with ExitStack() as held:
        for path in (output, *beside):
            try:
                with told_when_refused(output, OutputUnwritableError, what_now):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    held.enter_context(locked(path))
            except LockedError as error:
                raise RunningError(
                    f"Another run is writing {path}; wait until it has ended, stop it, or choose "
                    "another output."
                ) from error
        yield


class LockedError(Exception):
    """A lock that another process, or another thread, holds."""


@contextmanager
def locked(path: Path, seconds: float = 0) -> Iterator[None]:
    """Hold the lock of a file, which goes with the process.

    Parameters
    ----------
    path
        The file; its lock lies beside it.
    seconds
        How long to wait for it.

    Yields
    ------
    None
        The lock is held.

    Raises
    ------
    LockedError
        Another one held it all that time.
    OSError
        No lock can be made there.
    """
    from filelock import FileLock

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    _not_left.append(lock)
    try:
        if _is_taken(lock, seconds):
            yield
        else:
            with _locked_by_name(Path(lock.lock_file)):
                yield
    finally:
        _leave(lock)


@contextmanager
def held(table: Path) -> Iterator[None]:
    """Keep other processes from writing a table that several write, while it is written.

    Where no lock can be had, it is written all the same.

    Parameters
    ----------
    table
        The file; its folder is there.

    Yields
    ------
    None
        The block reads what others have written, and writes.

    Raises
    ------
    BlockingIOError
        Another program has been writing it for long.
    """
    lock = locked(table, _LONGEST_WAIT)
    try:
        lock.__enter__()
    except LockedError as error:
        raise BlockingIOError(f"another program is writing {table.name}") from error
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _is_taken(lock: "FileLock", seconds: float) -> bool:
    """Take a lock, or return that its drive has none."""
    from filelock import Timeout

    try:
        lock.acquire(timeout=seconds, poll_interval=0.005)
    except Timeout as error:
        # Where no file can be made, the system says why.
        Path(lock.lock_file).touch()
        raise LockedError(lock.lock_file) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True


def _leave(lock: "FileLock") -> None:
    """Release a lock and take its file away, also where a signal came as it was taken."""
    from filelock import Timeout

    is_others = False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        is_others = True
    except OSError:
        # A drive without locks; the attempt made the file.
        pass
    if not is_others:
        # While it is held, or another run's lock would go; Windows removes it with the release.
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release(force=True)
    _not_left.remove(lock)


def leave_locks() -> None:
    """Release what this process holds, as it ends wherever it is."""
    for lock in tuple(_not_left):
        _leave(lock)


@contextmanager
def _locked_by_name(lock: Path) -> Iterator[None]:
    """Hold a lock on a drive that has none: a file that one alone can make.

    It outlives a process that is killed, and is taken over then; from another computer after a day.
    """
    held = lock.with_name(f"{lock.name}ed")
    with suppress(FileNotFoundError):
        if is_abandoned(held, held.read_text(encoding="utf-8", errors="replace")):
            held.unlink()
    try:
        handle = os.open(held, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError as error:
        raise LockedError(str(lock)) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(this_process())
        yield
    finally:
        with suppress(OSError):
            held.unlink()
        with suppress(OSError):
            lock.unlink()
