"""One run at a time for each output: two would write over each other's work."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ENOENT
from pathlib import Path

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.atomic_files import told_when_refused


class RunningError(ImageClassifierError):
    """An output that another run is writing."""


class OutputUnwritableError(ImageClassifierError):
    """An output in a place that takes no files."""


@contextmanager
def only_run(output: Path) -> Iterator[None]:
    """Be the only one that writes an output until the block ends, or the process does.

    Parameters
    ----------
    output
        The file; a lock lies beside it as long as it is written.

    Yields
    ------
    None
        The block writes.

    Raises
    ------
    RunningError
        Another run, also in another process, is writing it.
    OutputUnwritableError
        Nothing can be written there.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(output.with_name(f".{output.name}.lock"))
    what_now = "Make room there, mend the drive, or choose another output."
    try:
        with told_when_refused(output, OutputUnwritableError, what_now):
            output.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout as error:
                if not Path(lock.lock_file).exists():
                    raise FileNotFoundError(ENOENT, "No file can be made there") from error
                raise RunningError(
                    f"Another run is writing {output}; wait until it has ended, stop it, or choose "
                    "another output."
                ) from error
        yield
    finally:
        # Also where a signal came in between: unless another run holds it.
        with suppress(OSError, Timeout):
            lock.acquire(timeout=0)
            # While it is held, or another run's lock would go; Windows removes it with the release.
            Path(lock.lock_file).unlink()
        lock.release(force=True)
