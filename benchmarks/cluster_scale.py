"""A million files through a cluster: listing, chunking, scheduling and collecting, nothing else.

    python benchmarks/cluster_scale.py [--files 1000000] [--seconds-per-task 0]

The files are there (empty), are listed and stamped, sent to real workers and their rows written to
journal and table; only the prediction itself is stubbed, on the worker. Prints the seconds that a
thousand files cost in each stage, and the memory of client and scheduler. With
--seconds-per-task every task also sleeps so long, which shows from how many workers on the client
is what limits.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

import psutil
from cluster_speed import running_cluster

import napari_image_classifier as nic
from napari_image_classifier.batch.dask_tasks import PACKAGE, Task, TaskAnswer, ends_of, stream
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.discovery import find_images

CLASSES = ("a", "b", "c")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--seconds-per-task", type=float, default=0.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, running_cluster() as cluster:
        folder = Path(temporary)
        classifier = classifier_from_elsewhere(folder / "two channels.keras")
        touch_files(folder / "images", given.files)
        timed = Timed(given.files)
        find_images(folder / "images")
        timed.lap("listing")
        with cluster.connected() as client:
            scheduler = scheduler_process(client)

            def predict(_classifier, images, _axes, should_stop) -> Iterator[list[Prediction]]:
                timed.lap("listing, stamping")
                work = partial(stubbed, given.seconds_per_task)
                before = (processor_seconds(), processor_seconds(scheduler))
                yield from stream(client, work, images, should_stop)
                timed.lap("scheduling, collecting, journal")
                timed.busy("client", processor_seconds() - before[0])
                timed.busy("scheduler", processor_seconds(scheduler) - before[1])

            result = nic.classify_folder(
                folder / "images", classifier, folder / "predictions.csv", predict=predict
            )
            timed.lap("table")
            highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{result.n_ok} rows; client at most {highest:.0f} MiB, scheduler "
                  f"{scheduler.memory_info().rss / 1024**2:.0f} MiB")  # fmt: skip


class Timed:
    """Says what each stage took per thousand files."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._began = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        seconds = now - self._began
        print(f"{stage}: {seconds:.1f} s, {1000 * seconds / self._files:.3f} s per 1,000 files",
              flush=True)  # fmt: skip
        self._began = now

    def busy(self, which: str, seconds: float) -> None:
        each = seconds / self._files
        print(f"  of the {which}'s processor: {1000 * each:.3f} s per 1,000 files, so at most "
              f"{1 / each:,.0f} files a second", flush=True)  # fmt: skip


def processor_seconds(process: psutil.Process | None = None) -> float:
    times = (process or psutil.Process()).cpu_times()
    return times.user + times.system


def stubbed(seconds: float, task: Task) -> TaskAnswer:
    time.sleep(seconds)
    probabilities = dict(zip(CLASSES, (0.7, 0.2, 0.1), strict=True))
    told = [[Prediction(files.name, "", "ok", "a", 0.7, probabilities)] for files in task]
    here = {PACKAGE: version(PACKAGE)}
    return TaskAnswer(told, "host", "worker", here, ends_of(task[0].parts[0].path))


def classifier_from_elsewhere(path: Path) -> Path:
    """Have another process make it, so that TensorFlow's memory isn't counted."""
    program = (
        "import sys, pathlib, folder_speed as f; f.write_classifier(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", program, path], check=True, cwd=Path(__file__).parent)
    return path


def touch_files(folder: Path, number: int) -> None:
    for index in range(number):
        if index % 1000 == 0:
            below = folder / f"{index // 1000:04}"
            below.mkdir(parents=True)
        (below / f"{index:07}.tif").touch()


def scheduler_process(client) -> psutil.Process:
    return psutil.Process(client.run_on_scheduler(os.getpid))


if __name__ == "__main__":
    main()
