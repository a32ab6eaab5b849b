"""Events of a job: what it says on its way, and the one that is its last."""

from collections.abc import Callable, Iterator, KeysView
from dataclasses import dataclass
from typing import Any, ClassVar


class Named:
    """A data class whose fields are read by name, too: ``event["done"]`` is ``event.done``."""

    def _table(self) -> dict[str, Any]:
        return vars(self)

    def __getitem__(self, name: str) -> Any:
        return self._table()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table())

    def keys(self) -> KeysView[str]:
        """Return the names of the fields."""
        return self._table().keys()

    def get(self, name: str, default: Any = None) -> Any:
        """Return the field ``name``, or ``default`` where there is none of that name."""
        return self._table().get(name, default)


class Event(Named):
    """Something that a job says; ``event["event"]`` is its kind, `tag`."""

    tag: ClassVar[str]

    def _table(self) -> dict[str, Any]:
        return {"event": self.tag, **vars(self)}


Emit = Callable[[Event], None]


@dataclass(frozen=True)
class Alive(Event):
    """The compute process is there."""

    tag = "alive"


@dataclass(frozen=True, kw_only=True)
class Counted(Event):
    """So much of a total is done.

    Attributes
    ----------
    done
        How much, in any unit.
    total
        How much there is to do.
    seconds_left
        How long the rest takes, None while nobody can tell.
    """

    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True, kw_only=True)
class Progress(Counted):
    """How far a stage of a job is.

    Attributes
    ----------
    stage
        Such as "reading"; "" where the job has but one.
    done
        How much is done, in any unit.
    total
        How much there is to do.
    seconds_left
        How long the rest takes, None while nobody can tell.
    """

    tag = "progress"
    stage: str = ""


@dataclass(frozen=True)
class Note(Event):
    """A sentence for a person.

    Attributes
    ----------
    message
        The sentence.
    """

    tag = "note"
    message: str


class Result(Event):
    """What a job returns: its last event."""

    tag = "result"


@dataclass(frozen=True)
class Stopped(Event):
    """The last event of a job that was asked to stop and had nothing to keep."""

    tag = "cancelled"


@dataclass(frozen=True)
class Failure(Event):
    """The last event of a job that failed.

    Attributes
    ----------
    message
        A sentence for a person.
    detail
        A traceback for a bug report, None where the sentence says it all.
    died
        Whether the process died without a word.
    """

    tag = "error"
    message: str
    detail: str | None = None
    died: bool = False
