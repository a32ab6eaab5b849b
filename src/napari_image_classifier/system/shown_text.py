r"""Text of strangers as it is shown: each of its characters is seen, and none of them acts.

Names of files, classes, channels and persons, and what libraries say, may hold characters that move
a terminal's cursor, turn the direction of writing or are not seen at all. They are shown as their
numbers, such as ``\x1b``. Real scripts stay as they are, with the joiners that Persian, Indic
scripts and emoji need.
"""

import io
import re
from collections.abc import Iterable
from typing import IO, TextIO

from napari_image_classifier.errors import ImageClassifierError

# Python stands for a byte that is no text with one of the surrogates.
_FIRST_BYTE, _LAST_BYTE, _BYTES_FROM = 0xDC80, 0xDCFF, 0xDC00
_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029"
_SURROGATES = "\ud800-\udfff"
_DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
# Between two letters that are not of ASCII these join or part them, or say which way to write.
_JOINERS = "\u061c\u200c-\u200f"
_UNSEEN = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff"
    "\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# A flag of a part of a country is a black flag and the letters of that part, unseen.
_FLAG = "\U0001f3f4[\U000e0030-\U000e007a]{1,8}\U000e007f"
_ACTING = f"[{_CONTROLS}{_SURROGATES}{_DIRECTIONS}{_UNSEEN}]"
_LONE_JOINER = f"(?<![^\x00-\x7f])[{_JOINERS}]|[{_JOINERS}](?![^\x00-\x7f])"
_LONE_SELECTOR = "(?<![#*0-9\x80-\U0010ffff])[\ufe00-\ufe0f]"
_NOT_SHOWN = re.compile(f"{_FLAG}|{_ACTING}|{_LONE_JOINER}|{_LONE_SELECTOR}")
_TAG, _ENTITY = re.compile(r"<(?=\s*[A-Za-z!?/])"), re.compile("&(?=lt;)")
_NEVER_IN_A_NAME = re.compile(f"[\x00{_SURROGATES}]")


def readable(text: str) -> str:
    r"""Return a text as every terminal, window and page can show it, on one line.

    Parameters
    ----------
    text
        Such as a name, or a sentence that names files.

    Returns
    -------
    str
        A byte of a name that is not UTF-8 became ``\xff``, a line break ``\x0a``.
    """
    return text if text.isascii() and text.isprintable() else _NOT_SHOWN.sub(_escaped, text)


def readable_lines(text: str) -> str:
    """Return a text as `readable` does, its lines and tabs kept.

    Parameters
    ----------
    text
        Such as several sentences below each other.

    Returns
    -------
    str
        With "\\n" at the end of each line.
    """
    if text.isascii() and text.isprintable():
        return text
    return _NOT_SHOWN.sub(
        lambda match: match[0] if match[0] in "\n\t" else _escaped(match),
        text.replace("\r\n", "\n"),
    )


def shortened(text: str, longest: int) -> str:
    """Return a text with "…" in the place of what is too much in its middle.

    Parameters
    ----------
    text
        Such as the name of a class.
    longest
        How many characters are shown.

    Returns
    -------
    str
        The text itself where it is not longer.
    """
    if len(text) <= longest:
        return text
    return f"{text[: longest // 2]}…{text[len(text) - (longest - longest // 2 - 1) :]}"


def never_html(text: str) -> str:
    """Return a text that no program which guesses takes for HTML, whatever stands around it.

    Parameters
    ----------
    text
        Such as the name of a layer, which napari shows in labels that guess.

    Returns
    -------
    str
        The text, readable; "‹" stands for a "<" that may begin a tag, "＆" for "&" in "&lt;".
    """
    return _TAG.sub("‹", _ENTITY.sub("＆", readable_lines(text)))


def without_unseen(text: str) -> str:
    """Return a text with "_" for each character that `readable` shows as its number.

    Parameters
    ----------
    text
        Such as the name of a class.

    Returns
    -------
    str
        What can stand in the name of a file.
    """
    return _NOT_SHOWN.sub(lambda match: match[0] if len(match[0]) > 1 else "_", text)


def writable(text: str) -> str:
    """Return a text that can be written: U+FFFD stands for what is no character, and for NUL.

    Parameters
    ----------
    text
        Such as the name of a channel that a file gives.

    Returns
    -------
    str
        The text itself, nearly always.
    """
    return _NEVER_IN_A_NAME.sub("\ufffd", text)


class ReadableStream(io.TextIOBase):
    """A stream, such as stderr, to which libraries write texts that nobody has looked through.

    Parameters
    ----------
    stream
        Where to the text goes, as `readable_lines` gives it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # Rich writes past this: it moves the cursor itself, and is given readable texts.
        self.rich_proxied_file: IO[str] = stream

    def write(self, text: str) -> int:
        """Write a text."""
        self._stream.write(readable_lines(text))
        return len(text)

    def flush(self) -> None:
        """Hand on what has been written."""
        self._stream.flush()

    def fileno(self) -> int:
        """Return the number that the system knows the stream by."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream.isatty()

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """How letters become bytes."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """What becomes of letters that have no bytes."""
        return self._stream.errors


def check_names(
    names: Iterable[str], what: str, refused: type[ImageClassifierError], *, new: bool = False
) -> None:
    """Refuse names that can't be written or, of what is made now, that nobody could read.

    Parameters
    ----------
    names
        Those of classes or channels.
    what
        What they name, such as "class of images".
    refused
        The error that is raised.
    new
        Whether the names are given now. Control characters, unseen ones and those that turn the
        direction of writing are then refused, too; files of before may have them, and are opened.
    """
    for name in names:
        no_text = _NEVER_IN_A_NAME.search(name)
        if no_text or (new and name != readable(name)):
            has = "bytes that are no text" if no_text else "characters that are not seen"
            raise refused(
                f"The {what} “{readable(name)}” has {has}, shown as numbers here. Rename its "
                "folder, or write it without them in its table, saved as “CSV UTF-8”."
            )


def _escaped(match: re.Match[str]) -> str:
    if len(match[0]) > 1:
        return match[0]
    number = ord(match[0])
    if _FIRST_BYTE <= number <= _LAST_BYTE:
        number -= _BYTES_FROM
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
