"""The plots of a training: loss and accuracy while it runs, the confusion matrix in the end."""

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_image_classifier.training.train_job import Epoch
from napari_image_classifier.widgets.qt.dock import coloured_dot
from napari_image_classifier.widgets.qt.parts import stacked, timer
from napari_image_classifier.widgets.qt.plain_text import (
    Label,
    Markup,
    in_cell,
    set_tool_tip,
    show_tool_tip,
)
from napari_image_classifier.widgets.shared.still_plot import StillPlot

MILLISECONDS_BETWEEN_DRAWS = 250
# Blue and orange are told apart by everybody, on dark and on light.
TRAINING_COLOUR = "#4f9dde"
VALIDATION_COLOUR = "#f28e2b"

CURVES = {
    "loss": ("loss", TRAINING_COLOUR),
    "val_loss": ("loss", VALIDATION_COLOUR),
    "accuracy": ("accuracy", TRAINING_COLOUR),
    "val_accuracy": ("accuracy", VALIDATION_COLOUR),
}
LONGEST_LABEL = 110
CELL = (18, 64)


class TrainingPlot(QWidget):
    """Two small plots, one above the other, that grow by a point per epoch."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._epochs: list[Epoch] = []
        self._timer = timer(self, self._draw, MILLISECONDS_BETWEEN_DRAWS)
        self._plots = {name: self._plot(name) for name in ("loss", "accuracy")}
        accuracy = self._plots["accuracy"]
        accuracy.setXLink(self._plots["loss"])
        accuracy.setYRange(0, 1, padding=0.06)
        accuracy.getAxis("left").setTicks([[(0, "0"), (0.5, "0.5"), (1, "1")], []])
        accuracy.setLabel("bottom", "epoch")
        self._curves = {
            name: self._plots[plot].line(colour) for name, (plot, colour) in CURVES.items()
        }
        stacked(self, _legend(self), *self._plots.values()).setSpacing(2)
        set_tool_tip(
            self,
            "Loss (lower is better) and accuracy after each epoch, on the images that are learnt "
            "from and on the validation images, which are not.",
        )

    def _plot(self, name: str) -> StillPlot:
        plot = StillPlot(self, 120)
        plot.setLabel("left", name)
        plot.getAxis("left").setStyle(hideOverlappingLabels=False)
        return plot

    def clear(self, epochs: int) -> None:
        """Begin anew; ``epochs`` is how far the axis reaches at first."""
        self._epochs.clear()
        for plot in self._plots.values():
            plot.setXRange(1, max(2, epochs), padding=0.02)
        self._draw()

    def add(self, epoch: Epoch) -> None:
        """Add a point; it is drawn within a quarter of a second."""
        self._epochs.append(epoch)
        if not self._timer.isActive():
            self._timer.start()

    def _draw(self) -> None:
        self._timer.stop()
        numbers = [epoch.epoch for epoch in self._epochs]
        for name, curve in self._curves.items():
            curve.setData(numbers, [getattr(epoch, name) for epoch in self._epochs])


def _legend(parent: QWidget) -> QWidget:
    names = {TRAINING_COLOUR: "training", VALIDATION_COLOUR: "validation"}
    dots = (coloured_dot(*one) for one in names.items())
    legend = Label(Markup(" &nbsp; ").join(dots), parent)
    legend.setAlignment(Qt.AlignmentFlag.AlignRight)
    return legend


class ConfusionView(QWidget):
    """A drawing of shape (n_classes, n_classes): rows as annotated, columns as predicted.

    The darker a cell, the larger its share of the row; the diagonal is what was got right.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: list[list[int]] = []
        self._names: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_matrix(self, counts: Sequence[Sequence[int]], class_names: Sequence[str]) -> None:
        """Draw ``counts``: row i, column j holds how many of class i were called class j."""
        self._counts = [list(row) for row in counts]
        self._names = [in_cell(name) for name in class_names]
        self.setFixedHeight(self._height())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size that shows every class."""
        return QSize(360, self._height())

    def explain(self, row: int, column: int) -> str:
        """Return a cell in words."""
        total = sum(self._counts[row])
        return (
            f"{self._counts[row][column]} of {total} validation images of class "
            f"“{self._names[row]}” were called “{self._names[column]}”."
        )

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        """Let the height follow the cells, which follow the width."""
        if self._names:
            self.setFixedHeight(self._height())

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw the names, the cells and their counts."""
        if not self._names:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        for index, name in enumerate(self._names):
            self._draw_row(painter, index, name, ink)
            self._draw_heading(painter, index, name, ink)
        painter.end()

    def event(self, event: QEvent | None) -> bool:
        """Show the cell under the mouse in words."""
        if isinstance(event, QHelpEvent):
            cell = self._cell_at(event.pos().x(), event.pos().y())
            if cell is not None:
                show_tool_tip(event.globalPos(), self.explain(*cell), self)
            return True
        return super().event(event)

    def _height(self) -> int:
        return round(self._top() + len(self._names) * self._cell() + 6)

    def _label_width(self) -> int:
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        return min(LONGEST_LABEL, widest + 8)

    def _top(self) -> float:
        return self._label_width() + 4 if self._turned() else self.fontMetrics().height() + 6

    def _turned(self) -> bool:
        metrics = self.fontMetrics()
        return any(metrics.horizontalAdvance(name) + 4 > self._cell() for name in self._names)

    def _cell(self) -> float:
        room = (self.width() - self._label_width() - 8) / max(1, len(self._names))
        return min(max(room, CELL[0]), CELL[1])

    def _rect(self, row: int, column: int) -> QRectF:
        side, left = self._cell(), self._label_width()
        return QRectF(left + column * side, self._top() + row * side, side - 1, side - 1)

    def _draw_row(self, painter: QPainter, row: int, name: str, ink: QColor) -> None:
        total = max(1, sum(self._counts[row]))
        painter.setPen(ink)
        label = QRectF(0, self._rect(row, 0).top(), self._label_width() - 6, self._cell())
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(label, right, self._shortened(name))
        for column, count in enumerate(self._counts[row]):
            share = count / total
            colour = QColor("#2e8b57" if row == column else "#d1495b")
            colour.setAlphaF(0.08 + 0.92 * share)
            painter.fillRect(self._rect(row, column), colour)
            if count:
                painter.setPen(QColor("white") if share > 0.5 else ink)
                painter.drawText(self._rect(row, column), Qt.AlignmentFlag.AlignCenter, str(count))

    def _draw_heading(self, painter: QPainter, column: int, name: str, ink: QColor) -> None:
        painter.setPen(ink)
        cell = self._rect(0, column)
        if not self._turned():
            heading = QRectF(cell.left(), 0, cell.width(), self._top() - 4)
            painter.drawText(heading, Qt.AlignmentFlag.AlignCenter, name)
            return
        painter.save()
        painter.translate(cell.left(), self._top() - 4)
        painter.rotate(-90)
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        heading = QRectF(0, 0, self._label_width(), cell.width())
        painter.drawText(heading, middle, self._shortened(name))
        painter.restore()

    def _shortened(self, name: str) -> str:
        width = self._label_width() - 6
        return self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, width)

    def _cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        row = int((y - self._top()) // self._cell())
        column = int((x - self._label_width()) // self._cell())
        inside = 0 <= row < len(self._names) and 0 <= column < len(self._names)
        return (row, column) if inside else None
