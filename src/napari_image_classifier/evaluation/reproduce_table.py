"""A table's images classified again from its manifest: do they get the same classes?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from napari_image_classifier.batch.manifest import TableManifest
from napari_image_classifier.batch.stream import predict_images
from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.manifest import (
    ClassifiedItem,
    Manifest,
    machine_differences,
    this_run,
)
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.evaluation.reproduction import (
    ReproducingError,
    Reproduction,
    found_again,
)
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.name_patterns import ImageFiles, NamePattern
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
    `reproducing.reproduce`, which calls this.
    """
    stored = manifest.read(TableManifest)
    opened = _classifier(manifest.path, stored, classifier)
    images = _images(stored, folder)
    comparison = Comparison(
        {(entry.file, item.item): item for entry in stored.files for item in entry.items}
    )
    n_done = 0
    for said in predict_images(
        opened,
        images,
        axes=stored.images.axes,
        should_stop=should_stop or (lambda: False),
    ):
        comparison.add(said)
        n_done += 1
        if on_event is not None:
            on_event(Progress(stage="classifying", done=n_done, total=len(images)))
    if n_done < len(images):
        raise ReproducingError("It was stopped before all images were compared.")
    return _outcome(stored, comparison)


def _classifier(path: Path, stored: TableManifest, given: str | Path | None) -> Classifier:
    was, sha256 = Path(stored.classifier.file), stored.classifier.sha256
    if given is not None:
        was = Path(given).expanduser().absolute()
    return load_classifier(found_again(was, path.parent, sha256), threads=1)


def _images(stored: TableManifest, folder: Path | None) -> list[ImageFiles]:
    """Return the images of the manifest, in its order."""
    root, pattern = folder or Path(stored.images.folder), stored.images.pattern
    listed, _ = find_images(
        root, NamePattern(pattern) if pattern else None, stored.images.masks or None
    )
    by_name = {files.name: files for files in listed}
    names = [entry.file for entry in stored.files]
    absent = [name for name in names if name not in by_name]
    if absent:
        raise ReproducingError(
            f"Of the {len(names)} images, {len(absent)} can't be found in {root}; the first is "
            f"{absent[0]}. Give the folder where the images lie now (--images)."
        )
    return [by_name[name] for name in names]


@dataclass
class Comparison:
    """Predictions beside those of a manifest, whose items are given by file and item."""

    then: Mapping[tuple[str, str], ClassifiedItem]
    n_alike: int = 0
    changed: list[str] = field(default_factory=list)
    unclassified: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)
    largest_difference: float = 0.0
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, predictions: list[Prediction]) -> None:
        """Compare the predictions of one image."""
        for now in predictions:
            place = (now.file, now.item)
            before = self.then.get(place)
            self._seen.add(place)
            if before is None or before.pixels != now.pixels:
                self.changed.append(now.file)
            elif now.status == before.status == "empty":
                continue
            elif now.class_name is None:
                self.unclassified.append(now.file)
            elif now.class_name != before.class_name:
                self.otherwise.append(now.file)
            else:
                self.n_alike += 1
                difference = abs((now.confidence or 0.0) - (before.confidence or 0.0))
                self.largest_difference = max(self.largest_difference, difference)

    @property
    def n_compared(self) -> int:
        """How many items had the same pixels and a class then."""
        return self.n_alike + len(self.otherwise)

    @property
    def gone(self) -> list[str]:
        """The files of items that the images no longer have."""
        return [file for file, item in self.then.keys() - self._seen]


def _outcome(stored: TableManifest, comparison: Comparison) -> Reproduction:
    n_then = sum(item.class_name is not None for item in comparison.then.values())
    n_alike, n_compared = comparison.n_alike, comparison.n_compared
    found = [
        f"{n_alike} of {n_then} items get the same class again ({n_alike / max(n_then, 1):.2%}; "
        f"{ALIKE_EXPECTED:.1%} are expected everywhere)."
    ]
    if comparison.n_alike:
        found.append(
            f"Where the class is the same, the confidence differs by at most "
            f"{comparison.largest_difference:.1g}."
        )
    for said, files in (
        ("got another class", comparison.otherwise),
        ("are not made of the pixels of then, so not compared", comparison.changed),
        ("are no longer there", comparison.gone),
        ("could not be classified", comparison.unclassified),
    ):
        if files:
            found.append(f"Items that {said}: {len(files)}, the first is in {min(files)}.")
    return Reproduction(
        n_then > 0 and n_alike >= ALIKE_EXPECTED * n_then,
        tuple(found),
        *_checked(stored, n_compared),
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
