"""The reproduction of a training from its manifest: the weights, or why they are not the same."""

import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import msgspec

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.description import TEXTURE
from napari_image_classifier.classifiers.manifest import Manifest, manifest_path, read_manifest
from napari_image_classifier.classifiers.manifest_records import (
    OF_MASK,
    OF_SPLIT_MASK,
    Run,
    machine_differences,
)
from napari_image_classifier.errors import Cancelled, ClassifierFileError
from napari_image_classifier.evaluation.reproduction import (
    ReproducingError,
    Reproduction,
    check_hashes,
    found_again,
)
from napari_image_classifier.images.channel_matching import split_pairs
from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.names.patterns import PART_FIELDS, FilePart, ImageFiles
from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.system.records import UPDATE, from_json
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.manifest import TrainingManifest
from napari_image_classifier.training.record import TrainingRecord
from napari_image_classifier.training.train_job import TrainRequest, TrainResult


class _Trained(msgspec.Struct):
    training: TrainingRecord


class OfTraining(msgspec.Struct):
    """A manifest of a training, as far as its record is read again."""

    classifier: _Trained


def reproduce_training(
    manifest: Manifest,
    folder: Path | None,
    output: Path | None,
    train: Callable[[TrainRequest], TrainResult],
) -> Reproduction:
    """Train again what the ``manifest`` is of, and compare.

    ``folder`` is where the images lie, None for where they lay; ``output`` is as in
    `reproduce.reproduce`, which calls this.
    """
    path, stored = manifest.path, manifest.read(TrainingManifest)
    training = manifest.read(OfTraining).classifier.training
    check_hashes(path, stored.images)
    _check_configuration(path, stored, training.config)
    if training.cancelled:
        raise ReproducingError(
            f"The training of {stored.result.file} was stopped by a person before its end, "
            "which can't be repeated to the very step; nothing was trained."
        )
    table = items_of(stored, folder)
    items = (item for entry in stored.files for item in entry.items)
    in_order = sorted(items, key=lambda item: item.number)
    with tempfile.TemporaryDirectory(prefix="napari-image-classifier-") as temporary:
        new = output or Path(temporary) / "again.keras"
        for taken in (new, manifest_path(new)):
            if taken.exists():
                raise ReproducingError(
                    f"{taken} exists already, and nothing is overwritten; choose another output."
                )
        request = TrainRequest(
            table,
            _config(path, stored, training.config),
            new,
            threads=stored.runs[-1].threads,
            pixels=tuple(item.pixels for item in in_order),
        )
        _train_to_the_end(request, train)
        again = load_classifier(new)
        made = read_manifest(manifest_path(new)).read(TrainingManifest)
    before = _original(path, stored)
    same = weights_are_same(stored, made)
    n_networks = len(stored.classifier.members)
    which = "the network" if n_networks == 1 else f"all {n_networks} networks"
    outcome = (
        (f"Identical weights: every number of {which} trained again is the same.",)
        if same
        else _other_weights(stored, made, table, before, again)
    )
    return Reproduction(same, outcome, *_checked(stored, made, table, before))


def _check_configuration(path: Path, stored: TrainingManifest, config: TrainingConfig) -> None:
    """Refuse what a newer version, or a hand, has chosen and this version would pass over."""
    said = stored.classifier.training or {}
    unknown = sorted(said["config"].keys() - {field.name for field in fields(config)})
    if unknown:
        raise ReproducingError(
            f"{path} says of its training “{unknown[0][:60]}”, which this version of "
            f"napari-image-classifier does not know, so it would train otherwise; {UPDATE}."
        )
    names = split_pairs(config.channels)[0]
    if config.channels and set(names) != set(stored.images.channels):
        raise ReproducingError(
            f"{path} contradicts itself: the channels {', '.join(names)} were chosen, and "
            f"{', '.join(stored.images.channels)} were read. Take the file as it was written."
        )
    if not stored.files:
        raise ReproducingError(f"{path} lists no image that was learnt from.")


def _train_to_the_end(request: TrainRequest, train: Callable[[TrainRequest], TrainResult]) -> None:
    """Leave nothing behind where training is stopped."""
    stopped = ReproducingError("It was stopped before the weights could be compared.")
    try:
        result = train(request)
    except Cancelled:
        raise stopped from None
    if result.cancelled:
        manifest_path(request.output).unlink()
        request.output.unlink()
        raise stopped


def items_of(stored: TrainingManifest, folder: Path | None) -> ItemTable:
    """Return the items that were learnt from, in their order.

    Raises
    ------
    ReproducingError
        Files are not there.
    """
    root = folder or Path(stored.images.folder)
    numbered: dict[int, Item] = {}
    absent = []
    for entry in stored.files:
        of_image, of_mask = (
            tuple(
                FilePart(root / part.path, **{name: getattr(part, name) for name in PART_FIELDS})
                for part in entry.parts
                if part.of in of
            )
            for of in ((None,), (OF_MASK, OF_SPLIT_MASK))
        )
        absent += [part.path for part in of_image + of_mask if not part.path.is_file()]
        split = any(part.of == OF_SPLIT_MASK for part in entry.parts)
        mask = ImageFiles(of_mask[0].path.name, of_mask, split=split) if of_mask else None
        files = ImageFiles(entry.file, of_image, mask=mask)
        for item in entry.items:
            numbered[item.number] = Item(files, item.item, item.class_name, item.group)
    if absent:
        raise ReproducingError(
            f"Of the files that were learnt from, {len(absent)} can't be found; the first is "
            f"{absent[0]}. Give the folder where the images lie now (--images)."
        )
    items = tuple(numbered[number] for number in sorted(numbered))
    return ItemTable(root, items, axes=stored.images.axes)


def _config(path: Path, stored: TrainingManifest, config: TrainingConfig) -> TrainingConfig:
    """Return the configuration of the training, with what it left to the machine filled in."""
    if config.network != TEXTURE:
        config = replace(config, backend=stored.runs[-1].backend)
    if config.start_from is not None:
        sha256 = stored.start_from_sha256 or ""
        earlier = found_again(Path(config.start_from), path.parent, sha256)
        config = replace(config, start_from=str(earlier))
    return config


def _original(path: Path, stored: TrainingManifest) -> Classifier | None:
    """Return the classifier that the manifest is of, if it lies beside it, unchanged."""
    try:
        classifier = load_classifier(path.with_name(stored.result.file))
    except ClassifierFileError:
        return None
    return classifier if classifier.sha256 == stored.result.sha256 else None


def weights_are_same(then: TrainingManifest, now: TrainingManifest) -> bool:
    """Return whether two manifests are of the same networks, to the last bit, seeing the same."""
    if then.classifier.preparation != now.classifier.preparation:
        return False
    of_then, of_now = (one.classifier.members for one in (then, now))
    return len(of_then) == len(of_now) and all(
        # Another version may write the same weights as another graph.
        a.graph_sha256 == b.graph_sha256 or a.weights_sha256 == b.weights_sha256
        for a, b in zip(of_then, of_now, strict=True)
    )


def _other_weights(
    stored: TrainingManifest,
    made: TrainingManifest,
    table: ItemTable,
    before: Classifier | None,
    again: Classifier,
) -> tuple[str, ...]:
    then, now = (from_json(TrainingRecord, one.classifier.training) for one in (stored, made))
    sentences = [
        "The weights are not the same.",
        _why(stored.runs[-1], made.runs[-1]),
        f"Balanced accuracy on the images kept aside: {then.balanced_accuracy:.3f} then, "
        f"{now.balanced_accuracy:.3f} now.",
        f"Accuracy on the images kept aside: {then.validation_accuracy:.3f} then, "
        f"{now.validation_accuracy:.3f} now.",
    ]
    if before is not None:
        n_other = _classified_otherwise(table, before, again)
        sentences.append(
            f"{n_other} of the {len(table.items)} images that were learnt from or kept aside get "
            f"another class ({n_other / len(table.items):.1%})."
        )
    sentences.append(_beside_the_spread(stored, now.balanced_accuracy))
    return tuple(sentences)


def _why(then: Run, now: Run) -> str:
    differences = machine_differences(then, now)
    if differences:
        return (
            "The machine or its software differs, which changes how numbers are rounded: "
            f"{'; '.join(differences)}."
        )
    if not now.device.startswith("processor"):
        return f"The {now.device} need not round alike twice; a processor does."
    return (
        "Nothing that is recorded of the machine differs, so they should have been; please report "
        "it with both manifests."
    )


def _classified_otherwise(table: ItemTable, before: Classifier, again: Classifier) -> int:
    count = 0
    for item in table.items:
        with read_image(item.image, axes=table.axes) as image:
            classes = {
                classifier.predict(image, selection=item.selection).class_name
                for classifier in (before, again)
            }
        count += len(classes) > 1
    return count


def _beside_the_spread(stored: TrainingManifest, now: float) -> str:
    if not (spread := stored.balanced_accuracy_of_seeds):
        return (
            "The manifest does not say how far seeds alone spread the scores (that takes an "
            "evaluation), so whether this is more can't be said."
        )
    within = "lies within" if min(spread) <= now <= max(spread) else "lies outside"
    return (
        f"That {within} the spread over {len(spread)} seeds, {min(spread):.3f} to "
        f"{max(spread):.3f}."
    )


def _checked(
    stored: TrainingManifest, made: TrainingManifest, table: ItemTable, before: Classifier | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what was checked, and what was not."""
    run, name = made.runs[-1], stored.result.file
    elsewhere = bool(machine_differences(stored.runs[-1], run))
    machine = "another machine or with other software" if elsewhere else "the same kind of machine"
    same_split = stored.split_sha256 == made.split_sha256
    checked = [
        f"The pixels of all {len(table.items)} images are those that were learnt from (channels "
        f"{', '.join(stored.images.channels)}; as in the files, before anything is done to "
        "them).",
        f"{'The same' if same_split else 'Other'} images were kept aside to check with.",
        f"The weights were compared after training on {machine}: {run.processor}, "
        f"{run.threads} threads, {run.backend} {run.versions.get(run.backend, '')}.",
    ]
    not_checked = [
        "Whether the machine that it was trained on gives the same weights again."
        if elsewhere
        else "Whether another machine, another number of threads or other versions give these "
        "weights; they round otherwise, so they usually don't.",
        "Whether the classifier says the same of images everywhere; reproduce the manifest of a "
        "table for that.",
    ]
    if before is None:
        not_checked.append(f"{name} itself, as it is not beside its manifest, or has changed.")
    else:
        checked.append(f"{name} beside the manifest is the file that it is of.")
    return tuple(checked), tuple(not_checked)
