"""Lanes: processes that train the networks of an evaluation side by side."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from napari_image_classifier.evaluation.plan import Run
from napari_image_classifier.typing import Float64Array

Tell = Callable[[float], None]


class LaneGoneError(Exception):
    """What trained and tested is no more; another may do what it had begun."""


class Lane(Protocol):
    """What does one run after another, beside other lanes."""

    def said(self, run: Run, tell: Tell) -> Float64Array:
        """Train and test, and ``tell`` meanwhile which part of that is done.

        Returns probabilities (tested item, class).

        Raises
        ------
        LaneGoneError
            It has ended, without a result.
        """
        ...

    def end(self) -> None:
        """Be gone; nobody waits for what is still being done."""
        ...


@dataclass(frozen=True)
class OneLane:
    """The only lane, where runs are so short, or so greedy, that they are done one by one."""

    said: Callable[[Run, Tell], Float64Array]

    def end(self) -> None:
        """Do nothing: there is nothing but this process."""
