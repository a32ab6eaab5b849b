"""The look at items, taken anew a moment after a person has changed what is asked."""

from collections.abc import Callable
from dataclasses import replace

from qtpy.QtCore import QObject, Signal

from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.survey import SURVEY, Survey, SurveyRequest, Thumbnail
from napari_image_classifier.system.events import Event
from napari_image_classifier.widgets.qt.compute_worker import Worker
from napari_image_classifier.widgets.qt.parts import timer
from napari_image_classifier.widgets.qt.path_probe import DriveWatch

MILLISECONDS_BEFORE_A_LOOK = 300


class ItemsLook(QObject):
    """Runs the job `SURVEY` when what is asked has changed, and keeps what it has found.

    ``changed`` tells that `found` has: None while it is not known.
    ``drawn`` carries each `Thumbnail`, ``failed`` a sentence.

    Parameters
    ----------
    query
        Returns which items are meant; None: there is nothing to look at.
    parent
        The looks end with it.
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
        *,
        thumbnails: int = 0,
        listed: bool = False,
    ) -> None:
        super().__init__(parent)
        self._query = query
        self._thumbnails = thumbnails
        self._listed = listed
        self.found: Survey | None = None
        self._worker = Worker(self, looks=True)
        self._wait = timer(self, self._look, MILLISECONDS_BEFORE_A_LOOK)
        self._drives = DriveWatch(self)
        self._drives.answered.connect(self._look_if_unknown)
        self._worker.happened.connect(self._hear)
        self._worker.finished.connect(self._take)
        self._worker.failed.connect(self._fail)

    @property
    def under_way(self) -> bool:
        """Whether a look is taken, or is about to be."""
        return self._worker.running or self._wait.isActive()

    def again(self) -> None:
        """Forget what was found, and look anew soon."""
        self.found = None
        self._worker.kill()
        self.look_at_groups()

    def look_at_groups(self) -> None:
        """Look soon how the items are grouped now; the rest of what was found stays."""
        self._wait.start()
        self.changed.emit()

    def stop(self) -> None:
        """End a look that is under way."""
        self._wait.stop()
        self._worker.kill()

    def _look_if_unknown(self) -> None:
        if self.found is None and not self.under_way:
            self.again()

    def _look(self) -> None:
        query = self._query()
        if query is None:
            self._worker.kill()
            self.changed.emit()
            return
        thumbnails = 0
        if self.found is None:
            # The group may be one of the folder before.
            query, thumbnails = replace(query, group=None), self._thumbnails
        request = SurveyRequest(**vars(query), thumbnails=thumbnails, listed=self._listed)
        self._worker.start(SURVEY, request)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Thumbnail):
            self.drawn.emit(event)

    def _take(self, found: Survey) -> None:
        if (before := self.found) is not None:
            # Only the groups were looked at again, and no file was opened.
            found = replace(
                found,
                channels=before.channels,
                channels_named=before.channels_named,
                sizes=before.sizes,
                problems=before.problems,
            )
        self.found = found
        self.changed.emit()

    def _fail(self, sentence: str, _detail: str) -> None:
        self.found = None
        self.failed.emit(sentence)
