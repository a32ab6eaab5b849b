"""Messages on the pipe of a child process: JSON, or pickle between two that trust each other."""

import json
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from napari_image_classifier.errors import ImageClassifierError

LONGEST_MESSAGE = 256 * 1024**2
_LENGTH = struct.Struct(">I")


class MessageError(ImageClassifierError):
    """What stands on the pipe is no message."""


def write_message(stream: IO[bytes], message: Any) -> None:
    """Write one message and flush: four bytes of length, big endian, and so many of JSON."""
    body = json.dumps(message, allow_nan=True).encode()
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def read_message(stream: IO[bytes]) -> Any:
    """Read one message; None when the stream has ended, also within a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LONGEST_MESSAGE:
        raise MessageError("The compute process sent something that is no message.")
    body = stream.read(length)
    return json.loads(body) if len(body) == length else None


def _write_pickle(stream: IO[bytes], message: Any) -> None:
    pickle.dump(message, stream, pickle.HIGHEST_PROTOCOL)
    stream.flush()


def _read_pickle(stream: IO[bytes]) -> Any:
    try:
        return pickle.load(stream)
    except (EOFError, ValueError, pickle.UnpicklingError):
        return None


@dataclass(frozen=True)
class Wire:
    """How messages are written to a pipe and read from it; reading gives None at its end."""

    write: Callable[[IO[bytes], Any], None]
    read: Callable[[IO[bytes]], Any]


JSON = Wire(write_message, read_message)
PICKLE = Wire(_write_pickle, _read_pickle)
