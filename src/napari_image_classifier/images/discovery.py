"""Images in a folder and its sub-folders, each of one file or several."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from errno import ENAMETOOLONG
from pathlib import Path
from typing import TypeVar

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.image import IMAGE_SUFFIXES
from napari_image_classifier.images.mask_files import MaskFiles
from napari_image_classifier.images.names.folder_plates import with_plates_of_folders
from napari_image_classifier.images.names.patterns import (
    GUID,
    ImageFiles,
    NamePattern,
    NamePatternError,
    group_files,
)
from napari_image_classifier.images.names.proposals import nearest_preset
from napari_image_classifier.images.ome import files_of_image, plate_fields
from napari_image_classifier.images.read_errors import FOREIGN_SUFFIXES
from napari_image_classifier.images.tiff.errors import translated_errors
from napari_image_classifier.wording import counted

T = TypeVar("T")

OME_SUFFIXES = (".ome.tif", ".ome.tiff")
# Folders that drives (Synology, QNAP) and systems make for themselves.
_OF_DRIVES = {
    "@eadir": "thumbnails",
    "#recycle": "deleted files",
    "@recycle": "deleted files",
    "$recycle.bin": "deleted files",
}
_CLOSED = "folders that can't be opened"
_TOO_DEEP = "folders so deep that the system can't open them"
_THUMBNAIL = re.compile(r"(?:^|[_\-. /])thumb(?:nail)?s?(?=$|[_\-. /])")


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

    Hidden files (``._*``, ``.DS_Store``), files of other formats, empty folders, thumbnails beside
    their images and files that ``pattern`` does not describe are passed over. An OME-TIFF image in
    several files, each of which opens as the whole, is listed once, under the first of its names.
    What an OME description says of plate, well, site and day stands in the image's fields, as far
    as ``pattern`` has none of these names. Where folders hold the same wells, they are plates (see
    `folder_plates`). No pixels are read.

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
    NamePatternError
        There are files, and ``pattern`` describes none of them.
    """
    if not folder.is_dir():
        raise ImageFolderError(f"There is no folder {folder}; choose a folder with images in it.")
    passed_over: Counter[str] = Counter()
    found = _without_thumbnails(list(_image_paths(folder, passed_over)), folder, passed_over)
    paths = list(_one_per_set(found, passed_over))
    mask_files = None
    if masks:
        beside: Counter[str] = Counter()
        mask_files = MaskFiles(
            masks, folder, lambda below: _image_paths(below, beside), split=split_masks
        )
        for what in (_CLOSED, _TOO_DEEP):
            # Those that lie among the images were counted.
            passed_over[what] = max(passed_over[what], beside[what])
    if mask_files is not None:
        n_before = len(paths)
        paths = [path for path in paths if path not in mask_files.paths]
        passed_over["masks"] += n_before - len(paths)
    images, unmatched = group_files(paths, pattern, folder)
    if pattern is not None and paths and not images:
        raise NamePatternError(_nothing_fits(paths, pattern, folder))
    images = with_plates_of_folders([_with_plate_fields(image) for image in images], folder.name)
    passed_over["files that the name pattern does not describe"] += len(unmatched)
    if mask_files is not None:
        images = mask_files.assign(images)
    return images, dict(+passed_over)


def _image_paths(folder: Path, passed_over: Counter[str]) -> Iterator[Path]:
    """Yield the paths of images in the order of their names, however deep folders are."""
    # From behind: what is last is looked at next.
    waiting = sorted(folder.iterdir(), reverse=True)
    if not waiting:
        passed_over["empty folders"] += 1
    while waiting:
        entry = waiting.pop()
        if entry.name.startswith("."):
            passed_over["hidden files"] += 1
        elif (what := _OF_DRIVES.get(entry.name.lower())) and _is_folder(entry):
            passed_over[what] += _n_images_below(entry)
        elif _is_folder(entry) and not entry.is_symlink() and entry.suffix not in FOREIGN_SUFFIXES:
            try:
                within = sorted(entry.iterdir(), reverse=True)
            except FileNotFoundError:
                # It was taken away while this looked.
                continue
            except OSError as error:
                is_deep = error.errno == ENAMETOOLONG
                passed_over[_TOO_DEEP if is_deep else _CLOSED] += 1
                continue
            passed_over["empty folders"] += not within
            waiting += within
        elif entry.suffix.lower() in IMAGE_SUFFIXES:
            yield entry
        else:
            passed_over["files of other formats"] += 1


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        # A folder too deep is told of when it is opened; what else can't be asked, when it is read.
        return error.errno == ENAMETOOLONG and not path.suffix


def _n_images_below(folder: Path) -> int:
    return sum(path.suffix.lower() in IMAGE_SUFFIXES for path in files_below(folder))


def files_below(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder, however deep it is; folders that can't be opened have none.

    Parameters
    ----------
    folder
        Links to other folders are not followed.

    Yields
    ------
    Path
        In no order.
    """
    # Those of Python call themselves for each level, and fail at some thousand.
    waiting = [folder]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                else:
                    yield Path(entry.path)


def _without_thumbnails(
    paths: Sequence[Path], folder: Path, passed_over: Counter[str]
) -> list[Path]:
    """Return the files but for small copies of others, which have "thumb" in their names."""
    if not any("thumb" in str(path).lower() for path in paths):
        return list(paths)
    names = [_bare_name(path, folder) for path in paths]
    originals = {name for name in names if not _THUMBNAIL.search(name)}
    images = [
        path
        for path, name in zip(paths, names, strict=True)
        if name in originals
        or not (_without_thumb(name) in originals or _is_of_database(path, name))
    ]
    passed_over["thumbnails"] += len(paths) - len(images)
    return images


def _bare_name(path: Path, folder: Path) -> str:
    """Return a file's place and name, in small letters, without its ending and without GUIDs."""
    name = GUID.sub("", path.relative_to(folder).as_posix().lower())
    return name.rsplit(".", 1)[0].removesuffix(".ome")


def _without_thumb(name: str) -> str:
    return _THUMBNAIL.sub("", name).lstrip("_-. /")


def _is_of_database(path: Path, name: str) -> bool:
    """Return whether MetaXpress calls its thumbnails so; their images may not be here."""
    return name.endswith("_thumb") and GUID.search(path.name) is not None


def _nothing_fits(paths: Sequence[Path], pattern: NamePattern, folder: Path) -> str:
    names = [path.relative_to(folder).as_posix() for path in paths]
    nearest = nearest_preset(names)
    return (
        f"The name pattern {pattern.text} fits none of the {counted(len(paths), 'image file')} in "
        f"{folder}, the first is {names[0]}. The preset nearest to these names is "
        f"{nearest.microscope}, {nearest.pattern}, for names like {nearest.examples[0]}."
    )


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
