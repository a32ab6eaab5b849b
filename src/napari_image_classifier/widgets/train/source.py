"""The items to learn from: a folder of classes, a table or the open images, and their survey."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import napari
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.reading import read_query
from napari_image_classifier.items.selection import Each
from napari_image_classifier.items.survey import Survey
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.qt.dock import Folded
from napari_image_classifier.widgets.qt.forms import Ask
from napari_image_classifier.widgets.qt.parts import choice, show, stacked
from napari_image_classifier.widgets.qt.path_probe import Kind, why_not_there
from napari_image_classifier.widgets.shared.items_form import (
    AXES_ASK,
    EACH_ASK,
    MASKS_ASKS,
    ItemsChoices,
    ItemsForm,
)
from napari_image_classifier.widgets.train.object_annotation import ObjectAnnotation
from napari_image_classifier.widgets.train.open_images import OpenImages
from napari_image_classifier.widgets.train.survey_view import THUMBNAILS_PER_CLASS, SurveyView

FOLDER, TABLE, OPEN, OBJECTS = "folder", "table", "open", "objects"
LOOKING = "Looking at the images…"
KINDS = {
    FOLDER: "a folder with one sub-folder per class",
    TABLE: "a table (CSV) of files and their classes",
    OPEN: "the open images",
    OBJECTS: "objects in the open images",
}


@dataclass(frozen=True)
class LearnFrom(ItemsChoices):
    """Where *Train classifier* finds its images."""

    items_csv: Path | None = None
    group: str | None = None
    each: Each = "image"

    def why_unusable(self) -> str | None:
        """Return why it can't be looked at yet, as a sentence."""
        why = why_not_there(self.folder, Kind.FOLDER, "folder", "Choose a folder.")
        if why or self.items_csv is None:
            return why
        return why_not_there(self.items_csv, Kind.FILE, "table", "")


FOLDER_ASK = Ask(
    "folder", "Folder", "A folder with one sub-folder per class, named like the class; or, with a "
    "table, the folder that its file names are relative to.", {"mode": "d", "nullable": True},
)  # fmt: skip
CSV_ASK = Ask(
    "items_csv", "Table", "A CSV table with the columns file and class, and any others, for "
    "example well.", {"mode": "r", "filter": "*.csv *.txt *.tsv", "nullable": True},
)  # fmt: skip

MakeItems = Callable[[], ItemTable]


class TrainingSource(QWidget):
    """Asks where the images are and what belongs together; shows what is there."""

    changed = Signal()

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = ItemsForm(
            LearnFrom(), (CSV_ASK, FOLDER_ASK), (AXES_ASK,), MASKS_ASKS, (EACH_ASK,),
            query=self._query, surveyed=("folder", "items_csv", "axes", "masks", "split_masks"),
            thumbnails=THUMBNAILS_PER_CLASS,
        )  # fmt: skip
        self.pattern, self.group = self.form.pattern, self.form.group
        self.kind = choice(KINDS, "Where the images are whose classes a person gave.")
        self.open_images = OpenImages(viewer)
        self.objects = ObjectAnnotation(viewer)
        self.view = SurveyView()
        paths, axes, masks, self._each = self.form.parts
        self._axes = Folded("Files that don't say what their axes mean", axes)
        self._masks = Folded("Objects, not whole images", masks)
        stacked(
            self, self.kind, paths, self.open_images, self.objects, self.pattern,
            self._axes, self._masks, self._each, self.view, self.group,
        )  # fmt: skip
        self._connect()
        self._show_kind()

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self._show_kind)
        self.group.changed.connect(self.form.runner.survey_groups)
        self.open_images.changed.connect(self.changed)
        self.objects.changed.connect(self.changed)
        self.form.runner.drawn.connect(self.view.add_thumbnail)
        self.form.runner.changed.connect(self._show)
        self.form.runner.failed.connect(self._show_failure)

    def choose_items(self, query: ItemsQuery, table: Path | None) -> None:
        """Fill in which items were labelled by eye, and the table of these labels."""
        self.form["masks"].value = Path(query.masks) if query.masks else None
        self.form["split_masks"].value = query.split_masks
        self.form["axes"].value = query.axes or ""
        self.form["each"].value = query.each
        self.pattern.set_pattern(query.pattern or "")
        self.choose_folder(query.folder, table)

    def choose_folder(self, folder: str | Path, items_csv: str | Path | None = None) -> None:
        """Fill in a folder, and a table if there is one."""
        self.choose_kind(TABLE if items_csv else FOLDER)
        if items_csv is not None:
            self.form["items_csv"].value = Path(items_csv)
        self.form["folder"].value = Path(folder)

    def choose_kind(self, kind: str) -> None:
        """Choose one of `KINDS`."""
        self.kind.setCurrentIndex(list(KINDS).index(kind))

    def stop(self) -> None:
        """End a survey that is under way, and take no more clicks."""
        self.objects.leave()
        self.form.runner.stop()

    def choices(self) -> LearnFrom:
        """Return what is filled in."""
        choices = self.form.choices()
        if self.kind.currentData() != TABLE:
            return replace(choices, items_csv=None)
        if choices.folder is None and choices.items_csv is not None:
            return replace(choices, folder=choices.items_csv.parent)
        return choices

    @property
    def survey(self) -> Survey | None:
        """What there is to learn from; None while it is not known."""
        return self.form.runner.survey

    def why_unusable(self) -> str | None:
        """Return why nothing can be learnt yet, as a sentence."""
        if (in_viewer := self._in_viewer) is not None:
            return in_viewer.why_unusable()
        if why := self.choices().why_unusable():
            return why
        if self.survey is None:
            return LOOKING if self.form.runner.under_way else "These images can't be used."
        if len(self.survey.classes) < 2:
            return "At least two classes are needed, each in a sub-folder or named in the table."
        return self.group.why_unusable()

    @property
    def _in_viewer(self) -> OpenImages | ObjectAnnotation | None:
        """What is learnt from if it is open already, so that there is no survey beforehand."""
        kind = self.kind.currentData()
        if kind == OPEN:
            return self.open_images
        return self.objects if kind == OBJECTS else None

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of the images, as far as they are known."""
        if self._in_viewer is not None:
            return self._in_viewer.channel_names
        return self.survey.channels if self.survey else ()

    @property
    def shared(self) -> tuple[Sequence[str], Sequence[int]]:
        """What images may share: columns, and levels of folders."""
        if self.survey is None or self._in_viewer is not None:
            return (), ()
        return self.survey.columns, range(self._first_level, self.survey.folder_levels + 1)

    @property
    def _first_level(self) -> int:
        # The first sub-folder is the class where folders are classes: nothing that is shared.
        return 1 if self.kind.currentData() == TABLE else 2

    def folder(self) -> Path | None:
        """Where the images are, for an output beside them."""
        return self._in_viewer.folder() if self._in_viewer else self.choices().folder

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
        settings.remember(training_folder=choices.folder)
        query = replace(choices.query(), acquisition=acquisition)
        return lambda: read_query(query)

    def show_open_image(self, file: str, item: str) -> bool:
        """Select one of the open images by its name in `items`; False where it is none of them."""
        return self.open_images.show_image(file, item)

    def _show_kind(self) -> None:
        kind, in_viewer = self.kind.currentData(), self._in_viewer
        self.form.native.setVisible(in_viewer is None)
        self.form["items_csv"].visible = kind == TABLE
        self.open_images.setVisible(kind == OPEN)
        self.objects.setVisible(kind == OBJECTS)
        self._each.setVisible(kind != OBJECTS)
        show(in_viewer is None, self.pattern, self._axes, self._masks, self.view, self.group)
        if in_viewer is not None:
            in_viewer.refresh()
            self.changed.emit()
        else:
            self.form.runner.restart()

    def _query(self) -> ItemsQuery | None:
        choices = self.choices()
        usable = self._in_viewer is None and not choices.why_unusable()
        return choices.query() if usable else None

    def _show(self) -> None:
        if self.survey is None:
            self.view.clear(LOOKING if self.form.runner.under_way and self._query() else "")
        else:
            self.form.offer_found(self._first_level)
            self.form.show_images()
            self.view.show_survey(self.survey)
        self.changed.emit()

    def _show_failure(self, sentence: str) -> None:
        self.view.clear(problem=sentence)
        self.changed.emit()
