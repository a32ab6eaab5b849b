"""Items that are about to be shown, read on a thread before anybody asks for them."""

from collections.abc import Callable, Sequence
from functools import partial

from qtpy.QtCore import QObject, Signal

from napari_image_classifier.annotations import ItemKey
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.item_table import Item
from napari_image_classifier.widgets.errands import Errands
from napari_image_classifier.widgets.shown_item import ShownItem

Read = Callable[[Item], ShownItem]


def key_of_item(item: Item) -> ItemKey:
    """Return the name of an item in tables."""
    return ItemKey(item.file, item.selection)


class ItemsAhead(QObject):
    """Keeps the items that are wanted at hand, and only these.

    ``arrived`` carries the key of an item that has been read, or that can't be: then `why_not` has
    the sentence.
    """

    arrived = Signal(object)

    def __init__(self, read: Read, parent: QObject) -> None:
        super().__init__(parent)
        self._read = read
        self._at_hand: dict[ItemKey, ShownItem | str] = {}
        self._wanted: dict[ItemKey, Item] = {}
        self._errands = Errands(self)
        self._errands.done.connect(self._take)

    def want(self, items: Sequence[Item]) -> None:
        """Have these items read, the first one first; what is not among them is let go."""
        self._wanted = {key_of_item(item): item for item in items}
        self._at_hand = {key: one for key, one in self._at_hand.items() if key in self._wanted}
        # Those that wait already are asked for again, in the new order.
        self._errands.keep_only(())
        for key, item in self._wanted.items():
            if key not in self._at_hand:
                self._errands.do(key, partial(_read_or_why_not, self._read, item))

    def get(self, key: ItemKey) -> ShownItem | None:
        """Return an item that has been read; None where it has not, or can't be."""
        found = self._at_hand.get(key)
        return found if isinstance(found, ShownItem) else None

    def why_not(self, key: ItemKey) -> str:
        """Return why an item can't be shown; "" where it can, or nobody knows yet."""
        found = self._at_hand.get(key)
        return found if isinstance(found, str) else ""

    def _take(self, key: ItemKey, found: ShownItem | str) -> None:
        if key in self._wanted:
            self._at_hand[key] = found
            self.arrived.emit(key)


def _read_or_why_not(read: Read, item: Item) -> ShownItem | str:
    try:
        return read(item)
    except (ImageClassifierError, OSError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - one image must not end the session
        return f"{item.file} can't be shown: {type(error).__name__}: {error}"
