"""Blinded sessions: folders with a plan, the machine's sealed answers, and the person's."""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from napari_image_classifier.batch.journal import journal_path
from napari_image_classifier.batch.predictions_csv import (
    is_table_of_predictions,
    write_predictions,
)
from napari_image_classifier.classifiers.manifest import manifest_path
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.transforms import N_ORIENTATIONS
from napari_image_classifier.items.annotations import (
    BLINDED,
    CANNOT_TELL,
    ItemKey,
    item_key,
    key_of,
)
from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.items.selection import Each, parse_selection
from napari_image_classifier.raters.comparison import (
    NO_ANSWER,
    Arm,
    ComparedItem,
    Comparison,
    TruthKind,
    compare,
)
from napari_image_classifier.system.append_log import AppendedTable
from napari_image_classifier.system.atomic_files import (
    replace_file,
    replace_text,
    told_when_refused,
)
from napari_image_classifier.system.output_lock import only_run
from napari_image_classifier.system.outputs import check_output
from napari_image_classifier.system.records import (
    Count,
    Name,
    Part,
    RecordError,
    as_json,
    check_format,
    from_json,
    read_json,
)
from napari_image_classifier.system.spreadsheets import read_spreadsheet

FEWEST_REPEATS = 50
PART_REPEATED = 0.25
# A repeat comes at least so much of the session later.
APART = 0.25


@dataclass(frozen=True)
class Showing:
    """One time that an item is shown.

    Attributes
    ----------
    item
        The number of the item.
    orientation
        One of eight, as `orientations_of` numbers them.
    again
        Whether it was shown before in the same arm.
    arm
        What is seen of it.
    """

    item: Count
    orientation: Annotated[int, msgspec.Meta(ge=0, lt=N_ORIENTATIONS)]
    again: bool = False
    arm: Arm = "everything"


def in_turn(items: Sequence[Item], seed: int) -> Iterator[int]:
    """Draw items at random, classes in turn, and within a class its groups in turn.

    So the first so many of them are as balanced as can be.

    Parameters
    ----------
    items
        The items, with their classes and groups.
    seed
        The same one draws the same order.

    Yields
    ------
    int
        The index of each item, once.
    """
    random = np.random.default_rng(seed)
    of_class: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index in random.permutation(len(items)).tolist():
        item = items[index]
        of_class[item.class_name or ""][item.group or item.file].append(index)
    yield from _round_robin(
        [_round_robin(map(reversed, of_class[name].values())) for name in sorted(of_class)]
    )


def repeats_of(n_items: int) -> int:
    """Return how many of so many items are shown again."""
    return min(n_items, max(FEWEST_REPEATS, round(PART_REPEATED * n_items)))


def showings_of(n_items: int, seed: int, *, second_arm: bool = False) -> list[Showing]:
    """Plan in which order items are shown, some of them again and turned otherwise.

    Parameters
    ----------
    n_items
        How many items there are.
    seed
        The same one plans the same order.
    second_arm
        Whether all are shown once more, after the others, as the classifier sees them.

    Returns
    -------
    list of Showing
        In their order.
    """
    random = np.random.default_rng(seed)
    again = set(random.choice(n_items, repeats_of(n_items), replace=False).tolist())
    placed: list[tuple[float, Showing]] = []
    for item in range(n_items):
        first, second = random.choice(N_ORIENTATIONS, 2, replace=False).tolist()
        place = random.uniform(0, 1 - APART) if item in again else random.uniform(0, 1)
        placed.append((place, Showing(item, first)))
        if item in again:
            later = random.uniform(place + APART, 1)
            placed.append((later, Showing(item, second, again=True)))
    shown = [showing for _, showing in sorted(placed, key=lambda one: one[0])]
    if second_arm:
        order, turned = random.permutation(n_items), random.integers(0, N_ORIENTATIONS, n_items)
        shown += [Showing(int(item), int(turned[item]), arm="classifier's view") for item in order]
    return shown


def _round_robin(sequences: Iterable[Iterable[int]]) -> Iterator[int]:
    """Yield the first of each, then the second of each, and so on to the end of the longest."""
    for turn in zip_longest(*sequences):
        yield from (index for index in turn if index is not None)


SCHEMA = 1
PLAN, PREDICTIONS, ANSWERS = "session.json", "predictions.csv", "answers.csv"
COLUMNS = ("position", "arm", "file", "item", "class", "rater", "mode", "seconds", "seen_before")
SEEN = "yes"


class SessionError(ImageClassifierError):
    """A session that can't be opened, or not any more."""


@dataclass(frozen=True)
class SessionPlan:
    """All that is fixed before the first answer.

    Attributes
    ----------
    rater
        The person.
    truth
        What truth is.
    margin
        How much worse still counts as “as good”, from 0 to 1.
    seed
        That of the order.
    class_names
        The classes of the classifier, which the person chooses from.
    classifier
        Its file.
    classifier_sha256
        The hash of that file.
    each
        What an item is.
    items
        What is shown, with its truth as class, and its group.
    showings
        When and how, by the numbers of the items.
    limits
        The intensities between which the classifier sees each channel, if they are the same for all
        images.
    notes
        Sentences on what is not known, such as what the classifier had seen.
    predictions_sha256
        The hash of the machine's answers, which seals them.
    created
        When, in ISO 8601.
    """

    rater: Name
    truth: TruthKind
    margin: Part
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    class_names: Annotated[tuple[Name, ...], msgspec.Meta(min_length=2)]
    classifier: Name
    classifier_sha256: str
    each: Each
    items: ItemTable
    showings: tuple[Showing, ...]
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    predictions_sha256: str = ""
    created: str = ""

    def __post_init__(self) -> None:
        items = self.items.items
        if any(not 0 <= showing.item < len(items) for showing in self.showings):
            raise ValueError(f"there are {len(items)} items, and others are shown")
        shown = {(one.item, one.arm, one.again) for one in self.showings}
        if not shown or len(shown) < len(self.showings):
            raise ValueError("nothing is shown, or one item twice for the first time")
        known = set(self.class_names)
        if len(known) < len(self.class_names):
            raise ValueError("a class is named twice")
        for item in items:
            if item.class_name not in known or not item.image.parts:
                raise ValueError(f"{item.file[:200]} has no class of these, or no file")
            parse_selection(item.selection)
        if any(not low < high for low, high in self.limits.values()):
            raise ValueError("the intensities of a channel have no range")

    def key(self, showing: Showing) -> ItemKey:
        """Return which item is shown."""
        return self.items.items[showing.item].key


@dataclass(frozen=True)
class Answer:
    """What the person said at one position of the session."""

    class_name: str
    seconds: float | None = None
    seen_before: bool = False


class BlindedSession:
    """A session that was prepared, as far as it has come.

    Parameters
    ----------
    folder
        That of the session.

    Raises
    ------
    SessionError
        There is none, it is damaged, or the machine's answers are not those that were sealed.
    OSError
        Its files can't be opened.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan = _read_plan(folder / PLAN)
        sealed = folder / PREDICTIONS
        if not sealed.is_file() or _digest(sealed) != self.plan.predictions_sha256:
            raise SessionError(
                f"The classifier's answers in {sealed} are not those that were sealed before the "
                "session began, so nothing can be concluded from it; begin another session."
            )
        self._table = AppendedTable(folder / ANSWERS, COLUMNS, ("seconds",), self._check)
        self.answers: dict[int, Answer] = {}
        for row in self._table.rows:
            self._take(row)

    @property
    def position(self) -> int | None:
        """The position that has no answer yet; None at the end."""
        positions = range(len(self.plan.showings))
        return next((one for one in positions if one not in self.answers), None)

    @property
    def finished(self) -> bool:
        """Whether everything has an answer."""
        return self.position is None

    def answer(
        self, class_name: str, seconds: float | None = None, *, seen_before: bool = False
    ) -> None:
        """Answer what is shown at the present position; it is on the disk when this returns.

        Raises
        ------
        OSError
            It could not be written, and was not given.
        """
        position = self.position
        if position is not None:
            self._append(position, Answer(class_name, seconds, seen_before))

    def undo(self) -> int | None:
        """Take the last answer back; return its position, None where there is none.

        Raises
        ------
        OSError
            It could not be written.
        """
        position = max(self.answers, default=None)
        if position is not None:
            self._append(position, Answer(""))
        return position

    def predictions(self) -> dict[ItemKey, str]:
        """Return the machine's sealed answers, "no answer" where it gave none."""
        rows = read_spreadsheet(self.folder / PREDICTIONS).rows
        return {
            item_key(row["file"], row["item"]): row["class"] if row["status"] == "ok" else NO_ANSWER
            for row in rows
        }

    def comparisons(self) -> list[Comparison]:
        """Return the comparison of each arm, of the items that were answered."""
        answers: dict[Arm, tuple[dict[int, Answer], dict[int, Answer]]] = {}
        for position, answer in sorted(self.answers.items()):
            showing = self.plan.showings[position]
            answers.setdefault(showing.arm, ({}, {}))[showing.again][showing.item] = answer
        return [self._comparison(arm, first, again) for arm, (first, again) in answers.items()]

    def _comparison(
        self, arm: Arm, first: Mapping[int, Answer], again: Mapping[int, Answer]
    ) -> Comparison:
        plan, predictions = self.plan, self.predictions()
        items = []
        for number, answer in sorted(first.items()):
            item, second = plan.items.items[number], again.get(number)
            items.append(
                ComparedItem(
                    item.key,
                    item.class_name or "",
                    answer.class_name,
                    predictions.get(item.key, NO_ANSWER),
                    second.class_name if second else None,
                    item.group or "",
                    answer.seconds,
                    answer.seen_before,
                )
            )
        return compare(
            items,
            rater=plan.rater,
            machine=Path(plan.classifier).stem,
            truth=plan.truth,
            arm=arm,
            margin=plan.margin,
        )

    def _append(self, position: int, answer: Answer) -> None:
        showing = self.plan.showings[position]
        file, item = self.plan.key(showing)
        row = {
            "position": str(position + 1),
            "arm": showing.arm,
            "file": file,
            "item": item,
            "class": answer.class_name,
            "rater": self.plan.rater,
            "mode": BLINDED,
            "seconds": "" if answer.seconds is None else f"{answer.seconds:.2f}",
            "seen_before": SEEN if answer.seen_before else "",
        }
        self._table.append([row])
        self._take(row)

    def _check(self, row: Mapping[str, str]) -> None:
        """Refuse a row that is no answer to what was shown at its position."""
        try:
            self._check_answer(row)
        except (ValueError, IndexError) as error:
            raise SessionError(
                f"{self.folder / ANSWERS} is damaged: it holds an answer that can't be understood "
                f"({error}). Mend that row, or begin another session."
            ) from error

    def _check_answer(self, row: Mapping[str, str]) -> None:
        position = self._position_of(row)
        showing = self.plan.showings[position]
        if key_of(row) != self.plan.key(showing) or row["arm"] != showing.arm:
            raise ValueError(f"at position {position + 1} something else was shown")
        if row["rater"].strip() != self.plan.rater.strip() or row["mode"] != BLINDED:
            raise ValueError(f"that at position {position + 1} is not {self.plan.rater}'s")
        if row["class"] not in ("", CANNOT_TELL, *self.plan.class_names):
            raise ValueError(f"there is no class “{row['class'][:60]}”")
        if row["seconds"] and not 0 <= _number(row["seconds"]) < math.inf:
            raise ValueError(f"{row['seconds'][:60]} seconds")
        if row["seen_before"] not in ("", SEEN):
            raise ValueError(f"“{row['seen_before'][:60]}” under seen_before")

    def _position_of(self, row: Mapping[str, str]) -> int:
        text = row["position"][:20]
        if not text.strip().isdecimal():
            raise ValueError(f"“{text}” under position")
        position = int(text) - 1
        if not 0 <= position < len(self.plan.showings):
            raise IndexError(f"there is no position {position + 1}")
        return position

    def _take(self, row: Mapping[str, str]) -> None:
        position = self._position_of(row)
        if not row["class"]:
            self.answers.pop(position, None)
            return
        seconds = float(row["seconds"]) if row["seconds"] else None
        self.answers[position] = Answer(row["class"], seconds, row["seen_before"] == SEEN)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def create_session(
    folder: Path, plan: SessionPlan, predictions: Sequence[Prediction]
) -> BlindedSession:
    """Write a session, the machine's answers sealed, and open it.

    Parameters
    ----------
    folder
        Where the session goes; there must be none yet.
    plan
        All but the seal and the time.
    predictions
        The machine's answers.

    Returns
    -------
    BlindedSession
        At its beginning.

    Raises
    ------
    SessionError
        There is a session in this folder, or none can be written there.
    OutputRefusedError
        Other files lie where the session would.
    """
    with only_run(folder / PLAN):
        return _create_session(folder, plan, predictions)


def _create_session(
    folder: Path, plan: SessionPlan, predictions: Sequence[Prediction]
) -> BlindedSession:
    if (folder / PLAN).exists():
        raise SessionError(
            f"There is a session in {folder} already; resume it, or choose another folder."
        )
    sealed = folder / PREDICTIONS
    # One that was being prepared when its process was killed has neither.
    beside = (folder / ANSWERS, journal_path(sealed), manifest_path(sealed))
    if any(path.exists() for path in beside):
        raise SessionError(
            f"{folder} holds tables that belong to something else; choose an empty folder."
        )
    check_output(sealed, is_own=is_table_of_predictions, what="table of predictions")
    rows = sorted(predictions, key=lambda one: one.file)
    with told_when_refused(folder, SessionError, "Make room there, and prepare it again."):
        with replace_file(sealed) as temporary:
            write_predictions(
                temporary, [[one] for one in rows], plan.class_names, plan.classifier_sha256
            )
        sealed_plan = replace(
            plan,
            predictions_sha256=_digest(sealed),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        values = {"schema": SCHEMA, **as_json(sealed_plan)}
        # Last of all: where there is a plan, there is a session.
        replace_text(folder / PLAN, json.dumps(values, indent=1) + "\n")
    return BlindedSession(folder)


def _read_plan(path: Path) -> SessionPlan:
    try:
        stored = read_json(path, allow_nan=False)
    except OSError as error:
        raise SessionError(f"There is no session in {path.parent} ({error.strerror}).") from error
    except RecordError as error:
        raise SessionError(f"{path} is damaged: {error}.") from error
    try:
        check_format(stored, SCHEMA)
    except RecordError as error:
        raise SessionError(f"The session {path} can't be opened: {error}.") from error
    try:
        return from_json(SessionPlan, stored)
    except RecordError as error:
        raise SessionError(f"{path} is damaged: {error}.") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
