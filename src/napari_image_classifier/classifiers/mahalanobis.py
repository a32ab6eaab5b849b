"""Distance of an image's features from those of every class that was learnt from."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from napari_image_classifier.typing import Float64Array, FloatArray, IntArray

MOST_DIRECTIONS = 64


@dataclass(frozen=True)
class FeatureDistance:
    """The classes as clouds of one shape in the space of a network's last features [1]_.

    Parameters
    ----------
    n_classes
        Number of classes.
    n_directions
        Number of directions.
    means
        Of the features of each class, shape (class, feature).
    directions
        Of the largest variances of the common covariance, shape (direction, feature).
    variances
        Along the directions, shape (direction).
    rest
        One variance across all other directions [2]_, which keeps it small in the file.
    limit
        The distance beyond which an image is unlike every class.

    Raises
    ------
    ValueError
        The arrays do not belong together.

    References ---------- .. [1] Lee et al. (2018), “A simple unified framework for detecting
    out-of-distribution samples and
       adversarial attacks”, NeurIPS.
    .. [2] Moghaddam & Pentland (1997), “Probabilistic visual learning for object representation”.
    """

    n_classes: int
    n_directions: int
    means: FloatArray
    directions: FloatArray
    variances: FloatArray
    rest: float
    limit: float = np.inf

    def __post_init__(self) -> None:
        # The classifier's file holds them without their shape.
        object.__setattr__(self, "means", self.means.reshape(self.n_classes, -1))
        object.__setattr__(self, "directions", self.directions.reshape(self.n_directions, -1))
        n_features = self.means.shape[1]
        if self.directions.shape[1] != n_features or self.variances.shape != (self.n_directions,):
            raise ValueError("The directions are of other features")

    @classmethod
    def fitted(cls, features: FloatArray, classes: IntArray) -> Self:
        """Return the distance for features (image, feature) of images of these classes.

        Mahalanobis' distance to the nearest class mean (Lee et al., 2018), with a covariance of
        fewer images than features made sound as Ledoit & Wolf (2004) do.
        """
        from sklearn.covariance import ledoit_wolf

        means = np.stack([features[classes == one].mean(axis=0) for one in np.unique(classes)])
        apart = (features - means[np.unique(classes, return_inverse=True)[1]]).astype(np.float64)
        covariance, _ = ledoit_wolf(apart, assume_centered=True)
        variances, vectors = np.linalg.eigh(covariance)
        variances, directions = variances[::-1], vectors.T[::-1]
        kept = min(MOST_DIRECTIONS, len(variances))
        floor = max(float(variances.mean()) * 1e-6, float(np.finfo(np.float32).tiny))
        others = float(variances[kept:].mean()) if kept < len(variances) else 1.0
        return cls(
            len(means),
            kept,
            means.astype(np.float32),
            directions[:kept].astype(np.float32),
            np.maximum(variances[:kept], floor).astype(np.float32),
            max(others, floor),
        )

    def of(self, features: FloatArray) -> Float64Array:
        """Return the distance to the nearest class, shape (image), of (image, feature)."""
        apart = features[:, np.newaxis].astype(np.float64) - self.means
        along = apart @ self.directions.T
        across = np.maximum((apart**2).sum(axis=-1) - (along**2).sum(axis=-1), 0)
        if len(self.directions) == features.shape[1]:
            across[:] = 0
        squares = (along**2 / self.variances).sum(axis=-1) + across / self.rest
        return np.asarray(np.sqrt(squares.min(axis=1)))
