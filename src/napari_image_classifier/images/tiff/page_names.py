"""Names that the pages of a TIFF file carry one by one, as several instruments write them."""

import math
import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any

import tifffile

from napari_image_classifier.images.channel_names import names_among

PAGE_NAME = 285
MICROMANAGER = 51123
# Nobody names more; each costs a look into the file.
MOST_CHANNELS = 200
_ILLUMINATION = re.compile(r'id="_IllumSetting_"[^<>]{0,200}?\bvalue="([^"<>]*)"')
_QPI_NAME = re.compile(r"<Name>([^<>]*)</Name>")


def names_of_pages(series: Any, axes: str, n_channels: int) -> tuple[str, ...]:
    """Return what the pages of the channels are called.

    Parameters
    ----------
    series
        A series of an open file.
    axes
        A letter of "TCZYXS" for each of its stored axes.
    n_channels
        How many channels it has.

    Returns
    -------
    tuple of str
        One for each channel, "" for a page without a name; empty where none has one.
    """
    outer = series.shape[: -len(series.keyframe.shape)]
    if len(series.pages) != math.prod(outer) or (n_channels > 1 and not _page_by_page(axes, outer)):
        return ()
    if n_channels > MOST_CHANNELS or not _may_have_names(series.keyframe.parent):
        return ()
    place = axes.find("C") if n_channels > 1 else 0
    step = math.prod(outer[place + 1 :])
    name = _name_in(series.keyframe.parent, n_channels)
    return names_among([_read(series.pages[index * step], name) for index in range(n_channels)])


def _may_have_names(tiff: tifffile.TiffFile) -> bool:
    """Return whether a look into every page is worth it: ImageJ and OME have names elsewhere."""
    first = tiff.pages.first.tags
    return not (tiff.is_imagej or tiff.is_ome) or PAGE_NAME in first or MICROMANAGER in first


def _page_by_page(axes: str, outer: tuple[int, ...]) -> bool:
    """Return whether each channel has pages of its own."""
    return "C" in axes[: len(outer)] and "S" not in axes


def _read(page: Any, name: Callable[[Any], Any]) -> str:
    # A frame knows where its pixels lie, and nothing of its tags; one may not be there at all.
    if page is None or getattr(page, "is_virtual", False) or page.parent.filehandle.closed:
        return ""
    found = name(page.aspage())
    return found.strip() if isinstance(found, str) else ""


def _name_in(tiff: tifffile.TiffFile, n_channels: int) -> Callable[[Any], Any]:
    """Return what finds the name in a page, by the program that wrote the file."""
    if tiff.is_qpi:
        return lambda page: _found(_QPI_NAME, page.description)
    if tiff.is_metaseries:
        return lambda page: _found(_ILLUMINATION, page.description)
    if MICROMANAGER in tiff.pages.first.tags:
        return _micromanager_channel
    # The only page of a file is named like the file.
    return lambda page: page.tags.valueof(PAGE_NAME) if n_channels > 1 else ""


def _found(expression: re.Pattern[str], description: str) -> str:
    match = expression.search(description)
    return unescape(match[1]) if match else ""


def _micromanager_channel(page: Any) -> Any:
    stored = page.tags.valueof(MICROMANAGER)
    return stored.get("Channel") if isinstance(stored, Mapping) else ""
