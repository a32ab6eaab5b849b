"""The question which items are meant, as docks ask it: fields, and the look at what they name."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.widgets.qt.forms import Ask, Form
from napari_image_classifier.widgets.qt.path_probe import Kind, why_not_there
from napari_image_classifier.widgets.shared.group_choice import GroupChoice
from napari_image_classifier.widgets.shared.pattern_field import PatternField
from napari_image_classifier.widgets.shared.survey import ItemsLook

AXES_TOOLTIP = (
    "Only for files that don't say what their axes mean: one letter per axis in order, "
    "T time, C channel, Z plane, Y and X; for example ZYX for a stack. Empty: the files say."
)
MASKS_TOOLTIP = (
    "To classify objects: the folder of the masks in which each object has its number, from "
    "Cellpose, StarDist, CellProfiler… Masks are named like their images, or as a pattern says, "
    "such as {name}_cp_masks.png. Empty: whole images are classified."
)
CHOOSE_CLASSIFIER = "Choose a classifier, a .keras file made by Train classifier."

AXES_ASK = Ask("axes", "Axes", AXES_TOOLTIP)
MASKS_ASK = Ask("masks", "Masks", MASKS_TOOLTIP, {"mode": "d", "nullable": True})
EACH_ASK = Ask(
    "each", "Classify", "What gets a class: a whole image (its planes projected), every time "
    "point of it, or every plane.",
    {"choices": [("whole images", "image"), ("every time point", "time"),
                 ("every plane", "plane")]},
)  # fmt: skip


@dataclass(frozen=True)
class ItemsChoices:
    """What every dock asks of images, in the words of `ItemsQuery`; docks that ask more inherit."""

    folder: Path | None = None
    pattern: str | None = None
    axes: str = ""
    masks: Path | None = None

    def why_unusable(self) -> str | None:
        """Return why it can't be looked at yet, as a sentence."""
        return why_not_there(self.folder, Kind.FOLDER, "folder", "Choose a folder with images.")

    def query(self) -> ItemsQuery:
        """Return which items are meant; there must be a folder."""
        known = {field.name for field in fields(ItemsQuery)}
        said: dict[str, Any] = {name: what for name, what in vars(self).items() if name in known}
        said["axes"] = self.axes.strip() or None
        said["masks"] = str(self.masks) if self.masks else None
        return ItemsQuery(**said)


Choices = TypeVar("Choices", bound=ItemsChoices)


class ItemsForm(Form, Generic[Choices]):
    """The form that says which items are meant; a look is taken when its fields change.

    A dock lays out its ``parts``, ``pattern`` and ``group`` among its own widgets.

    Parameters
    ----------
    empty
        What nothing is filled in of.
    groups
        How its fields are asked, as `Form` takes them, but for "pattern" and "group".
    look
        What is taken anew when a field has changed.
    looked_at
        The names of these fields.
    """

    def __init__(
        self, empty: Choices, *groups: Iterable[Ask], look: ItemsLook, looked_at: Iterable[str]
    ) -> None:
        super().__init__(empty, *groups)
        self._empty = empty
        self._look = look
        self.pattern = PatternField()
        self.group = GroupChoice()
        for name in looked_at:
            self[name].changed.connect(look.again)
        self.pattern.pattern_changed.connect(look.again)

    def choices(self) -> Choices:
        """Return what is filled in."""
        asked: dict[str, Any] = {"pattern": self.pattern.pattern, "group": self.group.group}
        known = {name: asked[name] for name in asked if hasattr(self._empty, name)}
        return replace(self._empty, **self.values(), **known)

    def offer_found(self, first_level: int = 1) -> None:
        """Offer what has been found: what images share, folders from ``first_level``; patterns."""
        found = self._look.found
        if found is not None:
            self.group.offer(found.columns, range(first_level, found.folder_levels + 1))
            self.pattern.set_proposals(found.patterns)

    def show_images(self) -> None:
        """List the images that the pattern makes."""
        if self._look.found is not None:
            self.pattern.show_images(self._look.found.images, self._look.found.n_images)
