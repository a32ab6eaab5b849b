"""Rows of the benchmark table: contenders measured by turns, medians, spreads and ratios."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

ROUNDS = 5


@dataclass
class Row:
    """One thing that was measured, for us and for others.

    Every contender has one figure per round. ``faster_is_more`` says whether a larger figure is
    the better one; a ratio above 1 is always in our favour.
    """

    what: str
    unit: str
    figures: Mapping[str, list[float]]
    faster_is_more: bool = True
    note: str = ""
    medians: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.medians = {name: statistics.median(values) for name, values in self.figures.items()}

    def ratios(self) -> dict[str, float]:
        """Return how many times better we are than each of the others; of nothing, no ratio."""
        ours = self.medians["ours"]
        pairs = {name: (ours, other) for name, other in self.medians.items() if name != "ours"}
        if not self.faster_is_more:
            pairs = {name: (other, ours) for name, (ours, other) in pairs.items()}
        return {name: better / worse for name, (better, worse) in pairs.items() if worse}

    def lines(self) -> list[str]:
        """Return the row as text: one line per contender."""
        ratios = self.ratios()
        found = [f"{self.what} ({self.unit})" + (f" – {self.note}" if self.note else "")]
        for name, values in self.figures.items():
            spread = f"{min(values):.3g} to {max(values):.3g}"
            ratio = f"   ours is {ratios[name]:.2f} times as good" if name in ratios else ""
            found.append(f"    {name:<28}{self.medians[name]:>10.4g}   {spread:<22}{ratio}")
        return found

    def to_json(self) -> dict[str, object]:
        """Return everything as JSON."""
        return {
            "what": self.what,
            "unit": self.unit,
            "faster_is_more": self.faster_is_more,
            "note": self.note,
            "figures": dict(self.figures),
            "medians": self.medians,
            "ratios": self.ratios(),
        }


def by_turns(
    contenders: Mapping[str, Callable[[], float]], rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """Call every contender once a round, so that a busy minute of the machine hits all alike."""
    figures: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, measure in contenders.items():
            figures[name].append(measure())
    return figures
