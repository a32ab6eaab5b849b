"""Messages on a pipe: four bytes of length, big endian, and that many bytes of JSON."""

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.typing import Event

LONGEST_MESSAGE = 256 * 1024**2
_LENGTH = struct.Struct(">I")


class MessageError(ImageClassifierError):
    """What stands on the pipe is no message."""


def write_message(stream: IO[bytes], message: Mapping[str, Any]) -> None:
    """Write one message and flush."""
    stream.write(encoded(message))
    stream.flush()


def encoded(message: Mapping[str, Any]) -> bytes:
    """Return a message as it stands on the pipe."""
    body = json.dumps(message, allow_nan=True).encode()
    return _LENGTH.pack(len(body)) + body


def read_message(stream: IO[bytes]) -> Event | None:
    """Read one message; None when the stream has ended, also within a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LONGEST_MESSAGE:
        raise MessageError("The compute process sent something that is no message.")
    body = stream.read(length)
    if len(body) < length:
        return None
    message: Event = json.loads(body)
    return message
