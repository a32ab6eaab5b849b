"""The look at items before anything runs: what is asked, and what there is."""

from collections.abc import Mapping
from dataclasses import dataclass

from napari_image_classifier.images.name_patterns import ImageFiles
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.system.events import Event, Result
from napari_image_classifier.system.job import Job


@dataclass(frozen=True)
class SurveyRequest(ItemsQuery):
    """Which items are looked at.

    Parameters
    ----------
    thumbnails
        Of how many items of each class a picture is drawn. Only as many files are opened, but for
        masks and where all items are listed.
    listed
        Whether the answer holds the table of all items.
    """

    thumbnails: int = 4
    listed: bool = False


@dataclass(frozen=True)
class Thumbnail(Event):
    """A picture of an image, as the bytes of a PNG."""

    tag = "thumbnail"
    file: str
    class_name: str | None
    png: bytes


@dataclass(frozen=True)
class Survey(Result):
    """What there is.

    ``classes`` and ``groups`` are counts by class, ``images`` some of all ``n_images``,
    ``folder_levels`` how deep they lie and ``patterns`` name patterns that fit. ``channels``,
    ``sizes`` and ``problems`` are of the images that were opened; ``items`` where they are listed.
    """

    classes: Mapping[str, int]
    without_class: int
    groups: Mapping[str, int]
    columns: tuple[str, ...]
    folder_levels: int
    passed_over: Mapping[str, int]
    assumptions: tuple[str, ...]
    images: tuple[ImageFiles, ...]
    n_images: int
    patterns: tuple[str, ...]
    items: ItemTable | None = None
    channels: tuple[str, ...] = ()
    channels_named: bool = True
    sizes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


SURVEY = Job("survey", SurveyRequest, Survey, (Thumbnail,))
