"""Features of brightness and texture, and logistic regression on them: what a network must beat."""

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
    found = np.zeros((len(tested), n_classes))
    found[:, model.classes_] = model.predict_proba(features[tested])
    return found


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
