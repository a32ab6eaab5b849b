"""The jobs of a blinded session: its preparation before the person begins, its score in the end."""

from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.raters.comparison import Comparison, TruthKind
from napari_image_classifier.system.events import Result
from napari_image_classifier.system.job import Job


@dataclass(frozen=True)
class SessionRequest:
    """What a session shall be.

    Attributes
    ----------
    session
        The folder that it is written to.
    rater
        The person.
    truth
        What truth is.
    labels
        The table that truth comes from, None for that of the items.
    classifier
        A .keras file.
    margin
        How much worse still counts as “as good”, from 0 to 1.
    number
        How many images are shown.
    second_arm
        Whether all are shown again in the classifier's view.
    seed
        That of the choice and the order.
    items
        Where the images are.
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
    """A session that can begin.

    Attributes
    ----------
    session
        Its folder.
    items
        How many items are shown.
    showings
        How often something is shown, repeats and the second arm included.
    notes
        Sentences on what it rests on.
    """

    session: Path
    items: int
    showings: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ScoreRequest:
    """Sessions to be scored.

    Attributes
    ----------
    sessions
        Their folders.
    report
        The HTML file to write.
    """

    sessions: tuple[Path, ...]
    report: Path


@dataclass(frozen=True)
class SessionScores(Result):
    """The scores of sessions.

    Attributes
    ----------
    report
        The report that was written.
    comparisons
        One for each session and arm.
    """

    report: Path
    comparisons: tuple[Comparison, ...]


PREPARE_SESSION = Job("prepare_session", SessionRequest, PreparedSession)
SCORE_SESSION = Job("score_session", ScoreRequest, SessionScores)
