"""A dose response on the screen: a dot per well, which says what it is and can be clicked."""

from collections.abc import Callable, Sequence
from html import escape

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_image_classifier.plates.dose_plot import DoseAxis, DoseSeries, colour_of, unbroken

HEIGHT = 230
LONGEST_LABEL = 165


class DoseView(QWidget):
    """Wells over their doses, with medians; below it the correlations in words.

    ``well_clicked`` carries the row of the summary that the well is.
    """

    well_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = pg.PlotWidget(self, background=None)
        self.plot.setFixedHeight(HEIGHT)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.setMenuEnabled(False)
        self.plot.showGrid(x=False, y=True, alpha=0.2)
        self.plot.getAxis("left").enableAutoSIPrefix(False)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
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
        self.plot.clear()
        self._take_colours_of_the_theme()
        for number, one in enumerate(series):
            self._draw(axis, one, colour_of(number), explain)
        self.plot.getAxis("bottom").setTicks([axis.ticks, []])
        self.plot.setLabel("bottom", labels[0])
        self.plot.setLabel("left", self._elided(labels[1]))
        room = 0.05 * (ends[1] - ends[0])
        self.plot.setYRange(ends[0] - room, ends[1] + room, padding=0)
        self.plot.setXRange(*axis.ends, padding=0)
        if axis.break_at is not None:
            line = pg.InfiniteLine(
                axis.break_at, pen=pg.mkPen("#888888", style=Qt.PenStyle.DotLine)
            )
            self.plot.addItem(line)
        self.words.setText(
            "<br>".join(
                f'<span style="color:{colour_of(number)}">●</span> '
                f"{f'{escape(one.name)}: ' if one.name else ''}{escape(one.words)}"
                for number, one in enumerate(series)
            )
        )

    def _draw(
        self, axis: DoseAxis, one: DoseSeries, colour: str, explain: Callable[[int], str]
    ) -> None:
        if np.isfinite(one.low).any():
            faint = QColor(colour)
            faint.setAlphaF(0.35)
            self.plot.addItem(
                pg.ErrorBarItem(
                    x=one.x, y=one.values, top=one.high - one.values, bottom=one.values - one.low,
                    beam=0, pen=pg.mkPen(faint),
                )
            )  # fmt: skip
        for part in unbroken(axis, one.medians):
            self.plot.plot(part[:, 0], part[:, 1], pen=pg.mkPen(colour, width=2))
        dots = pg.ScatterPlotItem(
            x=one.x, y=one.values, data=one.rows.tolist(), size=8, pen=None, brush=colour,
            hoverable=True, hoverSize=12, tip=lambda x, y, data: explain(data),
        )  # fmt: skip
        dots.sigClicked.connect(self._click)
        self.plot.addItem(dots)

    def _elided(self, text: str) -> str:
        # pyqtgraph would cut off its beginning and end.
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, LONGEST_LABEL)

    def _click(self, dots: pg.ScatterPlotItem, points: Sequence[pg.SpotItem]) -> None:
        if len(points):
            self.well_clicked.emit(points[0].data())

    def _take_colours_of_the_theme(self) -> None:
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setTextPen(colour)
            axis.setPen(QColor(colour))
