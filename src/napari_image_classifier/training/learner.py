"""Learners of a training, what each learns from, and the ensemble that it makes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_image_classifier.classifiers.confidence import fitted_temperature
from napari_image_classifier.classifiers.description import Architecture, ClassifierDescription
from napari_image_classifier.classifiers.manifest_records import Run
from napari_image_classifier.classifiers.novelty import FeatureDistance, Novelty
from napari_image_classifier.classifiers.onnx_runtime import Runnable
from napari_image_classifier.images.transforms import N_ORIENTATIONS
from napari_image_classifier.items.splits import Split
from napari_image_classifier.system.events import Emit
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.train_job import EpochScores
from napari_image_classifier.typing import Float64Array, IntArray, ShouldStop


@dataclass
class Learnt:
    """How one network of an ensemble learnt.

    Parameters
    ----------
    history
        The scores of each epoch, empty where there are no epochs.
    best_epoch
        The one that is kept, counted from 1.
    chosen_weights
        The network's arrays after that epoch, in Keras's order.
    probabilities
        Those of the validation items after that epoch, shape (item, class); None before there are.
    cancelled
        Whether it was stopped.
    finished
        Whether it has learnt from the validation items, too, since then.
    """

    history: list[EpochScores] = field(default_factory=list)
    best_epoch: int = 0
    chosen_weights: list[Any] = field(default_factory=list)
    probabilities: Float64Array | None = None
    cancelled: bool = False
    finished: bool = False


@dataclass
class Ensemble:
    """Networks that decide together, and how each of them learnt from which split.

    Parameters
    ----------
    networks
        Keras's, or what takes their place.
    architecture
        How each is built; None for an imported network.
    splits
        The items that each learnt from and was checked with.
    learnt
        How each learnt.
    distances
        How far from its classes each of them may see images of their kind.
    optimizer
        Keras's configuration of what they were trained with, if any.
    """

    networks: list[Any] = field(default_factory=list)
    architecture: Architecture | None = None
    splits: list[Split] = field(default_factory=list)
    learnt: list[Learnt] = field(default_factory=list)
    distances: list[FeatureDistance] = field(default_factory=list)
    optimizer: Mapping[str, Any] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether training was stopped before its end."""
        return self.learnt[-1].cancelled

    def probabilities(self, n_items: int) -> Float64Array:
        """Return the mean probabilities of each item by the networks that it was kept aside from.

        The shape is (item, class); a row is NaN where every network learnt from the item.
        """
        items, probabilities = self._validated()
        total = np.zeros((n_items, probabilities.shape[1]))
        np.add.at(total, items, probabilities)
        times = np.bincount(items, minlength=n_items)[:, None]
        return np.where(times > 0, total / np.maximum(times, 1), np.nan)

    def _validated(self) -> tuple[IntArray, Float64Array]:
        """Return the items that were kept aside, from each network, and its probabilities of each.

        The arrays are of shape (n) and (n, class); an item that several networks did not learn
        from stands there several times.
        """
        items = np.concatenate([validation for _, validation in self.splits])
        return items, np.concatenate([np.asarray(one.probabilities) for one in self.learnt])

    def description(
        self, data: TrainingSet, config: TrainingConfig, gate: Novelty | None = None
    ) -> ClassifierDescription:
        """Return the description of the classifier that predicts with these."""
        items, probabilities = self._validated()
        return ClassifierDescription(
            class_names=data.class_names,
            preparation=data.preparation,
            architecture=self.architecture,
            orientations=N_ORIENTATIONS if config.orientations else 1,
            temperature=fitted_temperature(data.classes[items], probabilities),
            gate=gate,
        )


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
        """Return what a manifest says of this run, `manifest_records.this_run`."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Return the versions and the device that it depends on."""
