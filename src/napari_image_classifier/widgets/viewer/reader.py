"""The reader contribution: images as napari layers, with questions to the user."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_image_classifier.images.display import LayerData, image_layers
from napari_image_classifier.images.image import IMAGE_SUFFIXES, Image, read_image
from napari_image_classifier.images.read_errors import AxesUnknownError, ImageReadError
from napari_image_classifier.images.sample_data import (
    CLASS_NAMES,
    PIXEL_SIZE,
    STACK_SHAPE,
    make_sample_image,
)
from napari_image_classifier.system.shown_text import never_html

Paths = str | Path | Sequence[str | Path]


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]] | None:
    """Return the reader of ``path`` (or of several), or None where a suffix is not an image's."""
    if all(file.suffix.lower() in IMAGE_SUFFIXES for file in _listed(path)):
        return open_layers
    return None


def open_layers(path: Paths) -> list[Any]:
    """Return what `read_layers` does, of the images that can be read; each other one is told.

    napari opens no further file after one that raises; where nobody sees a window, it is raised.
    """
    layers: list[Any] = []
    for file in _listed(path):
        try:
            layers += read_layers(file)
        except ImageReadError as error:
            if not _has_window():
                raise
            from napari.utils.notifications import show_error

            show_error(never_html(str(error)))
    # napari's word for: read, and nothing to show.
    return layers or [(None,)]


def read_layers(path: Paths) -> list[LayerData]:
    """Return the layers of each image: one per channel, or one of colours.

    Each layer's metadata says under "napari_image_classifier" which ``path`` and ``channel`` it
    is, the ``channel_name`` that the file gives ("" where it gives none), and its ``axes``.

    Raises
    ------
    ImageReadError
        A file can't be read, or does not say its axes and nobody answers.
    """
    return [layer for file in _listed(path) for layer in layers_of(_read(file))]


def layers_of(image: Image) -> list[LayerData]:
    """Return the layers of an image, with names that napari shows as they are."""
    return [
        (pixels, {**placement, "name": never_html(placement["name"])}, kind)
        for pixels, placement, kind in image_layers(image)
    ]


def _listed(path: Paths) -> list[Path]:
    return [Path(path)] if isinstance(path, str | Path) else [Path(file) for file in path]


def _read(path: Path) -> Image:
    try:
        return read_image(path)
    except AxesUnknownError as question:
        # Without a window there is nobody to answer: a script gets the sentence.
        if not _has_window():
            raise
        from napari_image_classifier.widgets.viewer.axes_dialog import ask_axes

        answer = ask_axes(question)
        if answer is None:
            raise
        return read_image(path, axes=answer)


def _has_window() -> bool:
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QApplication

    # Tooltips are windows, too.
    return QApplication.instance() is not None and any(
        widget.isVisible() and widget.windowType() == Qt.WindowType.Window
        for widget in QApplication.topLevelWidgets()
    )


def sample_layers() -> list[LayerData]:
    """Return the layers of a control and a depleted image, side by side."""
    layers = []
    for place, class_name in enumerate(CLASS_NAMES):
        image = make_sample_image(class_name, seed=1)
        aside = place * 1.05 * STACK_SHAPE[2] * PIXEL_SIZE.x
        for pixels, placement, kind in image_layers(image):
            layers.append((pixels, {**placement, "translate": (0.0, 0.0, aside)}, kind))
    return layers
