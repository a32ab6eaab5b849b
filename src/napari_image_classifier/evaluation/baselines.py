"""What simpler methods say of the images that a network is evaluated on, and what controls say."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from napari_image_classifier.classifiers.texture_model import (
    feature_table,
    intensity_features,
    measured_texture,
    predicted_by_features,
)
from napari_image_classifier.errors import Cancelled
from napari_image_classifier.evaluation.controls import (
    Controls,
    acquisition_control,
    background_control,
    background_features,
    lighting_features,
)
from napari_image_classifier.evaluation.lanes import Tell
from napari_image_classifier.evaluation.perturbations import CHANGES, Change, changed
from napari_image_classifier.evaluation.plan import Folds, Run
from napari_image_classifier.evaluation.refitting import RefittedScore, refitted_score
from napari_image_classifier.items.item import Item
from napari_image_classifier.statistics.permutation_tests import strata_of
from napari_image_classifier.training.image_reader import OnProgress
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.typing import Float64Array, IntArray, ShouldStop

SIMPLE = "brightness and file facts"
TEXTURE = "texture features"
MOST_FREQUENT = "always the most frequent class"


@dataclass(frozen=True)
class Features:
    """What the simpler methods measure, a row per item: (item, measurement)."""

    simple: Float64Array
    texture: Float64Array
    lighting: Float64Array
    background: tuple[Float64Array | None, ...]

    @classmethod
    def of(cls, images: TrainingImages, tell: OnProgress, should_stop: ShouldStop) -> "Features":
        """Measure every image.

        Raises
        ------
        Cancelled
            ``should_stop`` returned True.
        """
        simple, texture, lighting, background = [], [], [], []
        for number, (item, pixels) in enumerate(zip(images.items, images.pixels, strict=True), 1):
            if should_stop():
                raise Cancelled
            brightness = intensity_features(pixels)
            simple.append(np.concatenate([brightness, file_features(item)]))
            texture.append(measured_texture(pixels))
            lighting.append(lighting_features(pixels))
            background.append(background_features(pixels))
            tell("measuring", number, len(images.items))
        return cls(
            feature_table(simple),
            feature_table(texture),
            np.array(lighting),
            tuple(background),
        )


@dataclass(frozen=True)
class Subjects:
    """The images, what is to be told of them, and what simpler methods measure on them.

    ``classes``, ``units`` and ``acquisitions`` (None where nobody said) hold a number per item.
    """

    images: TrainingImages
    features: Features
    classes: IntArray
    n_classes: int
    acquisitions: IntArray | None

    def said_by_texture(self, run: Run, tell: Tell) -> Float64Array:
        """Be the `said` of an `evaluation_runs.Lane`: texture features and logistic regression."""
        table = self.features.texture if run.change is None else self._changed_texture[run.change]
        found = self._said(table, run)
        tell(1.0)
        return found

    @cached_property
    def _changed_texture(self) -> dict[Change, Float64Array]:
        return {
            change: feature_table(
                [
                    measured_texture(changed(one[np.newaxis], change)[0])
                    for one in self.images.pixels
                ]
            )
            for change in CHANGES
        }

    def said_by_brightness(self, run: Run) -> Float64Array:
        """Return what brightness and file facts say of the tested items of a run."""
        return self._said(self.features.simple, run)

    def baselines(self, folds: Folds) -> dict[str, Float64Array]:
        """Return what each simpler method says of every item, (item, class), by its name."""
        shape = len(self.images.items), self.n_classes
        found = {name: np.zeros(shape) for name in (SIMPLE, TEXTURE, MOST_FREQUENT)}
        for run in folds.runs:
            found[SIMPLE][run.tested] = self.said_by_brightness(run)
            found[TEXTURE][run.tested] = self._said(self.features.texture, run)
            found[MOST_FREQUENT][run.tested] = most_frequent(
                self.classes, run.learnt, run.tested, self.n_classes
            )
        return found

    def refitted(self) -> dict[str, RefittedScore]:
        """Return how the measurements fare where they are learnt from anew for each permutation."""
        strata = strata_of(self.classes, self.acquisitions)
        return {
            name: refitted_score(table, self.classes, self.images.units, strata)
            for name, table in ((SIMPLE, self.features.simple), (TEXTURE, self.features.texture))
        }

    def controls(self) -> Controls:
        """Return what speaks for batch in place of biology."""
        classes, units, acquisitions = self.classes, self.images.units, self.acquisitions
        background = background_control(self.features.background, classes, units, acquisitions)
        if acquisitions is None:
            return Controls(background, None)
        table = np.concatenate([self.features.texture, self.features.lighting], axis=1)
        return Controls(background, acquisition_control(table, classes, units, acquisitions))

    def _said(self, table: Float64Array, run: Run) -> Float64Array:
        return predicted_by_features(table, self.classes, run.learnt, run.tested, self.n_classes)


def file_features(item: Item) -> Float64Array:
    """Return what can be said of an item without looking at it: its files' sizes, in bytes.

    A class that was saved otherwise than another is recognised by this alone.
    """
    return np.array([float(_size(part.path)) for part in item.image.parts])


def most_frequent(
    classes: IntArray, learnt: IntArray, tested: IntArray, n_classes: int
) -> Float64Array:
    """Return the part that each class has in what was learnt from, for every tested item."""
    parts = np.bincount(classes[learnt], minlength=n_classes) / len(learnt)
    return np.tile(parts, (len(tested), 1))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
