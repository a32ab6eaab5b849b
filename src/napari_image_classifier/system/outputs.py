"""The rules for outputs: where one may lie, and which files it may take the place of.

Whatever writes a result asks here first, whether a command, a dock or a script:

- An output is an ordinary file, or nothing yet; never a folder, a pipe or a device.
- It is never one of the files that the work reads, by whatever name, link or spelling.
- A file that lies where it goes is replaced if a person has said so, or if this program wrote it
  for the same work, which whoever asks recognises by its content.
- What is written beside an output, which no person has named, is recognised in any case.
"""

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.atomic_files import check_ordinary
from napari_image_classifier.system.records import RecordError, parsed_json

# Says of a file whether this program wrote it, for what is written in its place now.
IsOwn = Callable[[Path], bool]
# Pictures, archives and the like have a byte of 0 in their first ones; tables and pages have none.
_BEGINNING = 4096


class OutputRefusedError(ImageClassifierError):
    """An output that would take the place of something that must not be lost."""


@dataclass(frozen=True)
class SideFile:
    """A file that is written beside an output.

    Attributes
    ----------
    path
        Where.
    is_own
        Recognises one of before.
    what
        What one is, in words.
    """

    path: Path
    is_own: IsOwn
    what: str


def check_output(
    output: Path,
    *,
    inputs: Iterable[Path | None] = (),
    many_inputs: Iterable[Path] = (),
    beside: Sequence[SideFile] = (),
    is_own: IsOwn | None = None,
    what: str = "file of this kind",
    is_text: bool = False,
) -> None:
    """Refuse an output, or what lies beside it, that would replace what must not be lost.

    Parameters
    ----------
    output
        The file to write.
    inputs
        Files that are read for it; None among them is passed over.
    many_inputs
        More of them, such as the images: they are looked at only where a file lies there that is
        not recognised.
    beside
        What else is written.
    is_own
        Recognises an output of before; without it a person has agreed that what lies there is
        replaced.
    what
        What an output of before is, in words.
    is_text
        Whether outputs are text, so that a picture or a classifier is none of before.

    Raises
    ------
    OutputRefusedError
        It is refused; the sentence says which file, and why.
    """
    read = [path for path in inputs if path is not None]
    for path in (output, *(one.path for one in beside)):
        _check_place(path)
        check_not_read(path, read)
    written = [(output, is_own, what), *((one.path, one.is_own, one.what) for one in beside)]
    for path, recognised, named in written:
        if not path.is_file() or (recognised is not None and _is_own(path, recognised)):
            continue
        check_not_read(path, many_inputs)
        if recognised is not None:
            where = "" if path == output else f", and would be written beside {output.name}"
            raise OutputRefusedError(
                f"{path} is there already and is not a {named} that this program wrote{where}; "
                "choose another name, or move that file away."
            )
        if is_text and not _begins_as_text(path):
            raise OutputRefusedError(
                f"{path} is there already and is another kind of file; choose another name, or "
                "move that file away."
            )


def check_not_read(output: Path, inputs: Iterable[Path]) -> None:
    """Refuse an output that is one of the files that are read, by whatever name.

    Parameters
    ----------
    output
        The file to write.
    inputs
        The files that are read.

    Raises
    ------
    OutputRefusedError
        It is one of them.
    """
    try:
        there = output.stat()
    except OSError:
        return
    for path in inputs:
        with suppress(OSError):
            if os.path.samestat(there, path.stat()):
                named = "" if path == output else f", under the name {path}"
                raise OutputRefusedError(
                    f"{output} is one of the files that are read{named}, and would be replaced; "
                    "choose another output."
                )


def check_apart(outputs: Iterable[Path]) -> None:
    """Refuse two outputs of one work that are the same file.

    Parameters
    ----------
    outputs
        The files to write.

    Raises
    ------
    OutputRefusedError
        Two of them are the same.
    """
    for one, other in combinations(outputs, 2):
        same = _spelled_alike(one) == _spelled_alike(other)
        with suppress(OSError):
            same = same or one.samefile(other)
        if same:
            raise OutputRefusedError(
                f"{one} and {other} are the same file, and one would replace the other; choose "
                "another name for one of them."
            )


def table_with(columns: Iterable[str], *, without: Iterable[str] = ()) -> IsOwn:
    """Return what recognises a CSV by columns that it has, and others that it has not.

    Parameters
    ----------
    columns
        Titles that it has.
    without
        Titles that it has not.

    Returns
    -------
    callable
        See `IsOwn`.
    """
    needed, not_there = set(columns), set(without)

    def is_own(path: Path) -> bool:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            titles = set(next(csv.reader(file), ()))
        return needed <= titles and not_there.isdisjoint(titles)

    return is_own


def json_with(*keys: str) -> IsOwn:
    """Return what recognises a JSON object by keys that it has.

    Parameters
    ----------
    *keys
        The keys.

    Returns
    -------
    callable
        See `IsOwn`.
    """

    def is_own(path: Path) -> bool:
        stored = parsed_json(path.read_bytes())
        return isinstance(stored, dict) and set(keys) <= stored.keys()

    return is_own


def check_folder(folder: Path, *patterns: str) -> None:
    """Refuse a folder of ours that holds what this program did not write.

    Parameters
    ----------
    folder
        The folder, which need not be there.
    *patterns
        Names of the files that are written to it.

    Raises
    ------
    OutputRefusedError
        It is a file, or another file is in it.
    """
    if not folder.exists():
        return
    foreign = not folder.is_dir() or next(
        (entry for entry in folder.iterdir()
         if not entry.name.startswith(".") and not any(map(entry.match, patterns))),
        None,
    )  # fmt: skip
    if foreign:
        raise OutputRefusedError(
            f"{folder} is there already, and what is in it was not written by this program; choose "
            "another name, or move it away."
        )


def begins_with(beginning: bytes) -> IsOwn:
    """Return what recognises a file by its first bytes, also one that was cut off in them.

    Parameters
    ----------
    beginning
        The bytes.

    Returns
    -------
    callable
        See `IsOwn`.
    """

    def is_own(path: Path) -> bool:
        with path.open("rb") as file:
            return beginning.startswith(file.read(len(beginning)))

    return is_own


def _check_place(path: Path) -> None:
    try:
        check_ordinary(path)
    except OSError as error:
        raise OutputRefusedError(
            f"Nothing can be written to {path}: {error.strerror}. Choose the name of a file."
        ) from error


def _is_own(path: Path, recognised: IsOwn) -> bool:
    if path.stat().st_size == 0:
        return True
    try:
        return recognised(path)
    except (OSError, ValueError, csv.Error, RecordError, ImageClassifierError):
        return False


def _begins_as_text(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    return b"\0" not in beginning or beginning.startswith((b"\xff\xfe", b"\xfe\xff"))


def _spelled_alike(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))
