"""Which images a folder holds."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.image import IMAGE_SUFFIXES
from napari_image_classifier.images.mask_files import MaskFiles
from napari_image_classifier.images.name_patterns import ImageFiles, NamePattern, group_files
from napari_image_classifier.images.ome import files_of_image, plate_fields
from napari_image_classifier.images.source import FOREIGN_SUFFIXES
from napari_image_classifier.images.tiff.errors import translated_errors

OME_SUFFIXES = (".ome.tif", ".ome.tiff")


class ImageFolderError(ImageClassifierError):
    """A folder that is not there."""


def find_images(
    folder: Path, pattern: NamePattern | None = None, masks: str | None = None
) -> tuple[list[ImageFiles], dict[str, int]]:
    """Return the images below ``folder``, sorted by name, and what was passed over, counted.

    Sub-folders are searched. Hidden files (``._*``, ``.DS_Store``), other formats, empty folders
    and files that ``pattern`` does not describe are passed over. An OME-TIFF image in several
    files, each of which opens as the whole, is listed once, under the first of its names. What an
    OME description says of plate, well, site and day stands in the image's fields, as far as
    ``pattern`` has none of these names. Where
    ``masks`` says where these lie (see `masks.MaskFiles`), each image has its own, and they are
    passed over as images.

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
    found = MaskFiles(masks, folder) if masks else None
    if found is not None:
        n_before = len(paths)
        paths = [path for path in paths if path not in found.paths]
        if len(paths) < n_before:
            passed_over["masks"] += n_before - len(paths)
    images, unmatched = group_files(paths, pattern, folder)
    images = [_with_plate_fields(image) for image in images]
    if unmatched:
        passed_over["files that the name pattern does not describe"] += len(unmatched)
    if found is not None:
        images = found.given_to(images)
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


def _one_per_set(paths: Iterable[Path], passed_over: Counter[str]) -> Iterator[Path]:
    for path in paths:
        if path.name.lower().endswith(OME_SUFFIXES) and _is_further_part(path):
            passed_over["further files of OME images"] += 1
        else:
            yield path


def _with_plate_fields(image: ImageFiles) -> ImageFiles:
    path = image.parts[0].path
    if not path.name.lower().endswith(OME_SUFFIXES):
        return image
    try:
        with translated_errors(path):
            found = plate_fields(path)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, reading it will say so
        return image
    return replace(image, fields={**found, **image.fields}) if found else image


def _is_further_part(path: Path) -> bool:
    try:
        with translated_errors(path):
            names = files_of_image(path)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, reading it will say so
        return False
    return path.name != names[0] and path.with_name(names[0]).is_file()
