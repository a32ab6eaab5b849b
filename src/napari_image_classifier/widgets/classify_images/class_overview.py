"""The classes of the open images: a legend with counts, coloured objects, and a plot over time."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import napari
from qtpy.QtWidgets import QRadioButton, QVBoxLayout, QWidget

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.plates.tracks import TrackId, class_names_of
from napari_image_classifier.widgets.classify_images.run import Task
from napari_image_classifier.widgets.classify_images.time_lapse import TimeLapse
from napari_image_classifier.widgets.qt.parts import button, in_a_row, stacked, timer, wrapped
from napari_image_classifier.widgets.qt.plain_text import set_tool_tip
from napari_image_classifier.widgets.qt.progress_row import show_sentence
from napari_image_classifier.widgets.qt.saving import ask_where, save_table
from napari_image_classifier.widgets.shared.class_legend import ClassLegend
from napari_image_classifier.widgets.viewer.class_colours import Colour, class_colours
from napari_image_classifier.widgets.viewer.coloured_objects import ColouredObjects
from napari_image_classifier.widgets.viewer.layers_watch import start_after
from napari_image_classifier.widgets.viewer.navigation import move_sliders

if TYPE_CHECKING:
    from napari_image_classifier.widgets.classify_images.time_plot import TimeView


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
            predictions = [row for row in predictions if row.place is not None]
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


class TimeResults(QWidget):
    """A plot over time that follows the time slider; hidden while there is no time-lapse.

    Of several time-lapses it shows that of the row selected last, the first one before that.
    """

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._lapses: dict[str, TimeLapse] = {}
        self._colours: Mapping[str, Colour] = {}
        self._shown: TimeLapse | None = None
        self._track: TrackId | None = None
        self._chosen_by_hand = False
        self.view: TimeView | None = None
        self.message = wrapped()
        self._say = partial(show_sentence, self.message)
        self._build()
        start_after(timer(self, self._follow), viewer.dims.events.current_step)
        self.clear()

    def _build(self) -> None:
        self.of_all, self.of_track = QRadioButton("All objects"), QRadioButton("This track")
        set_tool_tip(self.of_all, "Per cent of each class at each time point.")
        set_tool_tip(
            self.of_track,
            "Probability of each class in the track of the object whose row is selected below.",
        )
        self.sentence = wrapped()
        self.save_button = button(
            "Save tracks…", "Write a row for each track, with its class, to a CSV file."
        )
        self._plots = QVBoxLayout()
        choices = in_a_row(self.of_all, self.of_track, self.save_button)
        choices.insertStretch(2)
        stacked(self, self.sentence, self._plots, choices, self.message, above=6).setSpacing(2)
        for of in (self.of_all, self.of_track):
            of.clicked.connect(self._choose)
        self.save_button.clicked.connect(self._ask_where)

    def clear(self) -> None:
        """Forget all time-lapses."""
        self._lapses.clear()
        self._shown = self._track = None
        self._chosen_by_hand = False
        self.of_all.setChecked(True)
        self._say("")
        self.hide()

    def add(self, lapse: TimeLapse, colours: Mapping[str, Colour]) -> None:
        """Show what was found in a time-lapse."""
        self._colours = colours
        self._lapses[lapse.name] = lapse
        if lapse.why_no_tracks:
            self._say(lapse.why_no_tracks, error=True)
        self._shown = self._shown or lapse
        self._draw()
        self.show()

    def select(self, prediction: Prediction) -> None:
        """Show the image of a row, and its track, unless a person wants to see all objects."""
        lapse = self._lapses.get(prediction.file)
        if lapse is None:
            return
        self._shown, self._track = lapse, lapse.track_of(prediction)
        if self._track is None:
            self.of_all.setChecked(True)
        elif not self._chosen_by_hand:
            self.of_track.setChecked(True)
        self._draw()

    def save_tracks(self, path: Path) -> None:
        """Write the table of the tracks of all images as a CSV."""
        import pandas as pd

        tables = [lapse.tracks for lapse in self._lapses.values() if lapse.has_tracks]
        try:
            self._say(save_table(pd.concat(tables), path, "%.6f"))
        except (ImageClassifierError, OSError) as error:
            self._say(f"{path.name} could not be written: {error}", error=True)

    def _choose(self) -> None:
        self._chosen_by_hand = self.of_all.isChecked()
        self._draw()

    def _draw(self) -> None:
        lapse = self._shown
        has_tracks = any(other.has_tracks for other in self._lapses.values())
        for widget in (self.of_all, self.of_track, self.save_button):
            widget.setVisible(has_tracks)
        self.of_track.setEnabled(self._track is not None)
        view = self._plot()
        names = lapse.class_names
        if self.of_track.isChecked() and self._track is not None:
            title, track = lapse.track_in_words(self._track), self._track
            lines = {name: lapse.probability(name, track) for name in names}
            view.show_lines(lines, self._colours, "probability", 1.0)
        else:
            title = "Per cent of each class over time"
            lines = {name: lapse.percent(name) for name in names}
            view.show_lines(lines, self._colours, "per cent", 100.0)
        where = f", in {lapse.name}" if len(self._lapses) > 1 else ""
        self.sentence.setText(f"{title}{where}.")
        self._follow()

    def _plot(self) -> "TimeView":
        if self.view is None:
            # Not before there is a time-lapse: it brings pyqtgraph.
            from napari_image_classifier.widgets.classify_images.time_plot import TimeView

            self.view = TimeView(self)
            self.view.time_chosen.connect(self._go_to)
            self._plots.addWidget(self.view)
        return self.view

    def _follow(self) -> None:
        """Put the vertical line where the slider is."""
        if self._shown is not None and self.view is not None:
            present = self._shown.layer in self._viewer.layers
            self.view.show_time(self._shown.time_shown(self._viewer.dims) if present else None)

    def _go_to(self, time: int) -> None:
        """Move the slider to where the vertical line is."""
        lapse = self._shown
        if lapse is not None and lapse.layer in self._viewer.layers:
            move_sliders(self._viewer, lapse.layer, lapse.axes, {"t": time})

    def _ask_where(self) -> None:
        names = [name for name, lapse in self._lapses.items() if lapse.has_tracks]
        suggested = f"{Path(names[0]).stem}.tracks.csv" if len(names) == 1 else "tracks.csv"
        refuse = partial(self._say, error=True)
        path = ask_where(self, "Save tracks", suggested, "CSV (*.csv)", refuse)
        if path is not None:
            self.save_tracks(path)
