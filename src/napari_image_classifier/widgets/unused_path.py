"""Names for files to be written that are not there yet."""

from pathlib import Path


def unused(path: Path) -> Path:
    """Return ``path``, or the first of path-2, path-3… that is not there yet."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem}-{number}")
    return candidate
