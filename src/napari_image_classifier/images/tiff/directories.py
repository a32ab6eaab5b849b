"""Directories of a TIFF file, looked through before tifffile reads what they state.

Tifffile follows a chain of directories wherever it leads, and loads every value that a tag states
as often as one does.
"""

import os
import struct
from io import FileIO
from pathlib import Path
from typing import NamedTuple

import tifffile

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.read_errors import damaged, unreadable
from napari_image_classifier.system.declared_sizes import SizeRefused, checked_number

# Each page costs memory and time, whatever is in it; those of honest files hold pixels.
MANY_PAGES = 10_000
LEAST_BYTES_OF_MANY = 256
MOST_PAGES = 1_000_000
# Tifffile compares each image of another kind with all others.
MOST_KINDS = 200
# Smaller copies of one page.
MOST_COPIES = 100
# Honest writers share short values between tags, if any.
_SHORT, _SHARED = 1024, 2**20
# Two directories of 40 tags, so that most are read at once.
_BEGINNING = 1024
# Values that are short whatever they are.
_FEW = 64
_MOST_TAGS = 4096

_SUB_DIRECTORIES = 330
# What makes an image of another kind: size, type, strips and tiles, compression.
_KIND = frozenset({256, 257, 258, 259, 262, 266, 277, 278, 284, 317, 322, 323, 338, 339})
_KIND |= {32997, 32998}
_BYTES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


class _Form(NamedTuple):
    number: struct.Struct
    entry: struct.Struct
    offset: struct.Struct


_FORMS = {
    (order, big): _Form(*(struct.Struct(f"{order}{letters}") for letters in form))
    for order in "<>"
    for big, form in ((False, ("H", "HHII", "I")), (True, ("Q", "HHQQ", "Q")))
}
_BIG = 43


def open_tiff_file(path: Path, *, whole: bool = True) -> tifffile.TiffFile:
    """Open a TIFF file in which no directory states more than there is.

    Parameters
    ----------
    path
        An ordinary file.
    whole
        Whether all of its pages are going to be read, not only the first.

    Returns
    -------
    TiffFile
        The open file.

    Raises
    ------
    ImageReadError
        A directory leads back to one before it, or they state more than the file can hold.
    TiffFileError
        It is no TIFF file.
    """
    directory_offsets(path, whole=whole)
    return tifffile.TiffFile(path)


def directory_offsets(path: Path, *, whole: bool = True) -> list[int]:
    """Return where the directories of a file lie, in the order of its pages.

    Parameters
    ----------
    path
        An ordinary file.
    whole
        Whether all of them are meant, not only the first.

    Returns
    -------
    list of int
        Up to the first that can't be read, which later checks tell.

    Raises
    ------
    ImageReadError
        A directory leads back to one before it, or they state more than the file can hold.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - each image is opened here once
        beginning = file.read(_BEGINNING)
        if len(beginning) < 16:
            return []
        order = "<" if beginning.startswith(b"II") else ">"
        is_big = beginning[2:4] in (b"+\0", b"\0+")
        form = _FORMS[order, is_big]
        (first,) = form.offset.unpack_from(beginning, 8 if is_big else 4)
        try:
            return _Directories(path, file, form, beginning).offsets(first, whole)
        except SizeRefused as error:
            raise unreadable(path, Fault.OUT_OF_PROPORTION, f"{error}.") from error


class _Directories:
    """A walk along the directories of an open file, which keeps what it has seen of them."""

    def __init__(self, path: Path, file: FileIO, form: _Form, beginning: bytes) -> None:
        self._path = path
        self._file = file
        self._form = form
        self._beginning = beginning
        self._size = os.fstat(file.fileno()).st_size
        self._seen: set[int] = set()
        self._kinds: set[tuple[int, ...]] = set()

    def offsets(self, first: int, whole: bool) -> list[int]:
        """Return where each one lies."""
        offset, offsets = first, []
        while 0 < offset < self._size:
            offsets.append(offset)
            following, copies = self._look_at(offset)
            for copy in copies:
                self._look_at(copy)
            if not whole:
                break
            offset = following
        return offsets

    def _look_at(self, offset: int) -> tuple[int, tuple[int, ...]]:
        """Return what follows a directory, 0 for nothing; and its smaller copies."""
        if offset in self._seen:
            raise damaged(self._path, "its directories lead back to themselves")
        self._seen.add(offset)
        if len(self._seen) > MANY_PAGES:
            most = min(MOST_PAGES, max(MANY_PAGES, self._size // LEAST_BYTES_OF_MANY))
            checked_number(len(self._seen), "pages", most)
        content, following = self._content(offset)
        loaded = 0
        copies: tuple[int, ...] = ()
        kind = []
        for code, of_type, number, value in self._form.entry.iter_unpack(content):
            if number < _FEW:
                if code in _KIND:
                    kind.append(value)
                if code != _SUB_DIRECTORIES or number == 1:
                    continue
            if code == _SUB_DIRECTORIES:
                copies = self._copies(of_type, number, value)
            length = number * _BYTES.get(of_type, 1)
            # What is past the end is never loaded.
            if length > _SHORT and value + length <= self._size:
                loaded += length
        if loaded > self._size + _SHARED:
            raise SizeRefused(f"it states {loaded:,} bytes of notes, and has {self._size:,} in all")
        self._kinds.add(tuple(kind))
        if len(self._kinds) > MOST_KINDS:
            checked_number(len(self._kinds), "images of different sizes", MOST_KINDS)
        return following, copies

    def _content(self, offset: int) -> tuple[bytes, int]:
        """Return the tags of a directory, and what follows it; none where it can't be read."""
        if offset + _BEGINNING // 2 <= len(self._beginning):
            block = self._beginning[offset:]
        else:
            self._file.seek(offset)
            block = self._file.read(_BEGINNING // 2)
        size, entry = self._form.number.size, self._form.entry.size
        if len(block) < size:
            return b"", 0
        (number,) = self._form.number.unpack_from(block)
        end = size + number * entry
        whole = end + self._form.offset.size
        if number > _MOST_TAGS or offset + whole > self._size:
            return b"", 0
        if whole > len(block):
            self._file.seek(offset)
            block = self._file.read(whole)
        if len(block) < whole:
            return b"", 0
        (following,) = self._form.offset.unpack_from(block, end)
        return block[size:end], following

    def _copies(self, of_type: int, number: int, place: int) -> tuple[int, ...]:
        checked_number(number, "smaller copies of one page", MOST_COPIES)
        letter = {4: "I", 13: "I", 16: "Q", 18: "Q"}.get(of_type)
        if letter is None:
            return ()
        form = struct.Struct(f"{self._form.offset.format[0]}{number}{letter}")
        if place + form.size > self._size:
            return ()
        self._file.seek(place)
        stored = self._file.read(form.size)
        offsets = form.unpack(stored) if len(stored) == form.size else ()
        return tuple(offset for offset in offsets if 8 <= offset < self._size)
