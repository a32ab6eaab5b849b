"""Leakage: images that a classifier has learnt from among those that it is to be tested on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from napari_image_classifier.classifiers.manifest import ManifestError, manifest_path, read_manifest
from napari_image_classifier.classifiers.manifest_records import FileEntry, LearntItem, ResultFile

# A classifier that has learnt has its images in a manifest of this kind.
KIND = "classifier"


class _Learnt(msgspec.Struct):
    result: ResultFile
    files: tuple[FileEntry[LearntItem], ...]


@dataclass(frozen=True)
class LearntFrom:
    """The images that a classifier has learnt from, as its manifest names them.

    Attributes
    ----------
    known
        False where its manifest is not there, or is of another classifier.
    pixels
        The hashes of the images' pixels.
    groups
        The names of their groups.
    """

    known: bool
    pixels: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @classmethod
    def of(cls, classifier: Path, sha256: str) -> Self:
        """Look into the manifest beside ``classifier``."""
        try:
            manifest = read_manifest(manifest_path(classifier))
            learnt = manifest.read(_Learnt)
        except ManifestError:
            return cls(known=False)
        if manifest.kind != KIND or learnt.result.sha256 != sha256:
            return cls(known=False)
        items = [item for file in learnt.files for item in file.items]
        return cls(
            known=True,
            pixels=frozenset(item.pixels for item in items),
            groups=frozenset(item.group for item in items if item.group),
        )
