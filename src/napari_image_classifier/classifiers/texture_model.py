"""The texture model: logistic regression on features of brightness and texture.

It is what a network must beat, and takes its place where there are few images.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from napari_image_classifier.classifiers.limits import LARGEST_TEXTURE_MODEL
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.system.bounded_json import JsonRefused, read_bounded_json
from napari_image_classifier.system.records import RecordError, as_json, from_json
from napari_image_classifier.typing import Float64Array, FloatArray, IntArray

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
GREYS = 32
DISTANCES = (1, 2, 4, 8)
ANGLES = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
TEXTURES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")
RADII = (1, 2, 4)
PATTERNS = 10
# Mean, standard deviation and percentiles, then textures at distances, then patterns at radii.
FEATURES_OF_A_CHANNEL = (
    2 + len(PERCENTILES) + len(TEXTURES) * len(DISTANCES) + PATTERNS * len(RADII)
)
# Far beyond what is measured of images and learnt from it, and far from overflowing.
_LARGEST, _SMALLEST_SCALE = 1e20, 1e-20
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


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
        nothing = np.full(len(self.middle), np.nan)
        measured = [
            measured_texture(pixels) if np.isfinite(pixels).all() else nothing for pixels in images
        ]
        return self.judge(np.stack(measured))

    def judge(self, features: Float64Array) -> tuple[FloatArray, FloatArray]:
        """Return what `run` does, of features (image, feature) that were measured before."""
        scaled = (features - self.middle) / self.scale
        return _as_float32(scaled @ self.weights.T + self.offsets), _as_float32(scaled)

    def to_bytes(self) -> bytes:
        """Return the model as it stands in a classifier's file: JSON."""
        return json.dumps(as_json(self)).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Make the model from what `to_bytes` gave; `check` says whether it is of a classifier.

        Raises
        ------
        ClassifierFileError
            It makes no sense.
        """
        try:
            made = from_json(cls, read_bounded_json(content, largest=LARGEST_TEXTURE_MODEL))
        except (JsonRefused, RecordError) as error:
            raise ClassifierFileError(f"its texture model can't be understood ({error})") from error
        n_classes, n_features = made.offsets.size, made.middle.size
        shapes = [(n_features,), (n_features,), (n_classes, n_features), (n_classes,)]
        arrays = [made.middle, made.scale, made.weights, made.offsets]
        fits = [array.shape for array in arrays] == shapes and n_classes > 0
        # Of what is no number, nothing is smaller.
        sane = all((np.abs(array) < _LARGEST).all() for array in arrays)
        if not (fits and sane and (made.scale > _SMALLEST_SCALE).all()):
            raise ClassifierFileError("its texture model makes no sense")
        return made

    def check(self, n_classes: int, n_channels: int) -> None:
        """Refuse a model that is of other classes, or of images of other channels.

        Raises
        ------
        ClassifierFileError
            It is.
        """
        if self.weights.shape != (n_classes, n_channels * FEATURES_OF_A_CHANNEL):
            raise ClassifierFileError("its texture model is of other classes or channels")


def _as_float32(values: Float64Array) -> FloatArray:
    return np.clip(values, -_LARGEST_FLOAT32, _LARGEST_FLOAT32).astype(np.float32)


def intensity_features(pixels: FloatArray) -> Float64Array:
    """Return the brightness of each channel of an image.

    Parameters
    ----------
    pixels
        Shape (y, x, channel).

    Returns
    -------
    array
        Mean, standard deviation and seven percentiles of each channel in turn, shape (feature).
    """
    features = []
    for channel in np.moveaxis(np.asarray(pixels, np.float64), -1, 0):
        features += [channel.mean(), channel.std(), *np.percentile(channel, PERCENTILES)]
    return np.array(features)


def texture_features(pixels: FloatArray) -> Float64Array:
    """Return how grey levels lie beside each other, for each channel of an image (y, x, channel).

    Co-occurrence (Haralick, Shanmugam & Dinstein, 1973) at four distances, and local binary
    patterns (Ojala, Pietikäinen & Mäenpää, 2002) at three radii, between the 1st and 99th
    percentile of the image.
    """
    from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

    features: list[Float64Array] = []
    for channel in np.moveaxis(np.asarray(pixels, np.float64), -1, 0):
        low, high = np.percentile(channel, (1, 99))
        scaled = (channel - low) / (high - low) if high > low else np.zeros_like(channel)
        greys = np.clip(scaled * (GREYS - 1), 0, GREYS - 1).astype(np.uint8)
        pairs = graycomatrix(greys, DISTANCES, ANGLES, GREYS, symmetric=True, normed=True)
        features += [graycoprops(pairs, name).mean(axis=1) for name in TEXTURES]
        for radius in RADII:
            patterns = local_binary_pattern(greys, 8, radius, "uniform")
            features.append(
                np.histogram(patterns, bins=PATTERNS, range=(0, PATTERNS), density=True)[0]
            )
    return np.concatenate(features)


def measured_texture(pixels: FloatArray) -> Float64Array:
    """Return brightness and texture of an image, as a classic method sees it [1]_ [2]_.

    Parameters
    ----------
    pixels
        Shape (y, x, channel).

    Returns
    -------
    array
        Shape (feature).

    References
    ----------
    .. [1] Haralick, Shanmugam & Dinstein (1973), “Textural features for image classification”.
    .. [2] Ojala, Pietikäinen & Mäenpää (2002), “Multiresolution gray-scale and rotation invariant
       texture classification with local binary patterns”.
    """
    return np.concatenate([intensity_features(pixels), texture_features(pixels)])


def predicted_by_features(
    features: Float64Array, classes: IntArray, learnt: IntArray, tested: IntArray, n_classes: int
) -> Float64Array:
    """Return the predictions of a logistic regression on scaled features.

    Parameters
    ----------
    features
        Of all items, shape (item, feature).
    classes
        Of all items, shape (item), as indices.
    learnt
        Indices of the items that it is fitted to.
    tested
        Indices of the items that it predicts.
    n_classes
        Number of classes; one that was not learnt has the probability 0.

    Returns
    -------
    array
        Probabilities, shape (tested item, class).
    """
    model = logistic_regression()
    model.fit(features[learnt], classes[learnt])
    probabilities = np.zeros((len(tested), n_classes))
    probabilities[:, model.classes_] = model.predict_proba(features[tested])
    return probabilities


def feature_table(rows: Sequence[Float64Array]) -> Float64Array:
    """Return features of all items as one table.

    Parameters
    ----------
    rows
        The features of each item, shape (feature); where items differ in number, 0 fills up.

    Returns
    -------
    array
        Shape (item, feature).
    """
    width = max(map(len, rows))
    return np.array([np.pad(row, (0, width - len(row))) for row in rows])


def logistic_regression() -> Any:
    """Return scikit-learn's, on scaled features, rare classes counting for more; not fitted yet."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000)
    )
