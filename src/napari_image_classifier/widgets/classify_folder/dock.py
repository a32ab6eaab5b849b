"""The dock *Classify folder*: a folder in, a table of predictions out, seen while it fills."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import napari
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QWidget

from napari_image_classifier.batch.journal import journal_path
from napari_image_classifier.batch.result import (
    CLASSIFY_FOLDER,
    FolderRequest,
    FolderResult,
    Predictions,
)
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.system.events import Event, Note
from napari_image_classifier.widgets.classify_folder.channel_map import ChannelMapField
from napari_image_classifier.widgets.classify_folder.opening import Expectation, expected_by
from napari_image_classifier.widgets.classify_folder.results import FolderResults
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.qt.background import Lookup
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.dock import Dock, Folded
from napari_image_classifier.widgets.qt.forms import Ask
from napari_image_classifier.widgets.qt.parts import timer, wrapped
from napari_image_classifier.widgets.qt.path_probe import (
    DriveWatch,
    Kind,
    kind_of,
    why_no_name,
    why_not_there,
)
from napari_image_classifier.widgets.qt.plain_text import set_tool_tip
from napari_image_classifier.widgets.qt.progress_row import ProgressRow, show_sentence
from napari_image_classifier.widgets.shared.items_form import (
    AXES_ASK,
    CHOOSE_CLASSIFIER,
    MASKS_ASKS,
    ItemsChoices,
    ItemsForm,
)

OUTPUT_NAME = "predictions.csv"
ROWS_AT_ONCE = 300
MILLISECONDS_BETWEEN_DRAWS = 500


@dataclass(frozen=True)
class FolderChoices(ItemsChoices):
    """What *Classify folder* asks; the fields are `classify_folder`'s parameters."""

    classifier: Path | None = None
    output: Path | None = None
    overwrite: bool = False

    def why_unusable(self) -> str | None:
        """Return why nothing can run yet, as a sentence."""
        return (
            super().why_unusable()
            or why_not_there(self.classifier, Kind.FILE, "classifier", CHOOSE_CLASSIFIER)
            or why_no_name(self.output, "the table of predictions, such as predictions.csv")
        )


FOLDER_ASKS = (
    Ask("folder", "Folder", "The folder whose images are classified; its sub-folders are searched.",
        {"mode": "d", "nullable": True}),
    Ask("classifier", "Classifier", "A .keras file made by Train classifier, or imported.",
        {"mode": "r", "filter": "*.keras", "nullable": True}),
    Ask("output", "Table", "The CSV table that is written: one row per image, time point or plane.",
        {"mode": "w", "filter": "*.csv", "nullable": True}),
)  # fmt: skip
OVERWRITE_ASK = Ask(
    "overwrite", "Start over", "Overwrite the table, also one of another classifier; "
    "without it a table that was begun is continued.",
)  # fmt: skip


class ClassifyFolder(Dock):
    """Classifies every image of a folder in the compute process.

    ``ended`` is emitted when the last row is in the table, whatever ended the job.
    """

    ended = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._suggested_output: Path | None = None
        self._waiting: deque[Prediction] = deque()
        self._latest: Predictions | None = None
        self._say_last: Callable[[], None] | None = None
        self._table: Path | None = None
        self._worker = Worker(self)
        self._expects_lookup = Lookup(self)
        self._drives = DriveWatch(self)
        self._timer = timer(self, self._draw, MILLISECONDS_BETWEEN_DRAWS, repeats=True)
        self._build()
        self._connect()
        self._recall()

    def _build(self) -> None:
        self.form = ItemsForm(
            FolderChoices(), FOLDER_ASKS, (*MASKS_ASKS, AXES_ASK, OVERWRITE_ASK),
            query=self._looked_at, surveyed=("folder",), thumbnails=1,
        )  # fmt: skip
        self.pattern = self.form.pattern
        paths, folded = self.form.parts
        self._expects = wrapped()
        self._expectation = Expectation("")
        self.channel_map = ChannelMapField()
        more = Folded("More choices", folded)
        self.run_button = QPushButton("Classify")
        self.why_not = wrapped()
        self.progress = ProgressRow()
        self.results = FolderResults(self._viewer)
        self.table = self.results.table
        self.add(paths, self._expects, self.channel_map, self.pattern, more, self.run_button,
                 self.why_not, self.progress)  # fmt: skip
        self.column.addWidget(self.results, stretch=1)

    def _connect(self) -> None:
        self.form["folder"].changed.connect(self._folder_changed)
        self.form["classifier"].changed.connect(self._look_at_classifier)
        for name in ("classifier", "output", "axes", "overwrite"):
            self.form[name].changed.connect(self._show_what_can_run)
        self.run_button.clicked.connect(self.run)
        self.results.failed.connect(lambda sentence: self.progress.end(sentence, error=True))
        self.form.runner.changed.connect(self._show_look)
        self.form.runner.failed.connect(self._show_failed_look)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(self._finish)
        self.progress.follow(
            self._worker, lambda: "Stopped. Run it again to go on.", self._end, self.cancel
        )
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
        return self.form.choices()

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
            self.form["overwrite"].value = False
        settings.remember(
            folder=choices.folder, classifier=choices.classifier, output=choices.output
        )
        self._waiting.clear()
        self._latest = self._say_last = None
        self._table = None
        assert choices.classifier is not None
        assert choices.output is not None
        query = choices.query()
        channel_map = self.channel_map.value()
        if names := self.channel_map.names(channel_map):
            settings.remember_channels(self._expectation.sha256, names)
        request = FolderRequest(
            query.folder, choices.classifier, choices.output, query.pattern, query.axes,
            query.masks, query.split_masks, channels=channel_map,
            overwrite=choices.overwrite, thumbnails=True,
        )  # fmt: skip
        self.results.begin(request)
        self.progress.begin("Starting…")
        self._timer.start()
        self._worker.start(CLASSIFY_FOLDER, request)

    def cancel(self) -> None:
        """Stop within a second; what is done stays in the table."""
        self.progress.cancel(self._worker, kill_after=1.0)

    def stop(self) -> None:
        """End everything that runs, at once."""
        self._timer.stop()
        self.form.runner.stop()
        self._worker.kill()
        self.results.copying.stop()

    def _folder_changed(self) -> None:
        choices = self.choices()
        if choices.folder is not None and choices.output in (None, self._suggested_output):
            remembered = Path(settings.remembered(settings.OUTPUT) or "-")
            same = remembered.parent == choices.folder
            self._suggested_output = remembered if same else choices.folder / OUTPUT_NAME
            self.form["output"].value = self._suggested_output
        self._show_what_can_run()

    def _looked_at(self) -> ItemsQuery | None:
        """Return what is looked at beforehand: no masks, as reading all of them takes its time."""
        folder = self.choices().folder
        if folder is None or kind_of(folder) in (Kind.NOTHING, Kind.FILE):
            return None
        axes = self.choices().axes.strip() or None
        return ItemsQuery(folder, pattern=self.pattern.pattern, axes=axes, annotated=False)

    def _show_look(self) -> None:
        self.form.offer_found()
        self.form.show_images()
        if (survey := self.form.runner.survey) is not None:
            self.channel_map.offer(survey.channels, survey.channels_named)
        else:
            self.channel_map.offer((), named=False)
        self._show_what_can_run()

    def _show_failed_look(self, sentence: str) -> None:
        self._show_what_can_run()
        # A folder whose drive is gone has a sentence of its own, which says more.
        if not self.why_not.text():
            show_sentence(self.why_not, sentence)

    def _look_at_classifier(self) -> None:
        path = self.choices().classifier
        if path is not None and kind_of(path) is not Kind.NOTHING:
            self._expects_lookup.ask(lambda: expected_by(path))
        else:
            self._expects.setText("")
            self.channel_map.expect(None, {})

    def _show_expectation(self, expectation: Expectation) -> None:
        self._expectation = expectation
        self._expects.setText(expectation.words)
        self.table.set_class_names(expectation.class_names)
        remembered = settings.remembered_channels(expectation.sha256)
        said = {**expectation.channel_map, **remembered}
        self.channel_map.expect(expectation.preparation, said)

    def _show_what_can_run(self) -> None:
        choices = self.choices()
        why = choices.why_unusable()
        running = self._worker.running
        self.run_button.setEnabled(why is None and not running)
        show_sentence(self.why_not, "" if running else why or "")
        journal = journal_path(choices.output) if choices.output and why is None else None
        begun = journal is not None and kind_of(journal) is Kind.FILE
        continued = begun and not choices.overwrite
        self.run_button.setText("Continue" if continued else "Classify")
        set_tool_tip(
            self.run_button,
            "Classify what is new, has changed or could not be read; the rest is taken over."
            if continued
            else "Classify every image of the folder, in the background.",
        )

    def _hear(self, event: Event) -> None:
        if isinstance(event, Predictions):
            self._waiting.extend(event.predictions)
            self._latest = event
        elif isinstance(event, Note):
            self.progress.note(event.message)

    def _draw(self) -> None:
        """Show what has come since the last time: one drawing, however many events."""
        count = min(ROWS_AT_ONCE, len(self._waiting))
        self.table.add([self._waiting.popleft() for _ in range(count)])
        if (latest := self._latest) is not None:
            note = f"{latest.done} of {latest.total} images"
            self.progress.update_progress(latest.done, latest.total, note, latest.seconds_left)
            self._latest = None
        if not self._worker.running and not self._waiting:
            self._timer.stop()
            self._show_last_words()

    def _finish(self, result: FolderResult) -> None:
        self._table = result.output
        self._end(result.message)

    def _end(self, sentence: str, error: bool = False, detail: str = "") -> None:
        # Rows that came with the last events are still being added: the sentence comes after.
        self._say_last = partial(self.progress.end, sentence, error=error, detail=detail)

    def _show_last_words(self) -> None:
        if self._say_last is not None:
            self._say_last()
        if self._table is not None:
            self.results.finish(self._table)
        self._show_what_can_run()
        self.ended.emit()
