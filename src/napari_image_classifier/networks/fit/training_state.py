"""Where a training is after an epoch: all that its further epochs depend on, and nothing else.

Batches, changes and learning rates follow from the seed and the number of the epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_image_classifier.networks.fit.averaging import AveragedWeights
from napari_image_classifier.networks.fit.checkpoints import Checkpoint
from napari_image_classifier.training.ensemble import Learnt

if TYPE_CHECKING:
    import keras

Array = npt.NDArray[Any]


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
            "history": learnt.history,
            "best_epoch": learnt.best_epoch,
            "best": self.best,
            "tolerance": self.tolerance,
            "finished": self.finished,
            "sound": self.sound,
            "average_steps": averaged.steps,
        }
        return Checkpoint(arrays, notes)

    @classmethod
    def of(cls, kept: Checkpoint) -> "TrainingState":
        """Return the state that a checkpoint was made of."""
        notes = kept.notes
        learnt = Learnt(
            history=notes["history"],
            best_epoch=notes["best_epoch"],
            chosen_weights=_ordered("chosen", kept),
            probabilities=kept.arrays.get("probabilities"),
        )
        return cls(learnt, notes["best"], notes["tolerance"], notes["finished"], notes["sound"])


def steps_in(kept: Checkpoint) -> int:
    """Return how many epochs were done, the finishing ones among them."""
    return len(kept.notes["history"]) + int(kept.notes["finished"])


def put_back(kept: Checkpoint, network: "keras.Model", averaged: AveragedWeights) -> None:
    """Put a compiled network, its optimiser and its average back to where they were."""
    # Its variables come into being with its first step.
    network.optimizer.build(network.trainable_variables)
    for variables, name in (
        (network.variables, "network"),
        (network.optimizer.variables, "optimizer"),
    ):
        for variable, value in zip(variables, _ordered(name, kept), strict=True):
            variable.assign(value)
    averaged.put_back(_ordered("average", kept), kept.notes["average_steps"])


def _values(variables: Sequence[Any]) -> list[Array]:
    import keras

    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _numbered(name: str, arrays: Sequence[Array]) -> dict[str, Array]:
    return {f"{name} {number}": np.asarray(array) for number, array in enumerate(arrays)}


def _ordered(name: str, kept: Checkpoint) -> list[Array]:
    numbers = (int(key.split()[1]) for key in kept.arrays if key.startswith(f"{name} "))
    return [kept.arrays[f"{name} {number}"] for number in sorted(numbers)]
