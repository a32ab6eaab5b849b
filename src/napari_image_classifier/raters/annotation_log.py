"""The log of one person's annotations, a table into which each goes the moment it is given."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

from napari_image_classifier.items.annotations import (
    BY_EYE,
    COLUMNS,
    Action,
    Annotation,
    AnnotationsError,
    ItemKey,
    Mode,
    annotation_of,
    check_logged,
    standing,
)
from napari_image_classifier.system.append_log import TIME, AppendedTable, AppendedTableError

# What a step changed: the annotation before it, None where there was none.
Before = dict[ItemKey, Annotation | None]


class AnnotationLog:
    """The annotations of one rater in a table that holds those of others, too.

    ``annotations`` are those of this rater that stand, by item, in the order in which they were
    given. Every change is appended as rows, one an item, that share a time; of the rows of one
    rater and item the last one counts.

    Parameters
    ----------
    path
        The table, which comes into being with the first annotation.
    rater
        The person.
    group_of
        The group of each item, which is written with its annotations.

    Raises
    ------
    AppendedTableError
        The file is another kind of table.
    OSError
        The file can't be opened.
    """

    def __init__(
        self, path: Path, rater: str, group_of: Mapping[ItemKey, str] | None = None
    ) -> None:
        self.rater = rater
        self._group_of = group_of or {}
        self._table = AppendedTable(path, COLUMNS, ("seconds",), partial(_check, path))
        self.annotations: dict[ItemKey, Annotation] = {}
        self._steps: list[Before] = []
        own = [row for row in self._table.rows if row["rater"].strip() == rater]
        for (_, action), rows in groupby(own, lambda row: (row[TIME], row["action"])):
            before = self._apply([annotation_of(row) for row in rows])
            if action != "undone":
                self._steps.append(before)
            elif self._steps:
                self._steps.pop()

    @property
    def path(self) -> Path:
        """The table."""
        return self._table.path

    @property
    def counts(self) -> Counter[str]:
        """How many items have each class, "cannot tell" among them."""
        return Counter(one.class_name for one in self.annotations.values())

    @property
    def of_others(self) -> list[Annotation]:
        """What other raters said in this table."""
        return [one for one in standing(self._table.rows) if one.rater != self.rater]

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._steps)

    def give(
        self,
        items: Iterable[ItemKey],
        class_name: str,
        mode: Mode = BY_EYE,
        seconds: float | None = None,
    ) -> None:
        """Give items a class, or "cannot tell", all in one step.

        Raises
        ------
        OSError
            It could not be written, and nothing was given.
        """
        self._take(
            [
                Annotation(key, class_name, self.rater, mode, seconds, self._group_of.get(key, ""))
                for key in items
            ],
            "given",
        )

    def take_away(self, items: Iterable[ItemKey]) -> None:
        """Take the class of items away, all in one step."""
        self._take([Annotation(key, "", self.rater) for key in items], "given")

    def rename(self, name: str, new: str) -> None:
        """Call a class otherwise; one that is there already gets its items, too."""
        renamed = [one for one in self.annotations.values() if one.class_name == name]
        self._take([replace(one, class_name=new) for one in renamed], "renamed")

    def undo(self) -> list[ItemKey]:
        """Take the last step back, also one of an earlier day; return the items that it changed."""
        if not self._steps:
            return []
        before = self._steps[-1].items()
        self._append([one or Annotation(key, "", self.rater) for key, one in before], "undone")
        return list(self._steps.pop())

    def _take(self, annotations: Sequence[Annotation], action: Action) -> None:
        if annotations:
            self._steps.append(self._append(annotations, action))

    def _apply(self, annotations: Iterable[Annotation]) -> Before:
        before = {}
        for one in annotations:
            before[one.key] = self.annotations.pop(one.key, None)
            if one.class_name:
                self.annotations[one.key] = one
        return before

    def _append(self, annotations: Sequence[Annotation], action: Action) -> Before:
        self._table.append(_row(one, action) for one in annotations)
        return self._apply(annotations)


def _check(path: Path, row: Mapping[str, str]) -> None:
    """Refuse a row that this version would take for something else than it is."""
    try:
        check_logged(row)
    except AnnotationsError as error:
        raise AppendedTableError(f"{path}: {error} Nothing was changed in this file.") from error


def _row(annotation: Annotation, action: Action) -> dict[str, str]:
    return {
        "file": annotation.key.file,
        "item": annotation.key.item,
        "class": annotation.class_name,
        "rater": annotation.rater,
        "mode": annotation.mode if annotation.class_name else "",
        "action": action,
        "seconds": "" if annotation.seconds is None else f"{annotation.seconds:.2f}",
        "group": annotation.group,
    }
