"""Preparation: the way from an image to what the network sees.

Channels, projection, intensity, size. Training and prediction call the same function with the same
stored `Preparation`, so a classifier means the same thing wherever it runs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.channel_matching import ChannelMap, match_channels
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.transforms import Projection, project, resized
from napari_image_classifier.items.crops import ObjectBox, cut_objects, why_too_large
from napari_image_classifier.items.objects import ObjectPlace, Objects, objects_of
from napari_image_classifier.items.selection import (
    Each,
    check_selection,
    parse_selection,
    selections_of,
)
from napari_image_classifier.system.declared_sizes import (
    SizeRefused,
    checked_length,
    checked_number,
    checked_product,
)
from napari_image_classifier.system.shown_text import check_names
from napari_image_classifier.typing import FloatArray

Intensity = Literal["fixed", "percentiles", "none"]
# Which channels of an image are those of a preparation: indices, or what they are called there.
Channels = Sequence[int] | ChannelMap | None

LARGEST_SIZE = 8192
MOST_CHANNELS = 256
LONGEST_CHANNEL_NAME = 500
# What is seen of one item: a side of 8192 pixels in one channel, of 2048 in sixteen.
MOST_NUMBERS = LARGEST_SIZE**2
PIXELS_SAMPLED_PER_IMAGE = 10_000
RANGE_PERCENTILES = (0.5, 99.8)


class PreparationError(ImageClassifierError):
    """A preparation that can't be carried out, or not on this image."""


@dataclass(frozen=True)
class Preparation:
    """How an image becomes the network's input, stored inside the classifier.

    Parameters
    ----------
    channel_names
        The channels that the network sees, in its order.
    channels_named
        Whether these are names of the images, by which channels are matched, and not mere numbers.
    projection
        How a Z stack becomes one plane.
    intensity
        How intensities are scaled: by "fixed" ``ranges``, by "percentiles" of each image, or
        "none".
    ranges
        For each channel the intensities that become 0 and 1, with "fixed"; what lies outside is not
        cut off.
    percentiles
        Those that play the same part with "percentiles", from 0 to 100.
    size
        Of the input, (y, x) in pixels.
    keep_aspect
        Whether an image is scaled to fit, and the rest filled with 0; else it is stretched.
    each
        What is classified: every image, time point or plane. With "plane" every plane has objects
        of its own, else they are bodies through all planes.
    objects
        The box that objects are cut out with; None where whole images are classified.

    Raises
    ------
    PreparationError
        There is no such preparation.
    """

    channel_names: tuple[str, ...]
    channels_named: bool = True
    projection: Projection = "max"
    intensity: Intensity = "fixed"
    ranges: tuple[tuple[float, float], ...] = ()
    percentiles: tuple[float, float] = (0.5, 99.5)
    size: tuple[int, int] = (128, 128)
    keep_aspect: bool = True
    each: Each = "image"
    objects: ObjectBox | None = None

    def __post_init__(self) -> None:
        for what, choice, kind in (
            ("projection", self.projection, Projection),
            ("intensity", self.intensity, Intensity),
            ("what is classified", self.each, Each),
        ):
            if choice not in (choices := get_args(kind)):
                raise PreparationError(
                    f"{choice!r} is not a known {what}; choose {', '.join(choices)}."
                )
        try:
            self._check_sizes()
        except SizeRefused as error:
            raise PreparationError(f"No image is prepared so: {error}.") from error
        if self.intensity == "fixed" and self.ranges and len(self.ranges) != self.n_channels:
            raise PreparationError(
                f"There are {len(self.ranges)} intensity ranges for {self.n_channels} channels."
            )
        if not np.isfinite([*self.percentiles, *chain(*self.ranges)]).all():
            raise PreparationError("An end of an intensity range is no number.")
        if not 0 <= min(self.percentiles) <= max(self.percentiles) <= 100:
            raise PreparationError("Percentiles are from 0 to 100.")

    def _check_sizes(self) -> None:
        if not self.channel_names:
            raise PreparationError("There is no channel to see.")
        checked_length(self.channel_names, "channels", MOST_CHANNELS)
        for name in self.channel_names:
            checked_length(name, "letters in the name of a channel", LONGEST_CHANNEL_NAME)
        check_names(self.channel_names, "channel", PreparationError)
        checked_length(self.ranges, "intensity ranges", MOST_CHANNELS)
        for side in self.size:
            checked_number(side, "pixels in the size", LARGEST_SIZE, least=1)
        checked_product((*self.size, self.n_channels), "numbers for an image", MOST_NUMBERS)

    @property
    def n_channels(self) -> int:
        """How many channels the network sees."""
        return len(self.channel_names)


def prepare(
    image: Image,
    preparation: Preparation,
    *,
    selection: str = "",
    channels: Channels = None,
) -> FloatArray:
    """Return what the network sees of an image.

    Parameters
    ----------
    image
        An open image.
    preparation
        The classifier's.
    selection
        Which part of the image is meant: "" (a whole image), "t=3", "z=5" or "t=3,z=5", from 0.
    channels
        As in `matched_channels`.

    Returns
    -------
    array
        float32 of shape (y, x, channel).

    Raises
    ------
    ChannelMismatchError
        The image lacks a channel.
    ImageReadError
        The file turned out to be unreadable.
    """
    return finished(
        measured_pixels(image, preparation, selection=selection, channels=channels), preparation
    )


class ImageItem(NamedTuple):
    """One item of an image.

    Attributes
    ----------
    selection
        Which part of the image it is, "" for all of it.
    pixels
        float32 of shape (y, x, channel).
    place
        Where it lies, if it is an object.
    why_unlike
        Why it can't be one of those that were learnt from, such as that too little of it is seen;
        "" where all is well.
    """

    selection: str
    pixels: FloatArray
    place: ObjectPlace | None = None
    why_unlike: str = ""


def items_of_image(
    image: Image,
    preparation: Preparation,
    *,
    selections: Sequence[str] | None = None,
    channels: Channels = None,
    objects: Objects | None = None,
) -> Iterator[ImageItem]:
    """Yield the items of an image, in order.

    Parameters
    ----------
    image
        An open image.
    preparation
        Says what is classified, and how it is cut out and scaled.
    selections
        The only items that are wanted; None: all.
    channels
        As in `matched_channels`.
    objects
        Those to cut out, unless told those of the image's mask.

    Yields
    ------
    ImageItem
        Its pixels are not scaled yet; `preparation.finished` does that.

    Raises
    ------
    ChannelMismatchError
        The image lacks a channel.
    MaskError
        Objects are to be classified, and the image has no mask, or one that does not fit.
    SelectionError
        The image has no such item.
    ImageReadError
        The file turned out to be unreadable.
    """
    channels = matched_channels(image, preparation, channels)
    if preparation.objects is not None:
        if objects is None:
            objects = objects_of(image, preparation.each)
        if selections is not None:
            objects = objects.named(selections, image)
        yield from _object_items(image, preparation, channels, objects)
        return
    for selection in selections_of(image, preparation.each) if selections is None else selections:
        yield ImageItem(
            selection,
            measured_pixels(image, preparation, selection=selection, channels=channels),
        )


def _object_items(
    image: Image, preparation: Preparation, channels: Sequence[int], objects: Objects
) -> Iterator[ImageItem]:
    assert preparation.objects is not None
    names = objects.selections(image)
    sides = preparation.objects.pixels(image)
    for chosen, pixels in cut_objects(
        image, objects, preparation.objects, channels, preparation.projection, preparation.size
    ):
        for index, cut in zip(chosen.tolist(), pixels, strict=True):
            why = why_too_large(int(objects.height[index]), int(objects.width[index]), sides)
            yield ImageItem(names[index], cut, objects.place(index), why)


def matched_channels(
    image: Image, preparation: Preparation, channels: Channels = None
) -> Sequence[int]:
    """Return the index in the image of each of the preparation's channels.

    Parameters
    ----------
    image
        An open image.
    preparation
        The classifier's.
    channels
        These indices, where they are known; or what images call channels of the preparation, see
        `channel_matching.match_channels`. None: what the image says of that.

    Returns
    -------
    sequence of int
        One for each channel of the preparation.

    Raises
    ------
    ChannelMismatchError
        The image lacks a channel.
    """
    if channels is not None and not isinstance(channels, Mapping):
        return channels
    return match_channels(
        preparation.channel_names,
        preparation.channels_named,
        image.channel_names,
        image.channels_named,
        image.channel_map if channels is None else channels,
    )


def measured_pixels(
    image: Image,
    preparation: Preparation,
    *,
    selection: str = "",
    channels: Channels = None,
) -> FloatArray:
    """Return the pixels before intensities are scaled, float32 of shape (y, x, channel).

    Z is projected and the size is the preparation's, but what keeps the aspect is not filled up
    yet, so that every pixel was measured.
    """
    channels = matched_channels(image, preparation, channels)
    check_selection(image, selection)
    chosen = parse_selection(selection)
    if "label" in chosen:
        raise PreparationError(
            f"“{selection}” of {image.name} is an object; say where the masks lie that number "
            "the objects."
        )
    if image.n_times > 1 and "t" not in chosen:
        raise PreparationError(
            f"{image.name} has {image.n_times} time points; each is classified by itself, "
            "so say which (t=0 is the first) or choose “every time point”."
        )
    size = _size_within(image.shape[-2:], preparation)
    pixels = np.empty((*size, len(channels)), np.float32)
    for index, channel in enumerate(channels):
        pixels[..., index] = resized(_projected(image, preparation, channel, chosen), size)
    return pixels


def _projected(
    image: Image, preparation: Preparation, channel: int, chosen: Mapping[str, int]
) -> npt.NDArray[Any]:
    time = chosen.get("t", 0)
    only = chosen.get("z", image.n_z // 2 if preparation.projection == "middle" else None)
    wanted = range(image.n_z) if only is None else [only]
    planes = (image.plane(time=time, channel=channel, z=z) for z in wanted)
    return next(planes) if len(wanted) == 1 else project(planes, preparation.projection)


def _size_within(shape: Sequence[int], preparation: Preparation) -> tuple[int, int]:
    height, width = preparation.size
    if not preparation.keep_aspect:
        return height, width
    scale = min(height / shape[0], width / shape[1])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def finished(pixels: FloatArray, preparation: Preparation) -> FloatArray:
    """Return measured pixels as the network sees them: intensities scaled, filled up to the size.

    Parameters
    ----------
    pixels
        Of `measured_pixels`, float32 of shape (y, x, channel).
    preparation
        The classifier's.

    Returns
    -------
    array
        float32 of shape (y, x, channel).
    """
    return _fitted(_scaled(pixels, preparation), preparation.size)


@np.errstate(over="ignore", invalid="ignore")
def _scaled(pixels: FloatArray, preparation: Preparation) -> FloatArray:
    if preparation.intensity == "none":
        return pixels
    if preparation.intensity == "percentiles":
        low, high = np.percentile(pixels, preparation.percentiles, axis=(0, 1))
    elif preparation.ranges:
        low, high = np.transpose(preparation.ranges)
    else:
        raise PreparationError("A fixed intensity range was asked for, and none is stored.")
    # A channel of one value has no range; a width of 1 keeps what differs from it finite.
    width = np.where(high > low, high - low, 1.0)
    # Rows of pixels are long and channels few: calculating by row is several times faster.
    rows = pixels.reshape(pixels.shape[0], -1)
    low_by_row, width_by_row = (
        np.tile(values.astype(np.float32), pixels.shape[1]) for values in (low, width)
    )
    scaled: FloatArray = rows - low_by_row
    scaled /= width_by_row
    return scaled.reshape(pixels.shape)


def _fitted(pixels: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Centre an array of shape (y, x, channel) in one of ``size`` filled with 0."""
    if pixels.shape[:2] == size:
        return pixels
    canvas = np.zeros((*size, pixels.shape[2]), np.float32)
    top, left = (size[0] - pixels.shape[0]) // 2, (size[1] - pixels.shape[1]) // 2
    canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return canvas


def measure_ranges(samples: Iterable[FloatArray]) -> tuple[tuple[float, float], ...]:
    """Return the intensities that become 0 and 1.

    They are the 0.5th and 99.8th percentiles of pixels taken evenly from every image, so that a
    large image counts no more than a small one.

    Parameters
    ----------
    samples
        The `measured_pixels` of the training part only, each of shape (y, x, channel).

    Returns
    -------
    tuple
        A pair for each channel.

    Raises
    ------
    PreparationError
        There are no samples.
    """
    taken = [_evenly_taken(sample) for sample in samples]
    if not taken:
        raise PreparationError("There are no images to measure an intensity range on.")
    pixels = np.concatenate(taken)
    low, high = np.nanpercentile(pixels, RANGE_PERCENTILES, axis=0)
    # A channel of one value has no range; a width of 1 keeps it finite.
    high = np.where(high > low, high, low + 1)
    return tuple((float(a), float(b)) for a, b in zip(low, high, strict=True))


def _evenly_taken(sample: FloatArray) -> FloatArray:
    flat = sample.reshape(-1, sample.shape[-1])
    step = max(1, len(flat) // PIXELS_SAMPLED_PER_IMAGE)
    return flat[::step]
