"""Waiting for the disk, of which nothing depends but what a power cut leaves."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

really_flush = os.fsync


@contextmanager
def unflushed() -> Iterator[None]:
    """While it is entered, this process does not wait until its files are on the disk."""
    with mock.patch.object(os, "fsync", lambda file: None):
        yield
