"""The manifest beside a classifier: all that its training, or its import, depended on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.description import ClassifierInShort
from napari_image_classifier.classifiers.manifest import write_manifest
from napari_image_classifier.classifiers.manifest_records import (
    OF_MASK,
    OF_SPLIT_MASK,
    FileEntry,
    Head,
    ImagesRead,
    LearntItem,
    OfLearntItems,
    PartEntry,
    ResultFile,
    Run,
    file_entry,
    images_read,
)
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.names.patterns import PART_FIELDS, FilePart
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.splits import digest
from napari_image_classifier.system.records import Part
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.training.learner import Ensemble
from napari_image_classifier.training.left_out import LeftOut


class ImportManifest(Head, frozen=True, kw_only=True):
    """What is known of a network that was trained elsewhere."""

    classifier: ClassifierInShort


def write_import_manifest(output: Path, classifier: Classifier, run: Run) -> Path:
    """Write the manifest of a network that was trained elsewhere.

    Parameters
    ----------
    output
        Where the classifier will be.
    classifier
        The classifier as it was written.
    run
        The run that imported it.

    Returns
    -------
    Path
        The manifest's.
    """
    head = ImportManifest(
        result=ResultFile(output.name, classifier.sha256),
        runs=(run,),
        classifier=classifier.description.in_short(),
    )
    return write_manifest(output, "import", head)


class TrainingManifest(OfLearntItems, frozen=True, kw_only=True, omit_defaults=True):
    """All that a training depended on.

    Attributes
    ----------
    result
        The classifier's file, or the evaluation's.
    runs
        Those that made it.
    files
        The images, with the items that were learnt from.
    classifier
        What it is, in short.
    optimizer
        Keras's configuration of it, None without Keras.
    split_sha256
        A hash of which items were learnt from and checked with.
    start_from_sha256
        That of the classifier that was gone on from, None where it began anew.
    images
        How the images were read.
    left_out
        Those that could not be read.
    balanced_accuracy_of_seeds
        How far seeds alone spread the scores, which only an evaluation says.
    """

    classifier: ClassifierInShort
    optimizer: Mapping[str, Any] | None
    split_sha256: str
    start_from_sha256: str | None
    images: ImagesRead
    left_out: tuple[LeftOut, ...] = ()
    balanced_accuracy_of_seeds: tuple[Part, ...] = ()


def write_training_manifest(
    output: Path,
    classifier: Classifier,
    run: Run,
    table: ItemTable,
    data: TrainingSet,
    ensemble: Ensemble,
    earlier: str | None,
) -> Path:
    """Write the manifest of a new classifier beside it.

    Parameters
    ----------
    output
        Where the classifier will be.
    classifier
        The classifier as it was written.
    run
        The run that trained it.
    table
        Where the images are, and their axes.
    data
        What it was trained on.
    ensemble
        Its networks, and what each of them learnt from.
    earlier
        The SHA-256 of the classifier that was gone on from, None where it began anew.

    Returns
    -------
    Path
        The manifest's.
    """
    images = data.images
    head = TrainingManifest(
        result=ResultFile(output.name, classifier.sha256),
        runs=(run,),
        classifier=classifier.description.in_short(),
        optimizer=ensemble.optimizer,
        split_sha256=digest(images.items, ensemble.splits),
        start_from_sha256=earlier,
        images=images_read(table.root, table.axes, classifier.preparation),
        left_out=images.left_out,
    )
    return write_manifest(output, "classifier", head, file_entries(images, table.root))


def file_entries(images: TrainingImages, folder: Path) -> Iterator[FileEntry[LearntItem]]:
    """Yield the line of each image.

    Parameters
    ----------
    images
        The images of a training.
    folder
        Files below it are named relative to it.

    Yields
    ------
    FileEntry
        An image and its items, which are numbered in the order of the training.
    """
    learnt: dict[str, list[LearntItem]] = defaultdict(list)
    for number, (item, pixels) in enumerate(zip(images.items, images.pixel_hashes, strict=True)):
        name = str(item.class_name)
        learnt[item.file].append(LearntItem(number, item.selection, name, item.group, pixels))
    for file, files in {item.file: item.image for item in images.items}.items():
        parts = [_part(part, folder) for part in files.parts]
        if files.mask is not None:
            of = OF_SPLIT_MASK if files.mask.split else OF_MASK
            parts += [_part(part, folder, of) for part in files.mask.parts]
        yield file_entry(file, images.stamps[file], learnt[file], parts)


def _part(part: FilePart, folder: Path, of: str | None = None) -> PartEntry:
    path = part.path.relative_to(folder) if part.path.is_relative_to(folder) else part.path
    told_apart_by = {name: getattr(part, name) for name in PART_FIELDS}
    return PartEntry(path=path.as_posix(), **told_apart_by, of=of, size=None, modified=None)


def check_unchanged(images: TrainingImages, hashes: Sequence[str]) -> None:
    """Refuse images whose pixels are not those of a manifest.

    Parameters
    ----------
    images
        The images as they are now.
    hashes
        Of the pixels of each item of the manifest, in their order.

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
