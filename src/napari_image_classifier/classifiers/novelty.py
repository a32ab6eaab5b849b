"""Is an image like those that a classifier learnt from? If not, why not, in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from napari_image_classifier.classifiers.image_kind import ImageKind, KnownKinds
from napari_image_classifier.classifiers.image_statistics import (
    BRIGHTNESS,
    DETAIL,
    brightness_of,
    detail_of,
    planes_of,
)
from napari_image_classifier.classifiers.mahalanobis import FeatureDistance
from napari_image_classifier.statistics.conformal_ranges import KnownRanges
from napari_image_classifier.typing import Float64Array, FloatArray

UNLIKE_EVERY_CLASS = "To the network it looks unlike the images of every class that it learnt from."


@dataclass(frozen=True)
class Gate:
    """What the images that a classifier learnt from were like.

    ``intensities`` are those of every channel that count as 0 and 1 when its ``brightness`` is
    told. ``distances`` holds one per network of the classifier.
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
        """Return how far off images look to the networks, shape (image); above 1 is too far.

        ``features`` holds an array of shape (image, feature) for each network.
        """
        parts = [
            distance.of(seen) / distance.limit
            for distance, seen in zip(self.distances, features, strict=True)
        ]
        return np.asarray(np.mean(parts, axis=0))

    def fits(self, n_classes: int, n_channels: int, n_networks: int) -> bool:
        """Return whether it can be of a classifier with so many of each."""
        ranges = (self.brightness, BRIGHTNESS), (self.detail, DETAIL)
        return (
            len(self.intensities) == n_channels
            and len(self.distances) == n_networks
            and all(len(distance.means) == n_classes for distance in self.distances)
            and all(one.middle.shape == (n_channels, len(words)) for one, words in ranges)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the gate as it stands in the classifier's file."""
        return {
            "kinds": self.kinds.to_json(),
            "intensities": [list(ends) for ends in self.intensities],
            "brightness": self.brightness.to_json(),
            "detail": self.detail.to_json(),
            "distances": [distance.to_json() for distance in self.distances],
        }

    @classmethod
    def from_json(cls, stored: Any) -> Self:
        """Make the gate from what `to_json` gave."""
        return cls(
            KnownKinds.from_json(stored["kinds"]),
            tuple((float(low), float(high)) for low, high in stored["intensities"]),
            KnownRanges.from_json(stored["brightness"]),
            KnownRanges.from_json(stored["detail"]),
            tuple(FeatureDistance.from_json(one) for one in stored["distances"]),
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
