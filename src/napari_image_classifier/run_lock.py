"""One run at a time for each output: two would write over each other's work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_image_classifier.errors import ImageClassifierError


class RunningError(ImageClassifierError):
    """An output that another run is writing."""


@contextmanager
def only_run(output: Path) -> Iterator[None]:
    """Be the only one that writes ``output`` until the block ends, or the process does.

    Raises
    ------
    RunningError
        Another run, also in another process, is writing it.
    """
    from filelock import FileLock, Timeout

    output.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(output.with_name(f".{output.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunningError(
            f"Another run is writing {output}; wait until it has ended, stop it, or choose another "
            "output."
        ) from error
    try:
        yield
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
