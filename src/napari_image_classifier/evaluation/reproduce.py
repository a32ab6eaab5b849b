"""`reproduce`: makes a result again from its manifest, and says what came out the same.

Nothing here needs Keras; a training runs in the compute process.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.manifest import read_manifest
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.compute_process import Emit, ShouldStop


class ReproducingError(ImageClassifierError):
    """A manifest that can't be followed here: a sentence says what is missing."""


@dataclass(frozen=True)
class Reproduction:
    """What came of making a result again, in sentences.

    ``same`` is True when a training gave identical weights, or at least 99.9 % of a table's items
    got the same class. ``found`` says what came out; ``checked`` and ``not_checked`` what that
    says something about and what it doesn't.
    """

    same: bool
    found: tuple[str, ...]
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]


def reproduce(
    manifest: str | Path,
    *,
    images: str | Path | None = None,
    classifier: str | Path | None = None,
    output: str | Path | None = None,
    on_event: Emit | None = None,
    should_stop: ShouldStop | None = None,
    in_process: bool = False,
) -> Reproduction:
    """Make again what ``manifest`` is of, and compare.

    A classifier is trained again, with the same images, configuration, seed, backend and number of
    threads, and its weights are compared; it is kept at ``output``, where nothing may lie yet. A
    table's images are classified again, and their classes are compared. ``images`` is the folder
    where the images lie now, ``classifier`` the table's classifier, where either has moved.
    ``on_event`` receives the events of `keras_training.train_job`, or "progress" with the stage
    "classifying"; ``in_process`` is as in `training.train`. Nothing is overwritten.

    Raises
    ------
    ManifestError
        The manifest can't be read.
    ReproducingError
        Images or a classifier are not there or are not the same, the result can't be made again at
        all, or it was stopped.
    TrainingRefused
        Pixels have changed since, or training is not possible here.
    """
    path = Path(manifest).expanduser().absolute()
    stored = read_manifest(path)
    if stored["kind"] != "classifier" and output is not None:
        raise ReproducingError(
            f"{path.name} is not of a classifier that was trained, so there is nothing to keep at "
            "an output."
        )
    if stored["kind"] != "table" and classifier is not None:
        raise ReproducingError(f"{path.name} is not of a table, so it needs no classifier.")
    folder = Path(images).expanduser().absolute() if images else None
    if stored["kind"] == "classifier":
        from napari_image_classifier.evaluation.reproduce_training import reproduce_training

        kept = Path(output).expanduser().absolute() if output else None
        return reproduce_training(
            path, stored, folder, kept, on_event, should_stop, in_process=in_process
        )
    if stored["kind"] == "table":
        from napari_image_classifier.evaluation.reproduce_table import reproduce_table

        return reproduce_table(path, stored, folder, classifier, on_event, should_stop)
    raise ReproducingError(_why_not(path, stored))


def found_again(was: Path, beside: Path, sha256: str) -> Path:
    """Return where a classifier lies: where it ``was``, or in the folder ``beside`` the manifest.

    Raises
    ------
    ReproducingError
        There is none, or only such as are other ones.
    """
    there = [path for path in (was, beside / was.name) if path.is_file()]
    for path in there:
        if load_classifier(path).sha256 == sha256:
            return path
    if there:
        raise ReproducingError(
            f"{there[0]} is not the classifier that was used; it has changed, or it is another "
            f"one. The one that was used has the SHA-256 {sha256[:12]}…"
        )
    raise ReproducingError(
        f"The classifier {was} is not there; copy it back, or lay it beside the manifest."
    )


def _why_not(path: Path, stored: dict[str, Any]) -> str:
    if stored["kind"] == "import":
        return (
            f"{path.name} is of a network that was trained elsewhere and imported, so it says "
            "nothing that a training could be repeated from; tables made with it can be reproduced."
        )
    return (
        f"{path.name} is of the kind “{stored['kind']}”; classifiers and tables can be reproduced."
    )
