"""The items that are to be labelled, their rater, and the table of annotations."""

from dataclasses import dataclass, replace
from pathlib import Path

import napari
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_image_classifier.items.item import ItemsError, ItemTable
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.reading import sharing
from napari_image_classifier.items.selection import Each
from napari_image_classifier.items.survey import Survey
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.qt.dock import Folded
from napari_image_classifier.widgets.qt.forms import Ask
from napari_image_classifier.widgets.qt.parts import button, choice, form_rows, line_edit, wrapped
from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of, why_not_there
from napari_image_classifier.widgets.qt.plain_text import set_tool_tip
from napari_image_classifier.widgets.shared.items_form import (
    AXES_ASK,
    EACH_ASK,
    MASKS_ASKS,
    ItemsChoices,
    ItemsForm,
)
from napari_image_classifier.widgets.viewer.layers_watch import image_layers

FOLDER, OPEN = "folder", "open"
KINDS = {FOLDER: "the images of a folder", OPEN: "the images that are open"}
TABLE_NAME = "labels.csv"


@dataclass(frozen=True)
class LabelWhat(ItemsChoices):
    """What *Label images* asks."""

    group: str | None = None
    each: Each = "image"
    table: Path | None = None

    def why_unusable(self) -> str | None:
        """Return why it can't be looked at yet, as a sentence."""
        why = super().why_unusable()
        if why or self.masks is None or "{" in str(self.masks):
            return why
        return why_not_there(self.masks, Kind.FOLDER, "folder of masks", "")


FOLDER_ASK = Ask(
    "folder", "Folder", "The folder whose images get classes; its sub-folders are searched.",
    {"mode": "d", "nullable": True},
)  # fmt: skip
TABLE_ASK = Ask(
    "table", "Table", "The CSV table that every class goes into the moment it is given. One that "
    "is there already is gone on with; several raters may share it.",
    {"mode": "w", "filter": "*.csv", "nullable": True},
)  # fmt: skip


@dataclass(frozen=True)
class ToLabel:
    """The items of ``table``, to be labelled by ``rater`` in the table ``path``; what was asked."""

    table: ItemTable
    rater: str
    path: Path
    query: ItemsQuery


class LabellingSource(QWidget):
    """Asks for images, rater and table; `begun` carries a `ToLabel` when all is known."""

    begun = Signal(object)

    def __init__(self, viewer: napari.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._suggested: Path | None = None
        self._build()
        self._connect()
        self._recall()

    def _build(self) -> None:
        self.kind = choice(KINDS, "Where the images are that get classes.")
        self.form = ItemsForm(
            LabelWhat(), (FOLDER_ASK,), (*MASKS_ASKS, AXES_ASK),
            (replace(EACH_ASK, label="What gets a class"),), (TABLE_ASK,),
            query=self._query, listed=True,
            surveyed=("folder", "masks", "split_masks", "axes", "each"),
        )  # fmt: skip
        self.pattern, self.group = self.form.pattern, self.form.group
        self._folder, folded, each, table = self.form.parts
        self.rater = line_edit(
            "your name or initials",
            "It stands with every class that you give, as others may rate, too.",
        )
        self.summary = wrapped()
        self.begin_button = button("Begin", "Show the first item.")
        more = Folded("Objects, not whole images; files without axes", folded)
        form_rows(
            self, self.kind, self._folder, self.pattern, more, each, self.summary, self.group,
            ("Rater", self.rater), table, self.begin_button,
        )  # fmt: skip

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self._survey_soon)
        for signal in (self.rater.textChanged, self.form["table"].changed, self.group.changed):
            signal.connect(self._show_what_can_run)
        self.form.runner.changed.connect(self._show)
        self.form.runner.failed.connect(self._say)
        self.begin_button.clicked.connect(self.begin)

    def _recall(self) -> None:
        self.rater.setText(settings.remembered(settings.RATER))
        folder = Path(settings.remembered(settings.LABELLED_FOLDER) or "-")
        if kind_of(folder) is Kind.FOLDER:
            self.form["folder"].value = folder
        self._show_what_can_run()

    def choose_folder(self, folder: str | Path) -> None:
        """Fill in a folder."""
        self.form["folder"].value = Path(folder)

    def choices(self) -> LabelWhat:
        """Return what is filled in."""
        choices = self.form.choices()
        if self.kind.currentData() == OPEN:
            return replace(choices, folder=_shared_folder(self._open_files()))
        return choices

    def why_unusable(self) -> str | None:
        """Return why labelling can't begin yet, as a sentence."""
        choices = self.choices()
        if self.kind.currentData() == OPEN and choices.folder is None:
            return "Open images from files first; layers without a file have no name to remember."
        if why := choices.why_unusable():
            return why
        if self.listed is None:
            return None if self.form.runner.under_way else self.summary.text()
        if why := self.group.why_unusable():
            return why
        if not self.rater.text().strip():
            return "Write your name or initials; they stand with every class that you give."
        return None

    def begin(self) -> None:
        """Show the first item."""
        choices, query = self.choices(), self._query()
        listed = self.listed.items if self.listed else None
        if not self.begin_button.isEnabled() or query is None or listed is None:
            return
        assert choices.table is not None
        rater = self.rater.text().strip()
        try:
            items = tuple(sharing(list(listed.items), "group", query.group))
        except ItemsError as error:
            self._say(str(error))
            return
        settings.remember(labelled_folder=query.folder, rater=rater)
        self.begun.emit(ToLabel(replace(listed, items=items), rater, choices.table, query))

    def stop(self) -> None:
        """End a survey that is under way."""
        self.form.runner.stop()

    @property
    def listed(self) -> Survey | None:
        """What there is to label; None while it is not known."""
        return self.form.runner.survey

    def _survey_soon(self) -> None:
        self._folder.setVisible(self.kind.currentData() == FOLDER)
        self.form.runner.restart()

    def _query(self) -> ItemsQuery | None:
        choices = self.choices()
        if choices.folder is None or choices.why_unusable():
            return None
        is_open = self.kind.currentData() == OPEN
        files = tuple(self._open_files()) if is_open else ()
        return replace(choices.query(), annotated=False, files=files)

    def _show(self) -> None:
        folder = self.choices().folder
        if folder is not None and self.choices().table in (None, self._suggested):
            self._suggested = folder / TABLE_NAME
            self.form["table"].value = self._suggested
        if self.listed is not None and self.listed.items is not None:
            n_items, n_images = len(self.listed.items.items), self.listed.n_images
            of = "" if n_items == n_images else f"{n_items} items of "
            self.summary.setText(f"{of}{n_images} images.")
            self.form.offer_found()
        elif self.form.runner.under_way:
            self.summary.setText("Looking at the images…")
        self._show_what_can_run()

    def _say(self, sentence: str) -> None:
        self.summary.setText(sentence)
        self._show_what_can_run()

    def _show_what_can_run(self) -> None:
        why = self.why_unusable()
        self.begin_button.setEnabled(why is None and self.listed is not None)
        if why and self.listed is None:
            self.summary.setText(why)
        set_tool_tip(self.begin_button, why or "Show the first item.")

    def _open_files(self) -> list[Path]:
        sources = dict.fromkeys(layer.source for layer in image_layers(self._viewer))
        return [Path(source) for source in sources if source]


def _shared_folder(files: list[Path]) -> Path | None:
    """Return the deepest folder that all files are in."""
    folders = [set(path.parents) for path in files]
    shared = set.intersection(*folders) if folders else set()
    return max(shared, key=lambda folder: len(folder.parts), default=None)
