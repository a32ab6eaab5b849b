"""The comparison of raters and classifiers by their tables, wherever these were made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, get_args

from napari_image_classifier.batch.manifest import learnt_items_of_table
from napari_image_classifier.classifiers.prediction import Status
from napari_image_classifier.items.annotations import (
    ASSISTED,
    CANNOT_TELL,
    Annotation,
    AnnotationsError,
    ItemKey,
    annotation_table,
    check_class_names,
    key_of,
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


@dataclass
class RaterTables:
    """What all tables say: ``answers`` of each person, and of each classifier in ``machines``.

    ``predictions`` are the tables of the latter, in the same order, and ``groups`` those of the
    items, "" where nobody says; ``assisted`` says how many answers of persons were given with a
    prediction in sight, ``assumptions`` what the files do not say.
    """

    answers: dict[str, dict[ItemKey, str]] = field(default_factory=dict)
    machines: dict[str, dict[ItemKey, str]] = field(default_factory=dict)
    predictions: list[Path] = field(default_factory=list)
    groups: dict[ItemKey, str] = field(default_factory=dict)
    assisted: int = 0
    assumptions: list[str] = field(default_factory=list)


def read_rater_tables(
    paths: Sequence[Path],
    group: str | None = None,
    *,
    encoding: str | None = None,
    rename_classes: Mapping[str, str] | None = None,
    with_assisted: bool = True,
) -> RaterTables:
    """Read tables of annotations and of predictions.

    A table of annotations is as `read_annotations` takes it; one that has the columns "status" and
    "classifier" holds predictions, of which those without status "ok" are no answers. ``group`` is
    a column, "folder" or "folder:2" as in `read_items`; without it the column "group" counts. A
    rater of two tables is two raters. Without ``with_assisted``, answers that were given with a
    prediction in sight are left out. ``encoding`` is that of the tables, ``rename_classes`` the
    classes that get another name.

    Raises
    ------
    AnnotationsError
        A table can't be read, lacks a column or holds no answers, or classes differ only in case
        or spaces.
    """
    tables = RaterTables()
    for path in paths:
        table = annotation_table(path, encoding)
        rows = _renamed(table.rows, rename_classes)
        tables.assumptions += table.assumptions
        if rows and set(rows[0]) >= OF_PREDICTIONS:
            _add(tables.machines, path, {path.stem: _of_machine(rows, path)})
            tables.predictions.append(path)
        else:
            _add(tables.answers, path, _of_persons(rows, path, tables, with_assisted))
        for row in rows:
            if of_row := _group(row, group):
                tables.groups[key_of(row)] = of_row
    given = [*tables.answers.values(), *tables.machines.values()]
    names = (name for answers in given for name in answers.values())
    check_class_names(names, "these tables", AnnotationsError)
    return tables


def _renamed(
    rows: Sequence[dict[str, str]], names: Mapping[str, str] | None
) -> list[dict[str, str]]:
    names = names or {}
    return [{**row, "class": names.get(row["class"].strip(), row["class"])} for row in rows]


def _of_machine(rows: Sequence[Mapping[str, str]], path: Path) -> dict[ItemKey, str]:
    for row in rows:
        if row["status"] not in get_args(Status) or not row["file"].strip():
            raise AnnotationsError(
                f"{path.name} has a row of “{row['file'][:200]}” with the status "
                f"“{row['status'][:60]}”, which no classifier gives; the table was changed or "
                "damaged. Take the one that classify has written."
            )
    return {
        key_of(row): row["class"] if row["status"] == "ok" and row["class"] else NO_ANSWER
        for row in rows
    }


def _of_persons(
    rows: Sequence[Mapping[str, str]], path: Path, tables: RaterTables, with_assisted: bool
) -> dict[str, dict[ItemKey, str]]:
    answers: dict[str, dict[ItemKey, str]] = {}
    for one in standing(rows, path.stem):
        tables.assisted += one.mode == ASSISTED
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


def _group(row: Mapping[str, str], group: str | None) -> str:
    file = key_of(row).file
    match (group or "group").partition(":"):
        case ("folder", "", ""):
            return file.rpartition("/")[0]
        case ("folder", _, level) if level.isdigit():
            return folder_at(file, int(level)) or ""
    return row.get(group or "group", "").strip()


CONSENSUS = "consensus"


@dataclass(frozen=True)
class RaterComparison:
    """The agreement of raters, their comparison with classifiers, and the files of the report.

    ``notes`` are sentences on what was left out or taken for granted, ``paths`` the files that were
    written: "report", "json" and "csv".
    """

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
    encoding: str | None = None,
    rename_classes: Mapping[str, str] | None = None,
) -> RaterComparison:
    """Write a report on how far raters agree, and how classifiers compare with each of them.

    Parameters
    ----------
    tables
        Tables of annotations, or of predictions that `classify_folder` wrote.
    report
        The HTML file; its numbers and all answers are written beside it.
    truth
        A table with the columns file and class, or "consensus": the class that most other raters
        gave. With it each person is compared with each classifier.
    group
        Which images are not independent: a column of the tables, "folder", or "folder:2" for that
        two levels deep. Unless given, the column "group" counts.
    margin
        How much worse a classifier still counts as “as good”, from 0 to 1.
    encoding
        How the tables store text, such as "cp1252"; without it a file's mark counts, then UTF-8,
        else Windows-1252 is assumed.
    rename_classes
        Classes that get another name, by the name that they have in the tables.

    Returns
    -------
    RaterComparison
        The results, and the files that were written.

    Raises
    ------
    AnnotationsError
        A table can't be used.
    AgreementError
        There is nothing to compare.
    """
    paths = [Path(path) for path in tables]
    read = partial(
        read_rater_tables, paths, group, encoding=encoding, rename_classes=rename_classes
    )
    known = read()
    notes = list(dict.fromkeys(known.assumptions))
    if known.machines and known.assisted:
        notes.append(f"{known.assisted} labels that were given with a prediction in sight were "
                     "left out.")  # fmt: skip
        known = read(with_assisted=False)
    if not known.groups:
        notes.append("Each image was taken to stand alone, as no group was given.")
    agreement = agreement_of({**known.answers, **known.machines}, known.groups)
    notes += _on_learnt_items(known, agreement)
    comparisons = []
    if truth is not None:
        true = None
        if str(truth) != CONSENSUS:
            rows = annotation_table(Path(truth), encoding).rows
            true = {one.key: one.class_name for one in standing(_renamed(rows, rename_classes))}
        comparisons = _comparisons(known, true, margin)
    written = write_agreement_report(Path(report), agreement, comparisons, notes)
    return RaterComparison(agreement, tuple(comparisons), tuple(notes), written)


def _on_learnt_items(tables: RaterTables, agreement: Agreement) -> Iterator[str]:
    """Yield sentences on classifiers that may know the images on which they are compared."""
    shared = set(agreement.shared)
    for machine, path in zip(tables.machines, tables.predictions, strict=True):
        compared = shared & tables.machines[machine].keys()
        learnt = learnt_items_of_table(path)
        if learnt is None or learnt.keys is None:
            whose = "its own manifest" if learnt is None else f"that of {learnt.classifier}"
            yield (
                f"Whether the classifier of {path.name} had learnt from these images nobody can "
                f"tell, as {whose} is not beside it; what is said of it holds only if it had not."
            )
        elif known := sorted(compared.intersection(learnt.keys)):
            yield (
                f"{learnt.classifier}, whose predictions are in {path.name}, had learnt from "
                f"{len(known)} of the {len(compared)} images on which it is compared, such as "
                f"{known[0].file}; how it does on new ones, these don't say."
            )


def _comparisons(
    tables: RaterTables, truth: Mapping[ItemKey, str] | None, margin: float
) -> list[Comparison]:
    """Compare each person with each classifier by a truth; None for the consensus of others."""
    if not tables.machines:
        raise AgreementError(
            "No table of predictions was given, so there is no machine to compare with a truth; "
            "classify the images, and add predictions.csv."
        )
    comparisons = []
    for rater in tables.answers:
        true = _consensus_of_others(rater, tables) if truth is None else truth
        kind: TruthKind = "consensus" if truth is None else "table"
        for machine in tables.machines:
            if items := _items(tables, rater, machine, true):
                comparisons.append(
                    compare(items, rater=rater, machine=machine, truth=kind, margin=margin)
                )
    if not comparisons:
        raise AgreementError("No image has a truth, an answer of a person and a prediction.")
    return comparisons


def _consensus_of_others(rater: str, tables: RaterTables) -> Mapping[ItemKey, str]:
    others = [
        Annotation(key, name, other)
        for other, answers in tables.answers.items()
        if other != rater
        for key, name in answers.items()
    ]
    if not others:
        raise AgreementError(
            f"Only {rater} answered, so there is no consensus of others; add their tables, or give "
            "the truth as a table."
        )
    return consensus(others)


def _items(
    tables: RaterTables, rater: str, machine: str, true: Mapping[ItemKey, str]
) -> list[ComparedItem]:
    predicted, groups = tables.machines[machine], tables.groups
    return [
        ComparedItem(key, true[key], name, predicted.get(key, NO_ANSWER), group=groups.get(key, ""))
        for key, name in sorted(tables.answers[rater].items())
        if true.get(key, "") not in ("", CANNOT_TELL)
    ]
