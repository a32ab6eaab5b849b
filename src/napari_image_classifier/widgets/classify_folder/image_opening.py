"""Opening images of a classified folder in the viewer, wherever in a dock they are asked for."""

from collections.abc import Callable, Sequence

import napari
from qtpy.QtCore import QObject, Signal

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.name_patterns import ImageFiles
from napari_image_classifier.items.objects import ObjectPlace
from napari_image_classifier.widgets.classify_folder.opening import FolderObjects
from napari_image_classifier.widgets.qt.compute_worker import Lookup
from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of
from napari_image_classifier.widgets.shared.image_opening import ClassifiedFolder, open_image

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
        self._objects = FolderObjects(viewer)
        self._place: ObjectPlace | None = None
        self._axes: str | None = None
        self._selection = ""
        self._lookup = Lookup(self)
        self._lookup.answered.connect(self._show)

    def open(
        self,
        classified: ClassifiedFolder,
        names: Sequence[str],
        selection: str = "",
        place: ObjectPlace | None = None,
    ) -> None:
        """Open images, the sliders and the camera at the item that is selected within them."""
        self._axes, self._selection, self._place = classified.axes, selection, place
        path = classified.folder / names[0]
        if len(names) == 1 and classified.masks is None and kind_of(path) is Kind.FILE:
            self._show([ImageFiles.single(path, classified.folder)])
        else:
            self._lookup.ask(lambda: classified.find(names))

    def forget(self) -> None:
        """Leave what was opened to the person; another run begins."""
        self._objects.forget()

    def _show(self, images: Sequence[ImageFiles] | None) -> None:
        if not images:
            self.failed.emit(GONE)
            return
        try:
            for files in images:
                layers = open_image(self._viewer, files, self._axes, self._selection, self._place)
                self._objects.show(files, layers, self._predictions_of(files.name))
        except ImageClassifierError as error:
            self.failed.emit(str(error))
        else:
            self.opened.emit(len(images))
