"""The jobs of a blinded session: it is prepared before the person begins, and scored in the end."""

from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.raters.comparison import Comparison, TruthKind
from napari_image_classifier.system.events import Result
from napari_image_classifier.system.job import Job


@dataclass(frozen=True)
class SessionRequest:
    """What a session shall be, which is written to the folder ``session``.

    ``labels`` is the table that truth comes from, None for that of the items. ``number`` images are
    shown, with a ``second_arm`` in the classifier's view.
    """

    session: Path
    rater: str
    truth: TruthKind
    labels: Path | None
    classifier: Path
    margin: float
    number: int
    second_arm: bool
    seed: int
    items: ItemsQuery


@dataclass(frozen=True)
class PreparedSession(Result):
    """The folder of a session, with how many items and showings, and what it rests on."""

    session: Path
    items: int
    showings: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ScoreRequest:
    """The folders of one or several sessions, and where their report goes."""

    sessions: tuple[Path, ...]
    report: Path


@dataclass(frozen=True)
class SessionScores(Result):
    """The report that was written, and each comparison in it."""

    report: Path
    comparisons: tuple[Comparison, ...]


PREPARE_SESSION = Job("prepare_session", SessionRequest, PreparedSession)
SCORE_SESSION = Job("score_session", ScoreRequest, SessionScores)
