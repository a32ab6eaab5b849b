"""Plates and dose responses on the screen: each well says what it is and can be clicked."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_image_classifier.plates.dose_plot import DoseResponse, draw_doses
from napari_image_classifier.plates.figures import in_figure
from napari_image_classifier.plates.plate_map import PlateMap, PlateStyle, draw_plate
from napari_image_classifier.widgets.classify_folder.well_picture import (
    WellPicture,
    colour_axes,
    points,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST_WELL = 40.0
# In smaller ones numbers can't be read.
WELL_WITH_NUMBER = 24.0
SCALE_HEIGHT = 34.0
MARGIN = 6.0


def in_few_digits(value: float) -> str:
    """Return what fits into a well: 0 and 1, .25 between them, and 25 for more."""
    return f"{value:.2f}"[1:] if 0.005 <= value < 0.995 else f"{value:.0f}"


class PlateView(WellPicture):
    """Circles for wells, a number in each where there is room, and the scale of colours below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plate = PlateMap("", "", np.empty((0, 1)), {}, (0.0, 1.0))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_plate(self, plate: PlateMap, explain: Callable[[int], str]) -> None:
        """Draw a plate; ``explain`` gives the tooltip of a row of the summary."""
        self._plate = plate
        places = np.array([(well[1], well[0]) for well in plate.rows]).reshape(-1, 2)
        self.show_wells(tuple(plate.rows.values()), places, explain)
        self._fit_height()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size that shows every well."""
        return QSize(360, round(self._height()))

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        """Let the height follow the wells, which follow the width."""
        super().resizeEvent(event)
        self._fit_height()

    def reach(self) -> float:
        """Return half a well's side."""
        return self._side() / 2

    def draw(self, figure: "Figure", ink: str, paper: str) -> "Axes":
        """Draw the wells, and the scale below them."""
        rows, columns = self._plate.values.shape
        side, metrics, letters = self._side(), self.fontMetrics(), self.letter_size()
        every = metrics.height() / side, (metrics.horizontalAdvance("00") + 2) / side
        style = PlateStyle(
            letters, points(min(12.0, side * 0.36)),
            in_few_digits if side >= WELL_WITH_NUMBER else None,
            (math.ceil(every[0]), math.ceil(every[1])), 0.25, ink,
        )  # fmt: skip
        left, width, height = self._left(), self.width(), self.height()
        axes = figure.add_axes((
            left / width, 1 - (self._top() + rows * side) / height,
            columns * side / width, rows * side / height,
        ), facecolor="none")  # fmt: skip
        draw_plate(axes, self._plate, style)
        axes.spines[:].set_visible(False)
        # The scale is 8 pixels high, and its words stand below it.
        first, last = -0.5, columns - 0.5
        top, bottom, words_at = (rows - 0.5 + pixels / side for pixels in (8, 16, 30))
        axes.imshow([range(256)], extent=(first, last, bottom, top), cmap="viridis", clip_on=False)
        room = round(columns * side) - 60
        words = metrics.elidedText(self._plate.words, Qt.TextElideMode.ElideMiddle, room)
        low, high = self._plate.ends
        for text, x, where in (
            (f"{low:g}", first, "left"), (words, columns / 2 - 0.5, "center"),
            (f"{high:g}", last, "right"),
        ):  # fmt: skip
            axes.text(x, words_at, in_figure(text), ha=where, color=ink, fontsize=letters)
        axes.set(xlim=(first, last), ylim=(rows - 0.5, -0.5), aspect="auto")
        return axes

    def _left(self) -> float:
        widest = "AF" if len(self._plate.values) > 26 else "M"
        return self.fontMetrics().horizontalAdvance(widest) + 8.0

    def _top(self) -> float:
        return self.fontMetrics().height() + 4.0

    def _side(self) -> float:
        room = self.width() - self._left() - MARGIN
        n_columns = int(self._plate.values.shape[1])
        return min(LARGEST_WELL, max(4.0, room / n_columns))

    def _height(self) -> float:
        return self._top() + len(self._plate.values) * self._side() + SCALE_HEIGHT

    def _fit_height(self) -> None:
        self.setFixedHeight(round(self._height()))


HEIGHT = 230
LONGEST_LABEL = 165
REACH = 6.0


class DoseView(WellPicture):
    """Wells over their doses, with medians."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT)

    def show_response(self, response: DoseResponse, explain: Callable[[int], str]) -> None:
        """Draw a dose response; ``explain`` gives the tooltip of a row of the summary."""
        self._response = response
        rows = np.concatenate([series.rows for series in response.series])
        places = [np.column_stack([series.x, series.values]) for series in response.series]
        self.show_wells(rows.tolist(), np.concatenate(places), explain)

    def reach(self) -> float:
        """Return how large a dot is to the mouse, half of it."""
        return REACH

    def draw(self, figure: "Figure", ink: str, paper: str) -> "Axes":
        """Draw the dose response, its value at the left and its dose below."""
        metrics = self.fontMetrics()
        draw_doses(axes := figure.subplots(), self._response, ink, paper)
        label, high = self._response.labels[0], self._response.ends[1]
        short = metrics.elidedText(label, Qt.TextElideMode.ElideMiddle, LONGEST_LABEL)
        axes.set_ylabel(in_figure(short))
        colour_axes(axes, ink, self.letter_size())
        widest = max("0.0", f"{high:.0f}", key=len)
        left = 1.6 * metrics.height() + metrics.horizontalAdvance(widest) + 10
        # Much quicker than a layout that measures everything.
        figure.subplots_adjust(
            left=left / self.width(), right=1 - 4 / self.width(),
            bottom=3.0 * metrics.height() / HEIGHT, top=1 - 6 / HEIGHT,
        )  # fmt: skip
        return axes
