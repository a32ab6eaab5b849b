"""Which images a folder holds."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images import FOREIGN_SUFFIXES, IMAGE_SUFFIXES
from napari_image_classifier.naming import ImageFiles, NamePattern, group_files


class ImageFolderError(ImageClassifierError):
    """A folder that is not there."""


def find_images(
    folder: Path, pattern: NamePattern | None = None
) -> tuple[list[ImageFiles], dict[str, int]]:
    """Return the images below ``folder``, sorted by name, and what was passed over, counted.

    Sub-folders are searched. Hidden files (``._*``, ``.DS_Store``), other formats, empty folders
    and files that ``pattern`` does not describe are passed over.

    Raises
    ------
    ImageFolderError
        The folder is not there.
    """
    if not folder.is_dir():
        raise ImageFolderError(f"There is no folder {folder}; choose a folder with images in it.")
    passed_over: Counter[str] = Counter()
    paths = list(_image_paths(folder, passed_over))
    images, unmatched = group_files(paths, pattern, folder)
    if unmatched:
        passed_over["files that the name pattern does not describe"] += len(unmatched)
    return images, dict(passed_over)


def _image_paths(folder: Path, passed_over: Counter[str]) -> Iterator[Path]:
    entries = sorted(folder.iterdir())
    if not entries:
        passed_over["empty folders"] += 1
    for entry in entries:
        if entry.name.startswith("."):
            passed_over["hidden files"] += 1
        elif entry.is_dir() and not entry.is_symlink() and entry.suffix not in FOREIGN_SUFFIXES:
            yield from _image_paths(entry, passed_over)
        elif entry.suffix.lower() in IMAGE_SUFFIXES:
            yield entry
        else:
            passed_over["files of other formats"] += 1
