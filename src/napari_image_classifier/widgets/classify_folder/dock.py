"""The dock *Classify folder*: a folder in, a table of predictions out, seen while it fills."""

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QLabel, QPushButton, QWidget

from napari_image_classifier.batch.journal import journal_path
from napari_image_classifier.classifiers.prediction import Prediction, PredictionRow
from napari_image_classifier.system.records import from_json
from napari_image_classifier.widgets.classify_folder.folder import ClassifiedFolder, Expectation
from napari_image_classifier.widgets.classify_folder.results import FolderResults
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.qt.background import Lookup
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.dock import Dock, Folded
from napari_image_classifier.widgets.qt.forms import Form
from napari_image_classifier.widgets.qt.path_probe import DriveWatch, Kind, kind_of
from napari_image_classifier.widgets.qt.progress_row import ProgressRow
from napari_image_classifier.widgets.shared.form_fields import (
    FOLDER_ASKS,
    FOLDER_ASKS_FOLDED,
    FolderChoices,
)
from napari_image_classifier.widgets.shared.pattern_field import PatternField

OUTPUT_NAME = "predictions.csv"
ROWS_AT_ONCE = 300
MILLISECONDS_BETWEEN_DRAWS = 500


class ClassifyFolder(Dock):
    """Classifies every image of a folder in the compute process.

    ``ended`` is emitted when the last row is in the table, whatever ended the job.
    """

    ended = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._suggested_output: Path | None = None
        self._waiting_rows: deque[PredictionRow] = deque()
        self._latest: dict[str, Any] | None = None
        self._last_words: tuple[str, bool, str] | None = None
        self._table: Path | None = None
        self._surveyor = Worker(self, looks=True)
        self._worker = Worker(self)
        self._expects_lookup = Lookup(self)
        self._drives = DriveWatch(self)
        self._timer = QTimer(self)
        self._timer.setInterval(MILLISECONDS_BETWEEN_DRAWS)
        self._build()
        self._connect()
        self._recall()

    def _build(self) -> None:
        self.form = Form(FolderChoices(), FOLDER_ASKS)
        self.folded_form = Form(FolderChoices(), FOLDER_ASKS_FOLDED)
        self.pattern = PatternField()
        self._expects = QLabel()
        self._expects.setWordWrap(True)
        more = Folded("More choices")
        more.inside.addWidget(self.folded_form.native)
        self.run_button = QPushButton("Classify")
        self.why_not = QLabel()
        self.why_not.setWordWrap(True)
        self.progress = ProgressRow()
        self.results = FolderResults(self._viewer)
        self.table = self.results.table
        for widget in (self.form.native, self._expects, self.pattern, more, self.run_button,
                       self.why_not, self.progress):  # fmt: skip
            self.column.addWidget(widget)
        self.column.addWidget(self.results, stretch=1)

    def _connect(self) -> None:
        self.form["folder"].changed.connect(self._folder_changed)
        self.form["classifier"].changed.connect(self._look_at_classifier)
        for name in ("classifier", "output"):
            self.form[name].changed.connect(self._show_what_can_run)
        for name in ("axes", "overwrite"):
            self.folded_form[name].changed.connect(self._show_what_can_run)
        self.pattern.pattern_changed.connect(self._survey)
        self.run_button.clicked.connect(self.run)
        self.progress.cancel_clicked.connect(self.cancel)
        self.results.failed.connect(lambda sentence: self.progress.end(sentence, error=True))
        self._timer.timeout.connect(self._draw)
        self._surveyor.finished.connect(self._show_survey)
        self._surveyor.failed.connect(self._show_failed_survey)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(self._finish)
        self._worker.failed.connect(lambda message, detail: self._end(message, True, detail))
        self._worker.cancelled.connect(lambda: self._end("Stopped. Run it again to go on."))
        self._worker.silent.connect(self.progress.show_silence)
        self._worker.running_changed.connect(self._show_what_can_run)
        self._expects_lookup.answered.connect(self._show_expectation)
        self._drives.answered.connect(self._show_what_can_run)

    def _recall(self) -> None:
        for name in ("folder", "classifier"):
            path = Path(settings.remembered(name) or "-")
            if kind_of(path) in (Kind.FOLDER, Kind.FILE):
                self.form[name].value = path
        self._show_what_can_run()

    def choices(self) -> FolderChoices:
        """Return what is filled in."""
        return FolderChoices(**self.form.values(), **self.folded_form.values())

    def use_classifier(self, path: str | Path) -> None:
        """Fill in the classifier."""
        self.form["classifier"].value = Path(path)

    def run(self) -> None:
        """Start, or go on where an earlier run was stopped."""
        choices = self.choices()
        if choices.why_unusable() or self._worker.running:
            self._show_what_can_run()
            return
        if choices.overwrite:
            # Said once, meant once: the next click continues.
            self.folded_form["overwrite"].value = False
        settings.remember(
            folder=choices.folder, classifier=choices.classifier, output=choices.output
        )
        self._waiting_rows.clear()
        self._latest = self._last_words = None
        self._table = None
        self.results.begin(self._classified(choices))
        self.progress.begin("Starting…")
        self._timer.start()
        self._worker.start(
            "classify_folder",
            {
                "folder": str(choices.folder),
                "classifier": str(choices.classifier),
                "output": str(choices.output),
                "pattern": self.pattern.pattern,
                "axes": choices.axes.strip() or None,
                "masks": choices.masks and str(choices.masks),
                "overwrite": choices.overwrite,
                "thumbnails": True,
            },
        )

    def cancel(self) -> None:
        """Stop within a second; what is done stays in the table."""
        self.progress.stopping("Stopping…")
        self._worker.cancel(kill_after=1.0)

    def stop(self) -> None:
        """End everything that runs, at once."""
        self._timer.stop()
        self._surveyor.kill()
        self._worker.kill()
        self.results.stop()

    def open_image(self, prediction: Prediction) -> None:
        """Show the image of a row in the viewer."""
        self.results.open_image(prediction)

    def _classified(self, choices: FolderChoices) -> ClassifiedFolder:
        assert choices.folder is not None
        assert choices.output is not None
        return ClassifiedFolder(
            choices.folder,
            choices.output,
            self.pattern.pattern,
            choices.axes.strip() or None,
            str(choices.masks) if choices.masks else None,
        )

    def _folder_changed(self) -> None:
        choices = self.choices()
        if choices.folder is not None and choices.output in (None, self._suggested_output):
            remembered = Path(settings.remembered(settings.OUTPUT) or "-")
            same = remembered.parent == choices.folder
            self._suggested_output = remembered if same else choices.folder / OUTPUT_NAME
            self.form["output"].value = self._suggested_output
        self._show_what_can_run()
        self._survey()

    def _survey(self) -> None:
        folder = self.choices().folder
        if folder is None or kind_of(folder) in (Kind.NOTHING, Kind.FILE):
            return
        self._surveyor.start(
            "survey",
            {
                "folder": str(folder),
                "pattern": self.pattern.pattern,
                "annotated": False,
                "thumbnails": 0,
            },
        )

    def _show_survey(self, survey: Mapping[str, Any]) -> None:
        self.pattern.set_proposals(survey["patterns"])
        self.pattern.show_images(survey["images"], survey["n_images"])
        self._show_what_can_run()

    def _show_failed_survey(self, message: str, _detail: str) -> None:
        self._show_what_can_run()
        # A folder whose drive is gone has a sentence of its own, which says more.
        if not self.why_not.text():
            self.why_not.setText(message)
            self.why_not.show()

    def _look_at_classifier(self) -> None:
        path = self.choices().classifier
        if path is not None and kind_of(path) is not Kind.NOTHING:
            self._expects_lookup.ask(lambda: Expectation.of(path))
        else:
            self._expects.setText("")

    def _show_expectation(self, expectation: Expectation) -> None:
        self._expects.setText(expectation.words)
        self.table.set_class_names(expectation.class_names)

    def _show_what_can_run(self) -> None:
        choices = self.choices()
        why = choices.why_unusable()
        running = self._worker.running
        self.run_button.setEnabled(why is None and not running)
        self.why_not.setText("" if running else why or "")
        self.why_not.setVisible(bool(self.why_not.text()))
        journal = journal_path(choices.output) if choices.output and why is None else None
        begun = journal is not None and kind_of(journal) is Kind.FILE
        continued = begun and not choices.overwrite
        self.run_button.setText("Continue" if continued else "Classify")
        self.run_button.setToolTip(
            "Classify what is new, has changed or could not be read; the rest is taken over."
            if continued
            else "Classify every image of the folder, in the background."
        )

    def _hear(self, event: dict[str, Any]) -> None:
        if event["event"] == "predictions":
            self._waiting_rows.extend(from_json(list[PredictionRow], event["rows"]))
            self._latest = event
        elif event["event"] == "note":
            self.progress.note(event["message"])

    def _draw(self) -> None:
        """Show what has come since the last time: one drawing, however many events."""
        count = min(ROWS_AT_ONCE, len(self._waiting_rows))
        self.table.add([self._waiting_rows.popleft().prediction() for _ in range(count)])
        if self._latest is not None:
            done, total = self._latest["done"], self._latest["total"]
            left = self._latest.get("seconds_left")
            self.progress.update_progress(done, total, f"{done} of {total} images", left)
            self._latest = None
        if not self._worker.running and not self._waiting_rows:
            self._timer.stop()
            self._show_last_words()

    def _finish(self, result: Mapping[str, Any]) -> None:
        self._table = Path(result["output"])
        self._end(result["message"])

    def _end(self, sentence: str, error: bool = False, detail: str = "") -> None:
        # Rows that came with the last events are still being added: the sentence comes after.
        self._last_words = (sentence, error, detail)

    def _show_last_words(self) -> None:
        if self._last_words is not None:
            sentence, error, detail = self._last_words
            self.progress.end(sentence, error=error, detail=detail)
        if self._table is not None:
            self.results.finish(self._table)
        self._show_what_can_run()
        self.ended.emit()

    def save_copy(self, path: Path) -> None:
        """Write the table of predictions to ``path``, too."""
        self.results.save_copy(path)
