"""The panel that has a classifier of the images evaluated: its questions, and the answer."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import napari
from qtpy.QtCore import QSize, Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices, QIcon
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QWidget

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.evaluation.evaluate import (
    EVALUATE,
    EvaluateRequest,
    EvaluationChoices,
    EvaluationResult,
    SurestError,
    check_evaluation,
)
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.system.events import Event, Progress
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.forms import Ask, Form
from napari_image_classifier.widgets.qt.parts import button, pixmap, show, stacked, wrapped
from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of, no_answer_from
from napari_image_classifier.widgets.qt.plain_text import Markup, in_label, set_tool_tip
from napari_image_classifier.widgets.qt.progress_row import ProgressRow
from napari_image_classifier.widgets.qt.saving import SuggestedPath
from napari_image_classifier.widgets.shared.group_choice import AcquisitionChoice
from napari_image_classifier.widgets.shared.image_opening import open_image
from napari_image_classifier.widgets.train.source import TrainingSource

REPORT_NAME = "report.html"
STOPPED = "Stopped; started again with the same choices it goes on from here."
SIDE = 56
ROWS_SHOWN = 5
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

    def __init__(self, viewer: napari.Viewer, source: TrainingSource) -> None:
        super().__init__()
        self._viewer = viewer
        self._source = source
        self._usable = False
        self._report: Path | None = None
        self._table: ItemTable | None = None
        self._worker = Worker(self)
        self.form = Form(_Asked(), ASKS)
        self._suggested = SuggestedPath(self.form["report"], REPORT_NAME)
        self.acquisition = AcquisitionChoice()
        self.run_button = button(
            "How good is it really?",
            "Train on some of the groups and test on others, many times; no classifier is saved.",
        )
        self.why_not = wrapped("Choose a file name for the report, such as report.html.")
        self.progress = ProgressRow()
        self.answer = wrapped()
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
        self.open_button.clicked.connect(self._open_report)
        self.errors.chosen.connect(self.open_image)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(self._finish)
        self.progress.follow(self._worker, lambda: STOPPED, self._end)
        self._worker.running_changed.connect(self.running_changed)

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
        self._suggested.suggest(self._source.folder())
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
        folder = self._worker.temporary_folder()
        make_items = self._source.items(folder, self.acquisition.shared)

        def request() -> EvaluateRequest:
            self._table = make_items()
            return EvaluateRequest(self._table, report, config, choices)

        self.progress.begin("Starting…")
        self._worker.start_later(EVALUATE, request)

    def stop(self) -> None:
        """End what runs, at once."""
        self._worker.kill()

    def open_image(self, file: str, selection: str) -> None:
        """Show one of the images in the viewer, at its time point or plane."""
        if self._source.show_open_image(file, selection):
            return
        item = next(item for item in self._table.items if item.file == file)
        if not all(part.path.is_file() for part in item.image.parts):
            self.progress.end(f"{file} is no longer there.", error=True)
            return
        try:
            open_image(self._viewer, item.image, self._table.axes, selection)
        except ImageClassifierError as error:
            self.progress.end(str(error), error=True)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Progress):
            done, total, stage = event.done, event.total, STAGES.get(event.stage)
            part = f"{done} of {total}" if stage else f"{done / total:.0%}"
            note = f"{stage or 'Training and testing'}: {part}"
            self.progress.update_progress(done, total, note, event.seconds_left)

    def _finish(self, result: EvaluationResult) -> None:
        self.answer.setText(result.sentence)
        self.errors.show_errors(result.errors)
        self._show_answer(True)
        self._end(f"Saved as {result.report}, with its numbers and predictions beside it.")

    def _end(self, sentence: str, *, error: bool = False, detail: str = "") -> None:
        self.progress.end(sentence, error=error, detail=detail)
        self.ended.emit()

    def _show_what_can_run(self) -> None:
        named = self.form["report"].value is not None
        self.run_button.setEnabled(self._usable and named)
        self.why_not.setVisible(self._usable and not named)

    def _show_answer(self, visible: bool) -> None:
        show(visible, self.answer, self.open_button, self.errors)

    def _open_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._report)))


def _as_html(path: Path) -> Path:
    is_html = path.suffix.lower() in (".html", ".htm")
    return path if is_html else path.with_name(f"{path.name}.html")


class ErrorList(QWidget):
    """A row per error: its picture, what was given, what was predicted, and how surely.

    ``chosen`` is emitted with the file and the item, such as "t=3", of a row that is clicked.
    """

    chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = wrapped()
        self.rows = QListWidget()
        self.rows.setIconSize(QSize(SIDE, SIDE))
        self.rows.setWordWrap(True)
        self.rows.setFixedHeight(ROWS_SHOWN * (SIDE + 8))
        # The second is Enter; where it is a double click, too, the image is open by then.
        for signal in (self.rows.itemClicked, self.rows.itemActivated):
            signal.connect(lambda row: self.chosen.emit(*row.data(Qt.ItemDataRole.UserRole)))
        stacked(self, self._title, self.rows)

    def show_errors(self, errors: Sequence[SurestError]) -> None:
        """Show the surest errors of an evaluation."""
        self._title.setText(
            Markup(
                "<b>The surest errors</b>: some are hard, some may have been given the wrong "
                "class. A click opens the image."
            )
            if errors
            else "No image got another class than it was given."
        )
        self.rows.clear()
        self.rows.setVisible(bool(errors))
        for error in errors:
            self.rows.addItem(_row(error))


def _row(error: SurestError) -> QListWidgetItem:
    picture = pixmap(base64.b64decode(error.picture)).scaled(
        SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    name = f"{error.file} {error.item}".strip()
    row = QListWidgetItem(
        QIcon(picture),
        in_label(
            f"given {error.given}, predicted {error.predicted} ({error.confidence:.0%})\n{name}"
        ),
    )
    row.setData(Qt.ItemDataRole.UserRole, (error.file, error.item))
    set_tool_tip(row, name)
    return row
