"""The items that a dock is about: the fields that name them, and the survey of what they name."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from qtpy.QtCore import QObject, Signal

from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.survey import SURVEY, Survey, SurveyRequest, Thumbnail
from napari_image_classifier.system.events import Event
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.forms import Ask, Form
from napari_image_classifier.widgets.qt.parts import timer
from napari_image_classifier.widgets.qt.path_probe import DriveWatch, Kind, why_not_there
from napari_image_classifier.widgets.shared.group_choice import GroupChoice
from napari_image_classifier.widgets.shared.pattern_field import PatternField

MILLISECONDS_BEFORE_A_SURVEY = 300
# What a survey of the groups alone does not find: no file is opened for it.
OF_THE_FILES = ("channels", "channels_named", "sizes", "problems")
AXES_TOOLTIP = (
    "Only for files that don't say what their axes mean: one letter per axis in order, "
    "T time, C channel, Z plane, Y and X; for example ZYX for a stack. Empty: the files say."
)
MASKS_TOOLTIP = (
    "To classify objects: the folder of the masks in which each object has its number, from "
    "Cellpose, StarDist, CellProfiler… Masks are named like their images, or as a pattern says, "
    "such as {name}_cp_masks.png. Empty: whole images are classified."
)
CHOOSE_CLASSIFIER = "Choose a classifier, a .keras file made by Train classifier."

AXES_ASK = Ask("axes", "Axes", AXES_TOOLTIP)
MASKS_ASK = Ask("masks", "Masks", MASKS_TOOLTIP, {"mode": "d", "nullable": True})
SPLIT_ASK = Ask(
    "split_masks", "Connected parts are objects", "Take every connected part of a mask as an "
    "object, whatever its number: for black and white masks, and for classes of pixels such as "
    "ilastik's simple segmentation.",
)  # fmt: skip
MASKS_ASKS = (MASKS_ASK, SPLIT_ASK)
EACH_ASK = Ask(
    "each", "Classify", "What gets a class: a whole image (its planes projected), every time "
    "point of it, or every plane.",
    {"choices": [("whole images", "image"), ("every time point", "time"),
                 ("every plane", "plane")]},
)  # fmt: skip


@dataclass(frozen=True)
class ItemsChoices:
    """What every dock asks of images, in the words of `ItemsQuery`; docks that ask more inherit."""

    folder: Path | None = None
    pattern: str | None = None
    axes: str = ""
    masks: Path | None = None
    split_masks: bool = False

    def why_unusable(self) -> str | None:
        """Return why it can't be looked at yet, as a sentence."""
        return why_not_there(self.folder, Kind.FOLDER, "folder", "Choose a folder with images.")

    def query(self) -> ItemsQuery:
        """Return which items are meant; there must be a folder."""
        known = {field.name for field in fields(ItemsQuery)}
        answers: dict[str, Any] = {
            name: value for name, value in vars(self).items() if name in known
        }
        answers["axes"] = self.axes.strip() or None
        answers["masks"] = str(self.masks) if self.masks else None
        return ItemsQuery(**answers)


class SurveyRunner(QObject):
    """Runs the job `SURVEY` when what is asked has changed, and keeps the survey that it returns.

    ``changed`` tells that `survey` has: None while it is not known.
    ``drawn`` carries each `Thumbnail`, ``failed`` a sentence.

    Parameters
    ----------
    query
        Returns which items are meant; None: there is nothing to survey.
    parent
        The job ends with it.
    thumbnails
        Of how many items of each class a picture is drawn.
    listed
        Whether all items are listed.
    """

    changed = Signal()
    drawn = Signal(object)
    failed = Signal(str)

    def __init__(
        self,
        query: Callable[[], ItemsQuery | None],
        parent: QObject,
        thumbnails: int,
        listed: bool,
    ) -> None:
        super().__init__(parent)
        self._query = query
        self._thumbnails = thumbnails
        self._listed = listed
        self.survey: Survey | None = None
        self._worker = Worker(self, looks=True)
        self._wait = timer(self, self._run, MILLISECONDS_BEFORE_A_SURVEY)
        self._drives = DriveWatch(self)
        self._drives.answered.connect(self._run_if_unknown)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(self._take)
        self._worker.failed.connect(self._fail)

    @property
    def under_way(self) -> bool:
        """Whether the job runs, or is about to."""
        return self._worker.running or self._wait.isActive()

    def restart(self) -> None:
        """Forget the survey, and run the job anew soon."""
        self.survey = None
        self._worker.kill()
        self.survey_groups()

    def survey_groups(self) -> None:
        """Survey soon how the items are grouped now; the rest of the survey stays."""
        self._wait.start()
        self.changed.emit()

    def stop(self) -> None:
        """End a job that is under way."""
        self._wait.stop()
        self._worker.kill()

    def _run_if_unknown(self) -> None:
        if self.survey is None and not self.under_way:
            self.restart()

    def _run(self) -> None:
        query = self._query()
        if query is None:
            self._worker.kill()
            self.changed.emit()
            return
        thumbnails = 0
        if self.survey is None:
            # The group may be one of the folder before.
            query, thumbnails = replace(query, group=None), self._thumbnails
        request = SurveyRequest(**vars(query), thumbnails=thumbnails, listed=self._listed)
        self._worker.start(SURVEY, request)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Thumbnail):
            self.drawn.emit(event)

    def _take(self, survey: Survey) -> None:
        if (before := self.survey) is not None:
            # Only the groups were surveyed again, and no file was opened.
            of_files = {name: getattr(before, name) for name in OF_THE_FILES}
            survey = replace(survey, **of_files)
        self.survey = survey
        self.changed.emit()

    def _fail(self, sentence: str, _detail: str) -> None:
        self.survey = None
        self.failed.emit(sentence)


Choices = TypeVar("Choices", bound=ItemsChoices)


class ItemsForm(Form, Generic[Choices]):
    """The form that says which items are meant; a survey is made when its fields change.

    A dock lays out its ``parts``, ``pattern`` and ``group`` among its own widgets.

    Parameters
    ----------
    empty
        What nothing is filled in of.
    *groups
        How its fields are asked, as `Form` takes them, but for "pattern" and "group".
    query
        Returns which items are meant; None: there is nothing to survey.
    surveyed
        The names of the fields whose changes a survey follows.
    thumbnails, listed
        As of the `SurveyRunner`, which is its ``runner``.
    """

    def __init__(
        self,
        empty: Choices,
        *groups: Sequence[Ask],
        query: Callable[[], ItemsQuery | None],
        surveyed: Iterable[str],
        thumbnails: int = 0,
        listed: bool = False,
    ) -> None:
        super().__init__(empty, *groups)
        self._empty = empty
        self.runner = SurveyRunner(query, self.native, thumbnails, listed)
        self.pattern = PatternField()
        self.group = GroupChoice()
        for name in surveyed:
            self[name].changed.connect(self.runner.restart)
        self.pattern.pattern_changed.connect(self.runner.restart)

    def choices(self) -> Choices:
        """Return what is filled in."""
        asked: dict[str, Any] = {"pattern": self.pattern.pattern, "group": self.group.shared}
        known = {name: asked[name] for name in asked if hasattr(self._empty, name)}
        return replace(self._empty, **self.values(), **known)

    def offer_found(self, first_level: int = 1) -> None:
        """Offer what has been found: what images share, folders from ``first_level``; patterns."""
        if (survey := self.runner.survey) is not None:
            self.group.offer(survey.columns, range(first_level, survey.folder_levels + 1))
            self.pattern.set_proposals(survey.patterns, survey.question)

    def show_images(self) -> None:
        """List the images that the pattern makes."""
        if (survey := self.runner.survey) is not None:
            self.pattern.show_images(survey.images, survey.composed)
