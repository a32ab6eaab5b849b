"""The queue of items to be labelled: which are shown, and in which order."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from napari_image_classifier.items.annotations import Annotation, ItemKey
from napari_image_classifier.raters.active_learning import SuggestedLabel

Which = Literal["all", "unlabelled", "labelled", "class", "said", "differ"]
Order = Literal["folder", "random", "teaching", "confidence"]
SEED = 0


@dataclass(frozen=True)
class Shown:
    """Which items are shown.

    Attributes
    ----------
    which
        All, those without or with a class, those of one class, those predicted as one class
        ("said"), or those that were given another class than predicted ("differ").
    class_name
        That which was given ("class") or predicted ("said").
    """

    which: Which = "all"
    class_name: str = ""

    @property
    def gives_predictions_away(self) -> bool:
        """Whether to be shown at all tells what was predicted."""
        return self.which in ("said", "differ")


class LabellingQueue:
    """Items, some of which are shown, in an order.

    ``suggestions`` are predictions, and ``teaching`` the items in the order in which they teach the
    classifier most, both empty without one. At first items come at random, as neighbours in a
    folder are alike and an answer leans on the last.

    Parameters
    ----------
    keys
        All items, in the order of the folder.
    annotations
        The labels, which may change.
    """

    def __init__(self, keys: Sequence[ItemKey], annotations: Mapping[ItemKey, Annotation]) -> None:
        self._keys = list(keys)
        self._annotations = annotations
        self.suggestions: Mapping[ItemKey, SuggestedLabel] = {}
        self.teaching: Sequence[ItemKey] = ()
        self.arrange(Shown(), "random")

    def arrange(self, shown: Shown, order: Order) -> None:
        """Put the items that are to be shown in order.

        They stay in their places until this is called again, also when they get a class that is not
        to be shown.
        """
        self.shown, self.order = shown, order
        self.keys = [key for key in self._in_order(order) if self.is_shown(key)]
        self._places = {key: place for place, key in enumerate(self.keys)}

    def is_shown(self, key: ItemKey) -> bool:
        """Return whether an item is among those that are to be shown, as things are now."""
        annotation, suggestion = self._annotations.get(key), self.suggestions.get(key)
        given = annotation.class_name if annotation else None
        predicted = suggestion.class_name if suggestion else None
        match self.shown.which:
            case "unlabelled":
                return given is None
            case "labelled":
                return given is not None
            case "class":
                return given == self.shown.class_name
            case "said":
                return predicted == self.shown.class_name
            case "differ":
                return given is not None and bool(predicted) and given != predicted
            case "all":
                return True

    def next_after(self, key: ItemKey | None) -> ItemKey | None:
        """Return the next item that is to be shown, from the beginning again after the last one.

        None where there is no other.
        """
        start = self._places[key] + 1 if key in self._places else 0
        around = self.keys[start:] + self.keys[:start]
        return next((other for other in around if other != key and self.is_shown(other)), None)

    def some_after(self, key: ItemKey | None, number: int) -> list[ItemKey]:
        """Return so many items that will come next."""
        coming: list[ItemKey] = []
        while len(coming) < number and (key := self.next_after(key)) and key not in coming:
            coming.append(key)
        return coming

    def _in_order(self, order: Order) -> Sequence[ItemKey]:
        match order:
            case "folder":
                return self._keys
            case "random":
                return random.Random(SEED).sample(self._keys, len(self._keys))
            case "teaching":
                first = self.teaching
            case "confidence":
                said = self.suggestions
                first = sorted(said, key=lambda key: said[key].confidence or 0.0)
        return list(dict.fromkeys([*first, *self._keys]))
