"""Dose responses: the axis of doses, the wells on it, and the picture of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_image_classifier.plates.columns import (
    in_words,
    interval_columns,
    numbers_to_show,
    scale_of,
)
from napari_image_classifier.plates.doses import (
    correlation_in_words,
    dose_correlation,
    doses_of,
    series_of,
)
from napari_image_classifier.plates.figures import (
    add_legend,
    check_format,
    in_figure,
    new_figure,
    write_figure,
)
from napari_image_classifier.typing import Float64Array, IntArray
from napari_image_classifier.wording import first_few

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# How far zero and its gap take the axis on, as a part of it, at the least.
APART = 0.15
# Ticks closer than this part of the axis are not all labelled.
ROOM_OF_A_LABEL = 0.035
# The part of the room between two doses that their wells may spread over.
SPREAD = 0.7
WIDEST = 0.08
# Told apart by everybody, on white and on dark (Okabe & Ito, without their black and yellow).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
PANELS_IN_A_ROW = 3
PANEL_SIZE = (4.6, 3.6)
# As many series have their correlation above the panel; more would leave it no room.
SERIES_IN_TITLE = 4


@dataclass(frozen=True)
class DoseAxis:
    """An axis of doses; positions on it are logarithms to base 10, or the doses themselves.

    Attributes
    ----------
    doses
        The different doses there are, ascending.
    logarithmic
        Whether positions are logarithms.
    zero
        Where the dose 0 stands; None where there is none, or the axis is linear.
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
        places, whole = self._places, self.ends[1] - self.ends[0]
        closest = float(np.diff(places).min()) if len(places) > 1 else whole
        width = min(SPREAD * closest, WIDEST * whole) / max(1, n_series)
        numbers = np.asarray(series)
        aside = (numbers - (n_series - 1) / 2) * width
        for dose in self.doses:
            for number in range(n_series):
                members = np.flatnonzero((doses == dose) & (numbers == number))
                if len(members) > 1:
                    aside[members] += np.linspace(-0.35, 0.35, len(members)) * width
        return aside

    @property
    def _places(self) -> Float64Array:
        return self.place(np.array(self.doses, float))


@dataclass(frozen=True)
class DoseSeries:
    """The wells of one series as they are drawn: arrays of shape (n_wells,).

    Attributes
    ----------
    name
        The value that all its wells have in the column of series, "" without such a column.
    rows
        The wells' rows in the summary.
    x, values
        Where the wells stand on the axis of doses, and what was found in them.
    low, high
        The ends of their intervals, NaN where there is none.
    medians
        Position and median of every dose, shape (n_doses, 2).
    words
        The correlation with the dose.
    """

    name: str
    rows: IntArray
    x: Float64Array
    values: Float64Array
    low: Float64Array
    high: Float64Array
    medians: Float64Array
    words: str

    @property
    def sentence(self) -> str:
        """The correlation after the name of the series, where it has one."""
        return f"{self.name}: {self.words}" if self.name else self.words


@dataclass(frozen=True)
class DoseResponse:
    """What is drawn of a dose response.

    Attributes
    ----------
    axis
        Where doses stand.
    series
        The wells, a series for each colour.
    ends
        The low and the high end of the axis of values.
    labels
        What stands beside the values and below the doses.
    """

    axis: DoseAxis
    series: Sequence[DoseSeries]
    ends: tuple[float, float]
    labels: tuple[str, str]


def dose_response(
    summary: "pd.DataFrame", dose: str, column: str, by: str | None = None
) -> DoseResponse:
    """Return the dose response of a column of a summary.

    Parameters
    ----------
    summary
        A row for each well, see `summary.summarize`.
    dose
        The column of the summary that holds doses.
    column
        The column whose numbers are drawn.
    by
        A column whose values have a series each; None for one series.

    Returns
    -------
    DoseResponse
        All wells whose dose and number are known.

    Raises
    ------
    SummaryError
        As in `doses.dose_correlation`.
    """
    correlations = dose_correlation(summary, dose, column, by).to_dict("records")
    doses, values = doses_of(summary, dose), summary[column].to_numpy(float)
    low, high = _intervals(summary, column)
    known = np.isfinite(doses) & np.isfinite(values)
    axis = DoseAxis.of(doses[known])
    everything = list(series_of(summary, by))
    numbers = np.select([members for _, members in everything], range(len(everything)))
    x = axis.place(doses).copy()
    x[known] += axis.spread(doses[known], numbers[known].tolist(), len(everything))
    series = []
    for (name, members), row in zip(everything, correlations, strict=True):
        rows = np.flatnonzero(members & known)
        medians = [
            (x[rows][doses[rows] == level].mean(), np.median(values[rows][doses[rows] == level]))
            for level in np.unique(doses[rows])
        ]
        series.append(
            DoseSeries(
                name or (f"without {by}" if by else ""), rows, x[rows], values[rows], low[rows],
                high[rows], np.array(medians).reshape(-1, 2), correlation_in_words(row),
            )
        )  # fmt: skip
    return DoseResponse(axis, series, scale_of(column, values), (in_words(column), dose))


def draw_doses(
    axes: "Axes", response: DoseResponse, ink: str = "black", paper: str = "white"
) -> None:
    """Draw a dose response: wells as dots, with their intervals, and the medians of doses.

    Parameters
    ----------
    axes
        What is drawn on; its units are positions on the axis of doses, and values.
    response
        The dose response.
    ink, paper
        The colours of what is written, and of what is behind the drawing.
    """
    markers = "os^Dv"
    axis, (low, high) = response.axis, response.ends
    for number, series in enumerate(response.series):
        # Where colours come again, another shape tells series apart.
        marker = markers[number // len(COLOURS) % len(markers)]
        colour = colour_of(number)
        sure = np.isfinite(series.low)
        if sure.any():
            axes.vlines(series.x[sure], series.low[sure], series.high[sure], color=colour,
                        linewidth=0.7, alpha=0.3)  # fmt: skip
        axes.plot(series.x, series.values, marker, color=colour, markersize=4, alpha=0.75,
                  label=str(number))  # fmt: skip
        for part in _unbroken(axis, series.medians):
            axes.plot(part[:, 0], part[:, 1], "-", color=colour, linewidth=1.6)
        axes.plot(series.medians[:, 0], series.medians[:, 1], "_", color=colour, markersize=9,
                  markeredgewidth=2)  # fmt: skip
    room = 0.04 * (high - low)
    axes.set(xlim=axis.ends, ylim=(low - room, high + room))
    ylabel, xlabel = map(in_figure, response.labels)
    axes.set(ylabel=ylabel, xlabel=xlabel)
    axes.set_xticks(*zip(*axis.ticks, strict=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    if axis.break_at is not None:
        axes.text(
            axis.break_at, 0, "//", transform=axes.get_xaxis_transform(), ha="center", va="center",
            fontsize=10, color=ink, bbox={"facecolor": paper, "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip


def draw_dose_response(
    summary: "pd.DataFrame",
    path: str | Path,
    dose: str = "dose",
    show: Sequence[str] | None = None,
    by: str | None = None,
) -> None:
    """Write a picture of dose responses, a panel for each column of ``show``.

    Every well is a dot, with its interval where it is a per cent of several images, and every dose
    has its median; above stands Spearman's rank correlation over the wells. Doses stand by their
    logarithm, and zero apart; where a dose is negative they are taken for logarithms. Wells whose
    dose or number is not known are left out.

    Parameters
    ----------
    summary
        A row for each well, see `summary.summarize`.
    path
        The picture: a PNG, SVG or PDF file.
    dose
        The column of the summary that holds doses.
    show
        Columns of numbers; the per cent of every class unless told.
    by
        A column whose values have a colour each, such as the compound.

    Raises
    ------
    SummaryError
        A column is not there, a dose is no number, there are fewer than three, a well has several
        rows, or the picture's format is unknown.
    """
    path = Path(path)
    check_format(path, "dose response")
    panels = [dose_response(summary, dose, name, by) for name in numbers_to_show(summary, show)]
    columns = min(len(panels), PANELS_IN_A_ROW)
    rows = -(-len(panels) // columns)
    figure = new_figure(columns * PANEL_SIZE[0], rows * PANEL_SIZE[1])
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, response in zip(grid, panels, strict=False):
        draw_doses(axes, response)
        sentences = [series.sentence for series in response.series]
        title = first_few(sentences, SERIES_IN_TITLE, between="\n", end="\nand ")
        axes.set_title(in_figure(title), fontsize=8.5)
    for axes in grid[len(panels) :]:
        axes.remove()
    if by is not None:
        handles, _ = grid[0].get_legend_handles_labels()
        add_legend(figure, handles, [series.name for series in panels[0].series], by)
    write_figure(figure, path)


def colour_of(number: int) -> str:
    """Return the colour of a series.

    Parameters
    ----------
    number
        Which series it is, counted from 0.

    Returns
    -------
    str
        The colour as "#rrggbb", of Okabe & Ito (2008); beyond six series they come again.
    """
    return COLOURS[number % len(COLOURS)]


def _unbroken(axis: DoseAxis, medians: Float64Array) -> list[Float64Array]:
    """Return the medians that a line joins: not across the break beside zero."""
    at = axis.break_at
    if at is None:
        return [medians]
    return [medians[medians[:, 0] < at], medians[medians[:, 0] >= at]]


def _intervals(summary: "pd.DataFrame", column: str) -> tuple[Float64Array, Float64Array]:
    names = interval_columns(column)
    if names is None or any(name not in summary for name in names):
        nothing = np.full(len(summary), np.nan)
        return nothing, nothing
    low, high = (summary[name].to_numpy(float) for name in names)
    # Of wells with one image: a line from end to end would say nothing, and hide the dots.
    of_nothing = (low <= 0) & (high >= 100)
    return np.where(of_nothing, np.nan, low), np.where(of_nothing, np.nan, high)
