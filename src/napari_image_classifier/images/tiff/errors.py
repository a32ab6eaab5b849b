"""Errors that tifffile raises or only logs, as one exception with a sentence."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tifffile

from napari_image_classifier.images.read_errors import (
    ImageReadError,
    damaged,
    not_of_its_suffix,
    read_failure,
)

# Tags without which pixels can't be found or understood; a damaged private tag harms nobody.
_NEEDED_TAGS = frozenset(
    {256, 257, 258, 259, 262, 266, 270, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338}
    | {339, 347, 50838, 50839, 33628, 33629}
)
_TAG = re.compile(r"TiffTag (\d+) @")

_captured = threading.local()


class _LogCapture(logging.Filter):
    """Keeps tifffile's log while this thread reads, instead of writing it to the terminal."""

    def filter(self, record: logging.LogRecord) -> bool:
        messages: list[logging.LogRecord] | None = getattr(_captured, "records", None)
        if messages is None:
            return True
        messages.append(record)
        return False


_LOG_CAPTURE = _LogCapture()


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong in the block, logged or raised, into an `ImageReadError`."""
    # tifffile reports a stack cut short in its log alone and gives what is left of it.
    log = logging.getLogger("tifffile")
    log.addFilter(_LOG_CAPTURE)
    # Other programs' logging.config turns off every log that is there before them.
    log.disabled = False
    if log.getEffectiveLevel() > logging.ERROR:
        log.setLevel(logging.ERROR)
    before = getattr(_captured, "records", None)
    _captured.records = []
    try:
        yield
        failure = next(filter(None, map(_failure, _captured.records)), None)
    except tifffile.TiffFileError as error:
        if str(error).startswith("not a TIFF file"):
            raise not_of_its_suffix(path, "TIFF") from error
        raise read_failure(path, error) from error
    except ImageReadError:
        raise
    except Exception as error:
        # Damaged files raise some ten types of exception in tifffile and its decoders.
        raise read_failure(path, error) from error
    finally:
        _captured.records = before
    if failure:
        raise damaged(path, failure)


def _failure(record: logging.LogRecord) -> str | None:
    if record.levelno < logging.ERROR:
        return None
    message = record.getMessage()
    tag = _TAG.search(message)
    if "TiffTag.fromfile" in message and tag and int(tag.group(1)) not in _NEEDED_TAGS:
        return None
    return message
