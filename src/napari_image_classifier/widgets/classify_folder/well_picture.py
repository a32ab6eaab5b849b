"""Pictures of wells on the screen, drawn by matplotlib; wells are pointed at and clicked."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QEvent, QPointF, Qt, Signal
from qtpy.QtGui import (
    QFontInfo,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from qtpy.QtWidgets import QWidget

from napari_image_classifier.plates.figures import load_matplotlib, pass_over_missing_letters
from napari_image_classifier.typing import Float64Array
from napari_image_classifier.widgets.qt.parts import timer
from napari_image_classifier.widgets.qt.plain_text import show_tool_tip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Pixels of the window, and matplotlib's points, to an inch.
DPI, POINTS = 100, 72
MILLISECONDS_TO_SETTLE = 80


class WellPicture(QWidget):
    """A figure that is drawn once for each size and theme; rings and tooltips come on top.

    ``well_clicked`` carries the row of the summary that the well is.
    """

    well_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[int] = ()
        self._places = np.empty((0, 2))
        self._explain: Callable[[int], str] = str
        self._chosen: int | None = None
        self._pointed_at: int | None = None
        self._picture = QImage()
        self._axes: Axes | None = None
        self._drawn_for: tuple[object, ...] = ()
        self._settling = timer(self, self.update, MILLISECONDS_TO_SETTLE)
        self.setMouseTracking(True)

    def show_wells(
        self, rows: Sequence[int], places: Float64Array, explain: Callable[[int], str]
    ) -> None:
        """Draw anew: wells of such ``rows`` at ``places`` on the axes, shape (n_wells, 2).

        ``explain`` gives the tooltip of a row.
        """
        self._rows, self._places, self._explain = rows, places, explain
        self._chosen = self._pointed_at = None
        self._drawn_for = ()
        self.update()

    def draw(self, figure: "Figure", ink: str, paper: str) -> "Axes":
        """Draw on a figure in the colours of the theme, and return the axes that have the wells."""
        raise NotImplementedError

    def reach(self) -> float:
        """Return how far from its centre a well is pointed at, in pixels, up, down and aside."""
        raise NotImplementedError

    def choose(self, row: int) -> None:
        """Mark the well that is a row of the summary, where it is shown."""
        self._chosen = row
        self.update()

    def row_at(self, place: QPointF) -> int | None:
        """Return the row of the well under a place of the widget; None beside all wells."""
        if not len(self._rows):
            return None
        away = np.abs(self.on_screen(self._places) - (place.x(), place.y())).max(axis=1)
        nearest = int(away.argmin())
        return self._rows[nearest] if away[nearest] <= self.reach() else None

    def on_screen(self, places: Float64Array) -> Float64Array:
        """Return where places on the axes are on the widget: x and y in pixels, shape (n, 2)."""
        self._draw_once()
        x, y = (self._axes.transData.transform(places) / self.devicePixelRatioF()).T
        return np.column_stack([x, self.height() - y])

    def event(self, event: QEvent | None) -> bool:
        """Say what the well under the mouse is."""
        if isinstance(event, QHelpEvent):
            row = self.row_at(QPointF(event.pos()))
            # No text hides what is shown.
            text = "" if row is None else self._explain(row)
            show_tool_tip(event.globalPos(), text, self)
            return True
        return super().event(event)

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        """Wait with drawing until the size stays."""
        self._settling.start()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Show a hand, and a ring, over wells that can be clicked."""
        self._point_at(self.row_at(event.position()) if event is not None else None)

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        """Take the ring away."""
        self._point_at(None)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        """Tell which well was clicked."""
        row = self.row_at(event.position()) if event is not None else None
        if row is not None:
            self.well_clicked.emit(row)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Show the picture, with a ring around the chosen well and the one pointed at."""
        painter = QPainter(self)
        # While the dock is made wider, the old picture is stretched: drawing it takes too long.
        size = self.width(), self.height()
        if self._settling.isActive() and self._drawn_for[:2] not in ((), size):
            painter.drawImage(self.rect(), self._picture)
            painter.end()
            return
        self._draw_once()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawImage(0, 0, self._picture)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        radius = self.reach() - 1
        for row, width in ((self._chosen, 2.5), (self._pointed_at, 1.0)):
            if row in self._rows:
                (centre,) = self.on_screen(self._places[[self._rows.index(row)]])
                painter.setPen(QPen(ink, min(width, radius / 3)))
                painter.drawEllipse(QPointF(*centre), radius, radius)
        painter.end()

    def letter_size(self) -> float:
        """Return the size of the window's letters, in points."""
        return points(QFontInfo(self.font()).pixelSize())

    def _point_at(self, row: int | None) -> None:
        shape = Qt.CursorShape.ArrowCursor if row is None else Qt.CursorShape.PointingHandCursor
        self.setCursor(shape)
        if row != self._pointed_at:
            self._pointed_at = row
            self.update()

    def _draw_once(self) -> None:
        """Draw the figure, unless that has been done for this size and theme."""
        roles = QPalette.ColorRole.WindowText, QPalette.ColorRole.Window
        ink, paper = (self.palette().color(role).name() for role in roles)
        width, height, ratio = self.width(), self.height(), self.devicePixelRatioF()
        wanted = (width, height, ratio, ink, paper, self.letter_size())
        if wanted == self._drawn_for or not len(self._rows):
            return
        load_matplotlib()
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._drawn_for = wanted
        pass_over_missing_letters()
        figure = Figure((width / DPI, height / DPI), dpi=DPI * ratio, facecolor="none")
        canvas: Any = FigureCanvasAgg(figure)
        self._axes = self.draw(figure, ink, paper)
        canvas.draw()
        pixels, (columns, rows) = bytes(canvas.buffer_rgba()), canvas.get_width_height()
        # A copy, which keeps its pixels.
        self._picture = QImage(pixels, columns, rows, QImage.Format.Format_RGBA8888).copy()
        self._picture.setDevicePixelRatio(ratio)


def points(pixels: float) -> float:
    """Return the size of letters in points."""
    return pixels * POINTS / DPI


def colour_axes(axes: "Axes", ink: str, letter_size: float) -> None:
    """Write what stands on the sides of a drawing as the rest of the window is written."""
    axes.tick_params(colors=ink, labelsize=letter_size, grid_color=ink, grid_alpha=0.2)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=ink, fontsize=letter_size)
    axes.spines[:].set_color(ink)
    axes.set_facecolor("none")
