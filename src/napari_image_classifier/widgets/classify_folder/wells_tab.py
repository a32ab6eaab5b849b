"""The tab *Wells* of the dock *Classify folder*: plates and dose responses of a finished table."""

from dataclasses import dataclass
from pathlib import Path

import napari
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

from napari_image_classifier.batch.result import FolderRequest
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.plates.columns import in_words
from napari_image_classifier.plates.dose_plot import colour_of, dose_response
from napari_image_classifier.plates.figures import load_matplotlib
from napari_image_classifier.plates.plate_map import plate_maps
from napari_image_classifier.widgets.classify_folder.opening import ImageOpening
from napari_image_classifier.widgets.classify_folder.well_saving import WellSaving
from napari_image_classifier.widgets.classify_folder.well_summary import (
    WellSummary,
    summarize_wells,
)
from napari_image_classifier.widgets.classify_folder.well_views import DoseView, PlateView
from napari_image_classifier.widgets.qt.background import Lookup
from napari_image_classifier.widgets.qt.dock import coloured_dot, let_be_narrow
from napari_image_classifier.widgets.qt.forms import Ask, Form
from napari_image_classifier.widgets.qt.parts import choice, offer, show, stacked, wrapped
from napari_image_classifier.widgets.qt.plain_text import Markup
from napari_image_classifier.widgets.qt.progress_row import show_sentence

NOTHING_YET = "The wells are shown here when the folder has been classified."
COUNTING = "Counting…"
IMAGES_OPENED = 4
NO_DOSE, ALL_ALIKE = "no dose response", "all wells alike"


@dataclass(frozen=True)
class _Asked:
    wells: Path | None = None


ASKS = (
    Ask("wells", "Table of wells", "Optional: a CSV table of what is known of the wells, with the "
        "column well, plate if layouts differ, and others such as dose and compound.",
        {"mode": "r", "filter": "*.csv *.txt *.tsv", "nullable": True}),
)  # fmt: skip


class WellsTab(QWidget):
    """Shows what was found in each well, and opens a well's images.

    Nothing is counted before the tab is looked at. ``shown`` is emitted when it shows a table,
    ``said`` when it has done something else that it was asked for.
    """

    shown = Signal()
    said = Signal(str)

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classified: FolderRequest | None = None
        # What is shown.
        self.wells: WellSummary | None = None
        self._waiting = False
        self._counting = Lookup(self)
        self._opening = ImageOpening(viewer, self)
        self._opened_row = 0
        self._build()
        self._connect()
        self.show_folder(None)

    def _build(self) -> None:
        self.sentence = wrapped()
        self.form = Form(_Asked(), ASKS)
        self.colour = _choice("What the wells are coloured by.")
        self.plate = _choice("Which plate is shown.")
        self.view = PlateView()
        self.message = wrapped()
        self.dose = _choice("A column that holds the dose of each well.")
        self.series = _choice("A column whose values have a dose response each.")
        self.dose_view, self.dose_words = DoseView(), wrapped()
        self.saving = WellSaving()
        self._choices = _row(self.colour, self.plate)
        self._dose_choices = _row(self.dose, self.series)
        self._parts = (self._choices, self.view, self.message, self._dose_choices, self.dose_view,
                       self.dose_words, self.saving)  # fmt: skip
        stacked(self, self.sentence, self.form.native, *self._parts, above=6).addStretch()

    def _connect(self) -> None:
        self.form["wells"].changed.connect(self._count)
        for box in (self.colour, self.plate, self.dose, self.series):
            box.activated.connect(self._draw)
        for view in (self.view, self.dose_view):
            view.well_clicked.connect(self.open_well)
        self._counting.answered.connect(self._show)
        self.saving.said.connect(self._say)
        self._opening.opened.connect(self._say_opened)
        self._opening.failed.connect(lambda sentence: self._say(sentence, error=True))

    def show_folder(self, classified: FolderRequest | None) -> None:
        """Show the wells of a folder as soon as the tab is looked at; None for no folder yet."""
        self._classified = classified
        self._waiting = classified is not None
        self._hide(NOTHING_YET)
        if self.isVisible():
            self.look()

    def look(self) -> None:
        """Count the wells, where that has not been done."""
        if self._waiting:
            self._count()

    def showEvent(self, event: object) -> None:  # noqa: N802
        """Count when somebody looks."""
        self.look()

    def open_well(self, row: int) -> None:
        """Open the first images of a well, given its row in the summary."""
        assert self._classified is not None
        self._opened_row = row
        self.view.choose(row)
        self._opening.open(self._classified, self.wells.files[row][:IMAGES_OPENED])

    def _count(self) -> None:
        if self._classified is None:
            return
        self._waiting = False
        self._hide(COUNTING)
        table, wells = self._classified.output, self.form["wells"].value
        self._counting.ask(lambda: _look(table, wells))

    def _hide(self, sentence: str) -> None:
        self.wells = None
        show_sentence(self.sentence, sentence)
        show(False, *self._parts)
        self.form.native.setVisible(self._classified is not None)

    def _show(self, wells: WellSummary | str) -> None:
        if isinstance(wells, str):
            self._hide(wells)
        else:
            self.wells = wells
            show_sentence(self.sentence, wells.note)
            offer(self.colour, [(name, in_words(name)) for name in wells.columns])
            offer(self.plate, [(name, name or "without a plate") for name in wells.plates])
            offer(self.dose, [(None, NO_DOSE), *((n, f"dose: {n}") for n in wells.doses)], 1)
            offer(self.series, [(None, ALL_ALIKE), *((n, f"by {n}") for n in wells.series)])
            self.plate.setVisible(len(wells.plates) > 1)
            self._choices.show()
            self.saving.show()
            self._dose_choices.setVisible(bool(wells.doses))
            self._draw()
        self.shown.emit()

    def _draw(self) -> None:
        wells, column = self.wells, self.colour.currentData()
        assert wells is not None
        assert self._classified is not None
        self.message.hide()
        self._draw_plate(wells, column)
        drawn = self._draw_doses(wells, column)
        show(drawn, self.dose_view, self.dose_words)
        dose = self.dose.currentData() if drawn else None
        read = [self._classified.output, self.form["wells"].value]
        self.saving.offer(wells, read, column, dose, self.series.currentData())

    def _draw_plate(self, wells: WellSummary, column: str) -> None:
        self.view.setVisible(wells.on_plates)
        if not wells.on_plates:
            return
        maps = {plate.name: plate for plate in plate_maps(wells.summary, column)}
        self.view.show_plate(maps[self.plate.currentData()], lambda row: wells.explain(row, column))

    def _draw_doses(self, wells: WellSummary, column: str) -> bool:
        dose, by = self.dose.currentData(), self.series.currentData()
        if dose is None:
            return False
        try:
            response = dose_response(wells.summary, dose, column, by)
        except ImageClassifierError as error:
            self._say(str(error), error=True)
            return False
        self.dose_view.show_response(response, lambda row: wells.explain(row, column))
        sentences = [coloured_dot(colour_of(number), series.sentence)
                     for number, series in enumerate(response.series)]  # fmt: skip
        self.dose_words.setText(Markup("<br>").join(sentences))
        return True

    def _say_opened(self, count: int) -> None:
        wells = self.wells
        if wells is None:
            return
        total = len(wells.files[self._opened_row])
        which = "its only image" if total == 1 else f"{count} of its {total} images"
        words = wells.explain(self._opened_row, self.colour.currentData()).splitlines()
        self._say(f"{words[0]} – {'; '.join(words[1:])}. Opened: {which}.")

    def _say(self, sentence: str, error: bool = False) -> None:
        show_sentence(self.message, sentence, error=error)
        self.said.emit(sentence)


def _look(table: Path, wells: Path | None) -> WellSummary | str:
    # Here rather than in the window, where it would be imported when the first plate is drawn: that
    # takes a second, and many where it looks at the computer's fonts for the first time.
    load_matplotlib()
    import matplotlib.backends.backend_agg  # noqa: F401

    return summarize_wells(table, wells)


def _choice(tooltip: str) -> QComboBox:
    box = choice({}, tooltip)
    let_be_narrow(box)
    return box


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    stacked(row, widgets)
    return row
