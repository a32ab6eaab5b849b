"""Between napari's layers and images: which layers are one image, and its pixels.

Nothing here needs a viewer or Qt. A layer is looked at once, by `open_layer`; what follows works
on that snapshot, so it may run on any thread.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.channel_matching import (
    NOTHING_SAID,
    ChannelMap,
    ChannelMismatchError,
    match_channels,
)
from napari_image_classifier.images.channel_names import are_names, numbered_name
from napari_image_classifier.images.display import METADATA_KEY
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.opened_file import AXES, RGB_NAMES, OpenedFile
from napari_image_classifier.images.pixel_size import PixelSize
from napari_image_classifier.typing import AnyArray

_AXES_BY_LABEL = {
    **dict.fromkeys(("t", "time", "frame", "frames"), "T"),
    **dict.fromkeys(("z", "plane", "planes", "slice", "slices", "depth"), "Z"),
    **dict.fromkeys(("c", "channel", "channels"), "C"),
}
MICROMETRE = "micrometer"
# What the axes before y and x may mean in a layer that doesn't name them, by their number.
MEANINGS: Mapping[int, tuple[str, ...]] = {1: ("Z", "T", "C"), 2: ("TZ", "CZ", "ZC", "TC", "CT")}


class LayersError(ImageClassifierError):
    """Layers that can't be classified together as one image."""


@dataclass(frozen=True, eq=False)
class OpenLayer:
    """What is needed of a napari Image layer.

    ``data`` is an array of shape (…, y, x), or (…, y, x, 3 or 4) when ``rgb``, maybe a lazy one;
    ``axes`` says what its axes but the colours mean, "?" where nothing does. ``source`` is the
    file, "" when there is none. ``channel_name`` is what the file calls the channel, "" when
    nothing. ``pixel_size`` is None where the layer's units are not those of a length. ``layer`` is
    napari's own, only ever handed back.
    """

    name: str
    data: Any
    axes: str
    rgb: bool = False
    source: str = ""
    channel_name: str = ""
    layer: Any = None
    pixel_size: PixelSize | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of `axes`."""
        return tuple(self.data.shape[: len(self.axes)])

    @property
    def n_unknown_axes(self) -> int:
        """How many axes longer than 1 have no meaning."""
        pairs = zip(self.axes, self.shape, strict=True)
        return sum(axis == "?" and length > 1 for axis, length in pairs)


@dataclass(frozen=True, eq=False)
class OpenChannel:
    """One channel that an open image offers: a layer, a colour of it, or an index along C."""

    name: str
    layer: OpenLayer
    axes: str
    index: int | None = None


@dataclass(frozen=True, eq=False)
class OpenImage:
    """An image as it is open in napari: a layer, or several that belong together.

    ``unknown_axes`` is the number of axes that somebody must explain before it has channels.
    """

    name: str
    layers: tuple[OpenLayer, ...]
    channels: tuple[OpenChannel, ...] = ()
    channels_named: bool = False
    unknown_axes: int = 0
    others: tuple[OpenChannel, ...] = field(default=(), repr=False)

    @property
    def choices(self) -> tuple[OpenChannel, ...]:
        """The image's own channels; if they are too few, also those of images of its shape."""
        return self.channels + self.others

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The names of the image's own channels."""
        return tuple(channel.name for channel in self.channels)

    def as_image(self) -> Image:
        """Return the image of its own channels; see `as_image`."""
        return as_image(self.name, self.channels, self.channel_names)


def open_layer(layer: Any) -> OpenLayer:
    """Take what is needed of a napari Image layer; call this on the main thread."""
    data = largest_level(layer)
    n_axes = len(data.shape) - bool(layer.rgb)
    labels = [str(label).casefold() for label in layer.axis_labels]
    axes = "".join(_AXES_BY_LABEL.get(label, "?") for label in labels[: n_axes - 2]) + "YX"
    if len(set(axes) - {"?"}) < len(axes.replace("?", "")):
        axes = "?" * (n_axes - 2) + "YX"
    return OpenLayer(
        layer.name,
        data,
        axes,
        bool(layer.rgb),
        path_of(layer),
        str(kept_with(layer).get("channel_name") or ""),
        layer,
        _pixel_size(layer),
    )


def kept_with(layer: Any) -> dict[str, Any]:
    """Return what was written here into a layer's metadata."""
    return layer.metadata.get(METADATA_KEY) or {}


def path_of(layer: Any) -> str:
    """Return the file that a layer is of, "" where there is none."""
    return str(kept_with(layer).get("path") or layer.source.path or "")


def largest_level(layer: Any) -> Any:
    """Return a layer's array, of a pyramid the one with all pixels."""
    return layer.data[0] if layer.multiscale else layer.data


def _pixel_size(layer: Any) -> PixelSize | None:
    units = [str(unit) for unit in layer.units[-2:]]
    if units != [MICROMETRE, MICROMETRE]:
        return None
    y, x = (float(abs(step)) for step in layer.scale[-2:])
    return PixelSize(x, y)


def group_layers(
    layers: Iterable[OpenLayer],
    wanted: Sequence[str] = (),
    meanings: Mapping[int, str] | None = None,
) -> list[OpenImage]:
    """Return the images that the layers make, in the order of their first layers.

    Layers are one image when they come from one file, or when their names differ by a channel
    only ("cell [GFP]", "cell GFP", "C1-cell", or just "GFP", where ``wanted`` has the
    classifier's channels) and their shapes not at all. ``meanings`` says what axes without a
    name mean, by their number: ``{1: "Z"}``.
    """
    groups: dict[tuple[object, ...], list[OpenLayer]] = {}
    for layer in layers:
        key = layer.source or parsed_name(layer.name, wanted)[0]
        alone = not layer.source and len(wanted) == 1
        groups.setdefault((key, id(layer) if alone else layer.shape), []).append(layer)
    parted = [part for group in groups.values() for part in _without_repeats(group, wanted)]
    parted = _joined_singles(parted, wanted)
    names = _different([_image_name(part, wanted) for part in parted])
    images = [
        _open_image(name, part, wanted, meanings or {})
        for name, part in zip(names, parted, strict=True)
    ]
    return [
        _with_others(image, images) if len(image.channels) < len(wanted) else image
        for image in images
    ]


def match(
    image: OpenImage,
    wanted: Sequence[str],
    wanted_named: bool,
    channel_map: ChannelMap = NOTHING_SAID,
) -> tuple[int | None, ...]:
    """Return, for each of the classifier's channels, its index in the image's; None: not found.

    ``channel_map`` is what images call channels of the classifier.
    """
    names = image.channel_names
    try:
        return match_channels(wanted, wanted_named, names, image.channels_named, channel_map)
    except ChannelMismatchError:
        places = {name.casefold(): index for index, name in reversed(list(enumerate(names)))}
        called = [channel_map.get(name, name) for name in wanted]
        return tuple(places.get(name.casefold()) for name in called)


def as_image(name: str, channels: Sequence[OpenChannel], channel_names: Sequence[str]) -> Image:
    """Return the image of these channels, in this order, its pixels read when they are needed.

    Raises
    ------
    LayersError
        The layers differ in shape or in what their axes mean.
    """
    lengths = [lengths_of(channel) for channel in channels]
    if any(other != lengths[0] for other in lengths[1:]):
        told = ", ".join(
            f"{channel.layer.name} ({' × '.join(map(str, channel.layer.shape))})"
            for channel in channels
        )
        raise LayersError(f"The layers of {name} differ in shape, so they are no image: {told}.")
    axes = "".join(axis for axis in AXES if axis == "C" or axis in lengths[0])

    source = OpenedFile(
        axes=axes,
        shape=tuple(lengths[0].get(axis, len(channels)) for axis in axes),
        dtype=np.result_type(*(channel.layer.data.dtype for channel in channels)),
        read=lambda time, channel, z: _plane(channels[channel], {"T": time, "Z": z}),
        channel_names=tuple(channel_names),
        pixel_size=channels[0].layer.pixel_size,
    )
    return Image(source, name=name)


def lengths_of(channel: OpenChannel) -> dict[str, int]:
    """Return the lengths of a channel's axes but the channels' own, by axis, in their order."""
    pairs = zip(channel.axes, channel.layer.shape, strict=True)
    return {axis: length for axis, length in pairs if axis not in "C?"}


def _plane(channel: OpenChannel, place: Mapping[str, int]) -> AnyArray:
    data = channel.layer.data
    last = channel.index or 0
    index: list[int | slice] = [
        slice(None) if axis in "YX" else last if axis == "C" else place.get(axis, 0)
        for axis in channel.axes
    ]
    if channel.layer.rgb:
        index.append(last)
    return np.asarray(data[tuple(index)])


def _channel_name(layer: OpenLayer, wanted: Sequence[str]) -> str:
    return layer.channel_name or parsed_name(layer.name, wanted)[1]


def _without_repeats(group: list[OpenLayer], wanted: Sequence[str]) -> list[list[OpenLayer]]:
    """Part a group where a channel comes a second time: the file was opened twice."""
    parts: dict[int, list[OpenLayer]] = {}
    times_seen = Counter[str]()
    for layer in group:
        channel = _channel_name(layer, wanted)
        parts.setdefault(times_seen[channel], []).append(layer)
        if channel:
            times_seen[channel] += 1
    return list(parts.values())


def _joined_singles(groups: list[list[OpenLayer]], wanted: Sequence[str]) -> list[list[OpenLayer]]:
    """Join layers that nothing is known of when they are just as many as an image's channels."""
    layers = [layer for group in groups for layer in group]
    singles = len(layers) == len(groups) and not any(
        layer.rgb or _channel_name(layer, wanted) for layer in layers
    )
    alike = len({layer.shape for layer in layers}) == 1
    if singles and alike and len(wanted) > 1 and len(groups) == len(wanted):
        return [layers]
    return groups


def _image_name(group: Sequence[OpenLayer], wanted: Sequence[str]) -> str:
    first = group[0]
    if first.source and len({layer.source for layer in group}) == 1:
        return Path(first.source).name
    return parsed_name(first.name, wanted)[0] or " + ".join(layer.name for layer in group)


def _different(names: Sequence[str]) -> list[str]:
    unique = []
    for place, name in enumerate(names):
        n_before = names[:place].count(name)
        unique.append(f"{name} ({n_before + 1})" if n_before else name)
    return unique


def _open_image(
    name: str, layers: Sequence[OpenLayer], wanted: Sequence[str], meanings: Mapping[int, str]
) -> OpenImage:
    unknown = max(layer.n_unknown_axes for layer in layers)
    if unknown and not meanings.get(unknown):
        return OpenImage(name, tuple(layers), unknown_axes=unknown)
    channels = []
    for number, layer in enumerate(layers):
        axes = _explained(layer, meanings)
        if layer.rgb:
            channels += [OpenChannel(c, layer, axes, i) for i, c in enumerate(RGB_NAMES)]
        elif "C" in axes:
            n_channels = layer.shape[axes.index("C")]
            channels += [OpenChannel(numbered_name(i), layer, axes, i) for i in range(n_channels)]
        else:
            channel = _channel_name(layer, wanted)
            channels.append(OpenChannel(channel or numbered_name(number), layer, axes))
    named = any(are_names([channel.name for channel in channels]))
    return OpenImage(name, tuple(layers), tuple(channels), named)


def _explained(layer: OpenLayer, meanings: Mapping[int, str]) -> str:
    """Return the layer's axes with their meanings filled in, "?" only where the length is 1."""
    told = iter(meanings.get(layer.n_unknown_axes, ""))
    pairs = zip(layer.axes, layer.shape, strict=True)
    return "".join(next(told) if axis == "?" and length > 1 else axis for axis, length in pairs)


def _with_others(image: OpenImage, images: Sequence[OpenImage]) -> OpenImage:
    others = tuple(
        replace(channel, name=channel.layer.name)
        for other in images
        if other is not image and other.layers[0].shape == image.layers[0].shape
        for channel in other.channels
    )
    return replace(image, others=others)


# napari tells layers of one name apart by "[1]", "[2]"; it also names channels like that.
_NUMBERED = re.compile(r"(?P<stem>.*\S)\s*\[(?P<number>\d+)\]")
_BRACKETED = re.compile(r"(?P<base>.*?)\s*\[(?P<channel>[^\[\]]*[^\[\]\d][^\[\]]*)\]")
# ImageJ's "Split Channels" and napari's "Split Stack".
_ORDERED = re.compile(r"C\d+-(?P<imagej>.+)|(?P<napari>.+) layer \d+")


def parsed_name(name: str, wanted: Sequence[str]) -> tuple[str, str]:
    """Return the image's and the channel's name in a layer's name, "" for what is not in it."""
    numbered = _NUMBERED.fullmatch(name)
    stem = numbered["stem"] if numbered else name
    named = (name for name, is_name in zip(wanted, are_names(wanted), strict=True) if is_name)
    if numbered and numbered["number"] in named:
        return numbered["stem"], numbered["number"]
    if bracketed := _BRACKETED.fullmatch(stem):
        return bracketed["base"], bracketed["channel"]
    for channel in wanted:
        if stem.casefold() == channel.casefold():
            return "", channel
        either = rf"(?P<a>.+)[\s_.:|-]+{re.escape(channel)}|{re.escape(channel)}[\s_.:|-]+(?P<b>.+)"
        if found := re.fullmatch(either, stem, re.IGNORECASE):
            return found["a"] or found["b"], channel
    if ordered := _ORDERED.fullmatch(stem):
        return ordered["imagej"] or ordered["napari"], ""
    return stem, ""
