"""Opening images of a classified folder in the viewer, wherever in a dock they are asked for."""

from collections.abc import Sequence

import napari
from qtpy.QtCore import QObject, Signal

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.naming import ImageFiles
from napari_image_classifier.widgets.folder_images import ClassifiedFolder, open_image
from napari_image_classifier.widgets.worker import Lookup

GONE = "The image is no longer in the folder."


class ImageOpening(QObject):
    """Finds images by their names in the table, without holding up the window, and opens them.

    ``opened`` carries how many images were; ``failed`` a sentence.
    """

    opened = Signal(int)
    failed = Signal(str)

    def __init__(self, viewer: napari.Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._axes: str | None = None
        self._selection = ""
        self._lookup = Lookup(self)
        self._lookup.answered.connect(self._show)

    def open(self, classified: ClassifiedFolder, names: Sequence[str], selection: str = "") -> None:
        """Open images, the sliders at the time point or plane that ``selection`` names."""
        self._axes, self._selection = classified.axes, selection
        path = classified.folder / names[0]
        if len(names) == 1 and path.is_file():
            self._show([ImageFiles.single(path, classified.folder)])
        else:
            self._lookup.ask(lambda: classified.find(names))

    def _show(self, images: Sequence[ImageFiles] | None) -> None:
        if not images:
            self.failed.emit(GONE)
            return
        try:
            for files in images:
                open_image(self._viewer, files, self._axes, self._selection)
        except ImageClassifierError as error:
            self.failed.emit(str(error))
        else:
            self.opened.emit(len(images))
