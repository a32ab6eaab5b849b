"""Images in a folder and its sub-folders, each of one file or several."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.image import IMAGE_SUFFIXES
from napari_image_classifier.images.mask_files import MaskFiles
from napari_image_classifier.images.name_patterns import ImageFiles, NamePattern, group_files
from napari_image_classifier.images.ome import files_of_image, plate_fields
from napari_image_classifier.images.read_errors import FOREIGN_SUFFIXES
from napari_image_classifier.images.tiff.errors import translated_errors

T = TypeVar("T")

OME_SUFFIXES = (".ome.tif", ".ome.tiff")


class ImageFolderError(ImageClassifierError):
    """A folder that is not there."""


def find_images(
    folder: Path,
    pattern: NamePattern | None = None,
    masks: str | None = None,
    *,
    split_masks: bool = False,
) -> tuple[list[ImageFiles], dict[str, int]]:
    """Return the images below a folder, and counts of what is not an image.

    Hidden files (``._*``, ``.DS_Store``), files of other formats, empty folders and files that
    ``pattern`` does not describe are passed over. An OME-TIFF image in several files, each of which
    opens as the whole, is listed once, under the first of its names. What an OME description says
    of plate, well, site and day stands in the image's fields, as far as ``pattern`` has none of
    these names. No pixels are read.

    Parameters
    ----------
    folder
        The folder; its sub-folders are searched, too, but for links to folders.
    pattern
        Which files make one image; by default each file is one.
    masks
        Where masks lie, seen from ``folder`` (see `MaskFiles`): each image gets its own, and masks
        are no images. By default images have none.
    split_masks
        Whether the connected parts of masks are the objects, whatever their numbers.

    Returns
    -------
    tuple of list of ImageFiles and dict of str to int
        The images, sorted by name; and what was passed over: how many by what they are, in words
        that suit any number ("hidden files").

    Raises
    ------
    ImageFolderError
        The folder is not there.
    MasksError
        There are no masks, or none fits.
    """
    if not folder.is_dir():
        raise ImageFolderError(f"There is no folder {folder}; choose a folder with images in it.")
    passed_over: Counter[str] = Counter()
    paths = list(_one_per_set(_image_paths(folder, passed_over), passed_over))
    mask_files = MaskFiles(masks, folder, split=split_masks) if masks else None
    if mask_files is not None:
        n_before = len(paths)
        paths = [path for path in paths if path not in mask_files.paths]
        passed_over["masks"] += n_before - len(paths)
    images, unmatched = group_files(paths, pattern, folder)
    images = [_with_plate_fields(image) for image in images]
    passed_over["files that the name pattern does not describe"] += len(unmatched)
    if mask_files is not None:
        images = mask_files.assign(images)
    return images, dict(+passed_over)


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


def _one_per_set(paths: Iterable[Path], passed_over: Counter[str]) -> Iterator[Path]:
    for path in paths:
        if _is_further_part(path):
            passed_over["further files of OME images"] += 1
        else:
            yield path


def _with_plate_fields(image: ImageFiles) -> ImageFiles:
    path = image.parts[0].path
    fields = _of_ome(plate_fields, path)
    return replace(image, fields={**fields, **image.fields}) if fields else image


def _is_further_part(path: Path) -> bool:
    first, *_ = _of_ome(files_of_image, path) or (path.name,)
    return path.name != first and path.with_name(first).is_file()


def _of_ome(read: Callable[[Path], T], path: Path) -> T | None:
    """Return what the OME description of a file says, if it has a sound one."""
    if not path.name.lower().endswith(OME_SUFFIXES):
        return None
    try:
        with translated_errors(path):
            return read(path)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, reading it will say so
        return None
