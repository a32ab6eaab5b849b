"""Predictions by the workers of a Dask cluster: the same rows, from other machines.

Needs the extra ``cluster`` here and on every worker, and a file system that all of them see. No
scheduler is ever started and no port opened: the one that is named is used.
"""

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import Fault, ImageClassifierError
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.system.progress import Pause
from napari_image_classifier.typing import ShouldStop

if TYPE_CHECKING:
    from distributed import Client, Future

# Dask spends milliseconds on every task, whatever is in it.
FILES_PER_TASK = 64
# So many tasks for every thread of the cluster wait their turn; results are fetched as they come.
TASKS_PER_THREAD = 3
SECONDS_TO_WAIT_FOR_WORKERS = 60.0
SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_BETWEEN_COUNTS = 2.0

Task = tuple[ImageFiles, ...]
Work = Callable[[Task], list[list[Prediction]]]


class ClusterError(ImageClassifierError):
    """A cluster that can't be reached, or whose workers can't do the work."""


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster.

    Parameters
    ----------
    address
        Where its scheduler listens, such as "tcp://name:8786".
    ca
        The certificate of the authority, a PEM file, if the scheduler asks for certificates.
    certificate
        The certificate of this client, a PEM file.
    key
        The key of that certificate, a PEM file.
    """

    address: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def predict(
        self,
        classifier: Classifier,
        images: Iterable[ImageFiles],
        axes: str | None,
        should_stop: ShouldStop,
    ) -> Iterator[list[Prediction]]:
        """Yield the predictions of every image, as they come and so in any order.

        The classifier's file travels once to every worker, also to those that join later. What a
        lost worker was doing is done again by another.

        Parameters
        ----------
        classifier
            The classifier.
        images
            Images by files that every worker sees.
        axes
            What axes mean in files that don't say.
        should_stop
            Whether to stop before the end.

        Yields
        ------
        list of Prediction
            Those of the items of one image. An image that ends its workers again and again gives
            one with status "error".

        Raises
        ------
        ClusterError
            The scheduler can't be reached, has no workers, or they lack this package.
        """
        with self.connected() as client:
            _wait_for_a_worker(client, self.address, should_stop)
            yield from stream(client, _sent_work(classifier, axes, client), images, should_stop)

    def connected(self) -> "Client":
        """Return a client of the scheduler.

        Returns
        -------
        Client
            To be closed after use.

        Raises
        ------
        ClusterError
            The extra is not installed, or the scheduler can't be reached.
        """
        try:
            from distributed import Client
            from distributed.security import Security
        except ImportError as error:
            raise ClusterError(
                "A Dask cluster needs an extra: pip install napari-image-classifier[cluster]"
            ) from error
        named = {"ca_file": self.ca, "client_cert": self.certificate, "client_key": self.key}
        given = {f"tls_{name}": str(path) for name, path in named.items() if path}
        security = Security(require_encryption=True, **given) if given else None
        try:
            return Client(self.address, security=security, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise ClusterError(
                f"The Dask scheduler {self.address} can't be reached: {error}. Its address looks "
                "like tcp://name:8786, or tls://name:8786 with certificates."
            ) from error


def stream(
    client: "Client", work: Work, images: Iterable[ImageFiles], should_stop: ShouldStop
) -> Iterator[list[Prediction]]:
    """Yield what ``work`` returns for each image on the workers, some tasks at a time."""
    tasks = _Tasks(client, work)
    remaining = iter(images)
    try:
        while not should_stop():
            while tasks.have_room() and (task := tuple(islice(remaining, FILES_PER_TASK))):
                tasks.submit(task)
            if not tasks.under_way:
                return
            yield from tasks.next_done()
    finally:
        client.cancel(list(tasks.under_way))


class _Tasks:
    """The tasks that are under way on a cluster."""

    def __init__(self, client: "Client", work: Work) -> None:
        self._client = client
        self._work = work
        self._finished: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._room = 0
        self._between_counts = Pause(SECONDS_BETWEEN_COUNTS)
        self.under_way: dict[Future[Any], Task] = {}

    def have_room(self) -> bool:
        """Return whether another task would keep the cluster busy; workers may come and go."""
        if self._between_counts.is_over():
            self._room = TASKS_PER_THREAD * max(1, sum(self._client.nthreads().values()))
        return len(self.under_way) < self._room

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
        task = self.under_way.pop(future)
        try:
            yield from future.result()
        except KilledWorker:
            yield from self._one_by_one(task)
        finally:
            future.release()

    def _one_by_one(self, task: Task) -> Iterator[list[Prediction]]:
        """Find, of a task that ended its workers, the image that did it."""
        if len(task) > 1:
            for files in task:
                self.submit((files,))
            return
        name = task[0].name
        message = f"{name} ended every worker that read it."
        yield [Prediction(name, "", "error", message=message, code=Fault.CRASHED)]


def _wait_for_a_worker(client: "Client", address: str, should_stop: ShouldStop) -> None:
    began = time.monotonic()
    while not client.nthreads() and not should_stop():
        if time.monotonic() - began > SECONDS_TO_WAIT_FOR_WORKERS:
            raise ClusterError(
                f"The Dask scheduler {address} has no workers; start some with: dask worker "
                f"{address}"
            )
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _sent_work(classifier: Classifier, axes: str | None, client: "Client") -> Work:
    """Give every worker the classifier; return what predicts with it there."""
    from napari_image_classifier.batch.dask_worker import ClassifierOnWorker, predict_task

    plugin = ClassifierOnWorker(classifier.path.read_bytes(), classifier.sha256)
    try:
        client.register_plugin(plugin)
    except (ImportError, AttributeError) as error:
        raise ClusterError(
            "The workers lack this package, or have another version of it: "
            f"{error}. Install napari-image-classifier[cluster] where they run."
        ) from error
    return partial(predict_task, plugin.name, axes)
