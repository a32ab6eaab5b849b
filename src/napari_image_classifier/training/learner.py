"""Learners: what is trained on prepared images, and where its unfinished work is kept."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.classifiers.manifest import Run
from napari_image_classifier.classifiers.onnx_runtime import Runnable
from napari_image_classifier.items.splits import Split
from napari_image_classifier.system.events import Emit
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.ensemble import Ensemble
from napari_image_classifier.typing import ShouldStop


@dataclass(frozen=True)
class Lesson:
    """What is learnt from, and whom that concerns.

    Attributes
    ----------
    data
        The prepared images.
    splits
        What each member of the ensemble learns from and is checked with.
    emit
        Hears what happens.
    should_stop
        Whether somebody wants it to end.
    earlier
        Of the classifier that it goes on from, if there is one.
    on_something_to_keep
        Is called as soon as there is, however it ends.
    """

    data: TrainingSet
    splits: Sequence[Split]
    emit: Emit
    should_stop: ShouldStop
    earlier: ClassifierDescription | None = None
    on_something_to_keep: Callable[[], None] = lambda: None


class Learner(ABC):
    """What differs between trainings; nothing is read or started before `prepare`.

    Parameters
    ----------
    config
        How it is trained.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    def check(self) -> None:  # noqa: B027 - most have nothing to refuse
        """Refuse, before any image is read, what can't work on this machine."""

    def prepare(self, threads: int | None) -> None:  # noqa: B027 - or to get ready
        """Get ready to calculate, with that many threads where a number is given."""

    @abstractmethod
    def learn(self, lesson: Lesson, kept_in: Path) -> Ensemble:
        """Return what has learnt from each split; raise Cancelled where nothing is to be kept.

        The folder ``kept_in`` is for what a training that is ended from outside goes on from.
        """

    @abstractmethod
    def runnable(self, ensemble: Ensemble) -> Sequence[Runnable]:
        """Return what predicts as the classifier's file will."""

    @abstractmethod
    def save(self, path: Path, ensemble: Ensemble, description: ClassifierDescription) -> None:
        """Write the classifier's file, whole or not at all."""

    @abstractmethod
    def run(self) -> Run:
        """Return what a manifest says of this run, `classifiers.manifest.this_run`."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Return the versions and the device that it depends on."""


def unfinished_path(output: Path) -> Path:
    """Return the folder beside a classifier that is in training, gone when it is written.

    Parameters
    ----------
    output
        The classifier's file.

    Returns
    -------
    Path
        Where a training that was ended from outside has left its checkpoints.
    """
    return output.with_name(output.name + ".unfinished")
