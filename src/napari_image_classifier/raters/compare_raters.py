"""Tables of what raters and classifiers said, wherever they were made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_image_classifier.items.annotations import (
    ASSISTED,
    CANNOT_TELL,
    Annotation,
    AnnotationsError,
    ItemKey,
    annotation_rows,
    key_of,
    read_annotations,
    standing,
)
from napari_image_classifier.items.consensus import consensus
from napari_image_classifier.items.reading import folder_at
from napari_image_classifier.raters.agreement import Agreement, AgreementError, agreement_of
from napari_image_classifier.raters.comparison import (
    MARGIN,
    NO_ANSWER,
    ComparedItem,
    Comparison,
    TruthKind,
    compare,
)
from napari_image_classifier.raters.report import agreement_in_words, write_agreement_report

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


CONSENSUS = "consensus"


@dataclass(frozen=True)
class RaterComparison:
    """What was found, sentences on what was left out, and the files that say it all."""

    agreement: Agreement
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]
    paths: Mapping[str, Path]

    @property
    def sentences(self) -> list[str]:
        """The results in words."""
        verdicts = [f"{one.rater}: {one.sentence}" for one in self.comparisons]
        return [agreement_in_words(self.agreement), *verdicts, *self.notes]


def compare_raters(
    tables: Sequence[str | Path],
    report: str | Path,
    *,
    truth: str | Path | None = None,
    group: str | None = None,
    margin: float = MARGIN,
) -> RaterComparison:
    """Say how far raters agree, and how a classifier compares with each of them, in a report.

    ``tables`` hold annotations, or predictions that `classify_folder` wrote. ``truth`` is a table
    with the columns file and class, or "consensus": what most other raters said. With it each
    person is compared with each classifier; ``margin`` is how much worse still counts as “as good”.
    ``group`` says which images are not independent: a column of the tables, or a folder.

    Raises
    ------
    AnnotationsError
        A table can't be used.
    AgreementError
        There is nothing to compare.
    """
    paths = [Path(path) for path in tables]
    found = read_rater_tables(paths, group)
    notes = []
    if found.machines and found.assisted:
        notes.append(f"{found.assisted} labels that were given with a prediction in sight were "
                     "left out.")  # fmt: skip
        found = read_rater_tables(paths, group, with_assisted=False)
    if not found.groups:
        notes.append("Each image was taken to stand alone, as no group was given.")
    agreement = agreement_of({**found.answers, **found.machines}, found.groups)
    comparisons: list[Comparison] = []
    if truth is not None:
        if not found.machines:
            raise AgreementError(
                "No table of predictions was given, so there is no machine to compare with a "
                "truth; classify the images, and add predictions.csv."
            )
        for rater in found.answers:
            true, kind = _truth(truth, rater, found)
            for machine in found.machines:
                items = _items(found, rater, machine, true)
                if items:
                    comparisons.append(
                        compare(items, rater=rater, machine=machine, truth=kind, margin=margin)
                    )
        if not comparisons:
            raise AgreementError("No image has a truth, an answer of a person and a prediction.")
    written = write_agreement_report(Path(report), agreement, comparisons, notes)
    return RaterComparison(agreement, tuple(comparisons), tuple(notes), written)


def _truth(
    truth: str | Path, rater: str, found: RaterTables
) -> tuple[Mapping[ItemKey, str], TruthKind]:
    if str(truth) != CONSENSUS:
        given = read_annotations(Path(truth))
        return {one.key: one.class_name for one in given}, "table"
    others = [
        Annotation(key, name, other)
        for other, answers in found.answers.items()
        if other != rater
        for key, name in answers.items()
    ]
    if not others:
        raise AgreementError(
            f"Only {rater} answered, so there is no consensus of others; add their tables, or give "
            "the truth as a table."
        )
    return consensus(others), "consensus"


def _items(
    found: RaterTables, rater: str, machine: str, true: Mapping[ItemKey, str]
) -> list[ComparedItem]:
    said = found.machines[machine]
    return [
        ComparedItem(
            key, true[key], name, said.get(key, NO_ANSWER), group=found.groups.get(key, "")
        )
        for key, name in sorted(found.answers[rater].items())
        if true.get(key, "") not in ("", CANNOT_TELL)
    ]
