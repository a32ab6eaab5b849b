"""Has a classifier learnt from the images that it is to be tested on? Its manifest knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.items import Item
from napari_image_classifier.manifest import ManifestError, manifest_path, read_manifest

# A classifier that has learnt has its images in a manifest of this kind.
KIND = "classifier"


@dataclass(frozen=True)
class Seen:
    """The files of items whose very pixels a classifier has learnt from.

    ``known`` is False where its manifest is not there, or is of another classifier.
    """

    known: bool
    files: tuple[str, ...] = ()

    @classmethod
    def by(
        cls, classifier: Path, sha256: str, items: Sequence[Item], hashes: Sequence[str]
    ) -> "Seen":
        """Look into the manifest beside ``classifier``; ``hashes`` are of the items' pixels."""
        path = manifest_path(classifier)
        if not path.is_file():
            return cls(known=False)
        try:
            stored = read_manifest(path)
        except ManifestError:
            return cls(known=False)
        if stored["kind"] != KIND or stored["result"].get("sha256") != sha256:
            return cls(known=False)
        learnt = {item["pixels"] for file in stored["files"] for item in file["items"]}
        return cls(
            known=True,
            files=tuple(
                item.file for item, pixels in zip(items, hashes, strict=True) if pixels in learnt
            ),
        )
