"""Jobs of the compute process: by which name they are found, and what travels to and from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Generic, TypeVar

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.events import (
    Alive,
    Emit,
    Event,
    Failure,
    Note,
    Progress,
    Result,
    Stopped,
)
from napari_image_classifier.system.records import RecordError, as_json, from_json
from napari_image_classifier.typing import ShouldStop

_JOBS = "napari_image_classifier.jobs"
_OF_EVERY_JOB: tuple[type[Event], ...] = (Alive, Progress, Note, Stopped, Failure)

RequestT = TypeVar("RequestT")
ResultT = TypeVar("ResultT", bound=Result)


class JobError(ImageClassifierError):
    """A job, a request or an event that nobody knows."""


@dataclass(frozen=True)
class Job(Generic[RequestT, ResultT]):
    """What is done by `run` of the module ``jobs.<verb>``, which names this as its `JOB`.

    Attributes
    ----------
    verb
        The name of its module.
    request
        The data class that it takes.
    result
        The data class that it returns.
    events
        Those that it emits besides `Progress` and `Note`.
    confined
        Whether it only opens what others sent, and answers: no files are written, no programs
        started.
    """

    verb: str
    request: type[RequestT]
    result: type[ResultT]
    events: tuple[type[Event], ...] = ()
    confined: bool = False

    @property
    def run(self) -> Callable[[RequestT, Emit, ShouldStop], ResultT]:
        """The function that does it; its module may import Keras."""
        run: Callable[[RequestT, Emit, ShouldStop], ResultT] = import_module(
            f"{_JOBS}.{self.verb}"
        ).run
        return run

    def read_request(self, stored: object) -> RequestT:
        """Return the request that was sent.

        Raises
        ------
        JobError
            It is none of this job.
        """
        try:
            return from_json(self.request, stored)
        except RecordError as error:
            raise JobError(f"The job {self.verb} can't be done as it was asked: {error}") from error

    def read_event(self, stored: Mapping[str, Any]) -> Event:
        """Return the event that was sent.

        Raises
        ------
        JobError
            It is none of this job.
        """
        of_this_job: tuple[type[Event], ...] = (*self.events, self.result)
        kinds = {kind.tag: kind for kind in (*_OF_EVERY_JOB, *of_this_job)}
        kind = kinds.get(stored.get("event", ""))
        if kind is None:
            raise JobError(f"The job {self.verb} knows no event “{stored.get('event')}”.")
        try:
            return from_json(kind, stored)
        except RecordError as error:
            raise JobError(f"An event of the job {self.verb} makes no sense: {error}") from error


def job_named(verb: str) -> Job[Any, Any]:
    """Return the job that the module ``jobs.<verb>`` does.

    Raises
    ------
    JobError
        There is no such module.
    """
    if not verb.isidentifier() or find_spec(f"{_JOBS}.{verb}") is None:
        raise JobError(f"There is no job “{verb}”.")
    job: Job[Any, Any] = import_module(f"{_JOBS}.{verb}").JOB
    return job


def event_as_json(event: Event) -> Any:
    """Return an event as `Job.read_event` reads it."""
    return as_json(dict(event))
