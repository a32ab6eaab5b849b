"""The open images that can be classified, kept up to date with the viewer's layers."""

import napari
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_image_classifier.images.channel_matching import NOTHING_SAID, ChannelMap
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.widgets.classify_images.channel_table import ChannelTable
from napari_image_classifier.widgets.classify_images.run import Task
from napari_image_classifier.widgets.qt.parts import choice, in_a_row, stacked, timer
from napari_image_classifier.widgets.qt.plain_text import Label
from napari_image_classifier.widgets.viewer.layers import MEANINGS, OpenImage, group_layers
from napari_image_classifier.widgets.viewer.layers_watch import image_layers, start_after
from napari_image_classifier.widgets.viewer.object_layers import OpenObjects, open_objects

AXIS_WORDS = {"Z": "planes", "T": "time points", "C": "channels"}
ASK = "choose"
# What the table follows; a list of layers passes on what its layers tell.
CHANGES = ("inserted", "removed", "name", "data", "axis_labels")


class MeaningChoice(QWidget):
    """Asks what the ``n_axes`` axes before y and x are, where layers don't say."""

    def __init__(self, n_axes: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        meanings = {
            meaning: ", then ".join(AXIS_WORDS[axis] for axis in meaning)
            for meaning in MEANINGS[n_axes]
        }
        tooltip = "The layers don't say what their sliders are; say it here."
        self.choice = choice({"": ASK, **meanings}, tooltip)
        words = "The slider of stacks is:" if n_axes == 1 else f"The {n_axes} sliders are:"
        row = in_a_row(Label(words), self.choice)
        row.setStretch(1, 1)
        stacked(self, row)


class OpenImageList(QWidget):
    """The table of open images with what it needs to ask; ``changed`` after every change."""

    changed = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._preparation: Preparation | None = None
        self._channel_map: ChannelMap = NOTHING_SAID
        self.images: list[OpenImage] = []
        self.table = ChannelTable()
        self.meanings = {n_axes: MeaningChoice(n_axes) for n_axes in MEANINGS}
        # The room that is left over belongs to the results.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        stacked(self, self.table, *self.meanings.values())
        for meaning in self.meanings.values():
            meaning.hide()
            meaning.choice.currentIndexChanged.connect(self.refresh)
        self.table.changed.connect(self.changed)
        # A file with many channels inserts a layer for each; the table follows once.
        start_after(timer(self, self.refresh), viewer.layers.events, types=CHANGES)
        self.refresh()

    def expect(
        self, preparation: Preparation | None, channel_map: ChannelMap = NOTHING_SAID
    ) -> None:
        """Match the images' channels to those of this preparation, as was said or by name."""
        self._preparation, self._channel_map = preparation, channel_map
        self.refresh()

    def tasks(self) -> list[Task]:
        """Return what can be classified and is checked."""
        return self.table.tasks() if self._preparation is not None else []

    def hint(self) -> str:
        """Return why nothing can be classified, or which images will be left out; "" for neither.

        A preparation must be expected.
        """
        incomplete = [image.name for image in self.table.incomplete()]
        if not self.tasks():
            return self._why_none(bool(incomplete))
        if not incomplete:
            return ""
        which = incomplete[0] if len(incomplete) == 1 else f"{len(incomplete)} images"
        return f"{which} will be left out until all is chosen in the table."

    def refresh(self) -> None:
        """Look at the viewer's layers again."""
        preparation = self._preparation
        wanted = preparation.channel_names if preparation else ()
        named = preparation.channels_named if preparation else True
        meanings = {n_axes: asked.choice.currentData() for n_axes, asked in self.meanings.items()}
        layers = image_layers(self._viewer)
        self.images = group_layers(layers, wanted, meanings)
        unknown = {layer.n_unknown_axes for layer in layers}
        for n_axes, meaning in self.meanings.items():
            meaning.setVisible(n_axes in unknown)
        self.table.show_images(self.images, wanted, named, self._marking(), self._channel_map)

    def _why_none(self, incomplete: bool) -> str:
        if not self.images:
            return "Open images to classify: File ▸ Open, or drop them on the viewer."
        if any(image.unknown_axes for image in self.images):
            return "Say below the table what the sliders of these images are."
        if not incomplete:
            return "Check the images to classify."
        if self._marking() == []:
            return (
                "This classifier is one of objects: open a Labels layer in which they are "
                "numbered, such as Cellpose makes, or mark them in a Points or Shapes layer."
            )
        return "No image has all that the classifier needs: choose it in the table."

    def _marking(self) -> list[OpenObjects] | None:
        """Return the layers that may mark objects; None where whole images are classified."""
        if self._preparation is None or self._preparation.objects is None:
            return None
        return list(filter(None, map(open_objects, self._viewer.layers)))
