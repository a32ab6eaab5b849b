"""Two local Dask workers beside the two threads of one process, on the same folder."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from folder_speed import link_copies, rate, write_classifier, write_images
from rows import Row, by_turns

import napari_image_classifier as nic
from napari_image_classifier.batch.dask_cluster import Cluster

IMAGES = 4_000
WORKERS = 2


def measure() -> list[Row]:
    """Return one row: the cluster is "ours", the process the other."""
    with tempfile.TemporaryDirectory() as temporary, running_cluster() as cluster:
        folder = Path(temporary)
        classifier = write_classifier(folder / "two channels.keras")
        write_images(folder / "few", z=1, compression=None)
        link_copies(folder / "few", folder / "images", IMAGES)

        def classify(**how: object) -> float:
            with tempfile.TemporaryDirectory() as output:
                table = Path(output) / "predictions.csv"
                return rate(
                    IMAGES,
                    lambda: nic.classify_folder(folder / "images", classifier, table, **how),
                )

        figures = by_turns(
            {
                "ours": lambda: classify(predict=cluster.predict),
                "one process": lambda: classify(workers=WORKERS),
            }
        )
    return [Row("folder on two Dask workers", "images a second", figures)]


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a scheduler and workers of one thread each, as a user would."""
    scheduler = part("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                     "--no-show")  # fmt: skip
    address = next(line.split()[-1] for line in scheduler.stderr or () if "Scheduler at:" in line)
    workers = [
        part("dask_worker", address, "--nthreads", "1", "--no-dashboard") for _ in range(WORKERS)
    ]
    try:
        yield Cluster(address)
    finally:
        for process in (*workers, scheduler):
            process.terminate()
            process.communicate()


def part(name: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"distributed.cli.{name}", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8")
