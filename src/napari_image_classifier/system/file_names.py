"""Names of folders and files that every system allows."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from napari_image_classifier.system.shown_text import without_unseen

# What Windows allows in no name, and what leads elsewhere on any system.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
# Devices of Windows, whatever stands behind a point.
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.I)
LONGEST = 80
# Most systems take names of 255 bytes; a number may stand behind this one.
LONGEST_IN_BYTES = 240


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
    """Return a label as the name of one folder, or as a part of a file's name.

    Parameters
    ----------
    label
        Such as the name of a class.

    Returns
    -------
    str
        A name that every system takes, of at most 240 bytes.
    """
    name = _FORBIDDEN.sub("_", without_unseen(unicodedata.normalize("NFC", label)))[:LONGEST]
    name = name.encode()[:LONGEST_IN_BYTES].decode(errors="ignore")
    # Windows drops points and spaces at the end; a point at the beginning hides a folder.
    name = re.sub(r"[. ]+$", "_", name.lstrip(" "))
    name = re.sub(r"^\.+", "_", name)
    return f"_{name}" if not name or _DEVICES.fullmatch(name) else name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
