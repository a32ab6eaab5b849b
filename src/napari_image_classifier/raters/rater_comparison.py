"""Raters compared with each other, and with a classifier, from tables made anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.items.annotations import (
    CANNOT_TELL,
    Annotation,
    ItemKey,
    read_annotations,
)
from napari_image_classifier.items.consensus import consensus
from napari_image_classifier.raters.agreement import Agreement, AgreementError, agreement_of
from napari_image_classifier.raters.compare_raters import RaterTables, read_rater_tables
from napari_image_classifier.raters.comparison import (
    NO_ANSWER,
    ComparedItem,
    Comparison,
    TruthKind,
    compare,
)
from napari_image_classifier.raters.comparison_verdict import MARGIN
from napari_image_classifier.raters.report import agreement_in_words, write_agreement_report

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
