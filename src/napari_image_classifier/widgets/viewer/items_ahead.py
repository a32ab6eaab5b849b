"""Items that are about to be shown, read on a thread before anybody asks for them."""

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.raters.shown_item import ShownItem
from napari_image_classifier.widgets.qt.background import Errands


class ItemsAhead(QObject):
    """Keeps what is wanted at hand, and only that; ``read`` makes it of whatever it is wanted by.

    ``arrived`` carries the key of what has been read, or can't be: then `why_not` has the sentence.
    """

    arrived = Signal(object)

    def __init__(self, read: Callable[[Any], ShownItem], parent: QObject) -> None:
        super().__init__(parent)
        self._read = read
        self._at_hand: dict[Hashable, ShownItem | str] = {}
        self._wanted: Mapping[Hashable, Any] = {}
        self._errands = Errands(self)
        self._errands.done.connect(self._take)

    def want(self, wanted: Mapping[Hashable, Any]) -> None:
        """Have these read, by their keys, the first one first; what is not among them is let go."""
        self._wanted = dict(wanted)
        self._at_hand = {key: one for key, one in self._at_hand.items() if key in wanted}
        # What waits already is asked for again, in the new order.
        self._errands.keep_only(())
        for key, what in wanted.items():
            if key not in self._at_hand:
                self._errands.do(key, partial(_read_or_why_not, self._read, what))

    def get(self, key: Hashable) -> ShownItem | None:
        """Return what has been read; None where it has not, or can't be."""
        found = self._at_hand.get(key)
        return found if isinstance(found, ShownItem) else None

    def why_not(self, key: Hashable) -> str:
        """Return why it can't be shown; "" where it can, or nobody knows yet."""
        found = self._at_hand.get(key)
        return found if isinstance(found, str) else ""

    def _take(self, key: Hashable, found: ShownItem | str) -> None:
        if key in self._wanted:
            self._at_hand[key] = found
            self.arrived.emit(key)


def _read_or_why_not(read: Callable[[Any], ShownItem], what: Any) -> ShownItem | str:
    try:
        return read(what)
    except (ImageClassifierError, OSError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - one image must not end the session
        return f"It can't be shown: {type(error).__name__}: {error}"
