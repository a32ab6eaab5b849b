"""A plate as its wells lie, coloured by what was found in them."""

import math
from collections.abc import Callable, Mapping

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QHelpEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_image_classifier.images.well_names import Well, row_letters

# Matplotlib's viridis, as the saved picture has it.
VIRIDIS = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30",
           "#fde725")  # fmt: skip
LARGEST_WELL = 40.0
# In smaller ones numbers can't be read.
WELL_WITH_NUMBER = 24.0
SCALE_HEIGHT = 34.0
MARGIN = 6.0
EDGE = "#888888"


def in_few_digits(value: float) -> str:
    """Return what fits into a well: 0 and 1, .25 between them, and 25 for more."""
    return f"{value:.2f}"[1:] if 0.005 <= value < 0.995 else f"{value:.0f}"


class PlateView(QWidget):
    """Circles for wells, a number in each where there is room, and the scale of colours below.

    ``well_clicked`` carries the row of the summary that the well is.
    """

    well_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shape = (0, 0)
        self._rows: Mapping[Well, int] = {}
        self._values: Mapping[Well, float] = {}
        self._ends = (0.0, 1.0)
        self._words = ""
        self._explain: Callable[[int], str] = str
        self._chosen: Well | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def show_plate(
        self,
        shape: tuple[int, int],
        rows: Mapping[Well, int],
        values: Mapping[Well, float],
        ends: tuple[float, float],
        words: str,
        explain: Callable[[int], str],
    ) -> None:
        """Draw the ``values`` of wells on a plate of that shape; NaN is an empty circle.

        ``rows`` are the wells' rows in the summary, ``ends`` those of the scale, ``words`` stand
        below it; ``explain`` gives the tooltip of a row.
        """
        self._shape, self._rows, self._values = shape, rows, values
        self._ends, self._words, self._explain = ends, words, explain
        self._chosen = None
        self._fit_height()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size that shows every well."""
        return QSize(360, round(self._height()))

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        """Let the height follow the wells, which follow the width."""
        self._fit_height()

    def event(self, event: QEvent | None) -> bool:
        """Say what the well under the mouse is."""
        if isinstance(event, QHelpEvent):
            well = self.well_at(QPointF(event.pos()))
            if well is not None:
                QToolTip.showText(event.globalPos(), self._explain(self._rows[well]), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Show a hand over wells that can be clicked."""
        over = event is not None and self.well_at(event.position()) is not None
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Tell which well was clicked."""
        well = self.well_at(event.position()) if event is not None else None
        if well is not None:
            self.well_clicked.emit(self._rows[well])

    def choose(self, row: int) -> None:
        """Mark the well that is a row of the summary, where the plate has it."""
        self._chosen = next((well for well, its in self._rows.items() if its == row), None)
        self.update()

    def well_at(self, place: QPointF) -> Well | None:
        """Return the well under a place of the widget; None beside those of the summary."""
        side = self._side()
        well = Well(
            math.floor((place.y() - self._top()) / side),
            math.floor((place.x() - self._left()) / side),
        )
        return well if well in self._rows else None

    def centre_of(self, well: Well) -> QPointF:
        """Return where a well is drawn."""
        return self._rect(well).center()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw the names of rows and columns, the wells and the scale."""
        if not self._rows:
            return
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing
        )
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        self._draw_names(painter, ink)
        rows, columns = self._shape
        for row in range(rows):
            for column in range(columns):
                self._draw_well(painter, Well(row, column), ink)
        self._draw_scale(painter, ink)
        painter.end()

    def _draw_names(self, painter: QPainter, ink: QColor) -> None:
        painter.setPen(ink)
        rows, columns = self._shape
        side, metrics = self._side(), self.fontMetrics()
        middle = Qt.AlignmentFlag.AlignCenter
        every_row = math.ceil(metrics.height() / side)
        for row in range(0, rows, every_row):
            place = QRectF(0, self._rect(Well(row, 0)).center().y() - 10, self._left() - 2, 20)
            painter.drawText(place, middle, row_letters(row))
        every_column = math.ceil((metrics.horizontalAdvance("00") + 2) / side)
        for column in range(0, columns, every_column):
            place = QRectF(self._rect(Well(0, column)).center().x() - 15, 0, 30, self._top() - 2)
            painter.drawText(place, middle, str(column + 1))

    def _draw_well(self, painter: QPainter, well: Well, ink: QColor) -> None:
        circle = self._rect(well).adjusted(1, 1, -1, -1)
        value = self._values.get(well, math.nan)
        edge = QColor(EDGE)
        # Where nothing was imaged there is a trace of a well only.
        edge.setAlphaF(1.0 if well in self._rows else 0.25)
        ring = QPen(ink, min(2.5, self._side() / 6))
        painter.setPen(ring if well == self._chosen else QPen(edge, 1))
        painter.setBrush(self._colour(value) if math.isfinite(value) else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(circle)
        if math.isfinite(value) and self._side() >= WELL_WITH_NUMBER:
            painter.setPen(QColor("white" if self._part(value) < 0.6 else "black"))
            font = painter.font()
            usual = font.pixelSize(), font.pointSizeF()
            font.setPixelSize(round(min(12.0, self._side() * 0.36)))
            painter.setFont(font)
            painter.drawText(circle, Qt.AlignmentFlag.AlignCenter, in_few_digits(value))
            if usual[0] > 0:
                font.setPixelSize(usual[0])
            else:
                font.setPointSizeF(usual[1])
            painter.setFont(font)

    def _draw_scale(self, painter: QPainter, ink: QColor) -> None:
        rows, columns = self._shape
        top = self._top() + rows * self._side() + 8
        bar = QRectF(self._left(), top, columns * self._side(), 8)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for number, colour in enumerate(VIRIDIS):
            gradient.setColorAt(number / (len(VIRIDIS) - 1), QColor(colour))
        painter.fillRect(bar, gradient)
        painter.setPen(ink)
        below = QRectF(bar.left(), bar.bottom() + 1, bar.width(), 20)
        ends = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        for end, side in zip(self._ends, ends, strict=True):
            painter.drawText(below, side, f"{end:g}")
        room = round(bar.width()) - 60
        words = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, words)

    def _colour(self, value: float) -> QColor:
        place = self._part(value) * (len(VIRIDIS) - 1)
        first = min(int(place), len(VIRIDIS) - 2)
        low, high = QColor(VIRIDIS[first]), QColor(VIRIDIS[first + 1])
        part = place - first
        return QColor(
            round(low.red() + part * (high.red() - low.red())),
            round(low.green() + part * (high.green() - low.green())),
            round(low.blue() + part * (high.blue() - low.blue())),
        )

    def _part(self, value: float) -> float:
        low, high = self._ends
        return min(1.0, max(0.0, (value - low) / ((high - low) or 1.0)))

    def _left(self) -> float:
        widest = "AF" if self._shape[0] > 26 else "M"
        return self.fontMetrics().horizontalAdvance(widest) + 8.0

    def _top(self) -> float:
        return self.fontMetrics().height() + 4.0

    def _side(self) -> float:
        room = self.width() - self._left() - MARGIN
        return min(LARGEST_WELL, max(4.0, room / max(1, self._shape[1])))

    def _rect(self, well: Well) -> QRectF:
        side = self._side()
        return QRectF(self._left() + well.column * side, self._top() + well.row * side, side, side)

    def _height(self) -> float:
        return self._top() + self._shape[0] * self._side() + SCALE_HEIGHT

    def _fit_height(self) -> None:
        if self._rows:
            self.setFixedHeight(round(self._height()))
            self.updateGeometry()
