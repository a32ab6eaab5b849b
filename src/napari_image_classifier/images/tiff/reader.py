"""TIFF files, read one plane at a time."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_image_classifier.images.checks import (
    check_lengths,
    check_page,
    check_series,
    check_whole,
    declared_planes,
    no_image_error,
)
from napari_image_classifier.images.ome import open_with_description
from napari_image_classifier.images.opened_file import AXES, RGB_DISPLAY, RGB_NAMES, OpenedFile
from napari_image_classifier.images.png_jpeg import open_picture
from napari_image_classifier.images.read_errors import damaged
from napari_image_classifier.images.tiff.axes import stored_axes
from napari_image_classifier.images.tiff.colors import (
    PixelInterpretation,
    interpret_pixels,
    is_for_libtiff,
)
from napari_image_classifier.images.tiff.errors import translated_errors
from napari_image_classifier.images.tiff.metadata import read_metadata
from napari_image_classifier.images.tiff.segments import refuse_larger_segments
from napari_image_classifier.typing import AnyArray

TIFF_SUFFIXES = frozenset({".tif", ".tiff", ".btf", ".tf2", ".tf8", ".stk", ".lsm", ".qptiff"})

# How TIFF marked reduced copies before version 6.
_OLD_TAG, _OLD_REDUCED = 255, 2


def open_tiff(path: Path, axes: str | None = None, *, labels: bool = False) -> OpenedFile:
    """Return the first image of a TIFF file, which stays open until the image is closed.

    ``axes`` has a letter for each stored axis, such as "ZYX", where the file does not say. With
    ``labels`` its numbers are those of objects, and no palette applies.

    Raises
    ------
    ImageReadError
        The file is damaged, cut short or of a kind that is not supported.
    AxesUnknownError
        The file does not say what its axes are, and ``axes`` does not either.
    """
    with ExitStack() as opened:
        with translated_errors(path):
            tiff, assumptions = open_with_description(path)
            opened.callback(tiff.close)
            source = _source(path, tiff, axes, labels)
        opened.pop_all()
    source.assumptions += assumptions
    return source


def _source(path: Path, tiff: tifffile.TiffFile, axes: str | None, labels: bool) -> OpenedFile:
    if not tiff.series:
        raise no_image_error(path, tiff)
    images = _images(tiff)
    series = images[0]
    if is_for_libtiff(path, series.keyframe):
        tiff.close()
        return open_picture(path, of_tiff=True)
    check_series(path, tiff, series)
    interpretation = interpret_pixels(path, tiff, series, labels=labels)
    stored, axes_assumptions = stored_axes(path, series, interpretation, axes)
    reader = _PlaneReader(path, tiff, series, stored, interpretation)
    samples = interpretation.samples if "S" in stored or interpretation.palette is not None else 1
    lengths = {axis: reader.length(axis) for axis in AXES}
    lengths["C"] *= samples
    check_lengths(path, lengths["C"], lengths["T"] * lengths["Z"])
    description = read_metadata(tiff, lengths["C"], stored, tiff.series.index(series))
    present = "".join(
        axis
        for axis in AXES
        if axis in stored or lengths[axis] > 1 or axis in (description.axes or "")
    )
    source = OpenedFile(
        present,
        tuple(lengths[axis] for axis in present),
        interpretation.dtype,
        reader.read,
        tiff.close,
        channel_names=description.channel_names,
        pixel_size=description.pixel_size,
        metadata=description.metadata,
        assumptions=(*interpretation.assumptions, *axes_assumptions, *_left_out(tiff, images)),
        display=description.display,
    )
    if interpretation.is_rgb and lengths["C"] == samples:
        source.is_rgb = True
        source.channel_names = RGB_NAMES
        source.display = RGB_DISPLAY
    return source


def _images(tiff: tifffile.TiffFile) -> list[Any]:
    """Return the images in a file, without the smaller copies that may stand before them."""
    images = list(tiff.series)
    if len(images) == 1:
        return images
    return [series for series in images if not _is_copy(series.keyframe)] or images


def _is_copy(page: Any) -> bool:
    """Return whether a page is a reduced copy or a mask of another one, by its old tag or new."""
    old = page.tags.get(_OLD_TAG)
    return bool(page.is_reduced or page.is_mask or (old is not None and old.value == _OLD_REDUCED))


def _left_out(tiff: tifffile.TiffFile, images: list[Any]) -> tuple[str, ...]:
    assumptions = []
    series = images[0]
    # Nobody misses a thumbnail or a label beside the image.
    if len(images) > 1 and not (tiff.is_lsm or tiff.is_svs or tiff.is_scn):
        assumptions.append(
            f"The file holds {len(images)} images of different kinds; the first one is used."
        )
    planes = declared_planes(series)
    if tiff.is_imagej and tiff.pages.is_multipage and len(tiff.pages) > planes:
        assumptions.append(
            f"The file holds {len(tiff.pages)} pages and describes {planes}; only those are used."
        )
    return tuple(assumptions)


@dataclass
class _PlaneReader:
    """Reads planes of a series; ``axes`` has a letter for each of its stored axes.

    Planes are read page by page, or from one block of bytes; a series whose pages are not planes is
    read as a whole.
    """

    path: Path
    tiff: tifffile.TiffFile
    series: Any
    axes: str
    interpretation: PixelInterpretation

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._cached: tuple[int, AnyArray] | None = None
        page_shape = self.series.keyframe.shape
        self._n_inner = len(page_shape)
        outer = self.series.shape[: -self._n_inner]
        fits = self.series.shape[-self._n_inner :] == page_shape
        fits = fits and set("YX") <= set(self.axes[-self._n_inner :])
        count = int(np.prod(outer, dtype=np.int64))
        self._get: Callable[[int], AnyArray]
        if fits and self.series.dataoffset is not None:
            self._get = self._plane_after_plane
        elif fits and len(self.series.pages) == count:
            self._get = self._page
        else:
            check_whole(self.path, self.series, self.tiff.filehandle.size)
            self._n_inner = len(self.series.shape)
            self._get = self._everything

    def length(self, axis: str) -> int:
        return int(self.series.shape[self.axes.index(axis)]) if axis in self.axes else 1

    def read(self, time: int, channel: int, z: int) -> AnyArray:
        samples = self.interpretation.samples
        index = {"T": time, "Z": z, "C": channel // samples, "S": channel % samples}
        n_outer = len(self.axes) - self._n_inner
        outer = [index.get(axis, 0) for axis in self.axes[:n_outer]]
        inner = [
            slice(None) if axis in "YX" else index.get(axis, 0) for axis in self.axes[n_outer:]
        ]
        number = int(np.ravel_multi_index(outer, self.series.shape[:n_outer])) if outer else 0
        with self._lock, translated_errors(self.path):
            page = self._decoded(number)
            plane = page[tuple(inner)]
            if self.axes.index("Y") > self.axes.index("X"):
                plane = plane.T
            if plane.shape != (self.length("Y"), self.length("X")):
                raise damaged(self.path, f"a plane of another shape, {plane.shape}")
            if plane.dtype != self.series.dtype.newbyteorder("="):
                raise damaged(self.path, f"pixels of another type, {plane.dtype}")
            return self.interpretation.apply(plane, index["S"])

    def _decoded(self, number: int) -> AnyArray:
        if self._cached is not None and self._cached[0] == number:
            return self._cached[1]
        self._cached = None
        page = self._get(number)
        if self.interpretation.to_rgb is not None:
            sample = self.axes[-self._n_inner :].index("S")
            page = np.moveaxis(
                self.interpretation.to_rgb(np.moveaxis(page, sample, -1)), -1, sample
            )
        # Only a page that holds several planes is worth keeping.
        if page.ndim > 2 or self.interpretation.palette is not None:
            self._cached = (number, page)
        return page

    def _page(self, number: int) -> AnyArray:
        page = self.series.pages[number]
        check_page(self.path, page)
        refuse_larger_segments(self.path, page)
        handle = page.parent.filehandle
        if not handle.closed:
            return np.asarray(page.asarray())
        # The further files of a set are open only while they are read: there may be thousands.
        handle.open()
        try:
            return np.asarray(page.asarray())
        finally:
            handle.close()

    def _plane_after_plane(self, number: int) -> AnyArray:
        """Read from one block of bytes; its later pages need not be there (ImageJ, STK)."""
        page = self.series.keyframe
        offset = self.series.dataoffset + number * page.nbytes
        handle = self.tiff.filehandle
        handle.seek(offset)
        dtype = page.dtype.newbyteorder(self.tiff.byteorder)
        count = int(np.prod(page.shape, dtype=np.int64))
        return np.asarray(handle.read_array(dtype, count=count)).reshape(page.shape)

    def _everything(self, number: int) -> AnyArray:
        for page in self.series.pages:
            refuse_larger_segments(self.path, page)
        return np.asarray(self.series.asarray())
