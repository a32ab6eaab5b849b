"""Checkpoints: the state of a training on the disk, from which one that was ended goes on.

A file holds arrays and notes after its own SHA-256, so that one that is not whole is told from one
that is. The last two of a series are kept: while one is written, the other is there.
"""

import hashlib
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt

from napari_image_classifier.networks.fit.averaging import AveragedWeights
from napari_image_classifier.system.atomic_files import replace_file
from napari_image_classifier.system.records import as_json, from_json
from napari_image_classifier.training.learner import Learnt
from napari_image_classifier.training.train_job import EpochScores

if TYPE_CHECKING:
    import keras

KEPT = 2
_DIGITS = 64
_NOTES = "notes"
# Of the state, what is kept as it is.
_SCORES = ("best", "tolerance", "finished", "sound")
Array = npt.NDArray[Any]


class Checkpoint(NamedTuple):
    """The state of a training: arrays by name, and notes, which are JSON."""

    arrays: dict[str, Array]
    notes: dict[str, Any]


@dataclass
class Checkpoints:
    """The checkpoints in ``folder`` of one training, which ``fingerprint`` names.

    Those of a training of other images, settings or machines are passed over, and cleared away
    with the first that is kept.
    """

    folder: Path
    fingerprint: str
    _cleared: bool = field(default=False, init=False)

    def keep(
        self, series: str, number: int, arrays: Mapping[str, Array], notes: Mapping[str, Any]
    ) -> None:
        """Keep what came of step ``number`` of a series; when this returns it is on the disk.

        Raises
        ------
        OSError
            It can't be written; those that were kept before are still there.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._cleared:
            self._clear_foreign()
        content = io.BytesIO()
        stored = json.dumps({**notes, "fingerprint": self.fingerprint}).encode()
        np.savez(content, allow_pickle=False, **{_NOTES: np.frombuffer(stored, np.uint8), **arrays})
        digest = hashlib.sha256(content.getbuffer()).hexdigest()
        path = self.folder / f"{series}-{number:06}.checkpoint"
        with replace_file(path) as temporary, temporary.open("wb") as file:
            file.write(digest.encode())
            file.write(content.getbuffer())
        for older in self._of(series)[:-KEPT]:
            older.unlink(missing_ok=True)

    def latest(self, series: str) -> Checkpoint | None:
        """Return the latest whole one of a series, None where there is none."""
        return next(filter(None, map(self._own, reversed(self._of(series)))), None)

    def clear(self) -> None:
        """Take all of them away: the training is over."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _of(self, series: str) -> list[Path]:
        return sorted(self.folder.glob(f"{series}-??????.checkpoint"))

    def _own(self, path: Path) -> Checkpoint | None:
        """Return a whole checkpoint of this training, None for any other."""
        checkpoint = read_checkpoint(path)
        same = checkpoint is not None and checkpoint.notes.get("fingerprint") == self.fingerprint
        return checkpoint if same else None

    def _clear_foreign(self) -> None:
        for path in self.folder.glob("*.checkpoint"):
            if self._own(path) is None:
                path.unlink(missing_ok=True)
        # What was being written when a process was ended.
        for path in self.folder.glob(".writing-*"):
            path.unlink(missing_ok=True)
        self._cleared = True


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Return what a file holds, None where it is not whole."""
    # NumPy and zipfile raise a class of their own for every way in which it makes no sense.
    with suppress(Exception):
        content = path.read_bytes()
        digest, stored = content[:_DIGITS], content[_DIGITS:]
        if hashlib.sha256(stored).hexdigest().encode() == digest:
            if sum(info.file_size for info in ZipFile(io.BytesIO(stored)).filelist) > len(stored):
                # They are written as they are; what is packed is not ours.
                return None
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                by_name = {name: arrays[name] for name in arrays.files}
            return Checkpoint(by_name, json.loads(by_name.pop(_NOTES).tobytes()))
    return None


@dataclass
class TrainingState:
    """What was learnt, and how well.

    ``best`` is the highest score of an epoch, ``tolerance`` its standard error. ``finished`` counts
    the finishing epochs that are done; ``sound`` says whether the last of them had a loss that is a
    number.
    """

    learnt: Learnt = field(default_factory=Learnt)
    best: float = 0.0
    tolerance: float = 0.0
    finished: int = 0
    sound: bool = False

    def checkpoint(self, network: "keras.Model", averaged: AveragedWeights) -> Checkpoint:
        """Return what is to be kept of it, with the network, its optimiser and its average."""
        learnt = self.learnt
        arrays = {
            **_numbered("network", _values(network.variables)),
            **_numbered("optimizer", _values(network.optimizer.variables)),
            **_numbered("average", averaged.weights),
            **_numbered("chosen", learnt.chosen_weights),
        }
        if learnt.probabilities is not None:
            arrays["probabilities"] = learnt.probabilities
        notes = {
            "history": as_json(learnt.history),
            "best_epoch": learnt.best_epoch,
            **{name: getattr(self, name) for name in _SCORES},
            "average_steps": averaged.steps,
        }
        return Checkpoint(arrays, notes)

    @classmethod
    def of(cls, kept: Checkpoint) -> "TrainingState":
        """Return the state that a checkpoint was made of."""
        notes = kept.notes
        learnt = Learnt(
            history=from_json(list[EpochScores], notes["history"]),
            best_epoch=notes["best_epoch"],
            chosen_weights=_ordered("chosen", kept),
            probabilities=kept.arrays.get("probabilities"),
        )
        return cls(learnt, **{name: notes[name] for name in _SCORES})


def steps_in(kept: Checkpoint) -> int:
    """Return how many epochs were done, the finishing ones among them."""
    return len(kept.notes["history"]) + int(kept.notes["finished"])


def put_back(kept: Checkpoint, network: "keras.Model", averaged: AveragedWeights) -> None:
    """Put a compiled network, its optimiser and its average back to where they were."""
    # Its variables come into being with its first step.
    network.optimizer.build(network.trainable_variables)
    for of, name in ((network, "network"), (network.optimizer, "optimizer")):
        for variable, value in zip(of.variables, _ordered(name, kept), strict=True):
            variable.assign(value)
    averaged.weights, averaged.steps = _ordered("average", kept), kept.notes["average_steps"]


def _values(variables: Sequence[Any]) -> list[Array]:
    import keras

    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _numbered(name: str, arrays: Sequence[Array]) -> dict[str, Array]:
    return {f"{name} {number}": np.asarray(array) for number, array in enumerate(arrays)}


def _ordered(name: str, kept: Checkpoint) -> list[Array]:
    numbers = (int(key.split()[1]) for key in kept.arrays if key.startswith(f"{name} "))
    return [kept.arrays[f"{name} {number}"] for number in sorted(numbers)]
