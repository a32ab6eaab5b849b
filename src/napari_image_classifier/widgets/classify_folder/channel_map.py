"""The question which channel of a folder's images is which of the classifier's."""

from collections.abc import Sequence

from qtpy.QtWidgets import QComboBox, QFormLayout, QWidget

from napari_image_classifier.images.channel_matching import (
    NOTHING_SAID,
    ChannelMap,
    ChannelMismatchError,
    match_channels,
)
from napari_image_classifier.images.channel_names import are_names, spelled_alike
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.widgets.qt.parts import choice, stacked, wrapped
from napari_image_classifier.widgets.qt.plain_text import Label
from napari_image_classifier.wording import quoted

ASK = "choose"


class ChannelMapField(QWidget):
    """A choice for each channel of the classifier; it is hidden where names say which is which."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preparation: Preparation | None = None
        self._remembered: ChannelMap = NOTHING_SAID
        self._available: tuple[str, ...] = ()
        self._named = False
        self._sentence = wrapped()
        self._form = QWidget()
        self._rows = QFormLayout(self._form)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self.boxes: dict[str, QComboBox] = {}
        stacked(self, self._sentence, self._form)
        self.hide()

    def expect(self, preparation: Preparation | None, remembered: ChannelMap) -> None:
        """Ask for the channels of a classifier; ``remembered`` is what was said of them before."""
        self._preparation, self._remembered = preparation, remembered
        self._fill()

    def offer(self, available: Sequence[str], named: bool) -> None:
        """Let the channels of the images be chosen; ``named`` tells that these have names."""
        self._available, self._named = tuple(available), named
        self._fill()

    def value(self) -> ChannelMap:
        """Return what the images call channels of the classifier, as far as it was chosen."""
        chosen = {name: str(box.currentData() or "") for name, box in self.boxes.items()}
        return {
            name: called
            for name, called in chosen.items()
            if called and spelled_alike(called) != spelled_alike(name)
        }

    def names(self, channel_map: ChannelMap) -> ChannelMap:
        """Return what can be remembered: where channels have no names, other images may differ."""
        are = dict(zip(self._available, are_names(self._available), strict=True))
        return {name: called for name, called in channel_map.items() if are.get(called)}

    def _fill(self) -> None:
        self.boxes = {}
        while self._rows.rowCount():
            self._rows.removeRow(0)
        preparation = self._preparation
        if preparation is None or not self._available:
            self.hide()
            return
        if self._matched(preparation.channel_names, NOTHING_SAID):
            self.hide()
            return
        words = quoted(self._available)
        self._sentence.setText(
            f"The images have the channels {words}. Choose which of them is which; images whose "
            "channels are not known are not classified."
        )
        for name in preparation.channel_names:
            self._add(name, self._known(name))
        self.show()

    def _add(self, name: str, known: str) -> None:
        tooltip = f"What the images call the channel {name}. It is remembered for this classifier."
        box = choice({"": ASK} | {text: text for text in self._available}, tooltip)
        box.setCurrentIndex(max(0, box.findData(known)))
        self.boxes[name] = box
        self._rows.addRow(Label(name), box)

    def _known(self, name: str) -> str:
        """Return which of the images' channels this one is: as was said before, or by its name."""
        places = self._matched([name], self._remembered) if self._named else ()
        return self._available[places[0]] if places else ""

    def _matched(self, names: Sequence[str], said: ChannelMap) -> Sequence[int]:
        assert self._preparation is not None
        named = self._preparation.channels_named
        try:
            return match_channels(names, named, self._available, self._named, said)
        except ChannelMismatchError:
            return ()
