"""The objects of a classified folder's image, coloured by class when the image is opened."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import napari

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.name_patterns import ImageFiles
from napari_image_classifier.widgets.shared.image_opening import open_mask
from napari_image_classifier.widgets.viewer.class_colours import class_colours
from napari_image_classifier.widgets.viewer.coloured_objects import ColouredObjects
from napari_image_classifier.widgets.viewer.object_layers import open_objects


class FolderObjects:
    """Opens the mask of an image with it, and a copy of it in the colours of the table."""

    def __init__(self, viewer: napari.Viewer) -> None:
        self._viewer = viewer
        self._coloured = ColouredObjects(viewer)
        self._shown: dict[str, Any] = {}

    def show(
        self, files: ImageFiles, layers: Sequence[Any], predictions: Sequence[Prediction]
    ) -> None:
        """Colour the objects of an image that was opened as ``layers``.

        Raises
        ------
        ImageReadError
            The mask can't be read.
        """
        of_objects = [said for said in predictions if said.place is not None]
        if files.mask is None or not of_objects or self._is_shown(files.name):
            return
        mask, axes = open_mask(self._viewer, files, layers[0])
        mask.visible = False
        marked = open_objects(mask)
        assert marked is not None
        self._coloured.add(
            replace(marked, labels=mask.data, axes=axes),
            of_objects,
            class_colours(list(of_objects[0].probabilities)),
        )
        self._shown[files.name] = self._coloured.layers[-1]

    def forget(self) -> None:
        """Leave the layers to the person; what is opened from now on is of another run."""
        self._coloured = ColouredObjects(self._viewer)
        self._shown.clear()

    def _is_shown(self, name: str) -> bool:
        return self._shown.get(name) in self._viewer.layers
