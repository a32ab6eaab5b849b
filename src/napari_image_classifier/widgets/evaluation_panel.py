"""*How good is it really?* in the dock *Train classifier*: an evaluation and its answer."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.evaluating import (
    EvaluationChoices,
    check_evaluation,
    evaluation_request,
)
from napari_image_classifier.items import ItemTable
from napari_image_classifier.training_config import TrainingConfig
from napari_image_classifier.widgets.error_list import ErrorList
from napari_image_classifier.widgets.folder_images import open_image
from napari_image_classifier.widgets.forms import Ask, Form
from napari_image_classifier.widgets.progress_row import ProgressRow
from napari_image_classifier.widgets.training_source import MakeItems
from napari_image_classifier.widgets.unused_path import unused
from napari_image_classifier.widgets.worker import Worker

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
        "the answer, once: 6 trainings",
        EvaluationChoices(seeds=1, controls=False, curve=False),
    ),
    "texture": ("texture features only: minutes", EvaluationChoices(method="texture")),
}


@dataclass(frozen=True)
class _Asked:
    extent: str = "whole"
    report: Path | None = None


ASKS = (
    Ask("extent", "How much", "Everything says how far the answer depends on chance, on what was "
        "taken together and on the number of groups. Texture features say in minutes what a "
        "network has to beat.",
        {"choices": [(words, name) for name, (words, _) in EXTENTS.items()]}),
    Ask("report", "Report", "The report's file, ending in .html; its numbers and predictions are "
        "written beside it.", {"mode": "w", "filter": "*.html", "nullable": True}),
)  # fmt: skip


class EvaluationPanel(QWidget):
    """Asks how much and where to, runs it in the compute process, and shows what came out."""

    asked = Signal()
    running_changed = Signal(bool)
    ended = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._suggested: Path | None = None
        self._report: Path | None = None
        self._table: ItemTable | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._worker = Worker(self)
        self.form = Form(_Asked(), ASKS)
        self.run_button = QPushButton("How good is it really?")
        self.run_button.setToolTip(
            "Train on some of the groups and test on others, many times; no classifier is saved."
        )
        self.progress = ProgressRow()
        self.answer = QLabel()
        self.answer.setWordWrap(True)
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.open_button = QPushButton("Open the report")
        self.open_button.setToolTip("In the browser.")
        self.errors = ErrorList()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.form.native, self.run_button, self.progress, self.answer,
                       self.open_button, self.errors):  # fmt: skip
            layout.addWidget(widget)
        self._show_answer(False)
        self._connect()

    def _connect(self) -> None:
        self.run_button.clicked.connect(self.asked)
        self.progress.cancel_clicked.connect(self.cancel)
        self.open_button.clicked.connect(self._open_report)
        self.errors.chosen.connect(self.open_image)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(self._finish)
        self._worker.failed.connect(
            lambda message, detail: self._end(message, error=True, detail=detail)
        )
        self._worker.cancelled.connect(
            lambda: self._end("Stopped; started again with the same choices it goes on from here.")
        )
        self._worker.running_changed.connect(self._running_changed)

    @property
    def running(self) -> bool:
        """Whether an evaluation is under way."""
        return self._worker.running

    def offer(self, folder: Path | None, usable: bool) -> None:
        """Suggest a report in ``folder``, and let it be asked for where that is of use."""
        field = self.form["report"]
        if folder is not None and field.value in (None, self._suggested):
            self._suggested = _report_in(folder)
            if field.value != self._suggested:
                field.value = self._suggested
        self.run_button.setEnabled(usable and field.value is not None)

    def run(self, items: Callable[[Path], MakeItems], config: TrainingConfig) -> None:
        """Start; ``items`` is `TrainingSource.items`."""
        asked = _Asked(**self.form.values())
        assert asked.report is not None
        report = asked.report.with_suffix(".html")
        choices = EXTENTS[asked.extent][1]
        # What a training would go on from has seen the images that it would be tested on.
        config = replace(config, start_from=None)
        self._show_answer(False)
        try:
            check_evaluation(report, config, choices)
        except ImageClassifierError as error:
            self.progress.end(str(error), error=True)
            return
        if report.exists():
            self.progress.end(f"{report.name} is there already; choose another name.", error=True)
            return
        self._report, self._table = report, None
        self._temporary = tempfile.TemporaryDirectory(prefix="image-classifier-")
        make_items = items(Path(self._temporary.name))

        def request() -> Mapping[str, Any]:
            table = make_items()
            self._table = ItemTable.from_json(table)
            return evaluation_request(table, report, config, choices)

        self.progress.begin("Starting…")
        self._worker.start("evaluate", request)

    def cancel(self) -> None:
        """Stop within a second; the trainings that are done are kept."""
        self.progress.stopping("Stopping…")
        self._worker.cancel(kill_after=0.9)

    def stop(self) -> None:
        """End what runs, at once."""
        self._worker.kill()

    def open_image(self, file: str) -> None:
        """Show one of the images in the viewer."""
        items = self._table.items if self._table else ()
        item = next((item for item in items if item.file == file), None)
        if item is None or not all(part.path.is_file() for part in item.image.parts):
            self.progress.end(f"{file} is not there any more, or is one of the open images.")
            return
        assert self._table is not None
        try:
            open_image(self._viewer, item.image, self._table.axes)
        except ImageClassifierError as error:
            self.progress.end(str(error), error=True)

    def _hear(self, event: Mapping[str, Any]) -> None:
        if event["event"] != "progress":
            return
        done, total, stage = event["done"], event["total"], event["stage"]
        note = (
            f"{STAGES[stage]}: {done} of {total}"
            if stage in STAGES
            else f"Training and testing: {done / total:.0%}"
        )
        self.progress.update_progress(done, total, note, event.get("seconds_left"))

    def _finish(self, result: Mapping[str, Any]) -> None:
        self.answer.setText(f"<b>{result['sentence']}</b>")
        self.errors.show_errors(result["errors"])
        self._show_answer(True)
        self._end(f"Saved as {result['report']}, with its numbers and predictions beside it.")

    def _end(self, sentence: str, *, error: bool = False, detail: str = "") -> None:
        self.progress.end(sentence, error=error, detail=detail)
        self.ended.emit()

    def _running_changed(self, running: bool) -> None:
        if not running and self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None
        self.running_changed.emit(running)

    def _show_answer(self, visible: bool) -> None:
        for widget in (self.answer, self.open_button, self.errors):
            widget.setVisible(visible)

    def _open_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._report)))


def _report_in(folder: Path) -> Path:
    """Return a report that was begun there and not finished, or else a name that is free."""
    begun = sorted(folder.glob(f"{Path(REPORT_NAME).stem}*.html.runs"))
    return begun[0].with_suffix("") if begun else unused(folder / REPORT_NAME)
