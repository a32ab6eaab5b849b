"""Simpler methods and controls on the images that a network is evaluated on."""

from dataclasses import dataclass
from functools import cached_property

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
from napari_image_classifier.evaluation.execution import Tell
from napari_image_classifier.evaluation.perturbations import CHANGES, Change, changed
from napari_image_classifier.evaluation.plan import Folds, Run
from napari_image_classifier.items.item import Item
from napari_image_classifier.statistics.discriminant_analysis import (
    DiscriminantScore,
    discriminant_score,
)
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
    """The images, their classes, and what simpler methods measure on them.

    ``classes`` and ``acquisitions`` (None where nobody said) hold a number per item.
    """

    images: TrainingImages
    features: Features
    classes: IntArray
    class_names: tuple[str, ...]
    acquisitions: IntArray | None

    def predict_by_texture(self, run: Run, tell: Tell) -> Float64Array:
        """Do what `execution.Lane.predict` says, by texture features and logistic regression."""
        table = self.features.texture if run.change is None else self._changed_texture[run.change]
        probabilities = self._predict(table, run)
        tell(1.0)
        return probabilities

    @cached_property
    def _changed_texture(self) -> dict[Change, Float64Array]:
        tables = {}
        for change in CHANGES:
            images = (changed(image[np.newaxis], change)[0] for image in self.images.pixels)
            tables[change] = feature_table(list(map(measured_texture, images)))
        return tables

    def predict_by_brightness(self, run: Run) -> Float64Array:
        """Return the probabilities (tested item, class) by brightness and file facts."""
        return self._predict(self.features.simple, run)

    def baselines(self, folds: Folds) -> dict[str, Float64Array]:
        """Return the probabilities (item, class) of each simpler method, by its name."""
        methods = {
            SIMPLE: self.predict_by_brightness,
            TEXTURE: lambda run: self._predict(self.features.texture, run),
            MOST_FREQUENT: self._most_frequent,
        }
        n_items = len(self.images.items)
        return {
            name: folds.of_every_item({run.name: method(run) for run in folds.runs}, n_items)
            for name, method in methods.items()
        }

    def refitted(self) -> dict[str, DiscriminantScore]:
        """Return the scores of the measurements, learnt from anew for each permutation."""
        strata = strata_of(self.classes, self.acquisitions)
        return {
            name: discriminant_score(table, self.classes, self.images.units, strata)
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

    def _predict(self, table: Float64Array, run: Run) -> Float64Array:
        n_classes = len(self.class_names)
        return predicted_by_features(table, self.classes, run.learnt, run.tested, n_classes)

    def _most_frequent(self, run: Run) -> Float64Array:
        """Return the part that each class has in what was learnt from, for every tested item."""
        counts = np.bincount(self.classes[run.learnt], minlength=len(self.class_names))
        return np.tile(counts / len(run.learnt), (len(run.tested), 1))


def file_features(item: Item) -> Float64Array:
    """Return what is known of an item without looking at it: its files' sizes, in bytes.

    A class that was saved otherwise than another is recognised by this alone.
    """
    paths = [part.path for part in item.image.parts]
    return np.array([float(path.stat().st_size) if path.exists() else 0.0 for path in paths])
