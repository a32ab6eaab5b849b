"""The report on raters, and on persons and classifiers: a page, its numbers, every answer."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_image_classifier.evaluation.plots import difference_plot
from napari_image_classifier.evaluation.report_page import (
    is_report,
    picture_in_page,
    render_page,
)
from napari_image_classifier.items.annotations import ItemKey
from napari_image_classifier.raters.agreement import Agreement
from napari_image_classifier.raters.comparison import ComparedItem, Comparison, in_words
from napari_image_classifier.system.atomic_files import replace_table, replace_text
from napari_image_classifier.system.csv_tables import write_table
from napari_image_classifier.system.outputs import (
    SideFile,
    check_output,
    json_with,
    table_with,
)

TEMPLATE = "agreement.html"
PICTURES_SHOWN = 24

Draw = Callable[[ItemKey], bytes | None]


def check_agreement_report(report: Path, inputs: Iterable[Path]) -> None:
    """Refuse a report that would take the place of another file, or of one that is read for it.

    Parameters
    ----------
    report
        The HTML file.
    inputs
        What is read.

    Raises
    ------
    OutputRefusedError
        It, or what is written beside it, would.
    """
    is_answers = table_with(["file", "item", "group", "rater", "answer"], without=["class"])
    beside = [
        SideFile(answers_path(report), is_answers, "table of answers"),
        SideFile(_numbers_path(report), json_with("agreement", "comparisons"), "file of numbers"),
    ]
    check_output(report, inputs=inputs, beside=beside, is_own=is_report, what="report")


def answers_path(report: Path) -> Path:
    """Return where the answers of a report lie, beside it."""
    return report.with_name(f"{report.stem}.answers.csv")


def _numbers_path(report: Path) -> Path:
    return report.with_name(f"{report.stem}.agreement.json")


def write_agreement_report(
    report: Path,
    agreement: Agreement | None,
    comparisons: Sequence[Comparison] = (),
    notes: Sequence[str] = (),
    draw: Draw = lambda key: None,
) -> dict[str, Path]:
    """Write the report and, beside it, its numbers and every answer.

    Where a spreadsheet shows the answers of before, they lie beside these (`replace_table`).

    Parameters
    ----------
    report
        The HTML file.
    agreement
        The agreement of several raters, None of one.
    comparisons
        Those of persons and classifiers.
    notes
        Sentences on what was left out or taken for granted.
    draw
        Returns a picture of an item, the content of a PNG file, or None.

    Returns
    -------
    dict of str to Path
        The files: "report", "json", "csv".
    """
    with replace_table(answers_path(report)) as table:
        _write_answers(table.temporary, agreement, comparisons)
    json_path = _numbers_path(report)
    paths = {"report": report, "json": json_path, "csv": table.path}
    notes = [*notes, *filter(None, [table.sentence])]
    numbers: dict[str, Any] = {
        "agreement": agreement.to_json() if agreement else None,
        "comparisons": [one.to_json() for one in comparisons],
        "notes": notes,
    }
    replace_text(json_path, json.dumps(numbers, indent=1) + "\n")
    page = render_page(
        TEMPLATE,
        sentence=agreement_in_words(agreement) if agreement else "",
        agreement=numbers["agreement"],
        comparisons=[_comparison_values(one, draw) for one in comparisons],
        several_arms=len({one.arm for one in comparisons}) > 1,
        notes=notes,
        files={name: path.name for name, path in paths.items()},
    )
    replace_text(report, page)
    return paths


def agreement_in_words(agreement: Agreement) -> str:
    """Return how far raters agree, in one sentence."""
    n = len(agreement.shared)
    same = 1 - len(agreement.differing) / n
    who = " and ".join(agreement.raters) if len(agreement.raters) == 2 else "all raters"
    alpha, kappa = agreement.alpha, agreement.pairs[0].kappa
    beyond = f"Krippendorff's alpha {in_words(alpha)}" if alpha else f"kappa {in_words(kappa)}"
    return f"Of {n} images, {who} gave the same answer to {same:.0%}; {beyond}."


def _comparison_values(comparison: Comparison, draw: Draw) -> dict[str, Any]:
    paired = comparison.difference
    return {
        **comparison.to_json(),
        "plot": difference_plot(paired, comparison.margin) if paired else "",
        "steady": _with_pictures(comparison.steady_but_different, draw),
        "wavered": _with_pictures(comparison.wavered, draw),
    }


def _with_pictures(items: Sequence[ComparedItem], draw: Draw) -> list[tuple[ComparedItem, str]]:
    return [
        (item, picture_in_page(png) if (png := draw(item.key)) else "")
        for item in items[:PICTURES_SHOWN]
    ]


def _write_answers(
    path: Path, agreement: Agreement | None, comparisons: Sequence[Comparison]
) -> None:
    rows: list[Mapping[str, str]] = []
    if agreement is not None:
        rows += [
            {"file": key.file, "item": key.item, "group": agreement.groups.get(key, ""),
             "rater": rater, "answer": given[key]}
            for rater, given in agreement.answers.items() for key in sorted(given)
        ]  # fmt: skip
    rows += [
        {"file": item.key.file, "item": item.key.item, "group": item.group, "rater": one.rater,
         "answer": item.person, "again": item.again or "", "truth": item.truth,
         "machine": item.machine, "arm": one.arm, "seen_before": "yes" if item.seen_before else "",
         "seconds": "" if item.seconds is None else f"{item.seconds:.2f}"}
        for one in comparisons for item in one.items
    ]  # fmt: skip
    columns = list(dict.fromkeys(name for row in rows for name in row))
    write_table(path, columns, rows)
