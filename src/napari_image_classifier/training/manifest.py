"""The manifest beside a classifier: all that its training depended on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.description import ClassifierInShort
from napari_image_classifier.classifiers.manifest import (
    FileEntry,
    ImagesRead,
    LearntItem,
    OfLearntItems,
    PartEntry,
    ResultFile,
    Run,
    file_entry,
    images_read,
    write_manifest,
)
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.name_patterns import PART_FIELDS, FilePart, ImageFiles
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.splits import digest
from napari_image_classifier.training.ensemble import Ensemble
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.training.unreadable import LeftOut

# What stands with the files of an image's mask.
OF_MASK = "mask"


class TrainingManifest(OfLearntItems, frozen=True, kw_only=True, omit_defaults=True):
    """All that a training depended on.

    ``start_from_sha256`` is that of the classifier that was gone on from; how far seeds alone
    spread the scores only an evaluation says.
    """

    classifier: ClassifierInShort
    optimizer: Mapping[str, Any] | None
    split_sha256: str
    start_from_sha256: str | None
    images: ImagesRead
    left_out: tuple[LeftOut, ...] = ()
    balanced_accuracy_of_seeds: tuple[float, ...] = ()


def write_training_manifest(
    output: Path,
    classifier: Classifier,
    run: Run,
    table: ItemTable,
    images: TrainingImages,
    made: Ensemble,
    earlier: str | None,
) -> Path:
    """Write the manifest of ``classifier``, which will be ``output``, and return its path.

    ``earlier`` is the SHA-256 of the classifier that was gone on from.
    """
    head = TrainingManifest(
        result=ResultFile(output.name, classifier.sha256),
        runs=(run,),
        classifier=classifier.description.in_short(),
        optimizer=made.optimizer,
        split_sha256=digest(images.items, made.splits),
        start_from_sha256=earlier,
        images=images_read(table.root, table.axes, classifier.preparation),
        left_out=images.left_out,
    )
    return write_manifest(output, "classifier", head, file_entries(images, table.root))


def file_entries(images: TrainingImages, folder: Path) -> Iterator[FileEntry[LearntItem]]:
    """Yield the line of each image; its items are numbered in the order of the training.

    Files below ``folder`` are named relative to it.
    """
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(images.items):
        numbers[item.file].append(number)
    for file, of_file in numbers.items():
        items = [_item(images, number) for number in of_file]
        parts = _parts(images.items[of_file[0]].image, folder)
        yield file_entry(file, images.stamps[file], items, parts)


def _item(images: TrainingImages, number: int) -> LearntItem:
    item = images.items[number]
    return LearntItem(
        number, item.selection, str(item.class_name), item.group, images.pixel_hashes[number]
    )


def _parts(files: ImageFiles, folder: Path) -> list[PartEntry]:
    of_mask = files.mask.parts if files.mask else ()
    parts = [_part(part, folder) for part in files.parts]
    return parts + [_part(part, folder, OF_MASK) for part in of_mask]


def _part(part: FilePart, folder: Path, of: str | None = None) -> PartEntry:
    path = part.path.relative_to(folder) if part.path.is_relative_to(folder) else part.path
    told_apart_by = {name: getattr(part, name) for name in PART_FIELDS}
    return PartEntry(path=path.as_posix(), **told_apart_by, of=of, size=None, modified=None)


def check_unchanged(images: TrainingImages, hashes: Sequence[str]) -> None:
    """Refuse images whose pixels are not those of a manifest.

    ``hashes`` are those of its items, in their order.

    Raises
    ------
    TrainingRefused
        Pixels of an item have changed; the text names some of the files.
    """
    changed = [
        item.file
        for item, now, then in zip(images.items, images.pixel_hashes, hashes, strict=True)
        if now != then
    ]
    if changed:
        raise TrainingRefused(
            f"The pixels of {len(changed)} of {len(hashes)} images are not those that were learnt "
            f"from, so nothing was trained: {', '.join(changed[:5])}{', …' * (len(changed) > 5)}. "
            "Give the folder of the images as they were (--images)."
        )
