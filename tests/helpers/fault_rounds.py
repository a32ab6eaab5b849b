"""Rounds of fault injection: work that fails is done again, and its results are compared."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.fault_points import ERRORS, SIGNALS, Fault, Point
from helpers.manifests import read_manifest
from helpers.paths import PROGRAMS
from napari_image_classifier.batch.journal import read_journal
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.manifest import manifest_path
from napari_image_classifier.networks.fit.checkpoints import read_checkpoint
from napari_image_classifier.system.atomic_files import UNFINISHED
from programs.faults import OUTPUT, REFUSED

KILLED = -9
PROGRAM = PROGRAMS / "faults.py"


class Workshop:
    """Where work is done in processes of their own, in ``folder``; use it with ``with``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._given = folder / "given"
        self._number = 0
        self._points: dict[str, list[Point]] = {}
        self._results: dict[str, Any] = {}
        self._server = subprocess.Popen(
            [sys.executable, PROGRAM, self._given / "images"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            # Threads that wait for each other on a busy machine take longer than one alone.
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == "ready\n"

    def __enter__(self) -> "Workshop":
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.communicate()

    def give(self, path: Path) -> None:
        """Have a file lie beside the images from now on."""
        shutil.copy(path, self._given)

    def place(self) -> Path:
        """Return a new place with the images in it."""
        self._number += 1
        place = self._folder / str(self._number)
        place.mkdir()
        for given in self._given.iterdir():
            (place / given.name).symlink_to(given)
        (place / OUTPUT).mkdir()
        return place

    def do(self, work: str, place: Path, fault: Fault | None = None) -> "Done":
        """Do work there, or as much of it as the fault allows."""
        request = {"work": work, "folder": str(place), "fault": fault}
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        return Done(answer["code"], answer["said"])

    def points(self, work: str) -> list[Point]:
        """Return the points of work that is not disturbed."""
        if work not in self._points:
            place = self.place()
            # The first one may load modules on its way.
            for _ in range(2):
                shutil.rmtree(place / OUTPUT)
                (place / OUTPUT).mkdir()
                done = self.do(work, place)
                assert done.code == 0, done.said
            self._results[work] = (done.one("result"), names(place))
            self._points[work] = [Point(*point) for point in done.one("points")]
            shutil.rmtree(place)
        return self._points[work]

    def strike(self, work: str, faults: Sequence[Fault]) -> int:
        """Have faults strike, one run after another, then do the work to its end.

        Returns the number of faults that struck: a run that goes on may have no such point.
        """
        place, acknowledged, struck = self.place(), Acknowledged(), 0
        for fault in faults:
            done = self.do(work, place, fault)
            if done.code == 0:
                acknowledged.hear(done)
                break
            struck += 1
            expected = REFUSED if fault.how in ERRORS else KILLED
            assert done.code == expected, (fault, done.said)
            acknowledged.hear(done)
            check_readable(place / OUTPUT)
        acknowledged.hear(self.end(work, place))
        shutil.rmtree(place)
        return struck

    def interrupt(self, work: str, fault: Fault) -> bool:
        """Have a signal strike a command, then do its work to its end; return whether it struck.

        The command leaves nothing half-written, and says by its exit status what ended it.
        """
        place = self.place()
        done = self.do(work, place, fault)
        # Work that is all but done when a signal comes is done.
        stopped = 128 + getattr(signal, SIGNALS[fault.how])
        assert done.code in (0, stopped), (fault, done.code, done.said)
        left = [path for kind in (f"{UNFINISHED}*", "*.lock") for path in place.rglob(kind)]
        assert not left, (fault, left)
        check_readable(place / OUTPUT)
        self.end(work, place)
        shutil.rmtree(place)
        return done.code == stopped

    def end(self, work: str, place: Path) -> "Done":
        """Do work to its end, and compare what comes of it with what comes of undisturbed work."""
        done = self.do(work, place)
        assert done.code == 0, done.said
        check_readable(place / OUTPUT)
        assert (done.one("result"), names(place)) == self._results[work]
        return done


@contextmanager
def workshop_with_classifier(folder: Path) -> Iterator[Workshop]:
    """Yield a workshop in which a classifier was trained that the batch uses."""
    (folder / "given").mkdir()
    with Workshop(folder) as workshop:
        place = workshop.place()
        done = workshop.do("training", place)
        assert done.code == 0, done.said
        workshop.give(place / OUTPUT / "cells.keras")
        shutil.rmtree(place)
        yield workshop


class Done:
    """How a piece of work ended, and what it said."""

    def __init__(self, code: int, said: list[dict[str, Any]]) -> None:
        self.code = code
        self.said = said

    def one(self, word: str) -> Any:
        """Return what was said under a word, None where nothing was."""
        found = self.all(word)
        return found[-1] if found else None

    def all(self, word: str) -> list[Any]:
        """Return all that was said under a word."""
        return [said[word] for said in self.said if word in said]


class Acknowledged:
    """What the work has said to be safe; the next run must find it."""

    def __init__(self) -> None:
        self._safe: dict[str, dict[str, str]] = {}
        self._under_way: dict[str, dict[str, str]] = {}

    def hear(self, done: Done) -> None:
        """Compare what a run found with what the one before it said, and note what it said."""
        found = done.one("found")
        if found is None:
            return
        for kind in self._safe:
            before, then = self._safe[kind], self._under_way[kind]
            # Of a step with several items, those that were written may be the first ones.
            for item in before.keys() | then.keys() | found[kind].keys():
                assert found[kind].get(item) in (before.get(item), then.get(item)), (kind, item)
        self._safe = (done.all("done") or [found])[-1]
        self._under_way = (done.all("doing") or [found])[-1]


def names(place: Path) -> list[str]:
    """Return the names of all files below a place's output.

    Not those of locks: that of a process that was killed lies there until the next one locks.
    """
    output = place / OUTPUT
    paths = (path for path in output.rglob("*") if path.suffix != ".lock")
    return sorted(str(path.relative_to(output)) for path in paths)


def check_readable(folder: Path) -> None:
    """Open every file, as those do who go on from it; half files have no name of their own."""
    for path in folder.rglob("*"):
        if path.is_dir() or path.name.startswith((UNFINISHED, ".")):
            continue
        if path.suffix == ".keras":
            # One that is there is complete: it could not be begun again.
            manifest = read_manifest(manifest_path(path))
            assert manifest["result"]["sha256"] == load_classifier(path).sha256
        elif path.name.endswith(".manifest.json"):
            read_manifest(path)
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".journal":
            read_journal(path)
        elif path.suffix == ".checkpoint":
            assert read_checkpoint(path) is not None, path
        else:
            assert path.suffix == ".csv", path
            _check_table(path)


def _check_table(path: Path) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    # A row that was cut off when it was appended was never acknowledged.
    grows = path.name in ("labels.csv", "answers.csv")
    assert all(len(row) == len(rows[0]) for row in rows[1 : len(rows) - grows])


def kinds(points: Sequence[Point]) -> dict[tuple[str, str], list[int]]:
    """Return the numbers of the points of each kind, by what they do to what."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, point in enumerate(points):
        name = re.sub(rf"{re.escape(UNFINISHED)}[\w-]+", UNFINISHED, point.file)
        name = re.sub(r"\d+", "N", name)
        found.setdefault((point.kind, name), []).append(number)
    return found


def kills_of(number: int, point: Point) -> Iterator[list[Fault]]:
    """Yield three ways to be killed at a point: before, after, and half-way or twice."""
    yield [Fault(number, "before")]
    yield [Fault(number, "after")]
    if point.kind == "write":
        yield [Fault(number, "half")]
    else:
        yield [Fault(number, "before"), Fault(number, "after")]


def one_of_each(points: Sequence[Point], wanted: Sequence[str]) -> Iterator[tuple[int, Point]]:
    """Yield one point of each kind that is wanted, from the middle of its like."""
    for (kind, _), numbers in kinds(points).items():
        if kind in wanted:
            number = numbers[len(numbers) // 2]
            yield number, points[number]
