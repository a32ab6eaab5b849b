"""Copies of classified images in folders by class; nothing is moved."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.errors import Cancelled, ImageClassifierError
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.names.patterns import ImageFiles, NamePattern
from napari_image_classifier.images.ome import (
    KEPT_SUFFIX,
    companion_name,
    description_in,
    files_of_image,
    is_tiff_name,
)
from napari_image_classifier.plates.summary import read_predictions
from napari_image_classifier.system.atomic_files import replace_file, replace_text
from napari_image_classifier.system.events import Result
from napari_image_classifier.system.file_names import folder_names
from napari_image_classifier.system.job import Job
from napari_image_classifier.system.output_lock import only_run
from napari_image_classifier.typing import ShouldStop
from napari_image_classifier.wording import counted

ANSWERED = "ok"
BYTES_AT_ONCE = 4 << 20
OnProgress = Callable[[int, int], None]


class SortingError(ImageClassifierError):
    """Images that can't be copied into folders by class."""


@dataclass(frozen=True)
class SortedCopies(Result):
    """What was copied.

    Attributes
    ----------
    output
        The folder of the copies.
    counts
        How many images are in each folder below it.
    n_images
        How many images there were to copy.
    missing
        Names of images in the table that are no longer in the folder of images.
    stopped
        Whether it ended before the last image because it was asked to.
    """

    output: Path
    counts: Mapping[str, int]
    n_images: int
    missing: tuple[str, ...] = ()
    stopped: bool = False

    @property
    def message(self) -> str:
        """One or two sentences for the person who waited."""
        n_copied = sum(self.counts.values())
        by_folder = ", ".join(f"{count} to {name}" for name, count in self.counts.items())
        sentence = f"{n_copied} of {self.n_images} images copied{by_folder and ': '}{by_folder}."
        if self.missing:
            sentence += (
                f" No longer in the folder: {counted(len(self.missing), 'image')} of the table, "
                f"the first is {self.missing[0]}."
            )
        if self.stopped:
            sentence += " Stopped before the end; what was copied is whole."
        return sentence


@dataclass(frozen=True)
class SortRequest:
    """Arguments of `sort_images`.

    Attributes
    ----------
    table, images, output, pattern
        As there.
    """

    table: Path
    images: Path
    output: Path
    pattern: str | None = None


SORT_IMAGES = Job("sort_images", SortRequest, SortedCopies)


@dataclass(frozen=True)
class _Copy:
    """An image: the folder that it goes to, and each of its files with the copy of it."""

    folder: str
    files: Mapping[Path, Path]


def sort_images(
    table: str | Path,
    images: str | Path,
    output: str | Path,
    *,
    pattern: str | None = None,
    on_progress: OnProgress = lambda done, total: None,
    should_stop: ShouldStop = lambda: False,
) -> SortedCopies:
    """Copy every image of a table of predictions into a folder of its class.

    Images that have no answer go to folders named after their status: "unsure", "unlike-training",
    "error", "pending". Names of classes become safe names of folders (see `folder_names`), and
    sub-folders of the images are kept in them. The images are read and never touched. A stop, or an
    error, leaves whole images only.

    Parameters
    ----------
    table
        A ``predictions.csv`` of whole images.
    images
        The folder that was classified.
    output
        An empty folder, or one that is not there yet.
    pattern
        The name pattern that the folder was classified with, so that an image in several files is
        copied with all of them.
    on_progress
        Hears how many of how many images are done.
    should_stop
        Is asked between blocks of a file whether to end.

    Returns
    -------
    SortedCopies
        How many images were copied, and where to.

    Raises
    ------
    SortingError
        The table classifies parts of images, or none of its images is there; the output is not
        empty, or lies within the images; there is too little room; a file can't be copied.
    SummaryError
        It is no table of predictions.
    ImageFolderError
        There is no such folder of images.
    NamePatternError
        The name pattern can't be understood.
    """
    path, root, target = Path(table), Path(images).resolve(), Path(output).resolve()
    labels = _labels(path)
    with only_run(target):
        _check_output(target, root)
        return _sorted(path, root, target, labels, pattern, on_progress, should_stop)


def _sorted(
    path: Path,
    root: Path,
    target: Path,
    labels: Mapping[str, tuple[str, str]],
    pattern: str | None,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> SortedCopies:
    listed, _ = find_images(root, NamePattern(pattern) if pattern else None)
    by_name = {files.name: files for files in listed}
    missing = tuple(name for name in labels if name not in by_name)
    _check_found(path, root, labels, missing, pattern)
    folders = _folders(labels.values())
    copies = [
        _Copy(
            folders[label],
            {
                file: target / folders[label] / file.relative_to(root).with_name(copied_as)
                for file, copied_as in _files_of(by_name[name]).items()
            },
        )
        for name, label in labels.items()
        if name in by_name
    ]
    _check_room(copies, target)
    counts, stopped = _copy_all(copies, target, on_progress, should_stop)
    return SortedCopies(target, counts, len(copies), missing, stopped)


def _labels(table: Path) -> dict[str, tuple[str, str]]:
    """Return the status and the class of every image of a table, by its name."""
    rows = read_predictions(table)
    parts = rows[rows["item"] != ""]
    if len(parts):
        first = parts.iloc[0]
        raise SortingError(
            f"{table.name} gives classes to parts of images ({first['item']} of {first['file']}), "
            "so that one image may have several classes. Only whole images can be copied into "
            "folders by class."
        )
    columns = (rows[name] for name in ("file", "status", "class"))
    return {
        file: (status, class_name if status == ANSWERED else "")
        for file, status, class_name in zip(*columns, strict=True)
    }


def _folders(labels: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the folder of each status and class; a class called "error" is no error."""
    different = sorted(set(labels))
    classes = [class_name for status, class_name in different if status == ANSWERED]
    of_status = folder_names(status for status, _ in different if status != ANSWERED)
    of_class = folder_names(classes, of_status.values())
    return {(status, ""): folder for status, folder in of_status.items()} | {
        (ANSWERED, class_name): folder for class_name, folder in of_class.items()
    }


def _check_output(output: Path, images: Path) -> None:
    if output == images or images in output.parents:
        raise SortingError(
            f"{output} lies within the images' folder, where the copies would be taken for images "
            "to classify; choose a folder elsewhere."
        )
    if output.exists() and not output.is_dir():
        raise SortingError(f"{output} is a file; choose an empty folder for the copies.")
    # .DS_Store and the like are there as soon as somebody has looked at an empty folder.
    if output.is_dir() and any(not entry.name.startswith(".") for entry in output.iterdir()):
        raise SortingError(
            f"{output} is not empty; choose an empty folder, or a new one, for the copies."
        )


def _check_found(
    table: Path, images: Path, names: Iterable[str], missing: Sequence[str], pattern: str | None
) -> None:
    if not missing or len(missing) < len(list(names)):
        return
    do = "give the folder that was classified"
    if "{" in missing[0] and not pattern:
        do = "an image is several files there: give the name pattern that it was classified with"
    elif pattern:
        do += ", and the name pattern of then"
    raise SortingError(
        f"None of the images of {table.name} is in {images}, the first is {missing[0]}; {do}."
    )


def _files_of(image: ImageFiles) -> dict[Path, str]:
    """Return all files of an image, also those that only its OME description names.

    With each is the name of its copy. Another image that describes this one would be one of the
    wrong class: its copy is the description alone, and called after it.
    """
    files = {part.path: part.path.name for part in image.parts}
    if len(files) == 1:
        (path,) = files
        # Whatever is wrong with a file, it can still be copied as it is.
        with suppress(Exception):
            beside = (path.with_name(name) for name in files_of_image(path))
            files |= {file: file.name for file in beside if file.is_file()}
            name = companion_name(path)
            if name is not None and path.with_name(name) not in files:
                files[path.with_name(name)] = name + KEPT_SUFFIX * is_tiff_name(name)
    return files


def _check_room(copies: Sequence[_Copy], output: Path) -> None:
    needed = sum(file.stat().st_size for copy in copies for file in copy.files)
    existing = next(folder for folder in (output, *output.parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise SortingError(
            f"The copies need {needed / 1e9:.1f} GB, and {output} has room for {free / 1e9:.1f} "
            "GB; choose a folder on another disk."
        )


def _copy_all(
    copies: Sequence[_Copy], output: Path, on_progress: OnProgress, should_stop: ShouldStop
) -> tuple[dict[str, int], bool]:
    """Return the images copied to each folder, and whether it was stopped before the end."""
    counts: Counter[str] = Counter()
    done: set[Path] = set()
    for number, copy in enumerate(copies):
        on_progress(number, len(copies))
        try:
            done |= _copy_image(copy, done, should_stop)
        except Cancelled:
            return dict(counts), True
        except OSError as error:
            raise SortingError(
                f"{error.filename or next(iter(copy.files))} could not be copied: "
                f"{error.strerror or error}. {number} of {len(copies)} images are in {output}."
            ) from error
        counts[copy.folder] += 1
    on_progress(len(copies), len(copies))
    return dict(sorted(counts.items())), False


def _copy_image(copy: _Copy, done: set[Path], should_stop: ShouldStop) -> set[Path]:
    """Copy all files of an image, or none; return the copies."""
    made: set[Path] = set()
    try:
        for source, target in copy.files.items():
            # Images may share a file, as one that describes them all.
            if target in done:
                continue
            if target.exists():
                raise FileExistsError(17, "a file of that name is there already", str(target))
            if target.name == source.name:
                _copy_file(source, target, should_stop)
            else:
                replace_text(target, description_in(source))
            made.add(target)
    except BaseException:
        for target in made:
            target.unlink()
        raise
    return made


def _copy_file(source: Path, target: Path, should_stop: ShouldStop) -> None:
    with replace_file(target) as temporary:
        with source.open("rb") as old, temporary.open("wb") as new:
            while block := old.read(BYTES_AT_ONCE):
                if should_stop():
                    raise Cancelled
                new.write(block)
        times = source.stat()
        # When an image was taken is often known from nothing else.
        os.utime(temporary, ns=(times.st_atime_ns, times.st_mtime_ns))
