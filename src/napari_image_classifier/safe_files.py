"""Files that are either whole or not there: temporary file, flush, rename."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; on success it takes the name ``path``.

    Whatever stood at ``path`` stays whole until the new content is on the disk. When the block
    raises, the temporary file is removed and ``path`` is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".writing-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _copy_usual_permissions(temporary)
        flush_to_disk(temporary)
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def flush_to_disk(path: Path) -> None:
    """Wait until the content of the file ``path`` is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _copy_usual_permissions(temporary: Path) -> None:
    # mkstemp makes a file that only its owner may read; a result is for colleagues too.
    if os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
