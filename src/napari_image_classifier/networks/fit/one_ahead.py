"""Work that is prepared while the work before it is done."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(made: Iterator[T]) -> Iterator[T]:
    """Yield what ``made`` yields; the next one is made on a thread meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, made, None)
        while (found := coming.result()) is not None:
            coming = thread.submit(next, made, None)
            yield found
