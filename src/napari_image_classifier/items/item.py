"""Items and their table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.items.annotations import ItemKey, item_key


class ItemsError(ImageClassifierError):
    """A folder or a table from which no items can be made."""


@dataclass(frozen=True)
class Item:
    """One thing to classify: an image, or a time point, a plane or an object of it.

    Attributes
    ----------
    image
        The image's name and files.
    selection
        "" for a whole image, else which part of it, such as "t=3" (see `selection`).
    class_name
        The class that a person gave, None where there is none.
    group
        Items of one group (a well, a dish, an animal) are not independent and never part; None
        where the image stands alone.
    acquisition
        Items of one acquisition (a plate, a day, a microscope) were taken together; None where
        nobody said.
    columns
        All else that its row of a table, or its file name, says, by column or field.
    """

    image: ImageFiles
    selection: str = ""
    class_name: str | None = None
    group: str | None = None
    acquisition: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The image's name relative to the folder, with "/"."""
        return self.image.name

    @property
    def key(self) -> ItemKey:
        """What it is called in tables of annotations."""
        return item_key(self.file, self.selection)


@dataclass(frozen=True)
class ItemTable:
    """Items of one folder, in order.

    Attributes
    ----------
    root
        The folder of the images.
    items
        The items.
    passed_over
        How many files were left out, by reason.
    assumptions
        Sentences on what was taken for granted on the way.
    axes
        What the axes mean in files that don't say; None where nobody said.
    """

    root: Path
    items: tuple[Item, ...]
    passed_over: Mapping[str, int] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    axes: str | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that a person gave, sorted."""
        return tuple(sorted({item.class_name for item in self.items if item.class_name}))
