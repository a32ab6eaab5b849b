"""A classified folder: its images, opened with their objects in the colours of the table."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import napari
from qtpy.QtCore import QObject, Signal

from napari_image_classifier.batch.result import FolderRequest
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.channel_matching import NOTHING_SAID, ChannelMap
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.names.patterns import ImageFiles, NamePattern
from napari_image_classifier.items.objects import ObjectPlace
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.widgets.qt.background import Lookup
from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of
from napari_image_classifier.widgets.shared.image_opening import open_image, open_mask
from napari_image_classifier.widgets.viewer.class_colours import class_colours
from napari_image_classifier.widgets.viewer.coloured_objects import ColouredObjects
from napari_image_classifier.widgets.viewer.object_layers import open_objects


def find_named(classified: FolderRequest, names: Sequence[str]) -> list[ImageFiles]:
    """Return the images of these names that are still in a folder, in order."""
    folder = classified.folder
    paths = [folder / name for name in names]
    if classified.masks is None and all(path.is_file() for path in paths):
        return [ImageFiles.single(path, folder) for path in paths]
    pattern = NamePattern(classified.pattern) if classified.pattern else None
    images, _ = find_images(folder, pattern, classified.masks, split_masks=classified.split_masks)
    by_name = {files.name: files for files in images}
    return [by_name[name] for name in names if name in by_name]


class Expectation(NamedTuple):
    """What a classifier expects and tells apart, in words; or what is wrong with it, alone."""

    words: str
    class_names: tuple[str, ...] = ()
    preparation: Preparation | None = None
    sha256: str = ""
    channel_map: ChannelMap = NOTHING_SAID


def expected_by(path: Path) -> Expectation:
    """Return what a classifier expects."""
    try:
        classifier = load_classifier(path, threads=1)
    except ImageClassifierError as error:
        return Expectation(str(error))
    channels, names = ", ".join(classifier.channel_names), classifier.class_names
    return Expectation(
        f"Expects: {channels}. Tells apart: {', '.join(names)}.",
        names,
        classifier.preparation,
        classifier.sha256,
        classifier.description.channel_map,
    )


GONE = "The image is no longer in the folder."


class ImageOpening(QObject):
    """Finds images by their names in the table, without holding up the window, and opens them.

    ``opened`` carries how many images were; ``failed`` a sentence. ``predictions_of`` gives what is
    known of the objects of an image, which are coloured then.
    """

    opened = Signal(int)
    failed = Signal(str)

    def __init__(
        self,
        viewer: napari.Viewer,
        parent: QObject,
        predictions_of: Callable[[str], Sequence[Prediction]] = lambda name: (),
    ) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._predictions_of = predictions_of
        self._open: Callable[[ImageFiles], list[Any]]
        self._lookup = Lookup(self)
        self._lookup.answered.connect(self._show)
        self.forget()

    def open(
        self,
        classified: FolderRequest,
        names: Sequence[str],
        selection: str = "",
        place: ObjectPlace | None = None,
    ) -> None:
        """Open images, the sliders and the camera at the item that is selected within them."""
        self._open = partial(
            open_image, self._viewer, axes=classified.axes, selection=selection, place=place
        )
        path = classified.folder / names[0]
        if len(names) == 1 and classified.masks is None and kind_of(path) is Kind.FILE:
            self._show([ImageFiles.single(path, classified.folder)])
        else:
            self._lookup.ask(lambda: find_named(classified, names))

    def forget(self) -> None:
        """Leave what was opened to the person; another run begins."""
        self._coloured = ColouredObjects(self._viewer)
        self._coloured_of: dict[str, Any] = {}

    def _show(self, images: Sequence[ImageFiles] | None) -> None:
        if not images:
            self.failed.emit(GONE)
            return
        try:
            for files in images:
                self._colour_objects(files, self._open(files)[0])
        except ImageClassifierError as error:
            self.failed.emit(str(error))
        else:
            self.opened.emit(len(images))

    def _colour_objects(self, files: ImageFiles, layer: Any) -> None:
        """Open the mask of an image, of which ``layer`` is one, and a copy of it in colours."""
        predictions = [row for row in self._predictions_of(files.name) if row.place is not None]
        shown = self._coloured_of.get(files.name) in self._viewer.layers
        if files.mask is None or not predictions or shown:
            return
        mask, axes = open_mask(self._viewer, files, layer)
        mask.visible = False
        marked = open_objects(mask)
        assert marked is not None
        self._coloured.add(
            replace(marked, labels=mask.data, axes=axes),
            predictions,
            class_colours(list(predictions[0].probabilities)),
        )
        self._coloured_of[files.name] = self._coloured.layers[-1]
