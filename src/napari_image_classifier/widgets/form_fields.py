"""The forms themselves: their fields, defaults and words."""

from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.selection import Each
from napari_image_classifier.widgets.forms import Ask

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
        if self.folder is None or not self.folder.is_dir():
            return _absent("Choose a folder with images.", "folder", self.folder)
        if self.classifier is None or not self.classifier.is_file():
            choose = "Choose a classifier, a .keras file made by Train classifier."
            return _absent(choose, "classifier", self.classifier)
        if self.output is None or self.output.is_dir():
            return "Choose a file name for the table of predictions, such as predictions.csv."
        return None


def _absent(choose: str, what: str, path: Path | None) -> str:
    return choose if path is None else f"There is no {what} {path}."


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
        if self.folder is None or not self.folder.is_dir():
            return _absent("Choose a folder.", "folder", self.folder)
        if self.items_csv is not None and not self.items_csv.is_file():
            return f"There is no table {self.items_csv}."
        return None


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
        if self.folder is None or not self.folder.is_dir():
            return _absent("Choose a folder with images.", "folder", self.folder)
        if self.masks is not None and not self.masks.is_dir() and "{" not in str(self.masks):
            return f"There is no folder {self.masks} of masks."
        return None


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
        if self.folder is None or not self.folder.is_dir():
            return _absent("Choose a folder with images.", "folder", self.folder)
        if self.labels is not None and not self.labels.is_file():
            return f"There is no table {self.labels}."
        if self.classifier is None or not self.classifier.is_file():
            choose = "Choose a classifier, a .keras file made by Train classifier."
            return _absent(choose, "classifier", self.classifier)
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
