"""Where doses stand on an axis: by their logarithm, and zero, which has none, apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_image_classifier.typing import Float64Array

# How far zero and its gap take the axis on, as a part of it, at the least.
APART = 0.15
# Ticks closer than this part of the axis are not all labelled.
ROOM_OF_A_LABEL = 0.035
# The part of the room between two doses that their wells may spread over.
SPREAD = 0.7
WIDEST = 0.08


@dataclass(frozen=True)
class DoseAxis:
    """An axis of doses; positions on it are logarithms to base 10, or the doses themselves.

    ``zero`` is where the dose 0 stands, None where there is none or the axis is linear;
    ``doses`` are the different doses there are, ascending.
    """

    doses: tuple[float, ...]
    logarithmic: bool
    zero: float | None

    @classmethod
    def of(cls, doses: Float64Array) -> "DoseAxis":
        """Make the axis of some doses, NaN among them passed over.

        It is logarithmic unless a dose is negative: such doses are logarithms already.
        """
        different = np.unique(doses[np.isfinite(doses)])
        if not len(different) or different[0] < 0 or different[-1] == 0:
            return cls(tuple(different.tolist()), False, None)
        logs = np.log10(different[different > 0])
        gap = logs[1] - logs[0] if len(logs) > 1 else 0.0
        apart = max(gap, APART * (logs[-1] - logs[0])) or 1.0
        zero = float(logs[0] - apart) if different[0] == 0 else None
        return cls(tuple(different.tolist()), True, zero)

    def place(self, doses: Float64Array) -> Float64Array:
        """Return where doses stand, NaN for NaN."""
        if not self.logarithmic:
            return doses
        zero = np.nan if self.zero is None else self.zero
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(doses == 0, zero, np.log10(doses))

    @property
    def ends(self) -> tuple[float, float]:
        """The first and the last position, with some room around."""
        places = self._places
        room = 0.06 * (places[-1] - places[0]) or 0.5
        return float(places[0] - room), float(places[-1] + room)

    @property
    def break_at(self) -> float | None:
        """Where the axis is broken, between zero and the smallest dose."""
        return None if self.zero is None else (self.zero + float(self._places[1])) / 2

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Where doses stand, and what is written there; "" where there is no room."""
        places = self._places
        room = ROOM_OF_A_LABEL * (self.ends[1] - self.ends[0])
        # From the right, as on a logarithmic axis the last ones crowd and the largest is wanted.
        taken, ticks = np.inf, []
        for place, dose in reversed(list(zip(places.tolist(), self.doses, strict=True))):
            there_is_room = taken - place >= room * max(1.0, len(f"{dose:g}") / 2)
            ticks.append((place, f"{dose:g}" if there_is_room else ""))
            taken = place if there_is_room else taken
        return ticks[::-1]

    def spread(self, doses: Float64Array, series: Sequence[int], n_series: int) -> Float64Array:
        """Return how far to move each well aside, so that wells of one dose can be told apart.

        ``series`` counts the series of each well from 0; those of one series stay together.
        """
        width = self._room_of_a_dose() / max(1, n_series)
        numbers = np.asarray(series)
        aside = (numbers - (n_series - 1) / 2) * width
        for dose in self.doses:
            for number in range(n_series):
                members = np.flatnonzero((doses == dose) & (numbers == number))
                if len(members) > 1:
                    aside[members] += np.linspace(-0.35, 0.35, len(members)) * width
        return aside

    def _room_of_a_dose(self) -> float:
        places = self._places
        whole = self.ends[1] - self.ends[0]
        closest = float(np.diff(places).min()) if len(places) > 1 else whole
        return min(SPREAD * closest, WIDEST * whole)

    @property
    def _places(self) -> Float64Array:
        return self.place(np.array(self.doses, float))
