"""The dock *Label images*: classes given by eye, on the disk the moment they are given."""

from pathlib import Path

import napari
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.annotations import ASSISTED, CANNOT_TELL, ItemKey
from napari_image_classifier.raters.active_learning import SuggestedLabels
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.widgets.label.active_learning import ActiveLearningPanel
from napari_image_classifier.widgets.label.choices import UNLABELLED, LabellingChoices
from napari_image_classifier.widgets.label.gallery import SIDE, Gallery
from napari_image_classifier.widgets.label.session import LabellingSession
from napari_image_classifier.widgets.label.source import LabellingSource, ToLabel
from napari_image_classifier.widgets.qt.dock import Dock, Folded, let_be_cut_off
from napari_image_classifier.widgets.qt.parts import button, check_box, stacked, wrapped
from napari_image_classifier.widgets.qt.plain_text import Markup
from napari_image_classifier.widgets.qt.progress_row import show_sentence
from napari_image_classifier.widgets.shared.class_buttons import ClassButtons
from napari_image_classifier.widgets.shared.class_keys import MOST_CLASSES, ClassKeys
from napari_image_classifier.widgets.shared.image_opening import open_dock
from napari_image_classifier.widgets.viewer.class_colours import class_colours

KEYS_IN_WORDS = "Keys: 1 to 9 give a class, 0 “cannot tell”, Space goes on, Backspace takes back."
NO_CLASSES = "Write the name of a class first, and press Enter."


class LabelImages(Dock):
    """Asks what to label, then shows item after item; the gallery takes several at once."""

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.session: LabellingSession | None = None
        self.keys = ClassKeys(self)
        self.source = LabellingSource(viewer)
        self._asked = Folded("What is labelled", self.source)
        self._asked.unfold()
        self._labelling = QWidget()
        self._labelling.hide()
        self._build_labelling()
        self.add(self._asked, self._labelling)
        self.column.addStretch(1)
        self._connect()

    def _build_labelling(self) -> None:
        self.counted = wrapped()
        self.classes = ClassButtons(keys=True, rows=MOST_CLASSES + 1)
        self.cannot_tell_button = button("Cannot tell", "It is an answer, too (key 0).")
        self.next_button = button("Next", "Go on without an answer (Space).")
        self.undo_button = button("Undo", "Take the last answer back, to the first (Backspace).")
        self.now, self.says = wrapped(), wrapped()
        self.choices = LabellingChoices()
        self.see_predictions = check_box(
            "Show what the classifier says",
            "What is labelled meanwhile is marked “assisted”, and never used to test a classifier.",
        )
        self.active_learning = ActiveLearningPanel()
        self.train_button = button(
            "Open in Train classifier", "Train on these labels with all choices."
        )
        for label in (self.counted, self.now, self.says):
            let_be_cut_off(label)
        self._place_of_gallery = QVBoxLayout()
        buttons = (self.cannot_tell_button, self.next_button, self.undo_button)
        stacked(
            self._labelling, self.counted, self.classes, buttons, self.now, self.says, self.choices,
            self.see_predictions, self._place_of_gallery, self.active_learning, self.train_button,
        )  # fmt: skip

    def _connect(self) -> None:
        self.closed.connect(self.stop)
        self.source.begun.connect(self.begin)
        self.classes.clicked.connect(self.give)
        self.classes.renamed.connect(self._rename)
        self.classes.changed.connect(self._show_counts)
        self.keys.chosen.connect(self._choose_by_key)
        self.keys.cannot_tell.connect(lambda: self.give(CANNOT_TELL))
        self.keys.skipped.connect(self.go_on)
        self.keys.undone.connect(self.undo)
        self.cannot_tell_button.clicked.connect(lambda: self.give(CANNOT_TELL))
        self.next_button.clicked.connect(self.go_on)
        self.undo_button.clicked.connect(self.undo)
        self.choices.changed.connect(self._arrange)
        self.see_predictions.toggled.connect(self._see_predictions)
        self.active_learning.answered.connect(self._take_suggestions)
        self.train_button.clicked.connect(self.open_training)

    def begin(self, to_label: ToLabel) -> None:
        """Show the first item that has no class yet."""
        group_of = {item.key: item.group for item in to_label.table.items if item.group}
        try:
            log = AnnotationLog(to_label.path, to_label.rater, group_of)
        except (ImageClassifierError, OSError) as error:
            self.source.summary.setText(str(error))
            return
        self._end_session()
        self.session = LabellingSession(self._viewer, to_label, log, self)
        self.session.moved.connect(self._show_item)
        self.session.given.connect(self._take_given)
        self.session.failed.connect(self._say)
        self.gallery = self._new_gallery()
        for name in [*log.counts, *(annotation.class_name for annotation in log.of_others)]:
            self.classes.add(name)
        self._asked.set_title(f"What is labelled: {to_label.query.folder}")
        self._asked.fold()
        self._labelling.show()
        self.active_learning.begin(to_label)
        self._offer_choices()
        self.choices.choose(UNLABELLED if log.annotations else None)
        self._take_given([])
        self.keys.listen(self.isVisible())

    def give(self, class_name: str | None) -> None:
        """Give a class to the item in the viewer, or to all that are picked in the gallery."""
        picked = self.gallery.picked
        several = picked if len(picked) > 1 else []
        if self.session.give(class_name, several):
            self.go_on()

    def go_on(self) -> None:
        """Show the next item, without a class for this one."""
        self._say("")
        self.session.go_on()

    def undo(self) -> None:
        """Take the last answer back."""
        self._say("")
        self.session.undo()

    def open_training(self) -> None:
        """Open *Train classifier* with these labels."""
        widget = open_dock(self._viewer, "Train classifier")
        to_label = self.session.to_label
        widget.source.choose_items(to_label.query, to_label.path)

    def stop(self) -> None:
        """End everything that runs, and show what was open before."""
        self.source.stop()
        self.active_learning.stop()
        self._end_session()

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        """Listen for keys while the dock is in sight."""
        super().showEvent(event)
        self.keys.listen(self.session is not None)

    def hideEvent(self, event: QHideEvent | None) -> None:  # noqa: N802
        """Leave the keys to the viewer."""
        super().hideEvent(event)
        self.keys.listen(False)

    def _new_gallery(self) -> Gallery:
        reader, items = self.session.reader, self.session.items
        gallery = Gallery(lambda key: reader.read(items[key]).picture(SIDE))
        gallery.went_to.connect(self._go_to)
        self._place_of_gallery.addWidget(gallery)
        return gallery

    def _end_session(self) -> None:
        self.keys.listen(False)
        if self.session is not None:
            self.session.end()
            self.session.deleteLater()
            self.gallery.deleteLater()
            self.session = None

    def _choose_by_key(self, number: int) -> None:
        names = self.classes.names
        if number < len(names):
            self.give(names[number])
        else:
            self._say(NO_CLASSES if not names else f"There are only {len(names)} classes.")

    def _rename(self, name: str, new: str) -> None:
        self.session.rename(name, new)

    def _go_to(self, key: ItemKey) -> None:
        if key != self.session.current:
            self.session.show(key)

    def _arrange(self) -> None:
        queue = self.session.queue
        queue.arrange(self.choices.shown, self.choices.order)
        self.gallery.items.show_items(queue.keys)
        self._show_words()
        self._show_counts()
        self.session.show(queue.keys[0] if queue.keys else None)

    def _see_predictions(self, in_sight: bool) -> None:
        self.session.prediction_in_sight = in_sight
        self._show_words()
        self._show_item(self.session.current, pick=False)

    def _take_suggestions(self, result: SuggestedLabels) -> None:
        queue = self.session.queue
        queue.suggestions = {item.key: item for item in result.items}
        queue.teaching = list(result.order)
        for name in self._predicted_classes():
            self.classes.add(name)
        self._offer_choices()
        self.choices.choose(UNLABELLED, "teaching")

    def _offer_choices(self) -> None:
        predicted = self._predicted_classes()
        self.choices.offer(self.classes.names, predicted)
        self.see_predictions.setVisible(bool(predicted))

    def _predicted_classes(self) -> list[str]:
        suggestions = self.session.queue.suggestions.values()
        return sorted({one.class_name for one in suggestions if one.class_name})

    def _take_given(self, _: object) -> None:
        self._show_words()
        self._show_counts()
        annotations = self.session.log.annotations
        keys = [key for key in annotations if key in self.session.items]
        self.active_learning.show_annotated(keys)

    def _show_words(self) -> None:
        predicted = self.session.queue.suggestions if self.see_predictions.isChecked() else {}
        words = {key: f"{one.class_name}?" for key, one in predicted.items() if one.class_name}
        annotations = self.session.log.annotations
        words |= {key: annotation.class_name for key, annotation in annotations.items()}
        colours = class_colours(self.classes.names)
        colours |= {f"{name}?": colours[name] for name in self.classes.names}
        self.gallery.items.show_words(words, colours)

    def _show_counts(self) -> None:
        log, items = self.session.log, self.session.items
        self.classes.show_counts(log.counts)
        n_labelled = sum(key in items for key in log.annotations)
        cannot_tell = log.counts[CANNOT_TELL]
        assisted = sum(annotation.mode == ASSISTED for annotation in log.annotations.values())
        doubts = f", of {cannot_tell} you could not tell" if cannot_tell else ""
        doubts += f"; {assisted} assisted" if assisted else ""
        self.counted.setText(
            Markup("<b>{} of {}</b> have a class{}.<br>{}").format(
                n_labelled, len(items), doubts, KEYS_IN_WORDS
            )
        )
        self.undo_button.setEnabled(log.can_undo)

    def _show_item(self, key: ItemKey | None, pick: bool = True) -> None:
        if key is None:
            self.now.setText("Nothing is left to show here; choose something else under “Show”.")
            return
        if pick:
            self.gallery.go_to(key)
        words = f"{Path(key.file).name} {key.item}".strip()
        prediction = self.session.queue.suggestions.get(key)
        if prediction is not None and self.see_predictions.isChecked():
            class_name = prediction.class_name or "nothing"
            words += f"\nThe classifier says {class_name} ({prediction.confidence or 0:.0%})."
        self.now.setText(words)
        given = self.session.log.annotations.get(key)
        self.classes.show_given(given.class_name if given else None)

    def _say(self, sentence: str) -> None:
        show_sentence(self.says, sentence)
