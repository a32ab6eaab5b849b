"""The buttons below the wells: their table, their plates and their dose response as files."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.plates.dose_plot import draw_dose_response
from napari_image_classifier.plates.plate_map import draw_plate_maps
from napari_image_classifier.widgets.classify_folder.well_summary import WellSummary
from napari_image_classifier.widgets.qt.background import Lookup
from napari_image_classifier.widgets.qt.parts import button, stacked
from napari_image_classifier.widgets.qt.saving import ask_where, save_table

if TYPE_CHECKING:
    import pandas as pd

PICTURES = "PNG (*.png);;SVG (*.svg);;PDF (*.pdf)"


class WellSaving(QWidget):
    """Asks where to, and writes what is shown, on a thread.

    ``said`` carries a sentence on how that went, and whether it is an error.
    """

    said = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lookup = Lookup(self)
        self._lookup.answered.connect(lambda answer: self.said.emit(*answer))
        self.table_button = button("Save table…", "Write a row for each well to a CSV file.")
        self.plates_button = button("Save plates…", "Write all plates as a PNG, SVG or PDF.")
        self.doses_button = button("Save doses…", "Write the dose response as a PNG, SVG or PDF.")
        stacked(self, (self.table_button, self.plates_button, self.doses_button))
        for each, name, kinds, save in (
            (self.table_button, "wells.csv", "CSV (*.csv)", self.save_table),
            (self.plates_button, "plates.png", PICTURES, self.save_plates),
            (self.doses_button, "doses.png", PICTURES, self.save_doses),
        ):
            each.clicked.connect(partial(self._ask_where, name, kinds, save))

    def offer(
        self,
        wells: WellSummary,
        read: Sequence[Path | None],
        column: str,
        dose: str | None,
        series: str | None,
    ) -> None:
        """Offer to save what is shown: wells, coloured by a column, over a dose.

        ``read`` are the files that they were counted from, the table of predictions first.
        """
        self._summary: pd.DataFrame = wells.summary
        self._column, self._dose, self._series = column, dose, series
        table = read[0]
        assert table is not None
        self._read, self._suggested = read, table.with_suffix("")
        self.plates_button.setVisible(wells.on_plates)
        self.doses_button.setVisible(dose is not None)

    def save_table(self, path: Path) -> None:
        """Write the summary as a CSV."""
        self._save(path, partial(save_table, self._summary, path, "%.4f", self._read))

    def save_plates(self, path: Path) -> None:
        """Write all plates, coloured as they are, as a picture."""
        self._save(path, partial(draw_plate_maps, self._summary, path, [self._column]))

    def save_doses(self, path: Path) -> None:
        """Write the dose response as a picture."""
        assert self._dose is not None
        draw = partial(
            draw_dose_response, self._summary, path, self._dose, [self._column],
            self._series,
        )  # fmt: skip
        self._save(path, draw)

    def _ask_where(self, name: str, kinds: str, save: Callable[[Path], None], *_: object) -> None:
        suggested = self._suggested.with_name(f"{self._suggested.name}.{name}")
        path = ask_where(self, "Save", suggested, kinds, lambda why: self.said.emit(why, True))
        if path is not None:
            save(path)

    def _save(self, path: Path, save: Callable[[], str | None]) -> None:
        self.said.emit(f"Writing {path.name}…", False)

        def answer() -> tuple[str, bool]:
            try:
                sentence = save()
            except (ImageClassifierError, OSError) as error:
                return f"{path.name} could not be written: {error}", True
            return sentence or f"Saved as {path}.", False

        self._lookup.ask(answer)
