"""The forms themselves: their fields, defaults and words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_image_classifier.items.selection import Each
from napari_image_classifier.widgets.qt.forms import Ask
from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of, no_answer_from

AXES_TOOLTIP = (
    "Only for files that don't say what their axes mean: one letter per axis in order, "
    "T time, C channel, Z plane, Y and X; for example ZYX for a stack. Empty: the files say."
)


MASKS_TOOLTIP = (
    "To classify objects: the folder of the masks in which each object has its number, from "
    "Cellpose, StarDist, CellProfiler… Masks are named like their images, or as a pattern says, "
    "such as {name}_cp_masks.png. Empty: whole images are classified."
)


@dataclass(frozen=True)
class FolderChoices:
    """What *Classify folder* asks; the fields are `classify_folder`'s parameters."""

    folder: Path | None = None
    classifier: Path | None = None
    output: Path | None = None
    masks: Path | None = None
    axes: str = ""
    overwrite: bool = False

    def why_unusable(self) -> str | None:
        """Return why nothing can run yet, as a sentence."""
        return (
            _why_not_there(self.folder, Kind.FOLDER, "folder", "Choose a folder with images.")
            or _why_not_there(self.classifier, Kind.FILE, "classifier", CHOOSE_CLASSIFIER)
            or why_no_name(self.output, "the table of predictions, such as predictions.csv")
        )


CHOOSE_CLASSIFIER = "Choose a classifier, a .keras file made by Train classifier."


def why_no_name(path: Path | None, what: str) -> str | None:
    """Return why a file can't be written at ``path``; ``what`` it is, and is called for example."""
    kind = Kind.FOLDER if path is None else kind_of(path)
    if kind is Kind.NO_ANSWER:
        assert path is not None
        return no_answer_from(path)
    return f"Choose a file name for {what}." if kind is Kind.FOLDER else None


def _why_not_there(path: Path | None, wanted: Kind, what: str, choose: str) -> str | None:
    """Return why ``path`` is not what is wanted, called ``what``; ``choose``: when it is empty."""
    if path is None:
        return choose
    kind = kind_of(path)
    if kind is Kind.NO_ANSWER:
        return no_answer_from(path)
    return None if kind is wanted else f"There is no {what} {path}."


FOLDER_ASKS = (
    Ask("folder", "Folder", "The folder whose images are classified; its sub-folders are searched.",
        {"mode": "d", "nullable": True}),
    Ask("classifier", "Classifier", "A .keras file made by Train classifier, or imported.",
        {"mode": "r", "filter": "*.keras", "nullable": True}),
    Ask("output", "Table", "The CSV table that is written: one row per image, time point or plane.",
        {"mode": "w", "filter": "*.csv", "nullable": True}),
)  # fmt: skip

MASKS_ASK = Ask("masks", "Masks", MASKS_TOOLTIP, {"mode": "d", "nullable": True})

FOLDER_ASKS_FOLDED = (
    MASKS_ASK,
    Ask("axes", "Axes", AXES_TOOLTIP),
    Ask("overwrite", "Start over", "Overwrite the table, also one of another classifier; "
        "without it a table that was begun is continued."),
)  # fmt: skip


@dataclass(frozen=True)
class LearnFrom:
    """Where *Train classifier* finds its images; the fields are `read_items`'s parameters."""

    folder: Path | None = None
    items_csv: Path | None = None
    pattern: str | None = None
    group: str | None = None
    each: Each = "image"
    axes: str = ""
    masks: Path | None = None

    def why_unusable(self) -> str | None:
        """Return why it can't be looked at yet, as a sentence."""
        if why := _why_not_there(self.folder, Kind.FOLDER, "folder", "Choose a folder."):
            return why
        if self.items_csv is None:
            return None
        return _why_not_there(self.items_csv, Kind.FILE, "table", "")

    def options(self) -> dict[str, Any]:
        """Return what `read_items` takes beside the folder."""
        return {
            "items_csv": self.items_csv,
            "pattern": self.pattern,
            "group": self.group,
            "each": self.each,
            "axes": self.axes.strip() or None,
            "masks": self.masks,
        }


FOLDER_ASK = Ask(
    "folder", "Folder", "A folder with one sub-folder per class, named like the class; or, with a "
    "table, the folder that its file names are relative to.", {"mode": "d", "nullable": True},
)  # fmt: skip
CSV_ASK = Ask(
    "items_csv", "Table", "A CSV table with the columns file and class, and any others, for "
    "example well.", {"mode": "r", "filter": "*.csv *.txt *.tsv", "nullable": True},
)  # fmt: skip
EACH_ASK = Ask(
    "each", "Classify", "What gets a class: a whole image (its planes projected), every time "
    "point of it, or every plane.",
    {"choices": [("whole images", "image"), ("every time point", "time"),
                 ("every plane", "plane")]},
)  # fmt: skip
AXES_ASK = Ask("axes", "Axes", AXES_TOOLTIP)


@dataclass(frozen=True)
class LabelWhat:
    """What *Label images* asks; but for ``table``, the fields are `read_items`'s parameters."""

    folder: Path | None = None
    pattern: str | None = None
    group: str | None = None
    each: Each = "image"
    axes: str = ""
    masks: Path | None = None
    table: Path | None = None

    def why_unusable(self) -> str | None:
        """Return why it can't be looked at yet, as a sentence."""
        choose = "Choose a folder with images."
        if why := _why_not_there(self.folder, Kind.FOLDER, "folder", choose):
            return why
        if self.masks is None or "{" in str(self.masks):
            return None
        return _why_not_there(self.masks, Kind.FOLDER, "folder of masks", "")


LABEL_FOLDER_ASK = Ask(
    "folder", "Folder", "The folder whose images get classes; its sub-folders are searched.",
    {"mode": "d", "nullable": True},
)  # fmt: skip
TABLE_ASK = Ask(
    "table", "Table", "The CSV table that every class goes into the moment it is given. One that "
    "is there already is gone on with; several raters may share it.",
    {"mode": "w", "filter": "*.csv", "nullable": True},
)  # fmt: skip


@dataclass(frozen=True)
class CompareWhat:
    """What *Compare with me* asks in fields."""

    folder: Path | None = None
    labels: Path | None = None
    classifier: Path | None = None
    session: Path | None = None
    masks: Path | None = None
    axes: str = ""

    def why_unusable(self) -> str | None:
        """Return why it can't be used yet, as a sentence."""
        choose = "Choose a folder with images."
        if why := _why_not_there(self.folder, Kind.FOLDER, "folder", choose):
            return why
        if self.labels and (why := _why_not_there(self.labels, Kind.FILE, "table", "")):
            return why
        if why := _why_not_there(self.classifier, Kind.FILE, "classifier", CHOOSE_CLASSIFIER):
            return why
        if self.session is None:
            return "Choose a folder for the session; a new one is made."
        return None


STUDY_ASKS = (
    Ask("folder", "Folder", "The folder of the images; for the experimental condition with one "
        "sub-folder per class, or with a table.", {"mode": "d", "nullable": True}),
    Ask("labels", "Table", "The table (CSV) that says what is true: the condition of each file, or "
        "labels given in Label images. Empty: the sub-folders are the conditions.",
        {"mode": "r", "filter": "*.csv *.txt *.tsv", "nullable": True}),
    Ask("classifier", "Classifier", "It is frozen: its answers are sealed before your first one.",
        {"mode": "r", "filter": "*.keras", "nullable": True}),
    Ask("session", "Session", "A new folder for the session: its plan, your answers, the report.",
        {"mode": "d", "nullable": True}),
)  # fmt: skip
