"""The report of an evaluation: one HTML file, every number as JSON, every prediction as CSV."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from napari_image_classifier.evaluation.evaluate import EvaluationResult, SurestError
from napari_image_classifier.evaluation.outcome import Evaluation, MadeWith
from napari_image_classifier.evaluation.plots import (
    curve_plot,
    groups_plot,
    reliability_plot,
    seeds_plot,
)
from napari_image_classifier.evaluation.report_page import picture_in_page, render_page
from napari_image_classifier.images.thumbnails import draw_thumbnail
from napari_image_classifier.items.groups import GROUPS_FOR_MORE_THAN_EXPLORATION
from napari_image_classifier.system.atomic_files import replace_table, replace_text
from napari_image_classifier.system.csv_tables import write_table
from napari_image_classifier.system.records import RecordError, as_json, parsed_json
from napari_image_classifier.training.config import BACKBONE_NAMES, IMAGENET
from napari_image_classifier.typing import FloatArray

TEMPLATE = "evaluation.html"
JSON_SUFFIX = ".evaluation.json"


def write_report(
    evaluation: Evaluation, pixels: FloatArray, report: Path, made_with: MadeWith
) -> EvaluationResult:
    """Write the report and, beside it, its numbers and its predictions.

    Where a spreadsheet shows the predictions of before, they lie beside these (`replace_table`).
    ``pixels``, shape (item, y, x, channel), are the prepared images, for pictures of errors.
    """
    json_path = report.with_name(report.stem + JSON_SUFFIX)
    earlier = earlier_evaluations(report.parent, evaluation.images_digest)
    errors = tuple(
        SurestError(**error, picture=picture_in_page(draw_thumbnail(pixels[index])))
        for index, error in zip(evaluation.surest_errors, evaluation.errors_to_json(), strict=True)
    )
    content = {
        **evaluation.to_json(), "earlier_evaluations": earlier, "made_with": as_json(made_with)
    }  # fmt: skip
    replace_text(json_path, json.dumps(content, indent=1) + "\n")
    with replace_table(report.with_name(f"{report.stem}.predictions.csv")) as table:
        _write_predictions(evaluation, table.temporary, made_with.seeds)
    replace_text(report, _page(evaluation, errors, made_with, earlier))
    return EvaluationResult(
        report,
        json_path,
        table.path,
        verdict=evaluation.verdict.kind,
        sentence=evaluation.verdict.sentence,
        elsewhere=table.sentence,
        errors=errors,
    )


def earlier_evaluations(folder: Path, images_digest: str) -> list[str]:
    """Return the names of the evaluations of the same images that lie in a folder, sorted."""
    names = []
    for path in sorted(folder.glob(f"*{JSON_SUFFIX}")):
        try:
            stored = parsed_json(path.read_bytes())
        except (OSError, RecordError):
            continue
        if isinstance(stored, dict) and stored.get("images_digest") == images_digest:
            names.append(path.name)
    return names


def _page(
    evaluation: Evaluation,
    errors: Sequence[SurestError],
    made_with: MadeWith,
    earlier: Sequence[str],
) -> str:
    numbers, config = evaluation.to_json(), made_with.config
    return render_page(
        TEMPLATE,
        **numbers,
        finished=evaluation.plan.is_of_finished,
        seen_known=made_with.seen_known,
        class_names=evaluation.class_names,
        guessing=1 / len(evaluation.class_names),
        groups_plot=groups_plot(evaluation),
        curve_plot=curve_plot(evaluation.learning_curve),
        reliability_plot=reliability_plot(evaluation.calibration),
        seeds_plot=seeds_plot(evaluation.over_seeds, evaluation.scores.balanced_accuracy),
        errors=errors,
        pretrained=config.get("network") in BACKBONE_NAMES and config.get("weights") == IMAGENET,
        earlier=earlier,
        few=GROUPS_FOR_MORE_THAN_EXPLORATION,
        made_with=made_with,
    )


def _write_predictions(evaluation: Evaluation, path: Path, seeds: Sequence[int]) -> None:
    of_classes = [f"p_{name}" for name in evaluation.class_names]
    header = ["file", "item", "class", "group", "unit", "seed", "fold", "predicted", "confidence",
              *of_classes]  # fmt: skip

    def rows() -> Iterator[Mapping[str, str]]:
        plans = evaluation.plan.seeds
        for seed, of_seed, plan in zip(seeds, evaluation.networks, plans, strict=True):
            folds = plan.of_each_item(len(evaluation.items))
            for index, (item, row) in enumerate(zip(evaluation.items, of_seed, strict=True)):
                yield {
                    "file": item.file, "item": item.selection, "class": str(item.class_name),
                    "group": item.group or "", "unit": str(evaluation.units[index]),
                    "seed": str(seed), "fold": str(folds[index]),
                    "predicted": evaluation.class_names[row.argmax()],
                    "confidence": f"{row.max():.6f}",
                    **dict(zip(of_classes, (f"{p:.6f}" for p in row), strict=True)),
                }  # fmt: skip

    write_table(path, header, rows())
