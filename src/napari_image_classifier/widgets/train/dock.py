"""The dock *Train classifier*: from images with classes to a classifier, seen while it learns."""

from pathlib import Path

import napari
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_image_classifier.classifiers.description import TEXTURE
from napari_image_classifier.system.events import Event, Note, Progress
from napari_image_classifier.training.backends import BACKENDS
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.train_job import TRAIN, Epoch, TrainRequest, TrainResult
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.dock import Dock, Folded
from napari_image_classifier.widgets.qt.forms import Form
from napari_image_classifier.widgets.qt.parts import button, show, stacked, timer, wrapped
from napari_image_classifier.widgets.qt.path_probe import DriveWatch, Kind, kind_of, why_no_name
from napari_image_classifier.widgets.qt.plain_text import Markup
from napari_image_classifier.widgets.qt.progress_row import ProgressRow, show_sentence
from napari_image_classifier.widgets.qt.saving import SuggestedPath, save_copy
from napari_image_classifier.widgets.shared.image_opening import open_dock
from napari_image_classifier.widgets.train.device_line import DeviceLine
from napari_image_classifier.widgets.train.evaluation_panel import EvaluationPanel
from napari_image_classifier.widgets.train.fields import (
    OUTPUT_ASKS,
    START_ASKS,
    TRAINING_ASKS,
    TRAINING_ASKS_FOLDED,
    ChannelChoice,
    TrainingFiles,
    why_no_training,
)
from napari_image_classifier.widgets.train.plots import ConfusionView, TrainingPlot
from napari_image_classifier.widgets.train.source import TrainingSource

OUTPUT_NAME = "classifier.keras"
OUTPUT_IN_WORDS = "the classifier, such as cells.keras"
NOTHING_LEARNT = "Stopped before anything was learnt; nothing was saved."
ENDED = "Ended at once; nothing was saved. The same training, begun again, goes on where it was."


class TrainClassifier(Dock):
    """Trains a classifier in the compute process."""

    trained = Signal(str)

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._classifier: Path | None = None
        self._epochs_done = 0
        self._worker = Worker(self)
        self._drives = DriveWatch(self)
        self._wanted_part: QWidget = self
        self._scroll_timer = timer(self, lambda: self.scroll_to(self._wanted_part))
        self.source = TrainingSource(viewer)
        self._build_choices()
        self._build_result()
        self._connect()
        self._recall()

    def _build_choices(self) -> None:
        self.form = Form(TrainingConfig(), TRAINING_ASKS, TRAINING_ASKS_FOLDED)
        self.files = Form(TrainingFiles(), OUTPUT_ASKS, START_ASKS)
        self._suggested = SuggestedPath(self.files["output"], OUTPUT_NAME)
        self.channels = ChannelChoice()
        asked, folded = self.form.parts
        output, start_from = self.files.parts
        more = Folded("More choices", folded, start_from)
        self.device = DeviceLine()
        self.run_button = button("Train", "Train in the background; the viewer stays usable.")
        self.why_not = wrapped()
        self.progress = ProgressRow()
        self.add_heading("Images to learn from")
        self.column.addWidget(self.source)
        self.add_heading("Training")
        self.add(
            asked, self.channels, more, output, self.device, self.run_button, self.why_not,
            self.progress,
        )  # fmt: skip

    def _build_result(self) -> None:
        self.plot = TrainingPlot()
        self.plot.hide()
        self._confusion_title = wrapped(
            Markup(
                "<b>Validation images</b>: each row a class as annotated, each column as predicted"
            )
        )
        self.confusion = ConfusionView()
        self.save_button = button(
            "Save a copy…", "The classifier is saved already; save it elsewhere, too."
        )
        self.use_button = button("Use it now", "Open Classify images with this classifier.")
        self._buttons = QWidget()
        stacked(self._buttons, (self.save_button, self.use_button))
        self.add(self.plot, self._confusion_title, self.confusion, self._buttons)
        self.add_heading("How good is it really?")
        self.evaluation = EvaluationPanel(self._viewer, self.source)
        self.column.addWidget(self.evaluation)
        self.column.addStretch(1)
        self._show_result_widgets(False)

    def _connect(self) -> None:
        for signal in (
            self.source.changed, self._drives.answered, self.files["output"].changed,
            self.form["backend"].changed, self._worker.running_changed,
            self.evaluation.running_changed,
        ):  # fmt: skip
            signal.connect(self._show_what_can_run)
        self.closed.connect(self.stop)
        self.run_button.clicked.connect(self.run)
        self.save_button.clicked.connect(self._save_a_copy)
        self.use_button.clicked.connect(self.use_it_now)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(self._finish)
        self.progress.follow(
            self._worker, lambda: ENDED if self._epochs_done else NOTHING_LEARNT, cancel=self.cancel
        )
        self.evaluation.asked.connect(self.evaluate)
        self.evaluation.ended.connect(lambda: self._scroll_soon(self.evaluation.last_part))

    def _recall(self) -> None:
        folder = Path(settings.remembered(settings.TRAINING_FOLDER) or "-")
        if kind_of(folder) is Kind.FOLDER:
            self.source.choose_folder(folder)
        backend = settings.remembered(settings.BACKEND)
        if backend in BACKENDS:
            self.form["backend"].value = backend
        self._show_what_can_run()

    def config(self) -> TrainingConfig:
        """Return what is filled in."""
        start_from = self.files.values()["start_from"]
        return TrainingConfig(
            **self.form.values(),
            channels=self.channels.value(),
            start_from=start_from and str(start_from),
        )

    def why_unusable(self) -> str | None:
        """Return why nothing can be trained yet, as a sentence."""
        output = self.files.values()["output"]
        return self._why_no_images() or why_no_name(output, OUTPUT_IN_WORDS)

    def _why_no_images(self) -> str | None:
        why = self.source.why_unusable() or self.channels.why_unusable()
        return why or why_no_training(self.config())

    def run(self) -> None:
        """Start the training."""
        if self._busy or self.why_unusable():
            self._show_what_can_run()
            return
        output: Path = self.files.values()["output"].with_suffix(".keras")
        config = self.config()
        settings.remember(classifier=output, backend=config.backend or "")
        self._epochs_done = 0
        self._classifier = None
        self._show_result_widgets(False)
        self.plot.clear(config.epochs)
        self.plot.setVisible(config.network != TEXTURE)
        self.progress.begin("Starting…")
        self.device.stop()
        self._scroll_soon(self.plot)
        make_items = self.source.items(self._worker.temporary_folder())
        self._worker.start_later(TRAIN, lambda: TrainRequest(make_items(), config, output))

    def evaluate(self) -> None:
        """Find out how good a classifier of these images would be on new ones."""
        if self._busy or self._why_no_images():
            self._show_what_can_run()
            return
        self.device.stop()
        self.evaluation.run(self.config())

    @property
    def _busy(self) -> bool:
        return self._worker.running or self.evaluation.running

    def cancel(self) -> None:
        """Stop; the best classifier so far is kept."""
        if self._epochs_done:
            self.progress.stopping("Stopping; the best so far is saved…")
            self._worker.cancel()
        else:
            self.progress.cancel(self._worker)

    def stop(self) -> None:
        """End everything that runs, at once."""
        self.source.stop()
        self.device.stop()
        self._scroll_timer.stop()
        self._worker.kill()
        self.evaluation.stop()

    def use_it_now(self) -> None:
        """Open *Classify images* with the classifier that was trained."""
        widget = open_dock(self._viewer, "Classify images")
        widget.use_classifier(self._classifier)

    def save_copy(self, path: Path) -> None:
        """Save the classifier to ``path``, too."""
        assert self._classifier is not None
        save_copy(self._classifier, path, self.progress)

    def _save_a_copy(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Save a copy", str(self._classifier), "Classifier (*.keras)"
        )
        if chosen:
            self.save_copy(Path(chosen).with_suffix(".keras"))

    def _show_what_can_run(self) -> None:
        self._suggested.suggest(self.source.folder())
        self.channels.offer(self.source.channels)
        why = self.why_unusable()
        self.run_button.setEnabled(why is None and not self._busy)
        show_sentence(self.why_not, "" if self._busy else why or "")
        self.evaluation.offer(self._why_no_images() is None and not self._busy)
        self._show_device()

    def _show_device(self) -> None:
        if self._busy:
            return
        # To look is to start Keras: not before there is something to learn from.
        if self.source.channels and not why_no_training(self.config()):
            self.device.show_for(self.config().backend)
        else:
            self.device.hide()

    def _hear(self, event: Event) -> None:
        if isinstance(event, Epoch):
            self._epochs_done = event.epoch
            self.plot.add(event)
            note = f"Epoch {event.epoch} of {event.epochs}"
            self.progress.update_progress(event.epoch, event.epochs, note, event.seconds_left)
        elif isinstance(event, Note):
            self.progress.note(event.message)
        elif isinstance(event, Progress):
            self.progress.show_stage(event)

    def _finish(self, result: TrainResult) -> None:
        self._classifier = Path(result.classifier)
        sentences = [
            "Stopped; the best so far was kept." if result.cancelled else "",
            f"Saved as {self._classifier}.",
            f"Of the validation images, {result.validation_accuracy:.0%} were right "
            f"({result.balanced_accuracy:.0%} with every class counted equally).",
            *result.messages,
        ]
        self.progress.end("\n".join(filter(None, sentences)))
        self.confusion.show_matrix(result.confusion, result.class_names)
        self._show_result_widgets(True)
        self._show_what_can_run()
        self._scroll_soon(self._buttons)
        self.trained.emit(str(self._classifier))

    def _scroll_soon(self, part: QWidget) -> None:
        # Its place is known once the layout has made room for it.
        self._wanted_part = part
        self._scroll_timer.start(50)

    def _show_result_widgets(self, visible: bool) -> None:
        show(visible, self._confusion_title, self.confusion, self._buttons)
