"""Files that are either whole or not there: temporary file, flush, rename, flush of the folder."""

import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zlib import crc32

from napari_image_classifier.errors import ImageClassifierError, TrainingRefused

UNFINISHED = ".writing-"
# Nobody writes at one file for so long.
SECONDS_UNTIL_ABANDONED = 86_400
# Not every file system has folders that can be flushed.
_NOT_FLUSHED = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
# What this process has begun and neither renamed nor removed.
_unfinished_here: set[Path] = set()


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Replace a file by a new one, whole or not at all.

    Whatever stood at ``path`` stays whole until the new content is on the disk. When the block
    raises, the temporary file is removed and ``path`` is untouched.

    Parameters
    ----------
    path
        The file; its folder is made where there is none.

    Yields
    ------
    Path
        A temporary file beside it, which takes its name at the end of the block.
    """
    with _temporary_beside(path) as temporary:
        yield temporary
        _rename(temporary, path)


def replace_text(path: Path, text: str) -> None:
    """Replace a file by one that holds a text, as `replace_file` does.

    Parameters
    ----------
    path
        The file.
    text
        Its content, written as UTF-8; a character that stands for a byte that is no text, as names
        of files may have, becomes a question mark.
    """
    with replace_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")


def create_file(path: Path, content: bytes) -> None:
    """Make a file that is whole from its first moment, unless there is one.

    Of several processes that make it at once, one does.

    Parameters
    ----------
    path
        The file.
    content
        What it holds.

    Raises
    ------
    FileExistsError
        There is one.
    """
    with _temporary_beside(path) as temporary:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:
            # A drive without hard links: none but this process can have made it.
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        flush_folder(path.parent)


def check_ordinary(path: Path) -> None:
    """Raise an OSError where something lies that no file may take the place of.

    Parameters
    ----------
    path
        Where a file is to be written; a link is judged by what it leads to.

    Raises
    ------
    OSError
        A folder, a device, a pipe or the like is there, or its folder is a file.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file", str(path))


@dataclass
class WrittenTable:
    """A table that was written, perhaps elsewhere than it was wanted.

    Attributes
    ----------
    wanted
        Where it was wanted.
    temporary
        Where it is written.
    path
        Where it is in the end.
    """

    wanted: Path
    temporary: Path
    path: Path

    @property
    def sentence(self) -> str:
        """Why it lies elsewhere than it was wanted, for a person; "" where it lies there."""
        if self.path == self.wanted:
            return ""
        return (
            f"{self.wanted.name} is open in another program, such as Excel, so this was written "
            f"beside it, as {self.path.name}."
        )


@contextmanager
def replace_table(path: Path) -> Iterator[WrittenTable]:
    """Do what `replace_file` does with a result that people open in a spreadsheet.

    On Windows nobody can replace a file that a spreadsheet shows. Then the table lies beside it,
    under a name that is free.

    Parameters
    ----------
    path
        Where the table is wanted.

    Yields
    ------
    WrittenTable
        The block fills its ``temporary``; its ``path`` says afterwards where the table is.
    """
    with _temporary_beside(path) as temporary:
        table = WrittenTable(path, temporary, path)
        yield table
        try:
            _rename(temporary, path)
        except PermissionError:
            if not path.is_file():
                raise
            table.path = _free_name(path)
            _rename(temporary, table.path)


@contextmanager
def told_when_refused(
    output: Path, kind: type[ImageClassifierError], what_now: str
) -> Iterator[None]:
    """Turn what a disk refuses in the block into a sentence for a person.

    Parameters
    ----------
    output
        What is written in the block.
    kind
        The error to raise.
    what_now
        What is kept, and what to do, in sentences that follow the first one.

    Yields
    ------
    None
        The block writes.

    Raises
    ------
    ImageClassifierError
        Of that ``kind``: the disk refused something.
    """
    try:
        yield
    except OSError as error:
        raise kind(f"{output} can't be written: {error.strerror or error}. {what_now}") from error


def flush_folder(folder: Path) -> None:
    """Wait until the names of the files in ``folder`` are on the disk.

    A power cut can take a new name back although the file's content is there. Windows has nothing
    of the kind.

    Parameters
    ----------
    folder
        One whose files were made or renamed.
    """
    if os.name != "posix":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        # A folder that takes files and shows none.
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOT_FLUSHED:
            raise
    finally:
        os.close(handle)


@contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    check_ordinary(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_abandoned(path.parent)
    name = f"{UNFINISHED}{this_process()}-{secrets.token_hex(4)}{path.suffix}"
    temporary = path.parent / name
    with removed_when_ended(temporary):
        # Not by mkstemp, whose files only their owner may read: a result is for colleagues too. The
        # system takes away what the umask forbids, which nobody can ask for without changing it.
        temporary.touch(exist_ok=False)
        yield temporary


@contextmanager
def removed_when_ended(path: Path) -> Iterator[None]:
    """Remove a file when the block ends, and if a signal ends the program before that.

    Parameters
    ----------
    path
        A file that this process alone writes; there may be none.

    Yields
    ------
    None
        The block may make it, rename it and remove it.
    """
    _unfinished_here.add(path)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        _unfinished_here.discard(path)


def remove_unfinished() -> None:
    """Remove what this process has begun to write, as it ends before that is whole."""
    for path in tuple(_unfinished_here):
        with suppress(OSError):
            path.unlink()


def _rename(temporary: Path, path: Path) -> None:
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    flush_folder(path.parent)


def _free_name(path: Path) -> Path:
    """Return a name beside ``path`` that neither a file has nor what would lie beside that."""
    taken = [entry.name for entry in path.parent.iterdir()]
    number = 2
    while any(name.startswith(f"{path.stem} ({number}).") for name in taken):
        number += 1
    return path.with_name(f"{path.stem} ({number}){path.suffix}")


@cache
def clear_abandoned(folder: Path) -> None:
    """Remove, once for each folder, what processes that were killed were writing there.

    Parameters
    ----------
    folder
        One that is written to.
    """
    with suppress(OSError):
        for path in folder.glob(f"{UNFINISHED}*"):
            if _is_abandoned(path):
                path.unlink()


def _is_abandoned(path: Path) -> bool:
    return is_abandoned(path, path.name.removeprefix(UNFINISHED))


def this_process() -> str:
    """Return what names this process among all that write on a shared drive."""
    return f"{_this_computer()}-{os.getpid()}"


def is_abandoned(path: Path, writer: str) -> bool:
    """Return whether nobody writes at a file any more.

    Parameters
    ----------
    path
        The file.
    writer
        Begins with what `this_process` gave to the one that wrote it.

    Returns
    -------
    bool
        Whether that process is gone; of other computers, whether the file is a day old.
    """
    computer, _, rest = writer.partition("-")
    pid = rest.partition("-")[0]
    if computer == _this_computer() and pid.isdecimal():
        import psutil

        return not psutil.pid_exists(int(pid))
    return time.time() - path.stat().st_mtime > SECONDS_UNTIL_ABANDONED


@cache
def _this_computer() -> str:
    """Return digits that no other computer has, and no other container on this one.

    Folders on a network drive have writers on several, where the same number is another process.
    """
    import platform

    named = [platform.node()]
    # Containers may have one name, and number their processes each from 1. Linux alone has them.
    with suppress(OSError):
        named.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        named.append(str(Path("/proc/self/ns/pid").readlink()))
    return f"{crc32(' '.join(named).encode()):08x}"


def check_writable(output: Path, what: str) -> None:
    """Refuse a path at which nothing can be written.

    Parameters
    ----------
    output
        The path of a file to be.
    what
        What it will be, in words.

    Raises
    ------
    TrainingRefused
        The folder can't be written to, or the path is that of a folder.
    """
    folder = next(parent for parent in output.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK) or output.is_dir():
        raise TrainingRefused(
            f"The {what} can't be written to {output}; choose a folder that you may write to."
        )
