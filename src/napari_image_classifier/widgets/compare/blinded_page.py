"""The page of a blinded session: classes to answer with, and nothing that could tell."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache, partial

import napari
from napari.layers import Image as ImageLayer
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget
from superqt import QDoubleRangeSlider, QDoubleSlider
from superqt.utils import signals_blocked

from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.items.annotations import CANNOT_TELL
from napari_image_classifier.raters.blinded_session import BlindedSession, Showing
from napari_image_classifier.raters.shown_item import ItemReader, ShownItem, as_classifier_sees
from napari_image_classifier.widgets.compare.blinding import blinded
from napari_image_classifier.widgets.qt.parts import button, check_box, stacked, wrapped
from napari_image_classifier.widgets.qt.plain_text import Label, Markup
from napari_image_classifier.widgets.shared.class_keys import MOST_CLASSES, ClassKeys
from napari_image_classifier.widgets.viewer.item_display import ItemsAhead, ItemStage

READ_AHEAD = 3
GAMMAS = (0.2, 2.0)
HOW = "Keys: 1 to 9 give a class, 0 “cannot tell”, Backspace takes the last answer back."
AS_THE_CLASSIFIER = "Now you see exactly what the classifier sees."
UNREADABLE = "This image can't be shown any more. Answer “cannot tell”, or pause and see to it."


class BlindedPage(QWidget):
    """Runs a session: shows image after image, takes answers; `ended` carries the session."""

    ended = Signal(object)

    def __init__(self, viewer: napari.Viewer, parent: QWidget) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.session: BlindedSession | None = None
        self._since: float | None = None
        self._ahead: ItemsAhead | None = None
        self._stage: ItemStage | None = None
        self._blinding = ExitStack()
        self.keys = ClassKeys(parent)
        self.progress, self.says = Label(), wrapped(HOW)
        self._classes = QVBoxLayout()
        self.buttons: list[QPushButton] = []
        self.seen_before = check_box("I have seen this one before")
        self.undo_button = button("Undo")
        self.pause_button = button("Pause", "Every answer is kept; go on whenever you like.")
        self.looks = ChannelLooks()
        stacked(
            self, self.progress, self._classes, self.seen_before,
            (self.undo_button, self.pause_button), self.says, self.looks,
        )  # fmt: skip
        self.keys.chosen.connect(self._answer_by_key)
        self.keys.cannot_tell.connect(lambda: self.answer(CANNOT_TELL))
        self.keys.undone.connect(self.undo)
        self.undo_button.clicked.connect(self.undo)
        self.pause_button.clicked.connect(self.pause)

    @property
    def running(self) -> bool:
        """Whether a session is on the screen."""
        return self.session is not None

    def begin(self, session: BlindedSession) -> None:
        """Show the first image that has no answer."""
        self.session = session
        self._stage = ItemStage(self._viewer, blinded=True, limits=session.plan.limits)
        self._ahead = ItemsAhead(_reader(session), self)
        self._ahead.arrived.connect(self._show_arrived)
        self._offer_classes(session.plan.class_names)
        self._blinding = blinded(self._viewer, self)
        self.keys.listen()
        self._show()

    def answer(self, class_name: str) -> None:
        """Answer what is on the screen; nothing counts before it is seen."""
        if self.session is None or self._since is None:
            return
        seconds = time.monotonic() - self._since
        try:
            self.session.answer(class_name, seconds, seen_before=self.seen_before.isChecked())
        except OSError as error:
            self.says.setText(f"The answer could not be written ({error}); give it again.")
            return
        self.says.setText(HOW)
        self._show()

    def undo(self) -> None:
        """Take the last answer back, and show its image again."""
        try:
            taken_back = self.session.undo()
        except OSError as error:
            self.says.setText(f"It could not be taken back ({error}).")
            return
        if taken_back is not None:
            self._show()

    def pause(self) -> None:
        """Leave the session as it is, and give the window back."""
        if self.session is None:
            return
        session, self.session = self.session, None
        self.keys.listen(False)
        self._ahead.want({})
        self._ahead.deleteLater()
        self._stage.leave()
        self._blinding.close()
        self.ended.emit(session)

    def _show(self) -> None:
        position, showings = self.session.position, self.session.plan.showings
        self._since = None
        self.seen_before.setChecked(False)
        self.undo_button.setEnabled(bool(self.session.answers))
        if position is None:
            self.pause()
            return
        of_classifier = showings[position].arm != "everything"
        count = Markup("<b>{} of {}</b>").format(position + 1, len(showings))
        how = Markup("<br>{}").format(AS_THE_CLASSIFIER) if of_classifier else ""
        self.progress.setText(count + how)
        places = range(position, min(position + 1 + READ_AHEAD, len(showings)))
        self._ahead.want({place: showings[place] for place in places})
        self._show_arrived(position)

    def _show_arrived(self, position: int) -> None:
        if self.session is None or position != self.session.position or self._since is not None:
            return
        if self._ahead.why_not(position):
            # The sentence of the error would name the file.
            self._stage.clear()
            self.says.setText(UNREADABLE)
            self._since = time.monotonic()
        elif (shown := self._ahead.get(position)) is not None:
            self._stage.show(shown)
            self.looks.show_layers(self._stage.layers)
            self._since = time.monotonic()

    def _offer_classes(self, names: tuple[str, ...]) -> None:
        for old in self.buttons:
            old.deleteLater()
        self.buttons = []
        keys = dict(zip(names, map(str, range(1, MOST_CLASSES + 1)), strict=False))
        keys[CANNOT_TELL] = "0"
        for name in (*names, CANNOT_TELL):
            answer = button(f"{keys[name]}   {name}" if name in keys else name)
            answer.clicked.connect(lambda _=False, name=name: self.answer(name))
            self._classes.addWidget(answer)
            self.buttons.append(answer)

    def _answer_by_key(self, number: int) -> None:
        if number < len(self.session.plan.class_names):
            self.answer(self.session.plan.class_names[number])


class ChannelLooks(QWidget):
    """A row for each channel; it stays as a person set it while the layers stay."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers: tuple[ImageLayer, ...] = ()
        self._contrasts: list[QDoubleRangeSlider] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)

    def show_layers(self, layers: Sequence[ImageLayer]) -> None:
        """Show rows for these layers, unless there are rows for them already."""
        if tuple(layers) == self._layers:
            for layer, slider in zip(layers, self._contrasts, strict=True):
                _follow(slider, layer)
            return
        self._layers, self._contrasts = tuple(layers), []
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for column, text in enumerate(("Channel", "Contrast", "Gamma")):
            self._grid.addWidget(Label(text), 0, column)
        for row, layer in enumerate(layers, start=1):
            self._add_row(row, layer)

    def _add_row(self, row: int, layer: ImageLayer) -> None:
        shown = check_box(layer.name, checked=layer.visible)
        shown.toggled.connect(lambda on: setattr(layer, "visible", on))
        contrast = QDoubleRangeSlider(Qt.Orientation.Horizontal)
        _follow(contrast, layer)
        self._contrasts.append(contrast)
        contrast.valueChanged.connect(lambda limits: setattr(layer, "contrast_limits", limits))
        gamma = QDoubleSlider(Qt.Orientation.Horizontal)
        gamma.setRange(*GAMMAS)
        gamma.setValue(layer.gamma)
        gamma.valueChanged.connect(lambda value: setattr(layer, "gamma", value))
        for column, widget in enumerate((shown, contrast, gamma)):
            self._grid.addWidget(widget, row, column)


def _reader(session: BlindedSession) -> Callable[[Showing], ShownItem]:
    """Return what makes a picture of a showing; it is called on a thread."""
    plan = session.plan
    reader = ItemReader(plan.each, plan.items.axes)
    classifier = cache(partial(load_classifier, plan.classifier, threads=1))

    def read(showing: Showing) -> ShownItem:
        item = plan.items.items[showing.item]
        if showing.arm == "everything":
            shown = reader.read(item).with_surroundings()
        else:
            shown = as_classifier_sees(item, classifier(), plan.items.axes)
        return shown.turned(showing.orientation)

    return read


def _follow(slider: QDoubleRangeSlider, layer: ImageLayer) -> None:
    """Show the contrast that a layer has now."""
    with signals_blocked(slider):
        slider.setRange(*layer.contrast_limits_range)
        slider.setValue(tuple(layer.contrast_limits))
