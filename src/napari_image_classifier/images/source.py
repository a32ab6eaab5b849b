"""The open image file that a reader of any format returns, and the errors that it raises."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_image_classifier.errors import Fault, ImageClassifierError
from napari_image_classifier.system.file_names import readable
from napari_image_classifier.typing import AnyArray

AXES = "TCZYX"
RGB_NAMES = ("red", "green", "blue")
Color = tuple[float, float, float]


class ImageReadError(ImageClassifierError):
    """A file that can't be read as an image.

    Parameters
    ----------
    path
        The file.
    code
        What is wrong with it.
    sentence
        What the user is told: which file, what is wrong, what to do.

    Attributes
    ----------
    path : Path
        The file.
    code : Fault
        What is wrong with it.
    """

    def __init__(self, path: Path, code: Fault, sentence: str) -> None:
        super().__init__(readable(sentence))
        self.path = path
        self.code = code


def unreadable(path: Path, code: Fault, why: str) -> ImageReadError:
    """Return the error that ``path`` can't be read; ``why`` follows a colon and ends in a stop."""
    return ImageReadError(path, code, f"{path.name} can't be read: {why}")


class AxesUnknownError(ImageReadError):
    """A file that does not say what its axes are: the user must.

    Parameters
    ----------
    path
        The file.
    sentence
        What the user is told.
    axes
        A letter for each stored axis as the file has it, with Q or I where it says nothing.
    shape
        The lengths of the stored axes.
    choices
        Answers to offer, such as "ZYX"; the most likely one first.
    code
        `Fault.AXES_UNFIT` where axes were given and do not fit.

    Attributes
    ----------
    axes, shape, choices
        As given.
    """

    def __init__(
        self,
        path: Path,
        sentence: str,
        axes: str,
        shape: tuple[int, ...],
        choices: tuple[str, ...],
        code: Fault = Fault.AXES_UNKNOWN,
    ) -> None:
        super().__init__(path, code, sentence)
        self.axes = axes
        self.shape = shape
        self.choices = choices


@dataclass(frozen=True)
class PixelSize:
    """The distance between the centres of neighbouring pixels.

    Attributes
    ----------
    x, y
        Along a row and along a column.
    z
        Between planes; None where the file does not say, or there is one plane.
    unit
        "µm" wherever the file's unit can be converted to it.
    """

    x: float
    y: float
    z: float | None = None
    unit: str = "µm"


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
class ImageSource:
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
        One name per channel; empty where the file names none.
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


_UNITS = (
    (1e-6, ("pm",)),
    (1e-4, ("å",)),
    (1e-3, ("nm", "nanometer", "nanometre")),
    (1.0, ("µm", "um", "micron", "microns", "micrometer", "micrometre")),
    (1e3, ("mm", "millimeter", "millimetre")),
    (1e4, ("cm", "centimeter")),
    (1e6, ("m", "meter", "metre")),
)
_MICROMETRES = {name: factor for factor, names in _UNITS for name in names}


def micrometres(length: Any, unit: Any) -> float | None:
    """Return a length in µm; None where it is not a positive number or the unit is unknown."""
    try:
        number = float(length)
    except (TypeError, ValueError):
        return None
    factor = _MICROMETRES.get(_plain(unit))
    if factor is None or not math.isfinite(number) or number <= 0:
        return None
    return number * factor


def _plain(unit: Any) -> str:
    # ImageJ writes µ as an escape of six letters; there are two Unicode signs for it.
    text = str(unit or "").replace("\\u00B5", "µ").replace("\\u00b5", "µ").replace("\u03bc", "µ")
    return text.strip().lower()


_FOREIGN_FORMATS = {
    "Zeiss CZI": ("such as napari-czitools", (".czi",)),
    "Nikon ND2": ("such as napari-nikon-nd2", (".nd2",)),
    "Leica LIF": ("such as napari-bioio-reader", (".lif", ".lof", ".xlef")),
    "OME-Zarr": ("such as napari-ome-zarr", (".zarr",)),
    "Olympus": ("such as napari-bioio-reader", (".oib", ".oif", ".oir", ".vsi")),
    "Imaris": ("such as napari-imaris-loader", (".ims",)),
}
FOREIGN_SUFFIXES: dict[str, str] = {
    suffix: f"{name} files are not read here: open it in napari with a plugin for them "
    f"({example}) and classify its layers, or export it as OME-TIFF."
    for name, (example, suffixes) in _FOREIGN_FORMATS.items()
    for suffix in suffixes
}
