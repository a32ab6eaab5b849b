"""Images of one file or several: named axes and channels, and pixels that are read lazily."""

import weakref
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any, Self

import numpy as np

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.channel_matching import NOTHING_SAID, ChannelMap
from napari_image_classifier.images.channel_names import are_names, numbered_name
from napari_image_classifier.images.checks import check_regular_file
from napari_image_classifier.images.mask_parts import parts_numbered
from napari_image_classifier.images.multi_file import check_complete, open_parts
from napari_image_classifier.images.names.patterns import FilePart, ImageFiles
from napari_image_classifier.images.opened_file import (
    AXES,
    ChannelDisplay,
    OpenedFile,
)
from napari_image_classifier.images.pixel_size import PixelSize
from napari_image_classifier.images.png_jpeg import PICTURE_SUFFIXES, open_picture
from napari_image_classifier.images.read_errors import (
    FOREIGN_SUFFIXES,
    AxesUnknownError,
    unreadable,
)
from napari_image_classifier.images.tiff.reader import TIFF_SUFFIXES, open_tiff
from napari_image_classifier.system.shown_text import writable
from napari_image_classifier.typing import AnyArray

IMAGE_SUFFIXES = TIFF_SUFFIXES | PICTURE_SUFFIXES

OnPlane = Callable[[int, int, int, AnyArray], None]


class Image:
    """An image whose pixels are read when they are asked for; use it with ``with``.

    `read_image` opens one, and `from_array` makes one. Reading is thread-safe.

    Parameters
    ----------
    source
        The open file.
    name
        What the image is called, such as its file's name.
    path
        The file, or the first of several; None where there is none.

    Attributes
    ----------
    name, path
        As given.
    axes : str
        A part of "TCZYX" (time, channel, depth, row, column), in that order and always with "YX".
    shape : tuple of int
        The length of each of ``axes``.
    dtype : numpy.dtype
        The type of the pixels.
    channel_names : tuple of str
        One name per channel; those that the file does not name are called "Channel 1" and so on.
    channels_named : bool
        Whether the file names channels: "Channel 1" and numbers that count them are no names.
    channel_map : mapping of str to str
        What channels of a classifier are called here, where a person said so; by the classifier's
        names.
    is_rgb : bool
        Whether the channels are red, green and blue of a colour picture.
    pixel_size : PixelSize or None
        None where the file does not say.
    display : tuple of ChannelDisplay
        How the file wants each channel shown.
    metadata : dict
        What else the file says, by the names of its format.
    assumptions : tuple of str
        Sentences on what the file leaves open and was assumed.
    mask : Image or None
        An image of the same size in which each object of this one has a number of its own and the
        background is 0; None where there is none.
    """

    def __init__(self, source: OpenedFile, *, name: str, path: Path | None = None) -> None:
        self._source = source
        self.path = path
        self.name = name
        self.axes = source.axes
        self.shape = source.shape
        self.dtype = source.dtype
        self.is_rgb = source.is_rgb
        self.pixel_size = source.pixel_size
        self.metadata = source.metadata
        self.assumptions = source.assumptions
        names = tuple(map(writable, source.channel_names))
        self.channels_named = any(are_names(names))
        self.channel_names = tuple(
            name or numbered_name(place)
            for place, name in enumerate(names or [""] * self.n_channels)
        )
        self.channel_map: ChannelMap = NOTHING_SAID
        self.display = source.display or (ChannelDisplay(),) * self.n_channels
        self.mask: Image | None = None
        self._on_plane: OnPlane | None = None

    @classmethod
    def from_array(
        cls,
        array: Any,
        axes: str,
        *,
        channel_names: Sequence[str] | None = None,
        name: str = "",
        pixel_size: PixelSize | None = None,
        mask: "Image | None" = None,
    ) -> "Image":
        """Return an image of an array.

        Parameters
        ----------
        array
            A numpy or dask array; it is not copied, and planes of a dask array are computed when
            they are read.
        axes
            A letter of "TCZYX" for each axis of the array, in any order, such as "CYX"; Y and X
            are needed.
        channel_names
            One name per channel; by default they are called "Channel 1", "Channel 2" and so on.
        name
            What the image is called.
        pixel_size
            The distance between pixels, if it is known.
        mask
            An image in which each object has a number of its own and the background is 0.

        Returns
        -------
        Image
            Its axes in the order of "TCZYX", whatever their order in ``array``.

        Raises
        ------
        ValueError
            ``axes`` does not fit the array, or ``channel_names`` its channels.
        """
        if len(axes) != array.ndim or not set("YX") <= set(axes) <= set(AXES):
            raise ValueError(f"axes {axes!r} do not fit an array of shape {array.shape}")
        ordered = "".join(axis for axis in AXES if axis in axes)
        if ordered != axes:
            array = array.transpose([axes.index(axis) for axis in ordered])
        n_channels = array.shape[ordered.index("C")] if "C" in ordered else 1
        if channel_names is not None and len(channel_names) != n_channels:
            raise ValueError(f"{len(channel_names)} names for {n_channels} channels")

        def read(time: int, channel: int, z: int) -> AnyArray:
            index = {"T": time, "C": channel, "Z": z}
            return np.asarray(array[tuple(index[axis] for axis in ordered if axis in index)])

        source = OpenedFile(
            ordered,
            tuple(array.shape),
            np.dtype(array.dtype),
            read,
            channel_names=tuple(channel_names or ()),
            pixel_size=pixel_size,
        )
        image = cls(source, name=name)
        image.mask = mask
        return image

    @property
    def n_times(self) -> int:
        """The number of time points; 1 without an axis T."""
        return self._source.length("T")

    @property
    def n_channels(self) -> int:
        """The number of channels; 1 without an axis C."""
        return self._source.length("C")

    @property
    def n_z(self) -> int:
        """The number of planes in depth; 1 without an axis Z."""
        return self._source.length("Z")

    def plane(self, *, time: int = 0, channel: int = 0, z: int = 0) -> AnyArray:
        """Read one plane, and nothing else.

        Parameters
        ----------
        time
            Index of the time point, from 0.
        channel
            Index of the channel, from 0.
        z
            Index of the plane in depth, from 0.

        Returns
        -------
        ndarray
            Shape (y, x), of the image's type, with the intensities of the file.

        Raises
        ------
        ImageReadError
            The plane is damaged.
        IndexError
            There is no such plane.
        """
        for index, length in ((time, self.n_times), (channel, self.n_channels), (z, self.n_z)):
            if not 0 <= index < length:
                raise IndexError(f"{self.name} has no plane {time=}, {channel=}, {z=}")
        plane = self._source.read(time, channel, z)
        if self._on_plane is not None:
            self._on_plane(time, channel, z, plane)
        return plane

    def watch(self, on_plane: OnPlane) -> None:
        """Have a function called with every plane that is read from now on.

        Parameters
        ----------
        on_plane
            Called with time, channel, z and the plane, an array of shape (y, x) that it must not
            change. It takes the place of any that was set before.
        """
        self._on_plane = on_plane

    def asarray(self) -> AnyArray:
        """Read all pixels.

        Returns
        -------
        ndarray
            Of the image's shape and type, in the order of ``axes``.
        """
        pixels = np.empty(self.shape, self.dtype)
        planes = pixels.reshape(self.n_times, self.n_channels, self.n_z, *self.shape[-2:])
        for time, channel, z in product(*map(range, planes.shape[:3])):
            planes[time, channel, z] = self.plane(time=time, channel=channel, z=z)
        return pixels

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        return self.asarray().astype(dtype or self.dtype, copy=False)

    @property
    def data(self) -> Any:
        """All pixels as a dask array in the order of `axes`, one chunk per plane, not yet read.

        The files must stay open as long as it is used; they are closed when nothing uses it.
        """
        import dask.array as da

        weakref.finalize(self, self._source.close)
        outer = self.axes[:-2]

        def read_chunk(block_info: Any = None) -> AnyArray:
            index = dict(zip(outer, block_info[None]["chunk-location"], strict=False))
            plane = self.plane(
                time=index.get("T", 0), channel=index.get("C", 0), z=index.get("Z", 0)
            )
            return plane.reshape((1,) * len(outer) + plane.shape)

        chunks = tuple((1,) * length for length in self.shape[:-2])
        chunks += tuple((length,) for length in self.shape[-2:])
        return da.map_blocks(  # type: ignore[no-untyped-call]
            read_chunk,
            chunks=chunks,
            dtype=self.dtype,
            meta=np.empty((0,) * len(chunks), self.dtype),
        )

    def close(self) -> None:
        """Close the files, and those of the mask."""
        self._source.close()
        if self.mask is not None:
            self.mask.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Image {self.name} {self.axes} {self.shape} {self.dtype}>"


def read_image(path: str | Path | ImageFiles, *, axes: str | None = None) -> Image:
    """Open an image of one file or of several; pixels are read later, plane by plane.

    Parameters
    ----------
    path
        A TIFF, PNG or JPEG file, or the files of one image as `find_images` returns them.
    axes
        A letter of "TCZYX" for each stored axis, such as "ZYX". It is needed where the file does
        not say what its axes are, and counts only there.

    Returns
    -------
    Image
        An open image, with its mask where `ImageFiles` has one. Close it, or use it with ``with``.

    Raises
    ------
    ImageReadError
        The file is missing, damaged, cut short, too large or of another format, or files of the
        image are missing.
    AxesUnknownError
        The file does not say what its axes are, and ``axes`` is not given or does not fit.
    """
    if not isinstance(path, ImageFiles):
        path = Path(path)
        return Image(_open(path, axes), name=path.name, path=path)
    image = _of_files(path, axes)
    image.channel_map = path.channel_map
    if path.mask is not None:
        try:
            image.mask = _read_mask(path.mask, image)
        except BaseException:
            image.close()
            raise
    return image


def _of_files(files: ImageFiles, axes: str | None, *, labels: bool = False) -> Image:
    first = files.parts[0]
    if len(files.parts) == 1 and first == FilePart(first.path):
        check_complete(files)
        source = _open(first.path, axes, labels=labels)
    else:
        source = open_parts(files, lambda part: _open(part, axes, labels=labels))
    if files.split:
        source = parts_numbered(first.path, source)
    return Image(source, name=files.name, path=first.path)


def _read_mask(files: ImageFiles, image: Image) -> Image:
    try:
        mask = _of_files(files, None, labels=True)
    except AxesUnknownError as error:
        # Numbered like the image it was made of, it has the axes of that.
        axes = image.axes.replace("C", "")
        if error.shape != tuple(image.shape[image.axes.index(axis)] for axis in axes):
            raise
        mask = _of_files(files, axes, labels=True)
    return mask


def _open(path: Path, axes: str | None, *, labels: bool = False) -> OpenedFile:
    foreign = FOREIGN_SUFFIXES.get(path.suffix.lower())
    if foreign is not None:
        raise unreadable(path, Fault.FOREIGN_FORMAT, foreign)
    check_regular_file(path)
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return open_picture(path, labels=labels)
    if path.suffix.lower() in TIFF_SUFFIXES:
        return open_tiff(path, axes, labels=labels)
    raise unreadable(path, Fault.NO_IMAGE, "only TIFF, PNG and JPEG files are images here.")


def describe_image(image: Image) -> dict[str, Any]:
    """Return what the command ``describe`` prints of an image.

    Parameters
    ----------
    image
        The image; no pixels are read.

    Returns
    -------
    dict
        Ready for JSON: "file", "axes", "shape", "dtype", "channel_names", "channels_named",
        "is_rgb", "pixel_size" (None, or x, y, z and the unit), "bytes" (of the pixels in memory)
        and "assumptions".
    """
    return {
        "file": str(image.path) if image.path else image.name,
        "axes": image.axes,
        "shape": list(image.shape),
        "dtype": image.dtype.name,
        "channel_names": list(image.channel_names),
        "channels_named": image.channels_named,
        "is_rgb": image.is_rgb,
        "pixel_size": asdict(image.pixel_size) if image.pixel_size else None,
        "bytes": int(np.prod(image.shape, dtype=np.int64)) * image.dtype.itemsize,
        "assumptions": list(image.assumptions),
    }
