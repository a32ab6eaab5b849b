"""The opening of images, their masks and other docks in the viewer."""

from typing import Any

import napari
import numpy as np
from napari.layers import Labels, Layer
from napari.layers._source import layer_source

from napari_image_classifier.images.display import METADATA_KEY
from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.items.objects import ObjectPlace
from napari_image_classifier.items.selection import parse_selection
from napari_image_classifier.system.shown_text import never_html
from napari_image_classifier.widgets.viewer.layers import open_layer, path_of
from napari_image_classifier.widgets.viewer.navigation import look_at_object, move_sliders
from napari_image_classifier.widgets.viewer.reader import layers_of, read_layers

PLUGIN = "napari-image-classifier"


def open_image(
    viewer: napari.Viewer,
    files: ImageFiles,
    axes: str | None,
    selection: str = "",
    place: ObjectPlace | None = None,
) -> list[Layer]:
    """Open an image in the viewer, a layer per channel; where it is open already, select it.

    The sliders go to the time point or plane that ``selection`` names, the camera to the object at
    ``place``. Returns the image's layers.

    Raises
    ------
    ImageReadError
        The image can't be read.
    """
    layers = [layer for layer in viewer.layers if path_of(layer) == str(files.parts[0].path)]
    if not layers:
        as_dropped = len(files.parts) == 1 and axes is None
        read = (
            read_layers(files.parts[0].path)
            if as_dropped
            else layers_of(read_image(files, axes=axes))
        )
        # As napari's own opening does, which would tell an error instead of raising it.
        with layer_source(path=str(files.parts[0].path), reader_plugin=PLUGIN):
            layers = [viewer.add_layer(Layer.create(*layer_data)) for layer_data in read]
    viewer.layers.selection = set(layers)
    viewer.reset_view()
    if layers:
        move_sliders(viewer, layers[0], open_layer(layers[0]).axes, parse_selection(selection))
    if layers and place is not None:
        look_at_object(viewer, layers[0], place)
    return list(layers)


def open_mask(viewer: napari.Viewer, files: ImageFiles, beside: Layer) -> tuple[Labels, str]:
    """Open the mask of an image as a Labels layer, where ``beside``, a layer of the image, lies.

    Returns the layer, the one that is open already if there is one, and what its axes are.

    Raises
    ------
    ImageReadError
        The mask can't be read.
    """
    with read_image(files) as image:
        path = str(image.mask.path)
        for layer in viewer.layers:
            if isinstance(layer, Labels) and path_of(layer) == path:
                return layer, image.mask.axes
        axes = [place for place, axis in enumerate(image.axes.replace("C", ""))
                if axis in image.mask.axes]  # fmt: skip
        scale, translate = (np.asarray(of)[axes] for of in (beside.scale, beside.translate))
        mask = Labels(
            image.mask.asarray(),
            name=never_html(f"{image.name} mask"),
            scale=scale,
            translate=translate,
            units=[beside.units[axis] for axis in axes],
            metadata={METADATA_KEY: {"path": path}},
        )
        viewer.add_layer(mask)
        return mask, image.mask.axes


def open_dock(viewer: napari.Viewer, name: str) -> Any:
    """Open one of the docks by its name in the menu, and return its widget."""
    return viewer.window.add_plugin_dock_widget(PLUGIN, name)[1]
