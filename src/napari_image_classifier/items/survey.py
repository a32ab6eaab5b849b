"""Survey of items before anything runs: its request, its events and its result."""

from collections.abc import Mapping
from dataclasses import dataclass

from napari_image_classifier.images.names.composition import Composition
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.system.events import Event, Result
from napari_image_classifier.system.job import Job


@dataclass(frozen=True)
class SurveyRequest(ItemsQuery):
    """Which items are looked at.

    Attributes
    ----------
    folder
        As in `ItemsQuery`, and so are those up to ``files``.
    items_csv
        The table of items.
    encoding
        How the table stores text.
    rename_classes
        Classes that get another name.
    pattern
        The name pattern.
    group
        What images of one group share.
    acquisition
        What images of one acquisition share.
    each
        What is classified.
    axes
        What axes mean in files that don't say.
    masks
        Where the masks lie.
    split_masks
        Whether their connected parts are the objects.
    annotated
        Whether folders are classes.
    files
        The only images that are meant.
    thumbnails
        Of how many items of each class a picture is drawn. Only as many files are opened, but for
        masks and where all items are listed.
    listed
        Whether the result holds the table of all items.
    """

    thumbnails: int = 4
    listed: bool = False


@dataclass(frozen=True)
class Thumbnail(Event):
    """A picture of an image.

    Attributes
    ----------
    file
        The image's name.
    class_name
        Its class, None where it has none.
    png
        The bytes of a PNG.
    """

    tag = "thumbnail"
    file: str
    class_name: str | None
    png: bytes


@dataclass(frozen=True)
class Survey(Result):
    """The items that there are.

    Attributes
    ----------
    classes
        Number of items by class.
    without_class
        Number of items that have none.
    groups
        Number of groups by class.
    columns
        Of the table, or fields of the name pattern.
    folder_levels
        How deep images lie below the folder.
    passed_over
        How many files were left out, by reason.
    assumptions
        Sentences on what was taken for granted.
    images
        Some of all images.
    n_images
        Number of all images.
    patterns
        Name patterns that fit the files.
    items
        The table of all items, where it was asked for.
    channels
        Names of the channels of the images that were opened.
    channels_named
        Whether these come from the files, and not from counting.
    sizes
        Of the images that were opened, in words.
    problems
        Sentences on images that can't be used.
    composed
        What the name pattern makes of the files; None without a pattern.
    question
        What numbers in the names could be, where there is no pattern that says it; "" for nothing.
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
    composed: Composition | None = None
    question: str = ""


SURVEY = Job("survey", SurveyRequest, Survey, (Thumbnail,), confined=True)
