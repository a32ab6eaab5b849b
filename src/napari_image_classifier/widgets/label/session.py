"""A session of labelling by eye, item by item: what is shown, given, and taken back."""

import time
from collections.abc import Collection

import napari
from qtpy.QtCore import QObject, Signal

from napari_image_classifier.items.annotations import ASSISTED, BY_EYE, ItemKey
from napari_image_classifier.items.item import Item
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.raters.labelling_queue import LabellingQueue
from napari_image_classifier.raters.shown_item import ItemReader
from napari_image_classifier.widgets.label.source import ToLabel
from napari_image_classifier.widgets.viewer.item_display import ItemsAhead, ItemStage

READ_AHEAD = 3


class LabellingSession(QObject):
    """One rater at the items of ``to_label``; what she gives is in ``log`` at once.

    ``moved`` carries the item that is to be shown, or None; ``given`` the items whose
    annotations have changed, ``failed`` a sentence.
    """

    moved = Signal(object)
    given = Signal(object)
    failed = Signal(str)

    def __init__(
        self, viewer: napari.Viewer, to_label: ToLabel, log: AnnotationLog, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.to_label = to_label
        self.log = log
        self.reader = ItemReader(to_label.query.each, to_label.query.axes)
        self.items: dict[ItemKey, Item] = {item.key: item for item in to_label.table.items}
        self.queue = LabellingQueue(list(self.items), log.annotations)
        self.prediction_in_sight = False
        self.current: ItemKey | None = None
        self._since: float | None = None
        self._stage = ItemStage(viewer)
        self._ahead = ItemsAhead(self.reader.read, self)
        self._ahead.arrived.connect(self._show_arrived)

    def show(self, key: ItemKey | None) -> None:
        """Show an item, and have those ready that will follow it."""
        self.current = key
        self._since = None
        self.moved.emit(key)
        if key is None:
            self._ahead.want({})
            self._stage.clear()
            return
        keys = [key, *self.queue.some_after(key, READ_AHEAD)]
        self._ahead.want({wanted: self.items[wanted] for wanted in keys})
        self._show_arrived(key)

    def go_on(self) -> None:
        """Show the next item that is to be shown."""
        following = self.queue.next_after(self.current)
        if following is not None or self.current is None or not self.queue.is_shown(self.current):
            self.show(following)

    def give(self, class_name: str | None, keys: Collection[ItemKey] = ()) -> bool:
        """Give a class, or with None take it away: to the item that is shown, or to several.

        Return whether it is on the disk.
        """
        chosen = list(keys) or ([self.current] if self.current else [])
        seen = self.prediction_in_sight or self.queue.shown.gives_predictions_away
        assisted = [key for key in chosen if seen and key in self.queue.suggestions]
        by_eye = [key for key in chosen if key not in assisted]
        try:
            if class_name is None:
                self.log.take_away(chosen)
            else:
                seconds = self._seconds if chosen == [self.current] else None
                self.log.give(by_eye, class_name, BY_EYE, seconds)
                self.log.give(assisted, class_name, ASSISTED, seconds)
        except OSError as error:
            self.failed.emit(
                f"The class could not be written to {self.log.path} ({error}); it was not given. "
                "Close the table where it is open, or make room, and give it again."
            )
            return False
        self.given.emit(chosen)
        return True

    def undo(self) -> None:
        """Take the last step back, and show what it was about."""
        try:
            changed = self.log.undo()
        except OSError as error:
            self.failed.emit(f"It could not be taken back in {self.log.path} ({error}).")
            return
        if not changed:
            self.failed.emit("There is nothing to take back any more.")
            return
        self.given.emit(changed)
        here = [key for key in changed if key in self.items]
        if here:
            self.show(here[0])

    def rename(self, name: str, new: str) -> None:
        """Call a class otherwise, or make one of two."""
        try:
            self.log.rename(name, new)
        except OSError as error:
            self.failed.emit(f"The class could not be renamed in {self.log.path} ({error}).")
        self.given.emit(list(self.log.annotations))

    def end(self) -> None:
        """Show what was open before."""
        self._ahead.want({})
        self._stage.leave()

    @property
    def _seconds(self) -> float | None:
        return None if self._since is None else time.monotonic() - self._since

    def _show_arrived(self, key: ItemKey) -> None:
        if key != self.current or self._since is not None:
            return
        if why := self._ahead.why_not(key):
            self._stage.clear()
            self.failed.emit(why)
            self._since = time.monotonic()
        elif (shown := self._ahead.get(key)) is not None:
            self._stage.show(shown)
            self._since = time.monotonic()
