"""What a network must beat: simple measurements of an image, and a straight line through them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_image_classifier.typing import Float64Array, FloatArray, IntArray

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
GREYS = 32
DISTANCES = (1, 2, 4, 8)
ANGLES = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
TEXTURES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")
RADII = (1, 2, 4)


def intensity_features(pixels: FloatArray) -> Float64Array:
    """Return mean, deviation and percentiles of each channel of an image (y, x, channel)."""
    found = []
    for channel in np.moveaxis(np.asarray(pixels, np.float64), -1, 0):
        found += [channel.mean(), channel.std(), *np.percentile(channel, PERCENTILES)]
    return np.array(found)


def texture_features(pixels: FloatArray) -> Float64Array:
    """Return how grey levels lie beside each other, for each channel of an image (y, x, channel).

    Co-occurrence (Haralick, Shanmugam & Dinstein, 1973) at four distances, and local binary
    patterns (Ojala, Pietikäinen & Mäenpää, 2002) at three radii, between the 1st and 99th
    percentile of the image.
    """
    from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

    found: list[Float64Array] = []
    for channel in np.moveaxis(np.asarray(pixels, np.float64), -1, 0):
        low, high = np.percentile(channel, (1, 99))
        scaled = (channel - low) / (high - low) if high > low else np.zeros_like(channel)
        greys = np.clip(scaled * (GREYS - 1), 0, GREYS - 1).astype(np.uint8)
        pairs = graycomatrix(greys, DISTANCES, ANGLES, GREYS, symmetric=True, normed=True)
        found += [graycoprops(pairs, name).mean(axis=1) for name in TEXTURES]
        for radius in RADII:
            patterns = local_binary_pattern(greys, 8, radius, "uniform")
            found.append(np.histogram(patterns, bins=10, range=(0, 10), density=True)[0])
    return np.concatenate(found)


def measured_texture(pixels: FloatArray) -> Float64Array:
    """Return brightness and texture of an image (y, x, channel), as a classic method sees it."""
    return np.concatenate([intensity_features(pixels), texture_features(pixels)])


def predicted_by_features(
    features: Float64Array, classes: IntArray, learnt: IntArray, tested: IntArray, n_classes: int
) -> Float64Array:
    """Return probabilities (tested item, class) of a logistic regression on scaled features."""
    model = logistic_regression()
    model.fit(features[learnt], classes[learnt])
    found = np.zeros((len(tested), n_classes))
    found[:, model.classes_] = model.predict_proba(features[tested])
    return found


def feature_table(rows: Sequence[Float64Array]) -> Float64Array:
    """Return features of all items as one table; where items differ in number, 0 fills up."""
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
