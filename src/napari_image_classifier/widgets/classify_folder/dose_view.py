"""A dose response on the screen: a dot per well, which says what it is and can be clicked."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_image_classifier.plates.dose_plot import DoseAxis, DoseSeries, colour_of, draw_doses
from napari_image_classifier.widgets.classify_folder.well_picture import WellPicture, colour_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 230
LONGEST_LABEL = 165
REACH = 6.0


class DosePicture(WellPicture):
    """Wells over their doses, with medians."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT)

    def show_series(
        self,
        axis: DoseAxis,
        series: Sequence[DoseSeries],
        ends: tuple[float, float],
        labels: tuple[str, str],
        explain: Callable[[int], str],
    ) -> None:
        """Draw the series, see `DoseView.show_series`."""
        self._response = axis, series, ends
        self._labels = labels
        rows = np.concatenate([one.rows for one in series])
        places = [np.column_stack([one.x, one.values]) for one in series]
        self.show_wells(rows.tolist(), np.concatenate(places), explain)

    def reach(self) -> float:
        """Return how large a dot is to the mouse, half of it."""
        return REACH

    def draw(self, figure: "Figure", ink: str, paper: str) -> "Axes":
        """Draw the dose response, its value at the left and its dose below."""
        metrics = self.fontMetrics()
        left = 1.6 * metrics.height() + metrics.horizontalAdvance(self._widest_number()) + 10
        axes = figure.subplots(gridspec_kw={
            "left": left / self.width(), "right": 1 - 4 / self.width(),
            "bottom": 3.0 * metrics.height() / HEIGHT, "top": 1 - 6 / HEIGHT,
        })  # fmt: skip
        draw_doses(axes, *self._response, ink, paper)
        axes.set_xlabel(self._labels[0])
        axes.set_ylabel(
            metrics.elidedText(self._labels[1], Qt.TextElideMode.ElideMiddle, LONGEST_LABEL)
        )
        colour_axes(axes, ink, self.letter_size())
        return axes

    def _widest_number(self) -> str:
        _, _, (_, high) = self._response
        return max("0.0", f"{high:.0f}", key=len)


class DoseView(QWidget):
    """Wells over their doses, with medians; below it the correlations in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = DosePicture(self)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.well_clicked = self.plot.well_clicked
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        layout.addWidget(self.words)

    def show_series(
        self,
        axis: DoseAxis,
        series: Sequence[DoseSeries],
        ends: tuple[float, float],
        labels: tuple[str, str],
        explain: Callable[[int], str],
    ) -> None:
        """Draw the series; ``ends`` are those of the values, ``labels`` of dose and value.

        ``explain`` gives the tooltip of a row of the summary.
        """
        self.plot.show_series(axis, series, ends, labels, explain)
        self.words.setText(
            "<br>".join(
                f'<span style="color:{colour_of(number)}">●</span> '
                f"{f'{escape(one.name)}: ' if one.name else ''}{escape(one.words)}"
                for number, one in enumerate(series)
            )
        )
