"""Active learning: a classifier of the labels so far, and the items it would learn most from."""

from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_image_classifier.classifiers.description import TEXTURE
from napari_image_classifier.items.annotations import ItemKey
from napari_image_classifier.items.consensus import learnable
from napari_image_classifier.items.reading import read_query
from napari_image_classifier.raters.active_learning import (
    SUGGEST_LABELS,
    SuggestedLabels,
    SuggestRequest,
)
from napari_image_classifier.system.events import Event, Progress
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.train_job import TRAIN, Epoch, TrainRequest, TrainResult
from napari_image_classifier.widgets.label.source import ToLabel
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.parts import button, choice, stacked
from napari_image_classifier.widgets.qt.path_probe import no_answer_from
from napari_image_classifier.widgets.qt.plain_text import set_tool_tip
from napari_image_classifier.widgets.qt.progress_row import ProgressRow
from napari_image_classifier.widgets.qt.saving import unused

SECONDS_OR_MINUTES = {
    TEXTURE: "texture features: seconds",
    TrainingConfig().network: "a network: minutes",
}
FEWEST_LABELS = 10


class ActiveLearningPanel(QWidget):
    """Trains on the labels so far, or takes a classifier, and asks it about all items.

    ``answered`` carries the `SuggestedLabels`.
    """

    answered = Signal(object)
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._to_label: ToLabel | None = None
        self._annotated: list[ItemKey] = []
        self._too_rare: tuple[str, ...] = ()
        self.classifier: Path | None = None
        self._worker = Worker(self)
        self.what = choice(SECONDS_OR_MINUTES, "What learns from the labels so far.")
        self.learn_button = button("Learn and go on")
        self.ask_button = button(
            "Ask a classifier…", "Have a classifier that is there already look at all items."
        )
        self.progress = ProgressRow()
        stacked(self, self.what, (self.learn_button, self.ask_button), self.progress)
        self.learn_button.clicked.connect(self.learn)
        self.ask_button.clicked.connect(self._choose)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(self._finish)
        self.progress.follow(self._worker, lambda: "Stopped; your labels are kept.")
        self._worker.running_changed.connect(self._show_what_can_run)

    def begin(self, to_label: ToLabel) -> None:
        """Take what is labelled."""
        self._to_label = to_label
        self._show_what_can_run()

    def show_annotated(self, keys: list[ItemKey]) -> None:
        """Take which items have a class."""
        self._annotated = keys
        self._show_what_can_run()

    def learn(self) -> None:
        """Train on the labels so far."""
        to_label = self._to_label
        output = unused(to_label.path.with_suffix(".keras"))
        if output is None:
            self.progress.end(no_answer_from(to_label.path), error=True)
            return
        config = TrainingConfig(network=self.what.currentData())
        self.progress.begin("Learning…")
        # The table says what each item is.
        learnt_from = replace(
            to_label.query, items_csv=to_label.path, each="image", annotated=True, files=()
        )

        def request() -> TrainRequest:
            items, self._too_rare = learnable(read_query(learnt_from))
            return TrainRequest(items, config, output)

        self._too_rare = ()
        self._worker.start_later(TRAIN, request)

    def ask(self, classifier: Path) -> None:
        """Have a classifier look at all items."""
        self.classifier = classifier
        self.progress.begin("Looking at all items…")
        request = SuggestRequest(self._to_label.table, classifier, tuple(self._annotated))
        self._worker.start(SUGGEST_LABELS, request)

    def stop(self) -> None:
        """End what runs, at once."""
        self._worker.kill()

    def _choose(self) -> None:
        kinds = "Classifier (*.keras)"
        chosen, _ = QFileDialog.getOpenFileName(self, "Ask a classifier", "", kinds)
        if chosen:
            self.ask(Path(chosen))

    def _hear(self, event: Event) -> None:
        if isinstance(event, Epoch):
            note = f"Learning: epoch {event.epoch} of {event.epochs}"
            self.progress.update_progress(event.epoch, event.epochs, note, event.seconds_left)
        elif isinstance(event, Progress):
            self.progress.show_stage(event)

    def _finish(self, result: TrainResult | SuggestedLabels) -> None:
        if isinstance(result, TrainResult):
            self.ask(Path(result.classifier))
            return
        rare = ", ".join(self._too_rare)
        self.progress.end(
            f"{self.classifier.name} has looked at all items. What would teach it most comes first."
            + (f" Not learnt yet, as there are too few: {rare}." if rare else "")
        )
        self.answered.emit(result)

    def _show_what_can_run(self) -> None:
        idle = self._to_label is not None and not self._worker.running
        self.ask_button.setEnabled(idle)
        enough = len(self._annotated) >= FEWEST_LABELS
        self.learn_button.setEnabled(idle and enough)
        set_tool_tip(
            self.learn_button,
            "Train on the labels so far, then show first what the classifier would learn most from."
            if enough
            else f"Give at least {FEWEST_LABELS} labels first.",
        )
        self.changed.emit()
