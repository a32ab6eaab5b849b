"""The dock *Classify images*: a classifier and the open images in, a class on each image out."""

from dataclasses import dataclass
from pathlib import Path

import napari
from napari.qt.threading import create_worker
from qtpy.QtCore import Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLineEdit, QWidget

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import sentence_of
from napari_image_classifier.widgets.classify_images.class_overview import ClassOverview
from napari_image_classifier.widgets.classify_images.classifier import (
    ClassifierDrop,
    description_in_words,
    details_in_words,
)
from napari_image_classifier.widgets.classify_images.image_list import OpenImageList
from napari_image_classifier.widgets.classify_images.run import ImageRun, Task, keep_in_metadata
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.qt.background import Lookup
from napari_image_classifier.widgets.qt.dock import Dock
from napari_image_classifier.widgets.qt.forms import Ask, Form
from napari_image_classifier.widgets.qt.parts import button, check_box, show, wrapped
from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of
from napari_image_classifier.widgets.qt.plain_text import set_tool_tip
from napari_image_classifier.widgets.qt.progress_row import ProgressRow, show_sentence
from napari_image_classifier.widgets.shared.prediction_table import PredictionTable
from napari_image_classifier.widgets.viewer.coloured_objects import compile_colouring
from napari_image_classifier.widgets.viewer.prediction_display import ImageViews
from napari_image_classifier.wording import counted


@dataclass(frozen=True)
class ClassifierChoice:
    """What the form asks."""

    classifier: Path | None = None


CLASSIFIER_ASK = Ask(
    "classifier",
    "Classifier",
    "A .keras file made by Train classifier, or imported. You can also drop it on the viewer.",
    {"mode": "r", "filter": "*.keras", "nullable": True},
)
NO_CLASSIFIER = "Choose a classifier, a .keras file made by Train classifier, or drop it here."


class ClassifyImages(Dock):
    """Classifies the images that are open in the viewer, on a thread of it.

    ``classifier_changed`` tells that one was loaded, or could not be; ``ended`` that nothing runs
    any more, whatever ended it.
    """

    classifier_changed = Signal()
    ended = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classifier: Classifier | None = None
        self._run: ImageRun | None = None
        self._predicted: dict[str, tuple[Task, dict[str, Prediction]]] = {}
        self._views = ImageViews(viewer, self)
        self._drop = ClassifierDrop(self)
        self._opening = Lookup(self)
        self._build(viewer)
        self._connect()
        last = settings.remembered(settings.CLASSIFIER)
        if last and kind_of(Path(last)) is Kind.FILE:
            self.use_classifier(last)
        else:
            self._show_classifier(None, NO_CLASSIFIER)

    def _build(self, viewer: napari.Viewer) -> None:
        self.form = Form(ClassifierChoice(), (CLASSIFIER_ASK,))
        self.expects, self.hint = wrapped(), wrapped()
        self.open_images = OpenImageList(viewer)
        self.run_button = button("Classify", "Classify the images that are checked above.")
        self.progress = ProgressRow()
        self.only_one = check_box(
            "Show only the image I click on",
            "The other classified images are hidden until you uncheck this.",
        )
        self.overview = ClassOverview(viewer)
        self.results = PredictionTable()
        self.add_heading("1. Classifier")
        self.add(self.form.native, self.expects)
        self.add_heading("2. Open images")
        self.add(self.open_images, self.hint, self.run_button, self.progress)
        self.results_heading = self.add_heading("3. Result")
        self.add(self.only_one, self.overview, self.results)
        self._show_results(False)

    def _connect(self) -> None:
        self.form["classifier"].changed.connect(self._choose)
        self.open_images.changed.connect(self._show_state)
        self.open_images.table.said.connect(self._remember)
        self.run_button.clicked.connect(self.classify)
        self.progress.cancel_clicked.connect(self.cancel)
        self.results.item_selected.connect(self._views.go_to)
        self.results.item_selected.connect(self.overview.over_time.select)
        self.only_one.toggled.connect(self._views.show_only)
        self._drop.dropped.connect(self.use_classifier)
        self._opening.answered.connect(self._loaded)
        # The canvas is left as it was.
        self.closed.connect(self.cancel)
        self.closed.connect(self._views.clear)
        self._drop.watch(self)
        # A path is typed here, not dropped: what is dropped goes to the dock around it.
        for line in self.form.native.findChildren(QLineEdit):
            line.setAcceptDrops(False)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        """Take drops on the canvas as well, now that the dock has its place in the window."""
        super().showEvent(event)
        self._drop.watch_canvas(self)

    def use_classifier(self, path: str | Path) -> None:
        """Open a classifier and show what it expects; `classifier_changed` follows."""
        field = self.form["classifier"]
        if field.value == Path(path):
            self._choose(field.value)
        else:
            field.value = Path(path)

    def classify(self) -> None:
        """Begin to classify the images that are checked; `ended` follows."""
        self.open_images.refresh()
        tasks = self.open_images.tasks()
        if self.classifier is None or not tasks or self._run is not None:
            return
        tasks = [task.located() for task in tasks]
        self._views.clear()
        self.overview.clear()
        self.only_one.setChecked(False)
        self.results.clear()
        self.results.set_class_names(self.classifier.class_names)
        self._show_results(True)
        self.progress.begin("Starting")
        self._predicted = {}
        self._run = ImageRun(self.classifier, tasks, self)
        self._run.predicted.connect(self._show_predictions)
        self._run.finished.connect(self._end)
        for task in tasks:
            if task.objects is not None and task.objects.labels is not None:
                create_worker(compile_colouring, task.objects.labels.dtype).start()
        self._show_state()

    def cancel(self) -> None:
        """Stop at once; what was classified stays."""
        if self._run is not None:
            done, total = self._run.n_done, self._run.n_tasks
            self._run.stop()
            self._leave(f"Stopped: {done} of {counted(total, 'image')} were classified.")

    def _choose(self, path: Path | None) -> None:
        if path is None or path == Path():
            self._show_classifier(None, NO_CLASSIFIER)
            return
        self._show_classifier(None, f"Opening {path.name} …")
        self._opening.ask(lambda: _open(path))

    def _loaded(self, answer: tuple[Path, Classifier | str]) -> None:
        path, opened = answer
        if path != self.form["classifier"].value:
            return
        if isinstance(opened, Classifier):
            settings.remember(classifier=path)
            self._show_classifier(opened, description_in_words(opened.description))
        else:
            self._show_classifier(None, opened, error=True)
        self.classifier_changed.emit()

    def _show_classifier(
        self, classifier: Classifier | None, words: str, *, error: bool = False
    ) -> None:
        self.classifier = classifier
        show_sentence(self.expects, words, error=error)
        set_tool_tip(self.expects, details_in_words(classifier.description) if classifier else "")
        if classifier is None:
            self.open_images.expect(None)
            return
        remembered = settings.remembered_channels(classifier.sha256)
        said = {**classifier.description.channel_map, **remembered}
        self.open_images.expect(classifier.preparation, said)

    def _remember(self, channel: str, called: str) -> None:
        if self.classifier is not None:
            settings.remember_channels(self.classifier.sha256, {channel: called})

    def _show_state(self) -> None:
        show_sentence(self.hint, self.open_images.hint() if self.classifier else "")
        n_tasks = len(self.open_images.tasks())
        self.run_button.setText(f"Classify {counted(n_tasks, 'image')}" if n_tasks else "Classify")
        self.run_button.setEnabled(bool(n_tasks) and self._run is None)

    def _show_results(self, shown: bool) -> None:
        show(shown, self.results_heading, self.only_one, self.results)

    def _show_predictions(self, n_done: int, pairs: list[tuple[Task, Prediction]]) -> None:
        for task, prediction in pairs:
            _, items = self._predicted.setdefault(prediction.file, (task, {}))
            items[prediction.item] = prediction
        self.results.add([prediction for _, prediction in pairs])
        # The table leads to an image, and the canvas says its class; objects have colours.
        for name in dict.fromkeys(prediction.file for _, prediction in pairs):
            task, items = self._predicted[name]
            layers = list(dict.fromkeys(channel.layer.layer for channel in task.channels))
            self._views.add(name, layers, task.channels[0].axes, {} if task.objects else items)
        total = self._run.n_tasks
        note = f"{n_done} of {counted(total, 'image')}"
        if any(prediction.place for _, prediction in pairs):
            note += f", {self.results.model.rowCount()} objects so far"
        self.progress.update_progress(n_done, total, note)

    def _end(self, sentence: str) -> None:
        self._leave(sentence or self._summary(self._run.n_tasks), error=bool(sentence))

    def _leave(self, sentence: str, *, error: bool = False) -> None:
        self._run.deleteLater()
        self._run = None
        for task, items in self._predicted.values():
            if task.objects is None and self.classifier is not None:
                layers = [layer.layer for layer in task.image.layers]
                keep_in_metadata(layers, list(items.values()), self.classifier)
            self.overview.add(task, list(items.values()))
        self.progress.end(sentence, error=error)
        self._show_state()
        self.ended.emit()

    def _summary(self, total: int) -> str:
        n_bad = sum(any(prediction.status == "error" for prediction in items.values())
                    for _, items in self._predicted.values())  # fmt: skip
        told = f"{counted(total - n_bad, 'image')} classified."
        if not n_bad:
            return told
        return f"{told} {counted(n_bad, 'image')} could not be; the table says why."


def _open(path: Path) -> tuple[Path, Classifier | str]:
    try:
        return path, load_classifier(path)
    except Exception as error:  # noqa: BLE001 - whatever a runtime raises, the dock goes on
        return path, sentence_of(error, f"{path} can't be opened")
