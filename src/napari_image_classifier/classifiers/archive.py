"""The archive that a `.keras` file is, and files of that kind, read within bounds.

What comes from anywhere is not trusted: each part is known, and none is larger than it may be.
"""

import hashlib
import os
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from napari_image_classifier.errors import ClassifierFileError

# What zipfile raises when an archive is not as it says.
DAMAGE = (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)
# Nobody's network is as large; without a limit, a file could be hashed for hours.
LARGEST_FILE = 2 * 1024**3
MOST_PARTS = 200
LARGEST_DIRECTORY = 100_000
# All that Keras and this package write: no folders, no paths that lead anywhere.
_PART = re.compile(
    r"metadata\.json|config\.json|classifier\.json|(members/\d{1,3}/)?"
    r"(model\.weights\.h5|graph\.onnx|texture\.json)"
)
# What a zip archive ends in (PKWARE's APPNOTE, 4.3.16), and the length of what a large one has
# before it.
_END = struct.Struct("<4s4H2LH")
_LOCATOR = 20
_HDF5 = b"\x89HDF\r\n\x1a\n"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_LONGEST_DETAIL = 200


def is_address(path: str | Path) -> bool:
    """Return whether a text is an address on a network, and no path.

    Parameters
    ----------
    path
        As a person gave it.

    Returns
    -------
    bool
        Whether it begins like ``https:/``; the letter of a drive is none.
    """
    return _ADDRESS.match(str(path)) is not None


def ordinary_file(path: str | Path) -> Path:
    """Return the path of a file on this computer.

    Parameters
    ----------
    path
        As a person gave it.

    Returns
    -------
    Path
        The whole path.

    Raises
    ------
    ClassifierFileError
        It is an address, a folder, no ordinary file, or not there.
    """
    if is_address(path):
        raise ClassifierFileError(
            f"{path} is an address; download the file and give its path on this computer."
        )
    path = Path(path).expanduser()
    if path.is_dir():
        raise ClassifierFileError(
            f"{path} is a folder; a classifier is one file whose name ends in .keras."
        )
    if not path.exists():
        raise ClassifierFileError(f"There is no file {path}.")
    if not path.is_file():
        raise ClassifierFileError(f"{path} is not an ordinary file.")
    return path.resolve()


def is_hdf5(path: Path) -> bool:
    """Return whether a file is HDF5, whatever its name.

    Parameters
    ----------
    path
        An ordinary file.

    Returns
    -------
    bool
        Whether it begins as HDF5 does.

    Raises
    ------
    ClassifierFileError
        It can't be read.
    """
    with opened(path) as file:
        return file.read(len(_HDF5)) == _HDF5


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Put the file's name before the message of an error in the block.

    Parameters
    ----------
    path
        The file.

    Yields
    ------
    None
        Errors in the block are a sentence, or the end of one.

    Raises
    ------
    ClassifierFileError
        The block raised one; its message now begins with the file.
    """
    try:
        yield
    except ClassifierFileError as error:
        message = " ".join(str(error).split())
        message = f". {message}" if message[:1].isupper() else f": {message.rstrip('.')}."
        raise ClassifierFileError(f"{path} can't be used{message}") from error


@contextmanager
def read_from(path: Path) -> Iterator[None]:
    """Do as `named` does, and say of an archive that is not as it says that it is damaged.

    Parameters
    ----------
    path
        The file.

    Yields
    ------
    None
        The archive is read in the block.

    Raises
    ------
    ClassifierFileError
        The block raised one, or an error of `zipfile`.
    """
    with named(path):
        try:
            yield
        except DAMAGE as error:
            message = " ".join(str(error).split())[:_LONGEST_DETAIL].rstrip(".")
            raise ClassifierFileError(f"it is damaged ({message})") from error


def opened(path: Path) -> IO[bytes]:
    """Open a file for reading.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    file
        To be closed after use.

    Raises
    ------
    ClassifierFileError
        It can't be read.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise ClassifierFileError(f"{path} can't be read: {error.strerror}.") from error


def opened_archive(file: IO[bytes], path: Path) -> zipfile.ZipFile:
    """Open the zip archive that every `.keras` file is: a few parts, not packed, none twice.

    Parameters
    ----------
    file
        The open file.
    path
        Its path, for messages.

    Returns
    -------
    ZipFile
        To be closed after use.

    Raises
    ------
    ClassifierFileError
        It is another kind of file, it is damaged, or no program writes it in good faith.
    """
    _check_directory(file, path)
    try:
        archive = zipfile.ZipFile(file)
    except DAMAGE as error:
        raise _no_archive(path) from error
    members = archive.infolist()
    # Keras packs nothing, so no member can be larger than the file itself.
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ClassifierFileError(
            f"{path} was packed again by another program; use the file that was saved."
        )
    if len({member.filename for member in members}) < len(members):
        raise ClassifierFileError(f"{path} is damaged: it holds two parts of the same name.")
    strange = next((member.filename for member in members if not _is_a_part(member)), None)
    if strange is not None:
        raise ClassifierFileError(
            f"{path} can't be used: it holds “{strange[:100]}”, which no classifier has."
        )
    if sum(member.file_size for member in members) > _size(file):
        raise ClassifierFileError(f"{path} is damaged: its parts are larger than the file.")
    return archive


def _check_directory(file: IO[bytes], path: Path) -> None:
    """Refuse an archive of very many parts before `zipfile` makes an object of each."""
    size = _size(file)
    if size > LARGEST_FILE:
        raise ClassifierFileError(
            f"{path} is too large ({size / 1e9:.1f} GB); a classifier has at most "
            f"{LARGEST_FILE / 1e9:.1f} GB."
        )
    file.seek(max(0, size - _END.size - _LOCATOR))
    locator, end = file.read(_LOCATOR), file.read()
    if len(end) < _END.size or not end.startswith(b"PK\5\6"):
        raise _no_archive(path)
    _, disk, first, here, parts, length, _, comment = _END.unpack(end)
    # The large kind of archive says all of this in another place, and says it again.
    if locator.startswith(b"PK\6\7") or disk or first or comment or here != parts:
        raise _no_archive(path)
    if parts > MOST_PARTS or length > LARGEST_DIRECTORY:
        raise ClassifierFileError(f"{path} can't be used: it holds {parts} parts, far too many.")


def _is_a_part(member: zipfile.ZipInfo) -> bool:
    encrypted = member.flag_bits & 0x1
    return bool(_PART.fullmatch(member.filename)) and not encrypted


def _no_archive(path: Path) -> ClassifierFileError:
    return ClassifierFileError(
        f"{path} is no classifier, or it is damaged: it is not the kind of archive that "
        "a .keras file is."
    )


def _size(file: IO[bytes]) -> int:
    return file.seek(0, os.SEEK_END)


def open_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open one part of the file.

    Parameters
    ----------
    archive
        The open archive.
    name
        Of the part.

    Returns
    -------
    file
        To be closed after use.

    Raises
    ------
    ClassifierFileError
        There is no such part.
    """
    try:
        return archive.open(name)
    except KeyError as error:
        raise ClassifierFileError(f"it lacks the part {name}") from error


def read_member(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Return one part of the file.

    Parameters
    ----------
    archive
        The open archive.
    name
        Of the part.
    largest
        So many bytes it may have.

    Returns
    -------
    bytes
        The part.

    Raises
    ------
    ClassifierFileError
        It is not there, or larger than allowed.
    """
    with open_member(archive, name) as member:
        size = archive.getinfo(name).file_size
        if size > largest:
            raise ClassifierFileError(f"its part {name} is too large ({size / 1e6:.0f} MB)")
        return member.read()


def sha256_of(file: IO[bytes]) -> str:
    """Return the SHA-256 of the rest of a file.

    Parameters
    ----------
    file
        An open file; it is read to its end.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    # What can be opened can be read into a buffer, which `IO` does not say.
    return hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
