"""The report of raters and of person against machine: one page, its numbers, every answer."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_image_classifier.evaluation.plots import difference_plot
from napari_image_classifier.evaluation.report_page import (
    parts_of_rows,
    picture_in_page,
    render_page,
)
from napari_image_classifier.items.annotations import ItemKey
from napari_image_classifier.raters.agreement import Agreement
from napari_image_classifier.raters.comparison import ComparedItem, Comparison, in_words
from napari_image_classifier.statistics.rater_agreement import Kappa
from napari_image_classifier.system.atomic_files import replace_file, replace_table

TEMPLATE = "agreement.html"
PICTURES_SHOWN = 24

Draw = Callable[[ItemKey], bytes | None]


def write_agreement_report(
    report: Path,
    agreement: Agreement | None,
    comparisons: Sequence[Comparison] = (),
    notes: Sequence[str] = (),
    draw: Draw = lambda key: None,
) -> dict[str, Path]:
    """Write the report and, beside it, its numbers and every answer; return their paths.

    Where a spreadsheet shows the answers of before, they lie beside these (`replace_table`).
    ``notes`` are sentences on what was left out or taken for granted; ``draw`` returns a picture of
    an item, a PNG, or None.
    """
    paths = {
        "report": report,
        "json": report.with_name(f"{report.stem}.agreement.json"),
        "csv": report.with_name(f"{report.stem}.answers.csv"),
    }
    with replace_table(paths["csv"]) as table:
        _write_answers(table.temporary, agreement, comparisons)
    paths["csv"] = table.path
    notes = [*notes, *filter(None, [table.sentence])]
    numbers = {
        "agreement": agreement.to_json() if agreement else None,
        "comparisons": [one.to_json() for one in comparisons],
        "notes": notes,
    }
    with replace_file(paths["json"]) as temporary:
        temporary.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    page = render_page(
        TEMPLATE,
        sentence=agreement_in_words(agreement) if agreement else "",
        agreement=_agreement_values(agreement) if agreement else None,
        comparisons=[_comparison_values(one, draw) for one in comparisons],
        several_arms=len({one.arm for one in comparisons}) > 1,
        notes=notes,
        files={name: path.name for name, path in paths.items()},
    )
    with replace_file(report) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return paths


def agreement_in_words(agreement: Agreement) -> str:
    """Return how far raters agree, in one sentence."""
    n = len(agreement.shared)
    same = 1 - len(agreement.differing) / n
    who = " and ".join(agreement.raters) if len(agreement.raters) == 2 else "all raters"
    if agreement.alpha is None:
        beyond = f"kappa {in_words(agreement.pairs[0].kappa)}"
    else:
        one = agreement.alpha
        beyond = "Krippendorff's alpha " + in_words(
            Kappa(one.alpha, one.low, one.high, same, one.n_items, one.n_groups)
        )
    return f"Of {n} images, {who} gave the same answer to {same:.0%}; {beyond}."


def _agreement_values(agreement: Agreement) -> dict[str, Any]:
    values = agreement.to_json()
    for pair in values["pairs"]:
        pair["parts"] = parts_of_rows(pair["confusion"])
    return values


def _comparison_values(comparison: Comparison, draw: Draw) -> dict[str, Any]:
    values = comparison.to_json()
    for who in ("person", "machine"):
        values[f"parts_{who}"] = parts_of_rows(values[f"confusion_{who}"])
    values["plot"] = (
        difference_plot(comparison.difference, comparison.margin) if comparison.difference else ""
    )
    values["steady"] = _pictures(comparison.steady_but_different, draw)
    values["wavered"] = _pictures(comparison.wavered, draw)
    return values


def _pictures(items: Sequence[ComparedItem], draw: Draw) -> list[dict[str, str]]:
    found = []
    for one in items[:PICTURES_SHOWN]:
        png = draw(one.key)
        again = "" if one.again == one.person else f", then {one.again}"
        told = f"truth {one.truth}; said {one.person}{again}; machine {one.machine}"
        found.append(
            {
                "file": one.key.file,
                "item": one.key.item,
                "told": told,
                "picture": picture_in_page(png) if png else "",
            }
        )
    return found


def _write_answers(
    path: Path, agreement: Agreement | None, comparisons: Sequence[Comparison]
) -> None:
    rows: list[Mapping[str, Any]] = []
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
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
