"""A classified folder: its rows, its images, and what they were classified with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.name_patterns import ImageFiles, NamePattern


@dataclass(frozen=True)
class ClassifiedFolder:
    """A folder that was classified into ``table``; the rest says how it was read."""

    folder: Path
    table: Path
    pattern: str | None = None
    axes: str | None = None
    masks: str | None = None

    def find(self, names: Sequence[str]) -> list[ImageFiles]:
        """Return the images of these names that are still in the folder, in order."""
        paths = [self.folder / name for name in names]
        if self.masks is None and all(path.is_file() for path in paths):
            return [ImageFiles.single(path, self.folder) for path in paths]
        pattern = NamePattern(self.pattern) if self.pattern else None
        images, _ = find_images(self.folder, pattern, self.masks)
        found = {files.name: files for files in images}
        return [found[name] for name in names if name in found]


@dataclass(frozen=True)
class Expectation:
    """What a classifier expects, in words, and the classes it tells apart (none: unusable)."""

    words: str
    class_names: tuple[str, ...] = ()

    @classmethod
    def of(cls, path: Path) -> "Expectation":
        """Open the classifier; the words say what is wrong where that fails."""
        try:
            classifier = load_classifier(path, threads=1)
        except ImageClassifierError as error:
            return cls(str(error))
        channels = ", ".join(classifier.channel_names)
        names = classifier.class_names
        return cls(f"Expects: {channels}. Tells apart: {', '.join(names)}.", names)
