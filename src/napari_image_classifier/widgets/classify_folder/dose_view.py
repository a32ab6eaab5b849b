"""A dose response on the screen: a dot per well, which says what it is and can be clicked."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_image_classifier.plates.dose_plot import DoseResponse, colour_of, draw_doses
from napari_image_classifier.widgets.classify_folder.well_picture import WellPicture, colour_axes
from napari_image_classifier.widgets.qt.dock import coloured_dot
from napari_image_classifier.widgets.qt.parts import stacked, wrapped

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

    def show_response(self, response: DoseResponse, explain: Callable[[int], str]) -> None:
        """Draw a dose response, see `DoseView.show_response`."""
        self._response = response
        rows = np.concatenate([one.rows for one in response.series])
        places = [np.column_stack([one.x, one.values]) for one in response.series]
        self.show_wells(rows.tolist(), np.concatenate(places), explain)

    def reach(self) -> float:
        """Return how large a dot is to the mouse, half of it."""
        return REACH

    def draw(self, figure: "Figure", ink: str, paper: str) -> "Axes":
        """Draw the dose response, its value at the left and its dose below."""
        metrics = self.fontMetrics()
        draw_doses(axes := figure.subplots(), self._response, ink, paper)
        label, high = axes.get_ylabel(), self._response.ends[1]
        axes.set_ylabel(metrics.elidedText(label, Qt.TextElideMode.ElideMiddle, LONGEST_LABEL))
        colour_axes(axes, ink, self.letter_size())
        widest = max("0.0", f"{high:.0f}", key=len)
        left = 1.6 * metrics.height() + metrics.horizontalAdvance(widest) + 10
        # Much quicker than a layout that measures everything.
        figure.subplots_adjust(
            left=left / self.width(), right=1 - 4 / self.width(),
            bottom=3.0 * metrics.height() / HEIGHT, top=1 - 6 / HEIGHT,
        )  # fmt: skip
        return axes


class DoseView(QWidget):
    """Wells over their doses, with medians; below it the correlations in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = DosePicture(self)
        self.words = wrapped()
        self.well_clicked = self.plot.well_clicked
        stacked(self, self.plot, self.words)

    def show_response(self, response: DoseResponse, explain: Callable[[int], str]) -> None:
        """Draw a dose response; ``explain`` gives the tooltip of a row of the summary."""
        self.plot.show_response(response, explain)
        self.words.setText(
            "<br>".join(
                coloured_dot(colour_of(number), one.sentence)
                for number, one in enumerate(response.series)
            )
        )
