"""Tables of what raters and classifiers said, wherever they were made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_image_classifier.items.annotations import (
    ASSISTED,
    AnnotationsError,
    ItemKey,
    annotation_rows,
    key_of,
    standing,
)
from napari_image_classifier.items.reading import folder_at
from napari_image_classifier.raters.comparison import NO_ANSWER

# What a table of predictions has, and no other.
OF_PREDICTIONS = {"file", "class", "status", "classifier"}
FOLDER = "folder"


@dataclass
class RaterTables:
    """What all tables say: ``answers`` of each person, and of each classifier in ``machines``.

    ``groups`` are those of the items, "" where nobody says; ``assisted`` says how many answers of
    persons were given with a prediction in sight.
    """

    answers: dict[str, dict[ItemKey, str]] = field(default_factory=dict)
    machines: dict[str, dict[ItemKey, str]] = field(default_factory=dict)
    groups: dict[ItemKey, str] = field(default_factory=dict)
    assisted: int = 0


def read_rater_tables(
    paths: Sequence[Path], group: str | None = None, *, with_assisted: bool = True
) -> RaterTables:
    """Read tables of annotations and of predictions.

    A table of annotations is as `read_annotations` takes it; one that has the columns "status" and
    "classifier" holds predictions, of which those without status "ok" are no answers. ``group`` is
    a column, "folder" or "folder:2" as in `read_items`; without it the column "group" counts. A
    rater of two tables is two raters. Without ``with_assisted``, answers that were given with a
    prediction in sight are left out.

    Raises
    ------
    AnnotationsError
        A table can't be read, lacks a column or holds no answers.
    """
    found = RaterTables()
    for path in paths:
        rows = annotation_rows(path)
        if rows and set(rows[0]) >= OF_PREDICTIONS:
            _add(found.machines, path, {path.stem: _of_machine(rows)})
        else:
            _add(found.answers, path, _of_persons(rows, path, found, with_assisted))
        for row in rows:
            shared = _shared(row, group, path)
            if shared:
                found.groups[key_of(row)] = shared
    return found


def _of_machine(rows: Sequence[Mapping[str, str]]) -> dict[ItemKey, str]:
    return {
        key_of(row): row["class"] if row["status"] == "ok" and row["class"] else NO_ANSWER
        for row in rows
    }


def _of_persons(
    rows: Sequence[Mapping[str, str]], path: Path, found: RaterTables, with_assisted: bool
) -> dict[str, dict[ItemKey, str]]:
    answers: dict[str, dict[ItemKey, str]] = {}
    for one in standing(rows, path.stem):
        found.assisted += one.mode == ASSISTED
        if with_assisted or one.mode != ASSISTED:
            answers.setdefault(one.rater, {})[one.key] = one.class_name
    if not answers:
        raise AnnotationsError(f"There are no answers in {path.name} that can be used.")
    return answers


def _add(to: dict[str, Any], path: Path, answers: Mapping[str, dict[ItemKey, str]]) -> None:
    for rater, given in answers.items():
        name = rater if rater not in to else f"{rater} ({path.stem})"
        if name in to:
            raise AnnotationsError(f"{path} was given twice, or another table of the same name.")
        to[name] = given


def _shared(row: Mapping[str, str], group: str | None, path: Path) -> str:
    if group is None:
        return row.get("group", "").strip()
    level = group.removeprefix(f"{FOLDER}:")
    file = key_of(row).file
    if group == FOLDER:
        return file.rpartition("/")[0]
    if level != group and level.isdigit():
        return folder_at(file, int(level)) or ""
    return row.get(group, "").strip()
