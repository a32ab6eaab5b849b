"""Looks at a folder before anything runs: what is asked, and what there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.system.events import Event, Result
from napari_image_classifier.system.job import Job


@dataclass(frozen=True)
class SurveyRequest:
    """``items`` are arguments of `read_items`; ``thumbnails`` is their number per class.

    Only as many files are opened as pictures are shown, but for masks.
    """

    items: Mapping[str, Any]
    thumbnails: int = 4


@dataclass(frozen=True)
class Thumbnail(Event):
    """A picture of an image, as the bytes of a PNG."""

    tag = "thumbnail"
    file: str
    class_name: str | None
    png: bytes


@dataclass(frozen=True)
class Survey(Result):
    """What a folder holds.

    ``classes`` and ``groups`` are counts by class, ``images`` some items of all ``n_images``,
    ``folder_levels`` how deep they lie and ``patterns`` name patterns that fit. ``channels``,
    ``sizes`` and ``problems`` are of the images that were opened.
    """

    classes: Mapping[str, int]
    without_class: int
    groups: Mapping[str, int]
    columns: tuple[str, ...]
    folder_levels: int
    passed_over: Mapping[str, int]
    assumptions: tuple[str, ...]
    images: tuple[Item, ...]
    n_images: int
    patterns: tuple[str, ...]
    channels: tuple[str, ...] = ()
    channels_named: bool = True
    sizes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListRequest:
    """``items`` are arguments of `read_items`; where there are ``files``, only these are listed."""

    items: Mapping[str, Any]
    files: tuple[Path, ...] | None = None


@dataclass(frozen=True)
class ItemListing(Result):
    """The items of a folder, and what its images may share, as in `Survey`."""

    items: ItemTable
    columns: tuple[str, ...] = ()
    folder_levels: int = 0
    patterns: tuple[str, ...] = ()

    @property
    def n_images(self) -> int:
        """The number of images, each of which may be several items."""
        return len({item.file for item in self.items.items})


SURVEY = Job("survey", SurveyRequest, Survey, (Thumbnail,))
LIST_ITEMS = Job("list_items", ListRequest, ItemListing)
