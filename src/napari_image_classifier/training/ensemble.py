"""What a training makes: networks that decide together, and what each had learnt from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_image_classifier.classifiers.confidence import fitted_temperature
from napari_image_classifier.classifiers.description import Architecture, ClassifierDescription
from napari_image_classifier.classifiers.novelty import FeatureDistance, Novelty
from napari_image_classifier.images.transforms import N_ORIENTATIONS
from napari_image_classifier.items.splits import Split
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.job import EpochScores
from napari_image_classifier.typing import Float64Array, IntArray


@dataclass
class Learnt:
    """How one of them learnt; ``history`` has a record per epoch, if there are epochs.

    ``best_epoch`` is the one kept, and ``chosen_weights`` are its own; ``probabilities`` are what
    was said of the validation items then, shape (item, class). Since it is ``finished``, it has
    learnt from those items, too.
    """

    history: list[EpochScores] = field(default_factory=list)
    best_epoch: int = 0
    chosen_weights: list[Any] = field(default_factory=list)
    probabilities: Float64Array | None = None
    cancelled: bool = False
    finished: bool = False


@dataclass
class Ensemble:
    """Networks (or what takes their place), and how each of them learnt from which split.

    ``distances`` say how far from its classes each of them may see images of their kind;
    ``optimizer`` is Keras's configuration of what they were trained with, if any.
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
        """Return what was said of each item by the networks that it was kept aside from.

        The shape is (item, class); a row is NaN where every network learnt from the item.
        """
        said = [(validation, one.probabilities) for (_, validation), one in self._looked()]
        n_classes = said[0][1].shape[1]
        total, times = np.zeros((n_items, n_classes)), np.zeros((n_items, 1))
        for validation, probabilities in said:
            total[validation] += probabilities
            times[validation] += 1
        return np.where(times > 0, total / np.maximum(times, 1), np.nan)

    def judged(self) -> tuple[IntArray, Float64Array]:
        """Return the items that were kept aside, from each network, and what it said of each.

        The arrays are of shape (n) and (n, class); an item that several networks did not learn
        from stands there several times.
        """
        items = np.concatenate([validation for (_, validation), _ in self._looked()])
        return items, np.concatenate([one.probabilities for _, one in self._looked()])

    def temperature(self, data: TrainingSet) -> float:
        """Return the temperature that suits what the networks said of the items kept aside."""
        items, probabilities = self.judged()
        return fitted_temperature(data.classes[items], probabilities)

    def description(
        self, data: TrainingSet, config: TrainingConfig, gate: Novelty | None = None
    ) -> ClassifierDescription:
        """Return the description of the classifier that predicts with these."""
        return ClassifierDescription(
            class_names=data.class_names,
            preparation=data.preparation,
            architecture=self.architecture,
            orientations=N_ORIENTATIONS if config.orientations else 1,
            temperature=self.temperature(data),
            gate=gate,
        )

    def _looked(self) -> list[tuple[Split, Any]]:
        return list(zip(self.splits, self.learnt, strict=True))
