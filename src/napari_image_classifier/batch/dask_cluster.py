"""Predictions by the workers of a Dask cluster: the same rows, from other machines.

Needs the extra ``cluster`` here and on every worker, and a file system that all of them see. No
scheduler is ever started and no port opened: the one that is named is used. Scheduler and workers
answer in pickle, so they are trusted as this computer is; that they are the right ones, and that
answers are what was asked for, is checked.
"""

import logging
import re
import time
from asyncio import CancelledError as TaskCancelledError
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.batch.dask_tasks import (
    PACKAGE,
    SECONDS_TO_SAY_GOODBYE,
    SECONDS_TO_WAIT_FOR_WORKERS,
    ClusterError,
    Work,
    WorkersSeen,
    answered,
    stream,
    workers_differ,
)
from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.manifest_records import Workers
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.deadlines import run_in_thread
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.system.machine import versions_of
from napari_image_classifier.typing import ShouldStop

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

SECONDS_TO_CONNECT = 30.0
# The classifier travels to every worker in it.
SECONDS_TO_SEND_CLASSIFIER = 600.0
SECONDS_BETWEEN_LOOKS = 0.1
_LOGS = ("distributed.client", "distributed.utils", "distributed.comm", "distributed.core")
_LIKE = "tcp://name:8786, or tls://name:8786 with certificates"
# Of what needs a port; Dask knows further kinds of address, which it checks itself.
_BY_PORT = re.compile(
    r"(?:(?P<scheme>tcp|tls)://)?(?P<host>\[[^\]/]+\]|[^:/\s]+):(?P<port>\d{1,5})"
)
_OTHER_KIND = re.compile(r"(?!tcp:|tls:|https?:)[a-z]+://\S+")


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
    ) -> "ClusterPredictions":
        """Return the predictions of every image, as they come and so in any order.

        The classifier's file travels once to every worker, also to those that join later. What a
        lost worker was doing is done again by another. Nothing is waited for without end: a minute
        for the scheduler and for workers, an hour for answers of workers that are there.

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

        Returns
        -------
        ClusterPredictions
            Yields those of the items of one image at a time. An image that ends its workers again
            and again gives one with status "error".

        Raises
        ------
        ClusterError
            The scheduler can't be reached, has no workers, or they can't do the work: they lack
            this package, have another version of it, or see other files.
        """
        return ClusterPredictions(self, classifier, images, axes, should_stop)

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
        except ImportError as error:
            raise ClusterError(
                "A Dask cluster needs an extra: pip install napari-image-classifier[cluster]"
            ) from error
        self._check_address()
        security = self._security()
        # In two steps, so that one that was never connected is at hand.
        client = Client.__new__(Client)
        try:
            client.__init__(  # type: ignore[misc]
                self.address,
                security=security,
                set_as_default=False,
                timeout=SECONDS_TO_CONNECT,
            )
        except MemoryError as error:
            _forget(client)
            # What another program says is taken for the length of a message.
            raise ClusterError(
                f"What answers at {self.address} is no Dask scheduler, but another program, such "
                f"as the scheduler's own web page. {self._hint()}"
            ) from error
        except (OSError, ValueError, TypeError, RuntimeError, CancelledError) as error:
            _forget(client)
            raise ClusterError(
                f"The Dask scheduler {self.address} can't be reached: {error}. {self._hint()}"
            ) from error
        return client

    def _check_address(self) -> None:
        match = _BY_PORT.fullmatch(self.address)
        if _OTHER_KIND.fullmatch(self.address):
            return
        if match is None or not 1 <= int(match["port"]) <= 65535:
            raise ClusterError(
                f"“{self.address}” is no address of a Dask scheduler; it looks like {_LIKE}."
            )
        if self.ca and match["scheme"] != "tls":
            raise ClusterError(
                f"With certificates the address begins with tls://, such as "
                f"tls://{match['host']}:{match['port']}, and not as {self.address} does."
            )

    def _security(self) -> "Security | None":
        from distributed.security import Security

        named = {"ca_file": self.ca, "client_cert": self.certificate, "client_key": self.key}
        given = {f"tls_{name}": str(path) for name, path in named.items() if path}
        for path in filter(None, named.values()):
            if not Path(path).is_file():
                raise ClusterError(f"There is no file {path} of the certificates for the cluster.")
        if given and len(given) < len(named):
            raise ClusterError(
                "A cluster with certificates needs three files: that of the authority, yours, and "
                "its key."
            )
        return Security(require_encryption=True, **given) if given else None

    def _hint(self) -> str:
        if self.ca:
            return (
                "See whether the scheduler is there and speaks TLS, whether its certificate and "
                "yours are of that authority, and whether the key is that of your certificate."
            )
        if self.address.startswith("tls"):
            return "A tls:// address needs certificates: that of the authority, yours, and its key."
        return (
            "See whether it runs there and its port is open, and whether it asks for certificates "
            f"(TLS). Its address looks like {_LIKE}."
        )


class ClusterPredictions(Iterator[list[Prediction]]):
    """The predictions of a cluster as they come, and which workers have made them.

    Attributes
    ----------
    workers
        Those that have answered; None before.
    """

    def __init__(
        self,
        cluster: Cluster,
        classifier: Classifier,
        images: Iterable[ImageFiles],
        axes: str | None,
        should_stop: ShouldStop,
    ) -> None:
        self._seen = WorkersSeen()
        self._answers = _answers(cluster, classifier, images, axes, should_stop, self._seen)

    def __next__(self) -> list[Prediction]:
        return next(self._answers)

    @property
    def workers(self) -> Workers | None:
        """What a manifest says of the workers."""
        return self._seen.noted()


def _answers(
    cluster: Cluster,
    classifier: Classifier,
    images: Iterable[ImageFiles],
    axes: str | None,
    should_stop: ShouldStop,
    seen: WorkersSeen,
) -> Iterator[list[Prediction]]:
    with _dask_silent():
        client = _connected_in_time(cluster, should_stop)
        if client is None:
            return
        try:
            _wait_for_a_worker(client, cluster.address, should_stop)
            work = _sent_work(classifier, axes, client, should_stop)
            if work is not None:
                yield from stream(client, work, images, should_stop, seen)
        finally:
            _close(client)


@contextmanager
def _dask_silent() -> Iterator[None]:
    """Have Dask write no tracebacks of what is told in a sentence."""
    log = logging.getLogger("distributed")
    # Its parts have levels of their own, as Dask's configuration says.
    logs = [log, *(logging.getLogger(name) for name in _LOGS)]
    before = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.setLevel(level)


def _connected_in_time(cluster: Cluster, should_stop: ShouldStop) -> "Client | None":
    """Return a client; None where there was a stop, which is heard while it connects."""
    connecting = run_in_thread(cluster.connected)
    try:
        client = answered(connecting.result, 2 * SECONDS_TO_CONNECT, should_stop)
    except TimeoutError as error:
        raise ClusterError(
            f"The Dask scheduler {cluster.address} did not answer for "
            f"{2 * SECONDS_TO_CONNECT:.0f} seconds."
        ) from error
    if client is None:
        connecting.add_done_callback(
            lambda late: None if late.exception() else _close(late.result())
        )
    return client


def _forget(client: "Client") -> None:
    """Have a client that was never connected not be closed, which it would wait for a minute."""
    client.status = "closed"


def _close(client: "Client") -> None:
    try:
        answered(client.close, SECONDS_TO_SAY_GOODBYE)
    except (OSError, RuntimeError, CancelledError, TaskCancelledError):
        # It is gone already.
        return


def _wait_for_a_worker(client: "Client", address: str, should_stop: ShouldStop) -> None:
    began = time.monotonic()
    while not should_stop():
        try:
            if answered(client.nthreads, SECONDS_TO_WAIT_FOR_WORKERS, should_stop):
                return
        except (OSError, RuntimeError, CancelledError, TaskCancelledError) as error:
            raise ClusterError(f"The Dask scheduler {address} does not answer any more.") from error
        if time.monotonic() - began > SECONDS_TO_WAIT_FOR_WORKERS:
            raise ClusterError(
                f"The Dask scheduler {address} has no workers; start some with: dask worker "
                f"{address}. If they ended at once, their log says why, such as that this package "
                "is not installed there."
            )
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _sent_work(
    classifier: Classifier, axes: str | None, client: "Client", should_stop: ShouldStop
) -> Work | None:
    """Give every worker the classifier; return what predicts with it there."""
    from napari_image_classifier.batch.dask_worker import ClassifierOnWorker, predict_task

    version = versions_of([PACKAGE]).get(PACKAGE, "")
    plugin = ClassifierOnWorker(classifier.path.read_bytes(), classifier.sha256, version)
    try:
        sent = answered(
            lambda: client.register_plugin(plugin) or True, SECONDS_TO_SEND_CLASSIFIER, should_stop
        )
    except TimeoutError as error:
        raise ClusterError(
            "The workers of the Dask cluster did not take the classifier in "
            f"{SECONDS_TO_SEND_CLASSIFIER / 60:.0f} minutes."
        ) from error
    except (CancelledError, TaskCancelledError, OSError) as error:
        raise ClusterError("The connection to the Dask scheduler was lost.") from error
    except Exception as error:
        raise workers_differ(error) from error
    return partial(predict_task, plugin.name, axes) if sent else None
