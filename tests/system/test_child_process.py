"""child_process: what goes into the pipe comes out of it."""

import io
import struct

import pytest

from napari_image_classifier.system.child_process import MessageError, read_message, write_message


def test_messages_come_out_as_they_went_in():
    """Length and JSON; the end of the stream is None, also within a message."""
    pipe = io.BytesIO()
    write_message(pipe, {"event": "progress", "file": "Zelle µ.tif"})
    write_message(pipe, {"event": "result"})
    pipe.seek(0)
    assert read_message(pipe) == {"event": "progress", "file": "Zelle µ.tif"}
    assert read_message(pipe) == {"event": "result"}
    assert read_message(pipe) is None
    assert read_message(io.BytesIO(pipe.getvalue()[:7])) is None


def test_a_stream_that_is_no_message_is_refused():
    """A length that can't be is not allocated."""
    with pytest.raises(MessageError):
        read_message(io.BytesIO(struct.pack(">I", 2**32 - 1)))
