"""Records of a manifest: images, runs, files, items, and the result that it is of."""

import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Generic, TypeVar

import msgspec

from napari_image_classifier.classifiers.prediction import Status
from napari_image_classifier.images.file_stamps import Stamp
from napari_image_classifier.images.pixel_hash import ALGORITHM
from napari_image_classifier.items.crops import ObjectBox
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.items.selection import Each, parse_selection
from napari_image_classifier.system.machine import processor, versions_of
from napari_image_classifier.system.records import Count, Name, Part, Threads, check_file_name

# What every result depends on; a training adds Keras and its backend.
PACKAGES = (
    "napari-image-classifier",
    "numpy",
    "tifffile",
    "imagecodecs",
    "pillow",
    "onnxruntime",
)
# Settings of libraries that change how they round.
SETTINGS = (
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_DETERMINISTIC_OPS",
    "ONEDNN_MAX_CPU_ISA",
    "XLA_FLAGS",
    "NVIDIA_TF32_OVERRIDE",
)
_MACHINE = ("processor", "threads", "device", "backend", "platform")
# What stands with the files of an image's mask.
OF_MASK = "mask"
OF_SPLIT_MASK = "mask, its connected parts"
_AS_WRITTEN = {"class_name": "class"}
Item = TypeVar("Item")
# A letter for each axis; which ones there are is the images' affair.
Axes = Annotated[str, msgspec.Meta(pattern="^[A-Za-z]{0,12}$")]


class ImagesRead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the images lie, and of which of their planes the pixels are hashed.

    Attributes
    ----------
    folder
        The folder of images.
    axes
        What axes mean in files that don't say.
    hash
        The name of the algorithm.
    channels
        Names of the channels that are read.
    projection
        How a Z stack becomes one plane.
    each
        What is classified.
    objects
        The box of objects; None where whole images are classified.
    pattern
        The name pattern of a table's images; a training names every file.
    masks
        Where the masks of a table's images lie.
    split_masks
        Whether the connected parts of a table's masks were the objects.
    channel_map
        What a table's images call channels, where a person said so, by the classifier's names.
    """

    folder: Name
    axes: Axes | None
    hash: str
    channels: tuple[str, ...]
    projection: str
    each: Each
    objects: ObjectBox | None
    pattern: str | msgspec.UnsetType | None = msgspec.UNSET
    masks: str | msgspec.UnsetType | None = msgspec.UNSET
    split_masks: bool | msgspec.UnsetType = msgspec.UNSET
    channel_map: Mapping[str, str] | msgspec.UnsetType = msgspec.UNSET


class Workers(msgspec.Struct, frozen=True):
    """The workers of a cluster.

    Attributes
    ----------
    number
        How many have answered.
    hosts
        The computers that they ran on, by name.
    versions
        Of Python and packages there, by name; more than one where workers differ.
    """

    number: int
    hosts: tuple[str, ...]
    versions: Mapping[str, tuple[str, ...]]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run that made a result, or a part of it: command, versions and machine.

    Attributes
    ----------
    date
        Its date and time, in ISO 8601.
    command
        The program and its arguments.
    platform
        The operating system.
    processor
        The name of the processor.
    processors
        How many cores there are.
    threads
        Those that calculated, None where nobody knows.
    backend
        The library that calculated.
    device
        Where it calculated: the processor or a graphics card.
    environment
        Settings that change how libraries round, by name.
    versions
        Of Python and packages, by name.
    workers
        Of a table that a cluster made, those that did it.
    """

    date: str
    command: tuple[str, ...]
    platform: str
    processor: str
    processors: Count | None
    threads: Threads | None
    backend: str
    device: str
    environment: Mapping[str, str]
    versions: Mapping[str, str]
    workers: Workers | msgspec.UnsetType = msgspec.UNSET


class PartEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file of an image.

    A table's images are known by their names alone.

    Attributes
    ----------
    path
        The file.
    channel
        That it holds, as the name pattern has it.
    z
        The plane that it holds.
    time
        The time point that it holds.
    of
        "mask" for a file of the mask.
    size
        In bytes, None where the file could not be looked at.
    modified
        When it was changed, in ISO 8601; None as ``size``.
    """

    path: str = ""
    channel: str | None = None
    z: str | None = None
    time: str | None = None
    of: str | None = None
    size: int | None
    modified: str | None


class FileEntry(msgspec.Struct, Generic[Item], frozen=True):
    """The line of one image.

    Attributes
    ----------
    file
        The image's name.
    parts
        Its files.
    items
        Its items.
    """

    file: str
    parts: tuple[PartEntry, ...]
    items: tuple[Item, ...]


class LearntItem(msgspec.Struct, frozen=True, rename=_AS_WRITTEN):
    """An item that was learnt from.

    Attributes
    ----------
    number
        Its place in the order of the training.
    item
        Its selection, "" for a whole image.
    class_name
        Its class.
    group
        Its group, None where it stands alone.
    pixels
        The hash of its pixels.
    """

    number: Count
    item: str
    class_name: str
    group: str | None
    pixels: str


class ClassifiedItem(msgspec.Struct, frozen=True, rename=_AS_WRITTEN):
    """A row of a table, as far as a manifest says it; see `Prediction`.

    Attributes
    ----------
    item
        The selection, "" for a whole image.
    status
        Of the prediction.
    class_name
        Of the prediction, None where there is none.
    confidence
        Of the prediction, None where there is none.
    pixels
        The hash of its pixels.
    """

    item: str
    status: Status
    class_name: str | None
    confidence: Part | None
    pixels: str


class ResultFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """The file that a manifest is of.

    Attributes
    ----------
    file
        Its name.
    sha256
        Of a classifier, in hexadecimal digits.
    complete
        Whether a table has all images of its folder.
    verdict
        Of an evaluation.
    """

    file: str
    sha256: str = ""
    complete: bool | None = None
    verdict: str = ""

    def __post_init__(self) -> None:
        check_file_name(self.file)


class Head(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a manifest of any kind says before its files.

    Attributes
    ----------
    result
        The file that it is of.
    runs
        Those that made it, one at least.
    """

    result: ResultFile
    runs: Annotated[tuple[Run, ...], msgspec.Meta(min_length=1)]


class OfLearntItems(Head, frozen=True, kw_only=True, omit_defaults=True):
    """A manifest whose files hold what was learnt from.

    Attributes
    ----------
    result
        The file that it is of.
    runs
        Those that made it.
    files
        An entry for each image.
    """

    files: tuple[FileEntry[LearntItem], ...] = ()

    def __post_init__(self) -> None:
        check_each_once(self.files)
        if not all(item.class_name for entry in self.files for item in entry.items):
            raise ValueError("an item has no class")
        for entry in self.files:
            kinds = {part.of for part in entry.parts}
            if None not in kinds or not kinds <= {None, OF_MASK, OF_SPLIT_MASK}:
                raise ValueError(f"{entry.file[:200]} has no file, or one of an unknown kind")
        numbers = sorted(item.number for entry in self.files for item in entry.items)
        if numbers != list(range(len(numbers))):
            raise ValueError("its items are not numbered from 0 on, each once")


def check_each_once(files: Sequence[FileEntry[LearntItem] | FileEntry[ClassifiedItem]]) -> None:
    """Refuse entries of a manifest of which one item has two, or that is no part of an image.

    Parameters
    ----------
    files
        The entries of its images.

    Raises
    ------
    ValueError
        An image or an item stands there twice.
    SelectionError
        An item is no part of an image.
    """
    seen = set()
    for entry in files:
        items = [item.item for item in entry.items]
        if entry.file in seen or len(set(items)) < len(items):
            raise ValueError(f"{entry.file[:200]}, or an item of it, stands twice in it")
        seen.add(entry.file)
        for item in filter(None, items):
            parse_selection(item)


def this_run(
    *,
    threads: int | None,
    backend: str = "onnxruntime",
    device: str | None = None,
    packages: Iterable[str] = (),
) -> Run:
    """Return what a manifest says of the run that makes a result.

    Parameters
    ----------
    threads
        Those that calculate, None where nobody knows.
    backend
        The library that calculates.
    device
        Where it calculates; the processor unless told.
    packages
        Those to be named with their versions, besides the usual ones.

    Returns
    -------
    Run
        Command, versions and machine.
    """
    return Run(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        platform=platform.platform(),
        processor=processor(),
        processors=os.cpu_count(),
        threads=threads,
        backend=backend,
        device=device or "processor",
        environment={name: os.environ[name] for name in SETTINGS if name in os.environ},
        versions={"python": platform.python_version(), **versions_of((*PACKAGES, *packages))},
    )


def machine_differences(then: Run, now: Run) -> list[str]:
    """Return what the machines and versions of two runs differ in.

    Parameters
    ----------
    then
        The run of a manifest.
    now
        The run that repeats it.

    Returns
    -------
    list of str
        In words, one for each difference.
    """
    pairs = [(name, getattr(then, name), getattr(now, name)) for name in _MACHINE]
    for before, after in ((then.environment, now.environment), (then.versions, now.versions)):
        names = sorted(before.keys() | after.keys())
        pairs += [(name, before.get(name), after.get(name)) for name in names]
    return [
        f"{name}: {before or 'none'} then, {after or 'none'} now"
        for name, before, after in pairs
        if before != after
    ]


def images_read(folder: Path, axes: str | None, preparation: Preparation) -> ImagesRead:
    """Return what a manifest says of the images of a folder.

    Parameters
    ----------
    folder
        The folder of images.
    axes
        What axes mean in files that don't say.
    preparation
        The classifier's.

    Returns
    -------
    ImagesRead
        Without pattern, masks and map of channels.
    """
    return ImagesRead(
        folder=str(folder),
        axes=axes,
        hash=ALGORITHM,
        channels=preparation.channel_names,
        projection=preparation.projection,
        each=preparation.each,
        objects=preparation.objects,
    )


def file_entry(
    name: str, of: Stamp, items: Iterable[Item], parts: Sequence[PartEntry] = ()
) -> FileEntry[Item]:
    """Return the line of one image.

    Parameters
    ----------
    name
        The image's name.
    of
        Size and time of its files, see `file_stamps.stamp`.
    items
        Its items.
    parts
        What is known of each file in turn besides, such as its name.

    Returns
    -------
    FileEntry
        With the parts' sizes and times.
    """
    named = parts or [PartEntry(size=None, modified=None)] * len(of)
    files = [
        msgspec.structs.replace(part, **_size_and_time(*of_file))
        for part, of_file in zip(named, of, strict=True)
    ]
    return FileEntry(name, tuple(files), tuple(items))


def _size_and_time(size: int, nanoseconds: int) -> dict[str, int | str]:
    if size < 0:
        # It could not be looked at, see `file_stamps.stamp`.
        return {}
    try:
        modified = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        # A file may say of itself that it is of the year 100,000.
        return {"size": size}
    return {"size": size, "modified": modified.isoformat()}
