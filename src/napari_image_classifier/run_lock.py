"""One run at a time for each output: two would write over each other's work."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_image_classifier.errors import ImageClassifierError


class RunningError(ImageClassifierError):
    """An output that another run is writing."""


class OutputUnwritableError(ImageClassifierError):
    """An output in a place that takes no files."""


@contextmanager
def only_run(output: Path) -> Iterator[None]:
    """Be the only one that writes ``output`` until the block ends, or the process does.

    Raises
    ------
    RunningError
        Another run, also in another process, is writing it.
    OutputUnwritableError
        Nothing can be written there.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(output.with_name(f".{output.name}.lock"))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunningError(
            f"Another run is writing {output}; wait until it has ended, stop it, or choose another "
            "output."
        ) from error
    except OSError as error:
        raise OutputUnwritableError(
            f"{output} can't be written: {error.strerror or error}. Nothing was lost; make room "
            "there, mend the drive, or choose another output."
        ) from error
    try:
        yield
    finally:
        # While it is held, or another run's lock would go; Windows removes it with the release.
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()
