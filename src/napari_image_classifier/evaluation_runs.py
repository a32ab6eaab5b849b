"""The runs of an evaluation, one after another; what is done is kept when it is stopped."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_image_classifier.arrays import Float64Array
from napari_image_classifier.compute import Emit
from napari_image_classifier.evaluation_plan import Run
from napari_image_classifier.safe_files import replace_file
from napari_image_classifier.training_config import TrainingRefused

# Trains and tests, and tells meanwhile which part of that is done. Probabilities (item, class).
Method = Callable[[Run, Callable[[float], None]], Float64Array]

PROGRESS_STEPS = 1000


class KeptRuns:
    """What was said of the tested items of each run, kept in a file."""

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        """Take up what an evaluation with the same ``settings`` left in the file ``path``.

        Raises
        ------
        TrainingRefused
            The file holds runs of other images, folds or settings.
        """
        self._path = path
        self._key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        self._runs: dict[str, list[list[float]]] = {}
        if path.is_file():
            try:
                stored = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                return
            if stored.get("evaluation") != self._key:
                raise TrainingRefused(
                    f"{path.name} holds an evaluation that was stopped, of other images or with "
                    "other choices. Choose another name for the report; or, if that one is not to "
                    "be gone on with, delete the file."
                )
            self._runs = stored["runs"]

    def get(self, name: str) -> Float64Array | None:
        """Return the probabilities (tested item, class) of a run that is done."""
        found = self._runs.get(name)
        return None if found is None else np.array(found, np.float64)

    def put(self, name: str, probabilities: Float64Array) -> None:
        """Keep the probabilities of a run."""
        self._runs[name] = probabilities.tolist()
        with replace_file(self._path) as temporary:
            content = {"evaluation": self._key, "runs": self._runs}
            temporary.write_text(json.dumps(content), encoding="utf-8")

    def remove(self) -> None:
        """Remove the file, when all that it holds stands elsewhere."""
        self._path.unlink(missing_ok=True)


def done_runs(
    runs: Sequence[Run], method: Method, kept: KeptRuns, emit: Emit
) -> dict[str, Float64Array]:
    """Return what was said in each run, by its name, and tell how far all of them are."""
    progress = _Progress(sum(map(_work, runs)), emit)
    said = {}
    for run in runs:
        found = kept.get(run.name)
        if found is None:
            found = method(run, partial(progress.tell, _work(run)))
            kept.put(run.name, found)
            progress.here += _work(run)
        said[run.name] = found
        progress.done += _work(run)
    return said


def _work(run: Run) -> int:
    """Return about how long a run takes, in items."""
    return len(run.learnt) + len(run.tested)


class _Progress:
    """How far all runs are.

    ``done`` counts their work, ``here`` what of it was done now and not kept from a run that was
    stopped, as only that tells how long it takes.
    """

    def __init__(self, total: int, emit: Emit) -> None:
        self.done = 0
        self.here = 0
        self._total = total
        self._emit = emit
        self._began = time.monotonic()

    def tell(self, work: int, part: float) -> None:
        done, here = (number + part * work for number in (self.done, self.here))
        each = (time.monotonic() - self._began) / here if here else None
        self._emit(
            {
                "event": "progress",
                "stage": "evaluating",
                "done": round(PROGRESS_STEPS * done / self._total),
                "total": PROGRESS_STEPS,
                "seconds_left": None if each is None else each * (self._total - done),
            }
        )
