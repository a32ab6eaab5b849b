"""Tasks on a Dask cluster: what workers answer, which is checked, and how long it is waited for."""

import hashlib
import queue
import time
from asyncio import CancelledError as TaskCancelledError
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from napari_image_classifier.classifiers.manifest_records import Workers
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import Fault, ImageClassifierError
from napari_image_classifier.images.deadlines import run_in_thread
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.system.machine import versions_of
from napari_image_classifier.system.progress import Pause
from napari_image_classifier.system.shown_text import readable
from napari_image_classifier.typing import ShouldStop

if TYPE_CHECKING:
    from distributed import Client, Future

PACKAGE = "napari-image-classifier"
# Dask spends milliseconds on every task, whatever is in it.
FILES_PER_TASK = 64
# So many tasks for every thread of the cluster wait their turn; results are fetched as they come.
TASKS_PER_THREAD = 3
SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_BETWEEN_COUNTS = 2.0
SECONDS_TO_WAIT_FOR_WORKERS = 60.0
SECONDS_TO_ANSWER = 60.0
# A task ends after minutes whatever is in it, see `dask_worker.SECONDS_FOR_A_TASK`; the rest is
# an image that takes long.
SECONDS_OF_SILENCE = 3600.0
SECONDS_TO_FETCH = 2.0
SECONDS_TO_SAY_GOODBYE = 5.0
SECONDS_TO_LOOK_AT_A_FILE = 10.0
# Of the beginning and of the end of a file.
BYTES_COMPARED = 65536
LONGEST_TOLD = 300
KEPT = "What was classified is kept; run it again: it goes on where it was."

Task = tuple[ImageFiles, ...]
T = TypeVar("T")


class ClusterError(ImageClassifierError):
    """A cluster that can't be reached, or whose workers can't do the work."""


@dataclass(frozen=True)
class TaskAnswer:
    """What a worker says of a task.

    Attributes
    ----------
    predictions
        Those of the first images of the task, one at least; of all of them unless that took long.
    host
        The computer.
    worker
        The address of the worker.
    versions
        Of Python and the packages there.
    seen
        What `ends_of` says there of the first file of the task.
    """

    predictions: list[list[Prediction]]
    host: str
    worker: str
    versions: dict[str, str]
    seen: str


Work = Callable[[Task], TaskAnswer]


@dataclass
class WorkersSeen:
    """The workers that have answered."""

    addresses: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    versions: dict[str, set[str]] = field(default_factory=dict)

    def add(self, answer: TaskAnswer) -> None:
        """Take note of the worker of an answer."""
        if answer.worker in self.addresses:
            return
        self.addresses.add(answer.worker)
        self.hosts.add(answer.host)
        for package, version in answer.versions.items():
            self.versions.setdefault(package, set()).add(version)

    def noted(self) -> Workers | None:
        """Return what a manifest says of them, None before one has answered."""
        if not self.addresses:
            return None
        versions = {package: tuple(sorted(them)) for package, them in self.versions.items()}
        return Workers(len(self.addresses), tuple(sorted(self.hosts)), versions)


def ends_of(path: Path) -> str:
    """Return what tells a file from another one of its name, "" where it can't be read."""
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256(file.read(BYTES_COMPARED))
            size = file.seek(0, 2)
            file.seek(max(0, size - BYTES_COMPARED))
            digest.update(file.read(BYTES_COMPARED))
    except OSError:
        return ""
    return f"{size} {digest.hexdigest()}"


def answered(
    function: Callable[[], T], seconds: float, should_stop: ShouldStop = lambda: False
) -> T | None:
    """Return what ``function`` returns, None where there was a stop; it is not waited for longer.

    Raises
    ------
    TimeoutError
        It did not return in time.
    """
    answer, until = run_in_thread(function), time.monotonic() + seconds
    while not wait_for([answer], min(seconds, SECONDS_BETWEEN_LOOKS)).done:
        if should_stop():
            return None
        if time.monotonic() > until:
            raise TimeoutError
    return answer.result()


def stream(
    client: "Client",
    work: Work,
    images: Iterable[ImageFiles],
    should_stop: ShouldStop,
    seen: WorkersSeen | None = None,
) -> Iterator[list[Prediction]]:
    """Yield what ``work`` returns for each image on the workers, some tasks at a time.

    Raises
    ------
    ClusterError
        The scheduler is gone, no worker is left, a worker can't do the work, or nothing has come
        for long.
    """
    tasks = _Tasks(client, work, seen or WorkersSeen(), should_stop)
    remaining = iter(images)
    try:
        while not should_stop():
            while tasks.have_room() and (task := tuple(islice(remaining, FILES_PER_TASK))):
                tasks.submit(task)
            if not tasks.under_way:
                return
            yield from tasks.next_done()
    finally:
        tasks.cancel()


class _Tasks:
    """The tasks that are under way on a cluster."""

    def __init__(
        self, client: "Client", work: Work, seen: WorkersSeen, should_stop: ShouldStop
    ) -> None:
        self._should_stop = should_stop
        self._client = client
        self._work = work
        self._seen = seen
        self._version = versions_of([PACKAGE]).get(PACKAGE)
        self._finished: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._room = 0
        self._between_counts = Pause(SECONDS_BETWEEN_COUNTS)
        self._had_workers = self._had_answer = time.monotonic()
        self.under_way: dict[Future[Any], Task] = {}

    def have_room(self) -> bool:
        """Return whether another task would keep the cluster busy; workers may come and go."""
        if self._between_counts.is_over():
            n_threads = self._count_threads()
            self._room = TASKS_PER_THREAD * max(1, n_threads)
            now = time.monotonic()
            if n_threads:
                self._had_workers = now
            elif now - self._had_workers > SECONDS_TO_WAIT_FOR_WORKERS:
                raise ClusterError(
                    f"The last worker of the Dask cluster is gone, and none has come for "
                    f"{SECONDS_TO_WAIT_FOR_WORKERS:.0f} seconds. {KEPT}"
                )
            if now - self._had_answer > SECONDS_OF_SILENCE:
                raise ClusterError(
                    "The workers of the Dask cluster are there and have not answered for "
                    f"{SECONDS_OF_SILENCE / 60:.0f} minutes; see what they wait for. {KEPT}"
                )
        return len(self.under_way) < self._room

    def _count_threads(self) -> int:
        try:
            return sum(
                (
                    answered(self._client.nthreads, SECONDS_TO_ANSWER, self._should_stop) or {}
                ).values()
            )
        except TimeoutError as error:
            raise ClusterError(
                f"The Dask scheduler has not answered for {SECONDS_TO_ANSWER:.0f} seconds. {KEPT}"
            ) from error
        except (OSError, RuntimeError, CancelledError, TaskCancelledError) as error:
            raise _connection_lost() from error

    def submit(self, task: Task) -> None:
        """Send a task off."""
        future = self._client.submit(self._work, task, pure=False)
        self.under_way[future] = task
        future.add_done_callback(self._finished.put)

    def next_done(self) -> Iterator[list[Prediction]]:
        """Yield what the next task gave; nothing if none ends within a moment."""
        from distributed import KilledWorker

        try:
            future = self._finished.get(timeout=SECONDS_BETWEEN_LOOKS)
        except queue.Empty:
            return
        task = self.under_way[future]
        try:
            answer = self._checked(future.result(timeout=SECONDS_TO_FETCH), task)
        except KilledWorker:
            yield from self._one_by_one(task)
        except TimeoutError:
            # Who holds the answer may be gone, and another one does it again.
            self._finished.put(future)
            return
        except (CancelledError, TaskCancelledError) as error:
            raise _connection_lost() from error
        except ImageClassifierError:
            raise
        except Exception as error:
            raise workers_differ(error) from error
        else:
            self._had_answer = time.monotonic()
            self._seen.add(answer)
            if rest := task[len(answer.predictions) :]:
                self.submit(rest)
            yield from answer.predictions
        del self.under_way[future]
        future.release()

    def cancel(self) -> None:
        """Tell the cluster that nobody waits any more, as far as it listens."""
        futures = list(self.under_way)
        try:
            answered(lambda: self._client.cancel(futures), SECONDS_TO_SAY_GOODBYE)
        except (OSError, RuntimeError, CancelledError, TaskCancelledError):
            # It is gone, and its tasks with it.
            return

    def _checked(self, answer: object, task: Task) -> TaskAnswer:
        """Return the answer of a worker if it can be one on the task."""
        if not isinstance(answer, TaskAnswer):
            raise workers_differ(TypeError(f"a worker answered with {type(answer).__name__}"))
        names = [files.name for files in task[: len(answer.predictions)]]
        told = [{_file_of(one) for one in of_image} for of_image in answer.predictions]
        if not names or told != [{name} for name in names]:
            raise ClusterError(
                f"The worker on {readable(answer.host)} answered with predictions of other images "
                f"than it was asked for. Restart it. {KEPT}"
            )
        if answer.worker not in self._seen.addresses:
            self._check_version(answer)
            self._check_sees_the_same(answer, task[0].parts[0].path)
        return answer

    def _check_version(self, answer: TaskAnswer) -> None:
        here, there = self._version, answer.versions.get(PACKAGE, "none")
        if here != there:
            error = ImageClassifierError(f"{there} on {answer.host}, {here} here")
            raise workers_differ(error)

    def _check_sees_the_same(self, answer: TaskAnswer, path: Path) -> None:
        """Refuse a worker on whose computer a file is not there, or another one."""
        hangs_there = answer.predictions[0][0].code == Fault.TOO_SLOW
        here = "" if hangs_there else _ends_here(path)
        if not here or here == answer.seen:
            return
        what = "can't open" if not answer.seen else "has another file in the place of"
        if here == _ends_here(path):
            raise ClusterError(
                f"The worker on {readable(answer.host)} {what} {readable(str(path))}. Images lie "
                f"on a drive that all computers see under the same path. {KEPT}"
            )

    def _one_by_one(self, task: Task) -> Iterator[list[Prediction]]:
        """Find, of a task that ended its workers, the image that did it."""
        if len(task) > 1:
            for files in task:
                self.submit((files,))
            return
        name = task[0].name
        message = f"{name} ended every worker that read it."
        yield [Prediction(name, "", "error", message=message, code=Fault.CRASHED)]


def _file_of(prediction: object) -> str | None:
    return prediction.file if isinstance(prediction, Prediction) else None


def _ends_here(path: Path) -> str:
    try:
        return answered(lambda: ends_of(path), SECONDS_TO_LOOK_AT_A_FILE) or ""
    except TimeoutError:
        return ""


def _connection_lost() -> ClusterError:
    return ClusterError(f"The connection to the Dask scheduler was lost. {KEPT}")


def workers_differ(error: Exception) -> ClusterError:
    """Return what is said where scheduler or workers can't make anything of the work."""
    told = readable(" ".join(str(error).split())[:LONGEST_TOLD])
    return ClusterError(
        "Scheduler or workers of the Dask cluster can't do the work: they lack this package, or "
        f"have another version of it, of Python or of Dask ({type(error).__name__}: {told}). "
        "Install the same napari-image-classifier[cluster] where scheduler and workers run. "
        f"{KEPT}"
    )
