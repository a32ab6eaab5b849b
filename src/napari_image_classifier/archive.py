"""The archive that a `.keras` file is: opened with suspicion, read within bounds."""

import hashlib
import re
import zipfile
from pathlib import Path
from typing import IO

from napari_image_classifier.description import ClassifierFileError

# What zipfile raises when an archive is not as it says.
DAMAGE = (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_READ_AT_ONCE = 1024**2


def checked_path(path: str | Path) -> Path:
    """Return the path of what may be a `.keras` file.

    Raises
    ------
    ClassifierFileError
        It is an address, a folder, a file of another format, or not there.
    """
    if _ADDRESS.match(str(path)):
        raise ClassifierFileError(
            f"{path} is an address; download the file and give its path on this computer."
        )
    path = Path(path).expanduser()
    if path.suffix.lower() in (".h5", ".hdf5"):
        raise ClassifierFileError(
            f"{path} is in Keras's old format; open it in Keras, save it as .keras, "
            "and import that."
        )
    if path.is_dir():
        raise ClassifierFileError(
            f"{path} is a folder; a classifier is one file whose name ends in .keras."
        )
    if not path.exists():
        raise ClassifierFileError(f"There is no file {path}.")
    if not path.is_file():
        raise ClassifierFileError(f"{path} is not an ordinary file.")
    return path.resolve()


def opened(path: Path) -> IO[bytes]:
    """Open a file for reading, or raise ClassifierFileError."""
    try:
        return path.open("rb")
    except OSError as error:
        raise ClassifierFileError(f"{path} can't be read: {error.strerror}.") from error


def opened_archive(file: IO[bytes], path: Path) -> zipfile.ZipFile:
    """Open the zip archive that every `.keras` file is; nothing in it is packed or twice there.

    Raises
    ------
    ClassifierFileError
        It is another kind of file, or it is damaged.
    """
    try:
        archive = zipfile.ZipFile(file)
    except DAMAGE as error:
        raise ClassifierFileError(
            f"{path} is no classifier, or it is damaged: it is not the kind of archive that "
            "a .keras file is."
        ) from error
    members = archive.infolist()
    names = {member.filename for member in members}
    # Keras packs nothing, so no member can be larger than the file itself.
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ClassifierFileError(
            f"{path} was packed again by another program; use the file that was saved."
        )
    if len(names) < len(members):
        raise ClassifierFileError(f"{path} is damaged: it holds two parts of the same name.")
    return archive


def open_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open one part of the file, or raise ClassifierFileError when it is not there."""
    try:
        return archive.open(name)
    except KeyError as error:
        raise ClassifierFileError(f"it lacks the part {name}") from error


def read_member(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Return one part of the file, or raise ClassifierFileError when it is larger than allowed."""
    with open_member(archive, name) as member:
        size = archive.getinfo(name).file_size
        if size > largest:
            raise ClassifierFileError(f"its part {name} is too large ({size / 1e6:.0f} MB)")
        return member.read()


def sha256_of(file: IO[bytes]) -> str:
    """Return the SHA-256 of the rest of an open file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    while block := file.read(_READ_AT_ONCE):
        digest.update(block)
    return digest.hexdigest()
