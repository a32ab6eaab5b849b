"""*How good is it really?* in the dock *Train classifier*: an evaluation and its answer."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import napari
from qtpy.QtCore import Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QWidget

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.evaluation.evaluate import (
    EVALUATE,
    EvaluateRequest,
    EvaluationChoices,
    EvaluationResult,
    check_evaluation,
)
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.system.events import Event, Progress
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.forms import Ask, Form
from napari_image_classifier.widgets.qt.parts import button, stacked, wrapped
from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of, no_answer_from
from napari_image_classifier.widgets.qt.progress_row import ProgressRow
from napari_image_classifier.widgets.qt.saving import unused
from napari_image_classifier.widgets.shared.group_choice import AcquisitionChoice
from napari_image_classifier.widgets.shared.image_opening import open_image
from napari_image_classifier.widgets.train.error_list import ErrorList
from napari_image_classifier.widgets.train.source import TrainingSource

REPORT_NAME = "report.html"
STAGES = {
    "looking": "Looking at the images",
    "reading": "Reading the images",
    "comparing": "Looking for copies",
    "measuring": "Measuring brightness and texture",
}
EXTENTS: dict[str, tuple[str, EvaluationChoices]] = {
    "whole": ("everything: about 40 trainings", EvaluationChoices()),
    "once": (
        "the answer alone, once: 6 trainings",
        EvaluationChoices(seeds=1, controls=False, curve=False),
    ),
    "texture": ("texture features only: minutes", EvaluationChoices(method="texture")),
}


@dataclass(frozen=True)
class _Asked:
    extent: str = "whole"
    report: Path | None = None


ASKS = (
    Ask("extent", "How much", "Everything says, too, how far the answer depends on chance, on what "
        "was taken together and on the number of groups; the answer alone does not. Texture "
        "features say in minutes what a network has to beat.",
        {"choices": [(words, name) for name, (words, _) in EXTENTS.items()]}),
    Ask("report", "Report", "The report's file, ending in .html; its numbers and predictions are "
        "written beside it.", {"mode": "w", "filter": "*.html", "nullable": True}),
)  # fmt: skip


class EvaluationPanel(QWidget):
    """Asks how much and where to, runs it in the compute process, and shows what came out."""

    asked = Signal()
    running_changed = Signal(bool)
    ended = Signal()

    def __init__(
        self, viewer: napari.Viewer, source: TrainingSource, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._source = source
        self._usable = False
        self._suggested: Path | None = None
        self._report: Path | None = None
        self._table: ItemTable | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._worker = Worker(self)
        self.form = Form(_Asked(), ASKS)
        self.acquisition = AcquisitionChoice()
        self.run_button = button(
            "How good is it really?",
            "Train on some of the groups and test on others, many times; no classifier is saved.",
        )
        self.why_not = wrapped("Choose a file name for the report, such as report.html.")
        self.progress = ProgressRow()
        self.answer = wrapped()
        # Names of classes may hold what would be markup.
        self.answer.setTextFormat(Qt.TextFormat.PlainText)
        self.answer.setStyleSheet("font-weight: bold")
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.open_button = button("Open the report", "In the browser.")
        self.errors = ErrorList()
        stacked(
            self, self.acquisition, self.form.native, self.run_button, self.why_not,
            self.progress, self.answer, self.open_button, self.errors,
        )  # fmt: skip
        self._show_answer(False)
        self._connect()

    def _connect(self) -> None:
        self.form["report"].changed.connect(self._show_what_can_run)
        self.run_button.clicked.connect(self.asked)
        self.progress.cancel_clicked.connect(self.cancel)
        self.open_button.clicked.connect(self._open_report)
        self.errors.chosen.connect(self.open_image)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(self._finish)
        stopped = "Stopped; started again with the same choices it goes on from here."
        self.progress.follow(self._worker, lambda: stopped, self._end)
        self._worker.running_changed.connect(self._running_changed)

    @property
    def running(self) -> bool:
        """Whether an evaluation is under way."""
        return self._worker.running

    @property
    def last_part(self) -> QWidget:
        """The lowest part that says how it ended."""
        return self.progress if self.errors.isHidden() else self.errors

    def offer(self, usable: bool) -> None:
        """Follow the source, and let it be asked for where the images are ``usable``."""
        self._usable = usable
        folder, field = self._source.folder(), self.form["report"]
        if folder is not None and field.value in (None, self._suggested):
            suggested = unused(folder / REPORT_NAME)
            if suggested not in (None, self._suggested):
                self._suggested = suggested
                field.value = suggested
        self.acquisition.offer(*self._source.shared)
        self._show_what_can_run()

    def run(self, config: TrainingConfig) -> None:
        """Start, or go on where it was stopped with the same choices."""
        asked = _Asked(**self.form.values())
        assert asked.report is not None
        report = _as_html(asked.report)
        choices = EXTENTS[asked.extent][1]
        self._show_answer(False)
        if (kind := kind_of(report)) is not Kind.NOTHING:
            taken = f"{report.name} is there already; choose another name."
            why = no_answer_from(report) if kind is Kind.NO_ANSWER else taken
            self.progress.end(why, error=True)
            return
        try:
            check_evaluation(report, config, choices)
        except ImageClassifierError as error:
            self.progress.end(str(error), error=True)
            return
        self._report, self._table = report, None
        self._temporary = tempfile.TemporaryDirectory(prefix="image-classifier-")
        make_items = self._source.items(Path(self._temporary.name), self.acquisition.acquisition)

        def request() -> EvaluateRequest:
            self._table = make_items()
            return EvaluateRequest(self._table, report, config, choices)

        self.progress.begin("Starting…")
        self._worker.start_later(EVALUATE, request)

    def cancel(self) -> None:
        """Stop within a second; the trainings that are done are kept."""
        self.progress.stopping("Stopping…")
        self._worker.cancel(kill_after=0.9)

    def stop(self) -> None:
        """End what runs, at once."""
        self._worker.kill()

    def open_image(self, file: str, selection: str) -> None:
        """Show one of the images in the viewer, at its time point or plane."""
        if self._source.show_open_image(file, selection):
            return
        assert self._table is not None
        item = next(item for item in self._table.items if item.file == file)
        if not all(part.path.is_file() for part in item.image.parts):
            self.progress.end(f"{file} is no longer there.", error=True)
            return
        try:
            open_image(self._viewer, item.image, self._table.axes, selection)
        except ImageClassifierError as error:
            self.progress.end(str(error), error=True)

    def _hear(self, event: Event) -> None:
        if not isinstance(event, Progress):
            return
        done, total, stage = event.done, event.total, event.stage
        note = (
            f"{STAGES[stage]}: {done} of {total}"
            if stage in STAGES
            else f"Training and testing: {done / total:.0%}"
        )
        self.progress.update_progress(done, total, note, event.seconds_left)

    def _finish(self, result: EvaluationResult) -> None:
        self.answer.setText(result.sentence)
        self.errors.show_errors(result.errors)
        self._show_answer(True)
        self._end(f"Saved as {result.report}, with its numbers and predictions beside it.")

    def _end(self, sentence: str, *, error: bool = False, detail: str = "") -> None:
        self.progress.end(sentence, error=error, detail=detail)
        self.ended.emit()

    def _running_changed(self, running: bool) -> None:
        if not running and self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None
        self.running_changed.emit(running)

    def _show_what_can_run(self) -> None:
        named = self.form["report"].value is not None
        self.run_button.setEnabled(self._usable and named)
        self.why_not.setVisible(self._usable and not named)

    def _show_answer(self, visible: bool) -> None:
        for widget in (self.answer, self.open_button, self.errors):
            widget.setVisible(visible)

    def _open_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._report)))


def _as_html(path: Path) -> Path:
    is_html = path.suffix.lower() in (".html", ".htm")
    return path if is_html else path.with_name(f"{path.name}.html")
