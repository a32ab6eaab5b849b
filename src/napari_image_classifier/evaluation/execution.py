"""Execution of an evaluation's runs, some side by side; what is done is kept when it is stopped."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import msgspec
import numpy as np

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.evaluation.plan import Run
from napari_image_classifier.system.atomic_files import replace_text
from napari_image_classifier.system.events import Emit, Progress
from napari_image_classifier.system.progress import TimeLeft
from napari_image_classifier.system.records import RecordError, as_json, from_json, read_json
from napari_image_classifier.typing import Float64Array

PROGRESS_STEPS = 1000

# Receives which part of a run is done, from 0 to 1.
Tell = Callable[[float], None]


class LaneGoneError(Exception):
    """A lane that ended without a result; another may do what it had begun."""


class Lane(Protocol):
    """What does one run after another, beside other lanes, such as a process."""

    def predict(self, run: Run, tell: Tell) -> Float64Array:
        """Train and test, and ``tell`` meanwhile which part of that is done.

        Returns probabilities, shape (tested item, class).

        Raises
        ------
        LaneGoneError
            It has ended, without a result.
        """
        ...

    def end(self) -> None:
        """Be gone; nobody waits for what is still being done."""
        ...


@dataclass(frozen=True)
class OneLane:
    """The only lane, where runs are so short, or so greedy, that they are done one by one."""

    predict: Callable[[Run, Tell], Float64Array]

    def end(self) -> None:
        """Do nothing: there is nothing but this process."""


class Kept(msgspec.Struct):
    """What stands in the file of an evaluation that was stopped.

    Attributes
    ----------
    evaluation
        A hash of what was evaluated how.
    runs
        The probabilities (tested item, class) of each run that is done, by its name.
    """

    evaluation: str
    runs: dict[str, Float64Array]

    def __post_init__(self) -> None:
        for name, run in self.runs.items():
            if run.ndim != 2 or not ((run >= 0) & (run <= 1)).all():
                raise ValueError(f"the run “{name[:60]}” holds no probabilities")
            if not np.allclose(run.sum(axis=1), 1, atol=1e-3):
                raise ValueError(f"the probabilities of the run “{name[:60]}” do not sum to 1")


def read_kept(path: Path) -> Kept | None:
    """Return what an evaluation that was stopped left in a file, None where there is none.

    Raises
    ------
    TrainingRefused
        It is damaged. It is not written over, as hours may lie in it.
    """
    if not path.is_file():
        return None
    try:
        return from_json(Kept, read_json(path, allow_nan=False))
    except RecordError as error:
        raise TrainingRefused(
            f"{path.name} holds an evaluation that was stopped, and it is damaged ({error}). "
            "Choose another name for the report; or delete the file, and all is done anew."
        ) from error


class KeptRuns:
    """The probabilities of each run, in a file with a hash of what was evaluated how."""

    def __init__(
        self, path: Path, settings: Mapping[str, Any], n_classes: int | None = None
    ) -> None:
        """Take up what an evaluation with the same ``settings`` left in the file ``path``.

        Raises
        ------
        TrainingRefused
            The file holds runs of other images, folds or settings, or is damaged.
        """
        self._path = path
        self._n_classes = n_classes
        self._key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        self._runs: dict[str, Float64Array] = {}
        kept = read_kept(path)
        if kept is not None:
            if kept.evaluation != self._key:
                raise TrainingRefused(
                    f"{path.name} holds an evaluation that was stopped, of other images or with "
                    "other choices. Choose another name for the report; or, if that one is not to "
                    "be gone on with, delete the file."
                )
            self._runs = kept.runs

    def get(self, name: str, n_items: int | None = None) -> Float64Array | None:
        """Return the probabilities (tested item, class) of a run that is done.

        Raises
        ------
        TrainingRefused
            They are of another number of items or classes than was tested.
        """
        run = self._runs.get(name)
        n_classes = self._n_classes
        if run is not None and (
            (n_items is not None and len(run) != n_items)
            or (n_classes is not None and run.shape[1] != n_classes)
        ):
            raise TrainingRefused(
                f"{self._path.name} is damaged: the run “{name[:60]}” holds {run.shape[0]} items "
                f"of {run.shape[1]} classes, which are not those of this evaluation. Choose "
                "another name for the report, or delete that file."
            )
        return run

    def put(self, name: str, probabilities: Float64Array) -> None:
        """Keep the probabilities of a run."""
        self._runs[name] = probabilities
        content = {"evaluation": self._key, "runs": as_json(self._runs)}
        replace_text(self._path, json.dumps(content))

    def remove(self) -> None:
        """Remove the file, when all that it holds stands elsewhere."""
        self._path.unlink(missing_ok=True)


def done_runs(
    runs: Sequence[Run], lanes: Sequence[Lane], kept: KeptRuns, emit: Emit
) -> dict[str, Float64Array]:
    """Return the probabilities of each run, by its name, and tell how far all of them are.

    The first lane is there to the end; what another leaves behind is done by those that are left.
    """
    return _Runs(runs, lanes, kept, emit).done()


@dataclass
class _Runs:
    """Runs that are waiting and done, shared by the lanes, each on a thread of its own."""

    runs: Sequence[Run]
    lanes: Sequence[Lane]
    kept: KeptRuns
    emit: Emit

    def __post_init__(self) -> None:
        runs, kept = self.runs, self.kept
        self._lock = Lock()
        self._probabilities = {
            run.name: probabilities
            for run in runs
            if (probabilities := kept.get(run.name, len(run.tested))) is not None
        }
        self._waiting = deque(run for run in runs if run.name not in self._probabilities)
        # What was kept from an evaluation that was stopped says nothing of how long the rest takes.
        self._before = sum(_work(run) for run in runs if run.name in self._probabilities)
        self._progress = TimeLeft(sum(map(_work, runs)))
        self._progress.leave_out(self._before)
        self._done_of: dict[str, float] = {}

    def done(self) -> dict[str, Float64Array]:
        with ThreadPoolExecutor(len(self.lanes)) as threads:
            working = [threads.submit(self._work, lane) for lane in self.lanes]
            try:
                for lane in as_completed(working):
                    lane.result()
            except BaseException:
                self._waiting.clear()
                self._end_lanes()
                raise
        # What was left behind after the first lane had found nothing to do any more.
        self._work(self.lanes[0])
        self._end_lanes()
        return {run.name: self._probabilities[run.name] for run in self.runs}

    def _end_lanes(self) -> None:
        for lane in self.lanes:
            lane.end()

    def _work(self, lane: Lane) -> None:
        while self._waiting:
            try:
                run = self._waiting.popleft()
            except IndexError:
                return
            try:
                probabilities = lane.predict(run, partial(self._tell, run))
            except LaneGoneError:
                self._waiting.appendleft(run)
                return
            with self._lock:
                self.kept.put(run.name, probabilities)
                self._probabilities[run.name] = probabilities
            self._tell(run, 1.0)

    def _tell(self, run: Run, part: float) -> None:
        with self._lock:
            # A run that is begun anew by another lane waits here until it is as far again.
            done = max(part * _work(run), self._done_of.get(run.name, 0.0))
            self._done_of[run.name] = done
            work, total = self._progress, PROGRESS_STEPS
            work.done = self._before + sum(self._done_of.values())
            steps, left = round(total * work.done / work.total), work.seconds_left
            self.emit(Progress(stage="evaluating", done=steps, total=total, seconds_left=left))


def _work(run: Run) -> int:
    """Return about how long a run takes, in items."""
    return len(run.learnt) + len(run.tested)
