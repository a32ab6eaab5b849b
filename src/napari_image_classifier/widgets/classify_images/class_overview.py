"""The classes of the open images: a legend with counts, coloured objects, and a plot over time."""

from collections.abc import Sequence

import napari
from qtpy.QtWidgets import QWidget

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.plates.tracks import class_names_of
from napari_image_classifier.widgets.classify_images.time_lapse import TimeLapse
from napari_image_classifier.widgets.classify_images.time_results import TimeResults
from napari_image_classifier.widgets.qt.parts import stacked
from napari_image_classifier.widgets.shared.class_legend import ClassLegend
from napari_image_classifier.widgets.viewer.class_colours import class_colours
from napari_image_classifier.widgets.viewer.coloured_objects import ColouredObjects
from napari_image_classifier.widgets.viewer.layer_predictions import Task


class ClassOverview(QWidget):
    """The legend and, below it, time; the coloured copies are in the viewer."""

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._coloured = ColouredObjects(viewer)
        self.legend = ClassLegend()
        self.over_time = TimeResults(viewer)
        self.legend.hidden_changed.connect(self._coloured.hide)
        stacked(self, self.legend, self.over_time)

    def clear(self) -> None:
        """Forget everything, and take the copies out of the viewer."""
        self._coloured.clear()
        self.legend.clear()
        self.over_time.clear()

    def add(self, task: Task, predictions: Sequence[Prediction]) -> None:
        """Show what was found in an image; what could not be looked at is in the table alone."""
        if task.objects is not None:
            predictions = [said for said in predictions if said.place is not None]
        if not predictions:
            return
        colours = class_colours(class_names_of(predictions))
        lapse = TimeLapse.of_task(task, predictions)
        if task.objects is not None:
            more = lapse.track_features() if lapse is not None else {}
            self._coloured.add(task.objects, predictions, colours, more)
            self.legend.show_counts(self._coloured.counts, colours)
        if lapse is not None:
            self.over_time.add(lapse, colours)

    def select(self, prediction: Prediction) -> None:
        """Show what belongs to a row of the table."""
        self.over_time.select(prediction)
