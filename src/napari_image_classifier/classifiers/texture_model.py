"""The texture model: logistic regression in a network's place, for few images."""

import json
from dataclasses import dataclass
from typing import Self

import numpy as np

from napari_image_classifier.classifiers.texture_features import (
    logistic_regression,
    measured_texture,
)
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.system.bounded_json import JsonRefused, read_bounded_json
from napari_image_classifier.system.records import RecordError, as_json, from_json
from napari_image_classifier.typing import Float64Array, FloatArray, IntArray

LARGEST = 1024**2


@dataclass(frozen=True)
class TextureModel:
    """Logistic regression on scaled features (`measured_texture`); runs as a graph does.

    Attributes
    ----------
    middle
        Of each feature, shape (feature).
    scale
        Of each feature, shape (feature).
    weights
        Shape (class, feature).
    offsets
        Shape (class).
    """

    middle: Float64Array
    scale: Float64Array
    weights: Float64Array
    offsets: Float64Array

    @classmethod
    def fitted(cls, features: Float64Array, classes: IntArray) -> Self:
        """Return the model of features, shape (image, feature), of images of these classes.

        ``classes`` counts from 0, and each is there.
        """
        scaler, line = logistic_regression().fit(features, classes)
        weights, offsets = line.coef_, line.intercept_
        if len(weights) == 1:
            # Of two classes scikit-learn keeps the second one's side only.
            weights, offsets = np.vstack([0 * weights, weights]), np.append(0.0, offsets)
        return cls(scaler.mean_, scaler.scale_, weights, offsets)

    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return logits, shape (n, n_classes), and scaled features, (n, n_features), both float32.

        ``images`` are prepared, float32 of shape (n, y, x, channel). One that has pixels without a
        value has logits without one.
        """
        measured = np.stack([_measured_or_nothing(one, len(self.middle)) for one in images])
        return self.judge(measured)

    def judge(self, features: Float64Array) -> tuple[FloatArray, FloatArray]:
        """Return what `run` does, of features (image, feature) that were measured before."""
        scaled = (features - self.middle) / self.scale
        logits = scaled @ self.weights.T + self.offsets
        return logits.astype(np.float32), scaled.astype(np.float32)

    def to_bytes(self) -> bytes:
        """Return the model as it stands in a classifier's file: JSON."""
        return json.dumps(as_json(self)).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Make the model from what `to_bytes` gave.

        Raises
        ------
        ClassifierFileError
            It makes no sense.
        """
        try:
            made = from_json(cls, read_bounded_json(content, largest=LARGEST))
        except (JsonRefused, RecordError) as error:
            raise ClassifierFileError(f"its texture model can't be understood ({error})") from error
        n_classes, n_features = made.offsets.size, made.middle.size
        shapes = [(n_features,), (n_features,), (n_classes, n_features), (n_classes,)]
        arrays = [made.middle, made.scale, made.weights, made.offsets]
        fits = [array.shape for array in arrays] == shapes and n_classes > 0
        finite = all(np.isfinite(array).all() for array in arrays)
        if not (fits and finite and (made.scale > 0).all()):
            raise ClassifierFileError("its texture model makes no sense")
        return made


def _measured_or_nothing(pixels: FloatArray, n_features: int) -> Float64Array:
    if not np.isfinite(pixels).all():
        return np.full(n_features, np.nan)
    return measured_texture(pixels)
