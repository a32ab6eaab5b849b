"""Novelty: how far an image is unlike those of the training, and why, in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from napari_image_classifier.images.image import Image
from napari_image_classifier.items.preparation import RANGE_PERCENTILES
from napari_image_classifier.statistics.conformal_ranges import KnownRanges
from napari_image_classifier.system.declared_sizes import checked_length, checked_number
from napari_image_classifier.typing import Float64Array, FloatArray, IntArray

# A pixel this many times as large is another magnification.
OTHER_MAGNIFICATION = 1.25
MOST_DEPTHS, MOST_BITS = 16, 1024


@dataclass(frozen=True)
class ImageKind:
    """What an image's file says besides its pixels.

    Attributes
    ----------
    bits
        Those of a pixel; None where pixels are fractions, as those of computed images.
    is_rgb
        Whether it is a colour picture.
    pixel_size
        In µm, None where the file does not say.
    """

    bits: int | None
    is_rgb: bool
    pixel_size: float | None

    @classmethod
    def of(cls, image: Image) -> Self:
        """Return the kind of an image."""
        size = image.pixel_size
        return cls(
            8 * image.dtype.itemsize if np.issubdtype(image.dtype, np.integer) else None,
            image.is_rgb,
            size.x if size is not None and size.unit == "µm" else None,
        )


@dataclass(frozen=True)
class KnownKinds:
    """The kinds of image that a classifier learnt from.

    Attributes
    ----------
    bits
        Every depth, sorted; empty where some images had fractions.
    rgb
        Whether there were colour pictures.
    pixel_size
        The smallest and the largest in µm, None where some file did not say.
    """

    bits: tuple[int, ...]
    rgb: bool
    pixel_size: tuple[float, float] | None

    def __post_init__(self) -> None:
        checked_length(self.bits, "depths of pixels", MOST_DEPTHS)
        for bits in self.bits:
            checked_number(bits, "bits in a pixel", MOST_BITS, least=1)
        if self.pixel_size is not None and not 0 < min(self.pixel_size) < np.inf:
            raise ValueError("A pixel has no size")

    @classmethod
    def of(cls, kinds: Sequence[ImageKind]) -> Self:
        """Return the kinds of the images of a training."""
        depths = [kind.bits for kind in kinds if kind.bits is not None]
        sizes = [kind.pixel_size for kind in kinds if kind.pixel_size is not None]
        return cls(
            tuple(sorted(set(depths))) if len(depths) == len(kinds) else (),
            any(kind.is_rgb for kind in kinds),
            (min(sizes), max(sizes)) if len(sizes) == len(kinds) else None,
        )

    def why_other(self, kind: ImageKind) -> str:
        """Return in a sentence why an image is of another kind; "" where it is of a known one."""
        if kind.is_rgb and not self.rgb:
            return "It is a colour picture, and the classifier learnt from none."
        if self.bits and kind.bits is not None and kind.bits not in self.bits:
            learnt = " and ".join(f"{bits}-bit" for bits in self.bits)
            return f"It is a {kind.bits}-bit image, and the classifier learnt from {learnt} ones."
        if self.pixel_size is None or kind.pixel_size is None:
            return ""
        smallest, largest = self.pixel_size
        if smallest / OTHER_MAGNIFICATION <= kind.pixel_size <= largest * OTHER_MAGNIFICATION:
            return ""
        learnt = f"{smallest:.3g}" if smallest == largest else f"{smallest:.3g} to {largest:.3g}"
        return (
            f"Its pixels are {kind.pixel_size:.3g} µm wide, and those of the images that the "
            f"classifier learnt from {learnt} µm: another magnification."
        )


# In the order of the numbers: what is higher or lower, and how each is said.
BRIGHTNESS = (
    ("has a darker background", "has a brighter background"),
    ("is darker", "is brighter"),
    ("is darker where it is brightest", "is brighter where it is brightest"),
    ("has less contrast", "has more contrast"),
)
DETAIL = (
    ("shows less fine detail", "shows more fine detail, or noise,"),
    ("shows less detail", "shows more detail"),
    ("shows less coarse structure", "shows more coarse structure"),
)
CONTRAST = len(BRIGHTNESS) - 1
PIXELS_SAMPLED = 4_000
# Of the range of intensities: below, differences count as such, and above as ratios.
FAINT = 0.05
_NO_ENERGY = 1e-9


def planes_of(pixels: FloatArray) -> FloatArray:
    """Return measured pixels as planes.

    Parameters
    ----------
    pixels
        float32 of shape (y, x, channel), see `preparation.measured_pixels`.

    Returns
    -------
    array
        float32 of shape (channel, y, x), each plane in one piece.
    """
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))


def brightness_of(planes: FloatArray, ranges: Sequence[tuple[float, float]]) -> Float64Array:
    """Return how bright each channel of an image is.

    Parameters
    ----------
    planes
        As `planes_of` returns them.
    ranges
        The intensities that count as 0 and 1, for each channel.

    Returns
    -------
    array
        Shape (channel, 4), as in `BRIGHTNESS`: the low percentile, the mean, the high percentile
        and the distance of the percentiles, on a scale that is that of logarithms for what is
        bright and goes through 0.
    """
    flat = planes.reshape(len(planes), -1)
    step = max(1, flat.shape[1] // PIXELS_SAMPLED)
    low, high = np.transpose(ranges)
    with np.errstate(invalid="ignore", over="ignore"):
        darkest, brightest = np.transpose(
            [np.percentile(channel[::step], RANGE_PERCENTILES) for channel in flat]
        )
        mean = flat.mean(axis=1)
        measures = (np.stack([darkest, mean, brightest]) - low) / (high - low)
        measures = np.concatenate([measures, (measures[2] - measures[0])[np.newaxis]])
        return np.asarray(np.arcsinh(measures / FAINT).T)


def detail_of(planes: FloatArray) -> Float64Array:
    """Return how much of each channel's variance is fine detail.

    Parameters
    ----------
    planes
        As `planes_of` returns them.

    Returns
    -------
    array
        Shape (channel, 3), as in `DETAIL`: decimal logarithms of the part of the variance that is
        gone when pixels are averaged two by two, then of what is gone when that is done again, and
        again: the energy of Haar wavelets by octave [1]_. Blurring lowers them, the first ones
        most; noise raises the first one.

    References
    ----------
    .. [1] Mallat (1989), “A theory for multiresolution signal decomposition”.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        return np.stack([_detail_of_plane(plane) for plane in planes])


def _detail_of_plane(plane: FloatArray) -> Float64Array:
    finer = plane - plane.mean()
    variance = _energy(finer)
    parts = []
    for _ in DETAIL:
        finer, before = _halved(finer)
        parts.append(max(before - _energy(finer), 0.0))
    return np.log10((np.array(parts) + _NO_ENERGY) / (variance + _NO_ENERGY))


def _energy(plane: FloatArray) -> float:
    flat = plane.ravel()
    return float(flat @ flat) / flat.size


def _halved(plane: FloatArray) -> tuple[FloatArray, float]:
    """Return pixels averaged two by two, and the energy of those that were averaged."""
    height, width = (length - length % 2 for length in plane.shape)
    if not (height and width):
        return plane, _energy(plane)
    cropped = plane[:height, :width]
    rows = cropped[::2] + cropped[1::2]
    halved: FloatArray = rows[:, ::2] + rows[:, 1::2]
    halved *= 0.25
    return halved, _energy(cropped)


MOST_DIRECTIONS = 64
NUMBERS_AT_ONCE = 8 * 1024**2
UNLIKE_EVERY_CLASS = "To the network it looks unlike the images of every class that it learnt from."


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
        arrays = self.means, self.directions, self.variances
        is_finite = all(np.isfinite(array).all() for array in arrays)
        if not (is_finite and (self.variances > 0).all() and self.rest > 0 and self.limit >= 0):
            raise ValueError("The distances are no numbers")

    @classmethod
    def fitted(cls, features: FloatArray, classes: IntArray) -> Self:
        """Return the distance for features (image, feature) of images of these classes.

        Mahalanobis' distance to the nearest class mean (Lee et al., 2018), with a covariance of
        fewer images than features made sound as Ledoit & Wolf (2004) do.
        """
        from sklearn.covariance import ledoit_wolf

        means = np.stack(
            [features[classes == number].mean(axis=0) for number in np.unique(classes)]
        )
        apart = (features - means[np.unique(classes, return_inverse=True)[1]]).astype(np.float64)
        covariance, _ = ledoit_wolf(apart, assume_centered=True)
        variances, vectors = np.linalg.eigh(covariance)
        variances, directions = variances[::-1], vectors.T[::-1]
        n_directions = min(MOST_DIRECTIONS, len(variances))
        floor = max(float(variances.mean()) * 1e-6, float(np.finfo(np.float32).tiny))
        others = float(variances[n_directions:].mean()) if n_directions < len(variances) else 1.0
        return cls(
            len(means),
            n_directions,
            means.astype(np.float32),
            directions[:n_directions].astype(np.float32),
            np.maximum(variances[:n_directions], floor).astype(np.float32),
            max(others, floor),
        )

    def of(self, features: FloatArray) -> Float64Array:
        """Return the distance to the nearest class, shape (image), of (image, feature)."""
        # Some images at a time, as each is held against every class in every feature.
        step = max(1, NUMBERS_AT_ONCE // max(1, self.means.size))
        parts = [features[start : start + step] for start in range(0, len(features), step)]
        return np.concatenate([self._of_some(part) for part in parts or [features]])

    def _of_some(self, features: FloatArray) -> Float64Array:
        apart = features[:, np.newaxis].astype(np.float64) - self.means
        along = apart @ self.directions.T
        across = np.maximum((apart**2).sum(axis=-1) - (along**2).sum(axis=-1), 0)
        if len(self.directions) == features.shape[1]:
            across[:] = 0
        squares = (along**2 / self.variances).sum(axis=-1) + across / self.rest
        return np.asarray(np.sqrt(squares.min(axis=1)))


@dataclass(frozen=True)
class Novelty:
    """The novelty detection: what the images that a classifier learnt from were like.

    In `classifier.json` its key is "gate".

    Attributes
    ----------
    kinds
        The kinds of image.
    intensities
        Those of every channel that count as 0 and 1 when its brightness is told.
    brightness
        The usual ranges of `brightness_of`.
    detail
        The usual ranges of `detail_of`.
    distances
        Of the last features, one for each network of the classifier.
    """

    kinds: KnownKinds
    intensities: tuple[tuple[float, float], ...]
    brightness: KnownRanges
    detail: KnownRanges
    distances: tuple[FeatureDistance, ...]

    def why_unlike(self, kind: ImageKind, pixels: FloatArray, channel_names: Sequence[str]) -> str:
        """Return why an image can't be one of those, before any network has seen it.

        ``pixels`` are measured ones (see `preparation.measured_pixels`), float32 (y, x, channel).
        The sentence is empty where nothing speaks against it.
        """
        planes = planes_of(pixels)
        return (
            self.kinds.why_other(kind)
            or _why_outside(
                self.brightness, brightness_of(planes, self.intensities), BRIGHTNESS, channel_names
            )
            or _why_outside(self.detail, detail_of(planes), DETAIL, channel_names)
        )

    def how_far(self, features: Sequence[FloatArray]) -> Float64Array:
        """Return the novelty of images to the networks, shape (image); above 1 they are too far.

        ``features`` holds an array of shape (image, feature) for each network.
        """
        parts = [
            distance.of(seen) / distance.limit
            for distance, seen in zip(self.distances, features, strict=True)
        ]
        return np.asarray(np.mean(parts, axis=0))

    def is_of_features(self, n_features: Sequence[int]) -> bool:
        """Return whether it can be of networks that have so many features, one after the other."""
        return [distance.means.shape[1] for distance in self.distances] == list(n_features)

    def fits(self, n_classes: int, n_channels: int, n_networks: int) -> bool:
        """Return whether it can be of a classifier with so many of each."""
        ranges = (self.brightness, BRIGHTNESS), (self.detail, DETAIL)
        return (
            len(self.intensities) == n_channels
            and len(self.distances) == n_networks
            and all(len(distance.means) == n_classes for distance in self.distances)
            and all(
                array.shape == (n_channels, len(words))
                for known, words in ranges
                for array in (known.middle, known.below, known.above)
            )
        )


def _why_outside(
    ranges: KnownRanges,
    numbers: Float64Array,
    words: Sequence[tuple[str, str]],
    channel_names: Sequence[str],
) -> str:
    worst = ranges.worst(numbers)
    if worst is None:
        return ""
    channel, number, above = worst
    what = _in_words(channel_names[channel]) if len(channel_names) > 1 else "It"
    return f"{what} {words[number][above]} than in the images that the classifier learnt from."


def _in_words(channel_name: str) -> str:
    # Channels that have no name are called "Channel 1".
    return channel_name if channel_name.startswith("Channel") else f"Channel {channel_name}"
