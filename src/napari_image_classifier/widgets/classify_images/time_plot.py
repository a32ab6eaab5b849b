"""Lines over time in the colours of the classes, and a line at the time that is shown."""

from collections.abc import Mapping

import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget

from napari_image_classifier.typing import Float64Array
from napari_image_classifier.widgets.qt.dock import coloured_dot
from napari_image_classifier.widgets.qt.parts import stacked, wrapped
from napari_image_classifier.widgets.qt.plain_text import Markup, set_tool_tip
from napari_image_classifier.widgets.shared.still_plot import StillPlot
from napari_image_classifier.widgets.viewer.class_colours import Colour

HEIGHT = 170
# So few that each can have its number.
FEW_TIMES = 12


class TimeView(QWidget):
    """A line for each class; ``time_chosen`` carries the time that a person has dragged to."""

    time_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names = wrapped()
        self.plot = StillPlot(self, HEIGHT)
        self.plot.setLabel("bottom", "time point")
        self.lines: dict[str, pg.PlotDataItem] = {}
        self.now = pg.InfiniteLine(0, movable=True)
        self.now.setZValue(10)
        self.now.sigDragged.connect(self._drag)
        self.plot.addItem(self.now)
        self.plot.recoloured.connect(self._colour_now)
        set_tool_tip(self, "The vertical line is the time that is shown; drag it to another one.")
        stacked(self, self.names, self.plot).setSpacing(2)

    def show_lines(
        self,
        lines: Mapping[str, Float64Array],
        colours: Mapping[str, Colour],
        label: str,
        top: float,
    ) -> None:
        """Draw values of shape (n_times,) by class, from 0 to ``top``, with gaps where NaN."""
        for line in self.lines.values():
            self.plot.removeItem(line)
        shades = {name: QColor.fromRgbF(*colours[name]).name() for name in lines}
        self.lines = {
            name: self.plot.line(shades[name], range(len(values)), values)
            for name, values in lines.items()
        }
        n_times = max(map(len, lines.values()), default=1)
        self.now.setBounds((0, n_times - 1))
        self.plot.setXRange(0, max(n_times - 1, 1), padding=0.03)
        self.plot.setYRange(0, top, padding=0.06)
        self.plot.setLabel("left", label)
        ticks = [[(time, str(time)) for time in range(n_times)], []]
        self.plot.getAxis("bottom").setTicks(ticks if n_times <= FEW_TIMES else None)
        self.names.setText(
            Markup(" &nbsp; ").join(coloured_dot(colour, name) for name, colour in shades.items())
        )
        self.plot.follow_theme()

    def show_time(self, time: int | None) -> None:
        """Put the vertical line at a time point; None for nowhere."""
        self.now.setVisible(time is not None)
        if time is not None:
            self.now.setValue(time)

    def _drag(self) -> None:
        time = round(self.now.value())
        self.now.setValue(time)
        self.time_chosen.emit(time)

    def _colour_now(self, colour: QColor) -> None:
        self.now.setPen(pg.mkPen(colour, width=1, style=Qt.PenStyle.DashLine))
        self.now.setHoverPen(pg.mkPen(colour, width=3))
