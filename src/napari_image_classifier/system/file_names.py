"""File names: as they can be shown, and folder names that every system allows."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

# Python stands for a byte that is no text with one of the surrogates.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_FIRST_BYTE, _LAST_BYTE, _BYTES_FROM = 0xDC80, 0xDCFF, 0xDC00
# What Windows allows in no name, and what leads elsewhere on any system.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
# Devices of Windows, whatever stands behind a point.
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.I)
LONGEST = 80


def readable(text: str) -> str:
    r"""Return a sentence that every terminal and window can show, on one line.

    Parameters
    ----------
    text
        What may hold names of files.

    Returns
    -------
    str
        A byte of a name that is not UTF-8 became ``\xff``, a line break ``\x0a``.
    """
    return _UNSHOWABLE.sub(lambda match: _escaped(ord(match[0])), text)


def _escaped(number: int) -> str:
    if _FIRST_BYTE <= number <= _LAST_BYTE:
        number -= _BYTES_FROM
    return f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}"


def folder_names(labels: Iterable[str], taken: Iterable[str] = ()) -> Mapping[str, str]:
    """Return a folder's name for each label.

    A name is one folder below its parent, wherever it is made: what could lead elsewhere, or can't
    be written on Windows, becomes "_". Names that differ in nothing but small and capital letters
    count as alike; the later one gets a number.

    Parameters
    ----------
    labels
        Such as names of classes; repeated ones count once.
    taken
        Names that others have already.

    Returns
    -------
    Mapping
        The name by label, none ``taken`` or like another.
    """
    used = {_folded(name) for name in taken}
    names: dict[str, str] = {}
    for label in dict.fromkeys(labels):
        name, number = safe_name(label), 1
        while _folded(name) in used:
            number += 1
            name = f"{safe_name(label)} ({number})"
        used.add(_folded(name))
        names[label] = name
    return names


def safe_name(label: str) -> str:
    """Return a label as the name of one folder."""
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", label))[:LONGEST]
    # Windows drops points and spaces at the end; a point at the beginning hides a folder.
    name = re.sub(r"[. ]+$", "_", name.lstrip(" "))
    name = re.sub(r"^\.+", "_", name)
    return f"_{name}" if not name or _DEVICES.fullmatch(name) else name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
