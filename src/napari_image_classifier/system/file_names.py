"""File names as they can be shown: some hold line breaks, and some are no text at all."""

import re

# Python stands for a byte that is no text with one of the surrogates.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_FIRST_BYTE, _LAST_BYTE, _BYTES_FROM = 0xDC80, 0xDCFF, 0xDC00


def readable(text: str) -> str:
    r"""Return a sentence that every terminal and window can show, on one line.

    A byte of a file name that is not UTF-8 becomes ``\xff``, a line break ``\x0a``.
    """
    return _UNSHOWABLE.sub(lambda found: _escaped(ord(found[0])), text)


def _escaped(number: int) -> str:
    if _FIRST_BYTE <= number <= _LAST_BYTE:
        number -= _BYTES_FROM
    return f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}"
