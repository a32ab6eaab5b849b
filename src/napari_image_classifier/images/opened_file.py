"""The opened image file, as the reader of every format returns it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_image_classifier.images.pixel_size import PixelSize
from napari_image_classifier.typing import AnyArray

AXES = "TCZYX"
RGB_NAMES = ("red", "green", "blue")
Color = tuple[float, float, float]


@dataclass(frozen=True)
class ChannelDisplay:
    """How the file wants a channel shown.

    Attributes
    ----------
    color
        Red, green and blue from 0 to 1; None where the file names no colour.
    contrast_limits
        The intensities that are shown black and brightest; None where the file names none.
    """

    color: Color | None = None
    contrast_limits: tuple[float, float] | None = None


RGB_DISPLAY = (
    ChannelDisplay((1.0, 0.0, 0.0)),
    ChannelDisplay((0.0, 1.0, 0.0)),
    ChannelDisplay((0.0, 0.0, 1.0)),
)


@dataclass
class OpenedFile:
    """An open image file of any format, or what stands for one.

    Attributes
    ----------
    axes
        A part of "TCZYX", in that order and always with "YX".
    shape
        The length of each of ``axes``.
    dtype
        The type of the pixels, in the byte order of this computer.
    read
        ``read(time, channel, z)`` returns a plane of shape (y, x) and type ``dtype``; indices count
        from 0 and are 0 for axes that there are not. It raises `ImageReadError`.
    close
        Closes the file.
    channel_names
        One name per channel, "" for one that the file does not name; empty where it names none.
    is_rgb
        Whether the three channels are the red, green and blue of a colour picture.
    pixel_size
        None where the file does not say.
    metadata
        What else the file says, by the names of its format.
    assumptions
        Sentences on what the file leaves open and was assumed.
    display
        One for each channel; empty where the file does not say.
    """

    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int, int, int], AnyArray]
    close: Callable[[], None] = lambda: None
    channel_names: tuple[str, ...] = ()
    is_rgb: bool = False
    pixel_size: PixelSize | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    display: tuple[ChannelDisplay, ...] = ()

    def length(self, axis: str) -> int:
        """Return the length of ``axis``, 1 where the image has none."""
        return self.shape[self.axes.index(axis)] if axis in self.axes else 1
