"""The manifest beside a classifier: all that its training depended on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.manifest import file_entry, images_part, write_manifest
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.name_patterns import PART_FIELDS, FilePart, ImageFiles
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.splits import digest
from napari_image_classifier.training.ensemble import Ensemble
from napari_image_classifier.training.images import TrainingImages

# What stands with the files of an image's mask.
OF_MASK = "mask"


def write_training_manifest(
    output: Path,
    classifier: Classifier,
    run: Mapping[str, Any],
    table: ItemTable,
    images: TrainingImages,
    made: Ensemble,
    earlier: str | None,
) -> Path:
    """Write the manifest of ``classifier``, which will be ``output``, and return its path.

    ``run`` is `manifest.this_run`, ``earlier`` the SHA-256 of the classifier that was gone on from.
    """
    head = {
        "result": {"file": output.name, "sha256": classifier.sha256},
        "runs": [run],
        "classifier": classifier.description.in_short(),
        "optimizer": made.optimizer,
        "split_sha256": digest(images.items, made.splits),
        "start_from_sha256": earlier,
        "images": images_part(table.root, table.axes, classifier.preparation),
    }
    head |= left_out_part(images)
    return write_manifest(output, "classifier", head, files_part(images, table.root))


def left_out_part(images: TrainingImages) -> dict[str, Any]:
    """Return the images that could not be read, and why; nothing where all could."""
    if not images.left_out:
        return {}
    return {"left_out": [one._asdict() for one in images.left_out]}


def files_part(images: TrainingImages, folder: Path) -> Iterator[dict[str, Any]]:
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


def _item(images: TrainingImages, number: int) -> dict[str, Any]:
    item = images.items[number]
    return {
        "number": number,
        "item": item.selection,
        "class": item.class_name,
        "group": item.group,
        "pixels": images.pixel_hashes[number],
    }


def _parts(files: ImageFiles, folder: Path) -> list[dict[str, str]]:
    of_mask = _parts(files.mask, folder) if files.mask else []
    return [_part(part, folder) for part in files.parts] + [
        {**part, "of": OF_MASK} for part in of_mask
    ]


def _part(part: FilePart, folder: Path) -> dict[str, str]:
    path = part.path.relative_to(folder) if part.path.is_relative_to(folder) else part.path
    fields = {name: getattr(part, name) for name in PART_FIELDS}
    told_apart_by = {name: text for name, text in fields.items() if text is not None}
    return {"path": path.as_posix(), **told_apart_by}


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
