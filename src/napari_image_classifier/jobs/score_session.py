"""The score of a finished blinded session."""

from collections.abc import Sequence

from napari_image_classifier.errors import Cancelled, ImageClassifierError
from napari_image_classifier.items.annotations import ItemKey
from napari_image_classifier.items.item import Item
from napari_image_classifier.raters.agreement import Agreement, AgreementError, agreement_of
from napari_image_classifier.raters.blinded_session import (
    ANSWERS,
    PLAN,
    PREDICTIONS,
    BlindedSession,
    SessionError,
)
from napari_image_classifier.raters.comparison import Comparison
from napari_image_classifier.raters.report import check_agreement_report, write_agreement_report
from napari_image_classifier.raters.session_jobs import SCORE_SESSION, ScoreRequest, SessionScores
from napari_image_classifier.raters.shown_item import ItemReader
from napari_image_classifier.system.atomic_files import told_when_refused
from napari_image_classifier.system.events import Emit
from napari_image_classifier.typing import ShouldStop

JOB = SCORE_SESSION
PICTURE_SIDE = 96


def run(request: ScoreRequest, emit: Emit, should_stop: ShouldStop) -> SessionScores:
    """Write the report of one or several sessions.

    Parameters
    ----------
    request
        The folders of the sessions, and the report to write.
    emit
        Hears nothing.
    should_stop
        Returns True when nobody wants the report.

    Returns
    -------
    SessionScores
        The report, and the comparisons in it.

    Raises
    ------
    SessionError
        A session can't be opened, nothing was answered, or the report can't be written.
    Cancelled
        ``should_stop`` returned True.
    """
    read = (folder / name for folder in request.sessions for name in (PLAN, PREDICTIONS, ANSWERS))
    check_agreement_report(request.report, read)
    sessions = [BlindedSession(folder) for folder in request.sessions]
    comparisons = [comparison for session in sessions for comparison in session.comparisons()]
    if not comparisons:
        raise SessionError("Nothing was answered yet.")
    items: dict[ItemKey, tuple[ItemReader, Item]] = {}
    for session in sessions:
        reader = ItemReader(session.plan.each, session.plan.items.axes)
        items |= {item.key: (reader, item) for item in session.plan.items.items}

    def draw(key: ItemKey) -> bytes | None:
        if should_stop():
            raise Cancelled
        reader, item = items[key]
        try:
            return reader.read(item).picture(PICTURE_SIDE)
        except (ImageClassifierError, OSError):
            return None

    notes = list(dict.fromkeys(note for session in sessions for note in session.plan.notes))
    with told_when_refused(request.report, SessionError, "All answers are kept; make room there."):
        paths = write_agreement_report(
            request.report, _agreement(comparisons), comparisons, notes, draw
        )
    return SessionScores(paths["report"], tuple(comparisons))


def _agreement(comparisons: Sequence[Comparison]) -> Agreement | None:
    """Return how far several raters agree; None of one."""
    answers: dict[str, dict[ItemKey, str]] = {}
    groups: dict[ItemKey, str] = {}
    for comparison in comparisons:
        if comparison.arm == "everything":
            given = answers.setdefault(comparison.rater, {})
            given.update({item.key: item.person for item in comparison.items})
            groups.update({item.key: item.group for item in comparison.items if item.group})
    try:
        return agreement_of(answers, groups)
    except AgreementError:
        return None
