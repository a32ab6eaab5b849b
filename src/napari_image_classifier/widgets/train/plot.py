"""The live plot of a training: loss and accuracy, for training and validation."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from napari_image_classifier.training.job import Epoch
from napari_image_classifier.widgets.qt.dock import coloured_dot
from napari_image_classifier.widgets.qt.parts import stacked, timer
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


class TrainingPlot(QWidget):
    """Two small plots, one above the other, that grow by a point per epoch."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: dict[str, list[float]] = {name: [] for name in CURVES}
        self._epochs: list[int] = []
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
        self.setToolTip(
            "Loss (lower is better) and accuracy after each epoch, on the images that are learnt "
            "from and on the validation images, which are not."
        )

    def _plot(self, name: str) -> StillPlot:
        plot = StillPlot(self, 120)
        plot.setLabel("left", name)
        plot.getAxis("left").setStyle(hideOverlappingLabels=False)
        return plot

    def clear(self, epochs: int | None = None) -> None:
        """Begin anew; ``epochs`` is how far the axis reaches at first."""
        self._epochs.clear()
        for points in self._points.values():
            points.clear()
        for plot in self._plots.values():
            if epochs:
                plot.setXRange(1, max(2, epochs), padding=0.02)
        self._draw()

    def add(self, epoch: Epoch) -> None:
        """Add a point; it is drawn within a quarter of a second."""
        self._epochs.append(epoch.epoch)
        for name, points in self._points.items():
            points.append(getattr(epoch, name))
        if not self._timer.isActive():
            self._timer.start()

    def _draw(self) -> None:
        self._timer.stop()
        for name, curve in self._curves.items():
            curve.setData(self._epochs, self._points[name])


def _legend(parent: QWidget) -> QWidget:
    names = {TRAINING_COLOUR: "training", VALIDATION_COLOUR: "validation"}
    legend = QLabel(" &nbsp; ".join(coloured_dot(*one) for one in names.items()), parent)
    legend.setAlignment(Qt.AlignmentFlag.AlignRight)
    return legend
