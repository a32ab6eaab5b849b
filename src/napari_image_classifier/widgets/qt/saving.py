"""What a disk refuses, said where the person looks."""

from collections.abc import Iterator
from contextlib import contextmanager

from qtpy.QtWidgets import QLabel


@contextmanager
def told_in(label: QLabel) -> Iterator[None]:
    """Leave the block where something can't be written, and say so in ``label``."""
    try:
        yield
    except OSError as error:
        label.setText(f"It could not be written, and nothing was changed: {error}.")
