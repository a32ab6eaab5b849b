"""Names for files to be written that are not there yet."""

from pathlib import Path

from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of


def unused(path: Path) -> Path | None:
    """Return ``path``, or the first of path-2, path-3… that is not there yet.

    None while the drive does not answer.
    """
    candidate, number = path, 1
    while (kind := kind_of(candidate)) is not Kind.NOTHING:
        if kind is Kind.NO_ANSWER:
            return None
        number += 1
        candidate = path.with_stem(f"{path.stem}-{number}")
    return candidate
