"""What to learn from: a folder of classes, a table, or the open images, and a look at it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import napari
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.items.survey import SURVEY, Survey, SurveyRequest, Thumbnail
from napari_image_classifier.system.events import Event
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.dock import Folded
from napari_image_classifier.widgets.qt.forms import Form
from napari_image_classifier.widgets.qt.path_probe import DriveWatch
from napari_image_classifier.widgets.shared.form_fields import (
    AXES_ASK,
    CSV_ASK,
    EACH_ASK,
    FOLDER_ASK,
    MASKS_ASK,
    LabelWhat,
    LearnFrom,
)
from napari_image_classifier.widgets.shared.group_choice import GroupChoice
from napari_image_classifier.widgets.shared.pattern_field import PatternField
from napari_image_classifier.widgets.train.object_annotation import ObjectAnnotation
from napari_image_classifier.widgets.train.open_images import OpenImages
from napari_image_classifier.widgets.train.survey_view import THUMBNAILS_PER_CLASS, SurveyView

FOLDER, TABLE, OPEN, OBJECTS = "folder", "table", "open", "objects"
KINDS = {
    FOLDER: "a folder with one sub-folder per class",
    TABLE: "a table (CSV) of files and their classes",
    OPEN: "the open images",
    OBJECTS: "objects in the open images",
}
MILLISECONDS_BEFORE_A_LOOK = 300

MakeItems = Callable[[], ItemTable]


class TrainingSource(QWidget):
    """Asks where the images are and what belongs together; shows what is there."""

    changed = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.survey: Survey | None = None
        self._surveyor = Worker(self, looks=True)
        self._drives = DriveWatch(self)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(MILLISECONDS_BEFORE_A_LOOK)
        self.kind = QComboBox()
        self.kind.setToolTip("Where the images are whose classes a person gave.")
        for kind, words in KINDS.items():
            self.kind.addItem(words, kind)
        self.form = Form(LearnFrom(), (CSV_ASK, FOLDER_ASK))
        self.each_form = Form(LearnFrom(), (EACH_ASK,))
        self.axes_form = Form(LearnFrom(), (AXES_ASK,))
        self.masks_form = Form(LearnFrom(), (MASKS_ASK,))
        self.open_images = OpenImages(viewer)
        self.objects = ObjectAnnotation(viewer)
        self.pattern = PatternField()
        self.view = SurveyView()
        self.group = GroupChoice()
        self._axes = Folded("Files that don't say what their axes mean")
        self._axes.inside.addWidget(self.axes_form.native)
        self._masks = Folded("Objects, not whole images")
        self._masks.inside.addWidget(self.masks_form.native)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.kind, self.form.native, self.open_images, self.objects, self.pattern,
                       self._axes, self._masks, self.each_form.native, self.view,
                       self.group):  # fmt: skip
            layout.addWidget(widget)
        self._connect()
        self._show_kind()

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self._show_kind)
        for form, names in (
            (self.form, ("folder", "items_csv")),
            (self.axes_form, ("axes",)),
            (self.masks_form, ("masks",)),
        ):
            for name in names:
                form[name].changed.connect(self._look_soon_anew)
        self.pattern.pattern_changed.connect(self._look_soon_anew)
        self.group.changed.connect(self._look_soon)
        self.open_images.changed.connect(self.changed)
        self.objects.changed.connect(self.changed)
        self._wait.timeout.connect(self._look)
        self._drives.answered.connect(self._look_if_unknown)
        self._surveyor.happened.connect(self._hear)
        self._surveyor.finished.connect(self._show)
        self._surveyor.failed.connect(self._show_failure)

    def choose_labels(self, labelled: LabelWhat) -> None:
        """Fill in what was labelled by eye, and the table of these labels."""
        assert labelled.folder is not None
        self.masks_form["masks"].value = labelled.masks
        self.axes_form["axes"].value = labelled.axes
        self.each_form["each"].value = labelled.each
        self.pattern.set_pattern(labelled.pattern or "")
        self.choose_folder(labelled.folder, labelled.table)

    def choose_folder(self, folder: str | Path, items_csv: str | Path | None = None) -> None:
        """Fill in a folder, and a table if there is one."""
        self.kind.setCurrentIndex(list(KINDS).index(TABLE if items_csv else FOLDER))
        if items_csv is not None:
            self.form["items_csv"].value = Path(items_csv)
        self.form["folder"].value = Path(folder)

    def choose_open_images(self) -> None:
        """Choose to learn from the open images."""
        self.kind.setCurrentIndex(list(KINDS).index(OPEN))

    def choose_objects(self) -> None:
        """Choose to learn from objects in the open images."""
        self.kind.setCurrentIndex(list(KINDS).index(OBJECTS))

    def stop(self) -> None:
        """End a look that is under way, and take no more clicks."""
        self.objects.leave()
        self._wait.stop()
        self._surveyor.kill()

    def choices(self) -> LearnFrom:
        """Return what is filled in, as `read_items` takes it."""
        values = {
            **self.form.values(),
            **self.each_form.values(),
            **self.axes_form.values(),
            **self.masks_form.values(),
            "pattern": self.pattern.pattern,
            "group": self.group.group,
        }
        if self.kind.currentData() != TABLE:
            values["items_csv"] = None
        elif values["folder"] is None and values["items_csv"] is not None:
            values["folder"] = values["items_csv"].parent
        return LearnFrom(**values)

    def why_unusable(self) -> str | None:
        """Return why nothing can be learnt yet, as a sentence."""
        if (in_viewer := self._in_viewer) is not None:
            return in_viewer.why_unusable()
        choices = self.choices()
        if why := choices.why_unusable():
            return why
        if self.survey is None:
            return "Looking at the images…" if self._looking else "These images can't be used."
        if len(self.survey.classes) < 2:
            return "At least two classes are needed, each in a sub-folder or named in the table."
        if not self.group.answered:
            return "Say which images are not independent."
        return None

    @property
    def _in_viewer(self) -> OpenImages | ObjectAnnotation | None:
        """What is learnt from if it is open already, so that there is no look beforehand."""
        kind = self.kind.currentData()
        if kind == OPEN:
            return self.open_images
        return self.objects if kind == OBJECTS else None

    @property
    def _looking(self) -> bool:
        return self._surveyor.running or self._wait.isActive()

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of the images, as far as they are known."""
        if (in_viewer := self._in_viewer) is not None:
            return in_viewer.channel_names
        return self.survey.channels if self.survey else ()

    @property
    def shared(self) -> tuple[Sequence[str], Sequence[int]]:
        """What images may share: columns, and levels of folders."""
        if self.survey is None or self._in_viewer is not None:
            return (), ()
        # The first sub-folder is the class where folders are classes: nothing that is shared.
        first = 1 if self.kind.currentData() == TABLE else 2
        return self.survey.columns, range(first, self.survey.folder_levels + 1)

    def folder(self) -> Path | None:
        """Where the images are, for an output beside them."""
        if (in_viewer := self._in_viewer) is not None:
            return in_viewer.folder()
        return self.choices().folder

    def items(self, temporary: Path, acquisition: str | None = None) -> MakeItems:
        """Return a function that makes the table of items; it may be called on a thread.

        Open images are written to the folder ``temporary``, which must stay until the job is over.
        ``acquisition`` is as in `read_items`.
        """
        choices = self.choices()
        if self.kind.currentData() == OPEN:
            return self.open_images.items(temporary, choices.each)
        if self.kind.currentData() == OBJECTS:
            return self.objects.items(temporary)
        assert choices.folder is not None
        folder = choices.folder
        settings.remember(training_folder=folder)

        def read() -> ItemTable:
            return read_items(folder, acquisition=acquisition, **choices.options())

        return read

    def show_open_image(self, file: str, item: str) -> bool:
        """Select one of the open images by its name in `items`; False where it is none of them."""
        return self.open_images.show_image(file, item)

    def _show_kind(self) -> None:
        kind, in_viewer = self.kind.currentData(), self._in_viewer
        self.form.native.setVisible(in_viewer is None)
        self.form["items_csv"].visible = kind == TABLE
        self.open_images.setVisible(kind == OPEN)
        self.objects.setVisible(kind == OBJECTS)
        self.each_form.native.setVisible(kind != OBJECTS)
        for widget in (self.pattern, self._axes, self._masks, self.view, self.group):
            widget.setVisible(in_viewer is None)
        if in_viewer is not None:
            in_viewer.refresh()
            self.changed.emit()
        else:
            self._look_soon_anew()

    def _look_soon_anew(self) -> None:
        self.survey = None
        self.view.clear()
        self._look_soon()

    def _look_soon(self) -> None:
        self._wait.start()
        self.changed.emit()

    def _look_if_unknown(self) -> None:
        if self.survey is None and not self._looking:
            self._look_soon()

    def _look(self) -> None:
        choices = self.choices()
        if choices.why_unusable() or self._in_viewer is not None:
            self._surveyor.kill()
            self.changed.emit()
            return
        if self.survey is None:
            self.view.say("Looking at the images…")
        options = choices.options()
        if self.survey is None:
            options["group"] = None  # it may be of the folder before
        thumbnails = THUMBNAILS_PER_CLASS if self.survey is None else 0
        items = {"folder": choices.folder, **options}
        self._surveyor.start(SURVEY, SurveyRequest(items, thumbnails))

    def _hear(self, event: Event) -> None:
        if isinstance(event, Thumbnail):
            self.view.add_thumbnail(event)

    def _show(self, survey: Survey) -> None:
        if (before := self.survey) is not None:
            # Only the groups were looked at again.
            survey = replace(
                survey,
                channels=before.channels,
                channels_named=before.channels_named,
                sizes=before.sizes,
                problems=before.problems,
            )
        self.survey = survey
        self.group.offer(*self.shared)
        self.pattern.set_proposals(survey.patterns)
        self.pattern.show_images([item.image for item in survey.images], survey.n_images)
        self.view.show_survey(survey)
        self.changed.emit()

    def _show_failure(self, message: str, _detail: str) -> None:
        self.survey = None
        self.view.clear()
        self.view.say("", message)
        self.changed.emit()
