"""How long a training will still take."""

import math
import time

from napari_image_classifier.system.events import Counted, Emit, Event
from napari_image_classifier.system.stoppable import SECONDS_BETWEEN_EVENTS


class SecondsLeft:
    """Time left, from what the batches so far took; the first, which is compiled, aside."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._began = 0.0

    def leave_out(self, done: int) -> None:
        """Take away batches that an earlier run has done."""
        self._total -= done

    def after_one_more(self) -> float | None:
        """Count a batch and return the seconds left, None while nothing is known."""
        self._done += 1
        if self._done == 1:
            self._began = time.monotonic()
        return self()

    def __call__(self) -> float | None:
        """Return the seconds left, None while nothing is known."""
        if self._done < 2:
            return None
        each = (time.monotonic() - self._began) / (self._done - 1)
        return round(each * (self._total - self._done), 1)


def throttled(emit: Emit) -> Emit:
    """Return ``emit`` with events that count something at most about four times a second.

    The first and the last one of a series always pass, and so does every other event.
    """
    series, last = "", -math.inf

    def emit_some(event: Event) -> None:
        nonlocal series, last
        if isinstance(event, Counted):
            before, series = series, str(event.get("stage"))
            now = time.monotonic()
            same = series == before
            if same and event.done < event.total and now - last < SECONDS_BETWEEN_EVENTS:
                return
            last = now
        emit(event)

    return emit_some
