"""Progress of long work: how far it is, how long the rest takes, and how often to tell."""

import math
import time

from napari_image_classifier.system.events import Counted, Emit, Event

SECONDS_BETWEEN_EVENTS = 0.25


class TimeLeft:
    """How far work is, and the time that the rest takes at the speed since it began.

    Parameters
    ----------
    total
        How much there is to do, in any unit: files, batches, items.
    """

    def __init__(self, total: float) -> None:
        self.total = total
        self.done: float = 0
        self.restart()

    def restart(self) -> None:
        """Measure the speed from now on."""
        self._aside = self.done
        self._began = time.monotonic()

    def leave_out(self, done: float) -> None:
        """Count what an earlier run has done, which says nothing of the speed of this one."""
        self.done += done
        self._aside += done

    @property
    def seconds_left(self) -> float | None:
        """How many seconds the rest takes; None while the speed is not known."""
        here = self.done - self._aside
        if not here > 0:
            return None
        each = (time.monotonic() - self._began) / here
        return round(each * (self.total - self.done), 1)


class Pause:
    """Time between what is told, so that nobody is told too often.

    Parameters
    ----------
    seconds
        How many seconds lie between two times, at least; the first is now.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = -math.inf

    def restart(self) -> None:
        """Count from now."""
        self._last = time.monotonic()

    def is_over(self) -> bool:
        """Return whether the time has passed; if so, it starts anew."""
        if time.monotonic() - self._last < self._seconds:
            return False
        self.restart()
        return True


def throttled(emit: Emit) -> Emit:
    """Return ``emit`` with fewer events, so that what reads them keeps up.

    Parameters
    ----------
    emit
        Takes an event.

    Returns
    -------
    Emit
        Passes events that count something on at most four times a second. The first and the last
        one of a series always pass, and so does every other event.
    """
    series, pause = "", Pause(SECONDS_BETWEEN_EVENTS)

    def emit_some(event: Event) -> None:
        nonlocal series
        if isinstance(event, Counted):
            before, series = series, str(event.get("stage"))
            if series != before or event.done >= event.total:
                pause.restart()
            elif not pause.is_over():
                return
        emit(event)

    return emit_some
