"""A plot of pyqtgraph that stays as it is drawn, in the colours of napari's theme."""

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import QEvent, Signal
from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QWidget


class StillPlot(pg.PlotWidget):  # type: ignore[misc]
    """Axes and a faint grid, with nothing to zoom, drag or choose from a menu.

    ``recoloured`` carries the colour of what is written, whenever the theme has changed.
    """

    recoloured = Signal(QColor)

    def __init__(self, parent: QWidget, height: int) -> None:
        super().__init__(parent, background=None)
        self.setFixedHeight(height)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.setMenuEnabled(False)
        self.showGrid(x=False, y=True, alpha=0.2)
        self.getAxis("left").setWidth(48)
        self.getAxis("left").enableAutoSIPrefix(False)
        self.follow_theme()

    def line(self, colour: str, x: Sequence[int] = (), y: Any = ()) -> pg.PlotDataItem:
        """Add a line with a dot at each point, with gaps where a value is NaN."""
        return self.plot(
            x, y, pen=pg.mkPen(colour, width=2), connect="finite", symbol="o", symbolSize=4,
            symbolBrush=colour, symbolPen=None,
        )  # fmt: skip

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        """Follow a change of napari's theme."""
        super().changeEvent(event)
        changes = (QEvent.Type.StyleChange, QEvent.Type.PaletteChange)
        # pyqtgraph has no axes yet while Qt makes the widget.
        if event is not None and event.type() in changes and self.plotItem is not None:
            self.follow_theme()

    def follow_theme(self) -> None:
        """Take the colour that the window has for what is written."""
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setTextPen(colour)
            axis.setPen(QColor(colour))
        self.recoloured.emit(colour)
        # The background is kept as it was first drawn, in the colour of the theme then.
        self.resetCachedContent()
        self.viewport().update()
