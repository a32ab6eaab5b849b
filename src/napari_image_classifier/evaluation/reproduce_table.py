"""The reproduction of a table: its images classified again, and the classes compared."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from napari_image_classifier.batch.classify_folder import check_masks
from napari_image_classifier.batch.manifest import TableManifest
from napari_image_classifier.batch.stream import predict_images
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.manifest import Manifest
from napari_image_classifier.classifiers.manifest_records import (
    ClassifiedItem,
    machine_differences,
    this_run,
)
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.evaluation.reproduction import (
    ReproducingError,
    Reproduction,
    check_hashes,
    found_again,
)
from napari_image_classifier.images.channel_matching import check_channel_map
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.names.patterns import ImageFiles, NamePattern
from napari_image_classifier.system.events import Emit, Progress
from napari_image_classifier.typing import ShouldStop

# Rounding differs between processors, and items on the border between two classes may change sides.
ALIKE_EXPECTED = 0.999


def reproduce_table(
    manifest: Manifest,
    folder: Path | None,
    classifier: str | Path | None,
    on_event: Emit | None,
    should_stop: ShouldStop | None,
) -> Reproduction:
    """Classify again what the ``manifest`` lists, and compare.

    ``folder`` is where the images lie, None for where they lay; the rest is as in
    `reproduce.reproduce`, which calls this.
    """
    stored = manifest.read(TableManifest)
    check_hashes(manifest.path, stored.images)
    if not stored.files:
        raise ReproducingError(f"{manifest.path} lists no image.")
    given = Path(classifier).expanduser().absolute() if classifier else None
    was = given or Path(stored.classifier.file)
    file = found_again(was, manifest.path.parent, stored.classifier.sha256)
    opened = load_classifier(file, threads=1)
    check_masks(opened, stored.images.masks or None)
    check_channel_map(opened.channel_names, stored.images.channel_map or {})
    images = _images(stored, folder)
    before = {(entry.file, item.item): item for entry in stored.files for item in entry.items}
    now: dict[tuple[str, str], Prediction] = {}
    n_done = 0
    for predictions in predict_images(
        opened, images, axes=stored.images.axes, should_stop=should_stop or (lambda: False)
    ):
        now |= {(prediction.file, prediction.item): prediction for prediction in predictions}
        n_done += 1
        if on_event is not None:
            on_event(Progress(stage="classifying", done=n_done, total=len(images)))
    if n_done < len(images):
        raise ReproducingError("It was stopped before all images were compared.")
    return _compared(stored, before, now)


def _images(stored: TableManifest, folder: Path | None) -> list[ImageFiles]:
    """Return the images of the manifest, in its order."""
    root, pattern = folder or Path(stored.images.folder), stored.images.pattern
    listed, _ = find_images(
        root,
        NamePattern(pattern) if pattern else None,
        stored.images.masks or None,
        split_masks=bool(stored.images.split_masks),
    )
    by_name = {files.name: files for files in listed}
    names = [entry.file for entry in stored.files]
    absent = [name for name in names if name not in by_name]
    if absent:
        raise ReproducingError(
            f"Of the {len(names)} images, {len(absent)} can't be found in {root}; the first is "
            f"{absent[0]}. Give the folder where the images lie now (--images)."
        )
    channel_map = stored.images.channel_map or {}
    return [replace(by_name[name], channel_map=channel_map) for name in names]


Key = tuple[str, str]
Outcome = Literal["same", "other", "changed", "gone", "unclassified", "empty"]


def _outcome(before: ClassifiedItem | None, now: Prediction | None) -> Outcome:
    """Return what became of an item; None where the manifest, or its image, does not have it."""
    if now is None:
        return "gone"
    if before is None or before.pixels != now.pixels:
        return "changed"
    if now.status == before.status == "empty":
        return "empty"
    if now.class_name is None:
        return "unclassified"
    return "same" if now.class_name == before.class_name else "other"


def _compared(
    stored: TableManifest, before: Mapping[Key, ClassifiedItem], now: Mapping[Key, Prediction]
) -> Reproduction:
    """Compare predictions with those of a manifest, both by file and item."""
    keys: dict[Outcome, list[Key]] = defaultdict(list)
    for key in before.keys() | now.keys():
        keys[_outcome(before.get(key), now.get(key))].append(key)
    same = keys["same"]
    n_before = sum(item.class_name is not None for item in before.values())
    sentences = [
        f"{len(same)} of {n_before} items get the same class again "
        f"({len(same) / max(n_before, 1):.2%}; {ALIKE_EXPECTED:.1%} are expected everywhere)."
    ]
    if same:
        pairs = [(before[key].confidence or 0.0, now[key].confidence or 0.0) for key in same]
        sentences.append(
            "Where the class is the same, the confidence differs by at most "
            f"{max(abs(then - again) for then, again in pairs):.1g}."
        )
    in_words: dict[Outcome, str] = {
        "other": "got another class",
        "changed": "are not made of the pixels of then, so not compared",
        "gone": "are no longer there",
        "unclassified": "could not be classified",
    }
    for outcome, words in in_words.items():
        if found := keys[outcome]:
            sentences.append(f"Items that {words}: {len(found)}, the first is in {min(found)[0]}.")
    return Reproduction(
        n_before > 0 and len(same) >= ALIKE_EXPECTED * n_before,
        tuple(sentences),
        *_checked(stored, len(same) + len(keys["other"])),
    )


def _checked(stored: TableManifest, n_compared: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what was checked, and what was not."""
    last = stored.runs[-1]
    differences = machine_differences(last, this_run(threads=last.threads))
    differs = f"; what differs: {'; '.join(differences)}" if differences else ""
    machine = "another machine or other software" if differences else "the same kind of machine"
    checked = (
        "The classifier is the one that made the table (SHA-256 of its file).",
        f"The pixels of the {n_compared} items compared are those of then (channels "
        f"{', '.join(stored.images.channels)}; as in the files, before anything is done to them).",
        f"Classes were compared with those of {machine}{differs}.",
    )
    not_checked = ["Whether training again gives this classifier; reproduce its own manifest."]
    if not differences:
        not_checked.append("Whether other machines say the same; run this there.")
    if not stored.result.complete:
        not_checked.append("Images that the run had not come to when it was stopped.")
    return checked, tuple(not_checked)
