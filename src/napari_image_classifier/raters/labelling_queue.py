"""Which items a person is to label next, and which she wants to see."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from napari_image_classifier.items.annotations import Annotation, ItemKey

Which = Literal["all", "unlabelled", "labelled", "class", "said", "differ"]
Order = Literal["folder", "random", "teaching", "confidence"]
SEED = 0


@dataclass(frozen=True)
class Suggestion:
    """What a classifier says of an item; the class is "" where it can say nothing."""

    class_name: str
    confidence: float = 0.0


@dataclass(frozen=True)
class Shown:
    """Which items are shown: ``class_name`` is what was given ("class") or predicted ("said")."""

    which: Which = "all"
    class_name: str = ""

    @property
    def gives_predictions_away(self) -> bool:
        """Whether to be shown at all tells what the classifier says."""
        return self.which in ("said", "differ")


class LabellingQueue:
    """The items of ``keys``, some of which are shown, in an order.

    ``annotations`` are what was given, and may change; ``suggestions`` what a classifier says, and
    ``teaching`` the items in the order in which they teach it most, both empty without one. At
    first they come at random, as neighbours in a folder are alike and an answer leans on the last.
    """

    def __init__(self, keys: Sequence[ItemKey], annotations: Mapping[ItemKey, Annotation]) -> None:
        self._keys = list(keys)
        self._annotations = annotations
        self.suggestions: Mapping[ItemKey, Suggestion] = {}
        self.teaching: Sequence[ItemKey] = ()
        self.shown = Shown()
        self.order: Order = "random"
        self.arrange(self.shown, self.order)

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
        given, said = self._annotations.get(key), self.suggestions.get(key)
        match self.shown.which:
            case "unlabelled":
                return given is None
            case "labelled":
                return given is not None
            case "class":
                return given is not None and given.class_name == self.shown.class_name
            case "said":
                return said is not None and said.class_name == self.shown.class_name
            case "differ":
                return given is not None and said is not None and _differ(given, said)
            case "all":
                return True

    def next_after(self, key: ItemKey | None) -> ItemKey | None:
        """Return the next item that is to be shown, from the beginning again after the last one.

        None where there is no other.
        """
        start = self._places[key] + 1 if key in self._places else 0
        around = self.keys[start:] + self.keys[:start]
        return next((one for one in around if one != key and self.is_shown(one)), None)

    def some_after(self, key: ItemKey | None, number: int) -> list[ItemKey]:
        """Return so many items that will come next."""
        found: list[ItemKey] = []
        while len(found) < number and (key := self.next_after(key)) and key not in found:
            found.append(key)
        return found

    def _in_order(self, order: Order) -> Sequence[ItemKey]:
        match order:
            case "folder":
                return self._keys
            case "random":
                return random.Random(SEED).sample(self._keys, len(self._keys))
            case "teaching":
                return [*self.teaching, *_without(self._keys, self.teaching)]
            case "confidence":
                said = self.suggestions
                known = sorted(said, key=lambda key: said[key].confidence)
                return [*known, *_without(self._keys, known)]


def _differ(given: Annotation, said: Suggestion) -> bool:
    return bool(said.class_name) and given.class_name != said.class_name


def _without(keys: Sequence[ItemKey], others: Sequence[ItemKey]) -> list[ItemKey]:
    gone = set(others)
    return [key for key in keys if key not in gone]
