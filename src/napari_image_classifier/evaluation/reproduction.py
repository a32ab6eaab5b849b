"""The result of a reproduction: what was done again, and whether it came out the same."""

from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.manifest_records import ImagesRead
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.pixel_hash import ALGORITHM
from napari_image_classifier.system.records import UPDATE


class ReproducingError(ImageClassifierError):
    """A manifest that can't be followed here: a sentence says what is missing."""


@dataclass(frozen=True)
class Reproduction:
    """What came of making a result again, in sentences.

    Attributes
    ----------
    same
        Whether a training gave identical weights, or at least 99.9 % of a table's items got the
        same class.
    found
        What came out.
    checked
        What that says something about.
    not_checked
        What it says nothing about.
    """

    same: bool
    found: tuple[str, ...]
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]


def check_hashes(path: Path, images: ImagesRead) -> None:
    """Refuse the manifest at ``path`` if its hashes of pixels are of a kind that nobody makes here.

    Raises
    ------
    ReproducingError
        They are.
    """
    if images.hash != ALGORITHM:
        raise ReproducingError(
            f"{path} holds hashes of pixels of the kind “{images.hash[:60]}”, and this version "
            f"makes {ALGORITHM}, so nothing could be compared; {UPDATE}."
        )


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
