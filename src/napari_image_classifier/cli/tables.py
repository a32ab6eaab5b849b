"""The commands that read tables: `agreement`, `summarize` and `sort`."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from napari_image_classifier.cli import options
from napari_image_classifier.cli.arguments import names_in, refuse_to_replace
from napari_image_classifier.cli.interruption import STOPPED, asked_to_stop
from napari_image_classifier.cli.progress import Progress
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.raters.comparison import MARGIN

if TYPE_CHECKING:
    import pandas as pd


def agreement_command(
    tables: options.RaterTables,
    report: options.Report,
    truth: options.Truth = None,
    group: options.RaterGroup = None,
    margin: options.Margin = MARGIN,
    overwrite: options.Overwrite = False,
) -> None:
    """Say how far raters agree, and how a classifier compares with each, in a report."""
    from napari_image_classifier.raters.compare_raters import compare_raters

    refuse_to_replace(report, overwrite)
    found = compare_raters(tables, report, truth=truth, group=group, margin=margin)
    for sentence in found.sentences:
        typer.echo(sentence)
    for path in found.paths.values():
        typer.echo(f"Written: {path}")


def summarize_command(
    table: options.Predictions,
    by: options.By = "well",
    output: options.Summary = None,
    wells: options.WellsKnown = None,
    plate_map: options.PlateMap = None,
    dose: options.Dose = None,
    series: options.Series = None,
    dose_response: options.DoseResponse = None,
    show: options.Show = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Count the classes in each well, with intervals, from a table of predictions."""
    from napari_image_classifier.plates.dose_plot import draw_dose_response
    from napari_image_classifier.plates.plate_map import draw_plate_maps
    from napari_image_classifier.plates.summary import summarize
    from napari_image_classifier.system.atomic_files import replace_table

    if dose is None and (dose_response or series):
        asked = "--dose-response" if dose_response else "--series"
        raise ImageClassifierError(f"{asked} needs --dose, the column that holds the doses.")
    columns = names_in(by)
    output = output or table.with_name(f"{table.stem}.by-{'-'.join(columns)}.csv")
    for path in filter(None, (output, plate_map, dose_response)):
        refuse_to_replace(path, overwrite)
    found = summarize(table, columns, wells)
    shown = names_in(show) or None
    told = _doses_in_words(found, dose, shown, series) if dose else []
    if plate_map:
        draw_plate_maps(found, plate_map, shown)
    if dose and dose_response:
        draw_dose_response(found, dose_response, dose, shown, series)
    with replace_table(output) as written:
        found.to_csv(written.temporary, index=False, float_format="%.4f", errors="surrogateescape")
    for sentence in [*_not_listed(found, wells), *told, *filter(None, [written.sentence])]:
        typer.echo(sentence)
    typer.echo(f"Written: {written.path} ({len(found)} rows)")
    for path in filter(None, (plate_map, dose_response)):
        typer.echo(f"Written: {path}")


def sort_command(
    table: options.Predictions,
    images: options.Classified,
    output: options.Copies,
    pattern: options.Pattern = None,
) -> None:
    """Copy the images into folders by class; nothing is moved."""
    from napari_image_classifier.plates.sort_images import sort_images

    with Progress() as progress, asked_to_stop() as should_stop:
        result = sort_images(
            table,
            images,
            output,
            pattern=pattern,
            on_progress=lambda done, total: progress.show("Copying", done, total),
            should_stop=should_stop,
        )
    typer.echo(result.message)
    typer.echo(f"Written: {result.output}")
    if result.stopped:
        raise typer.Exit(STOPPED)


def _not_listed(summary: "pd.DataFrame", wells: Path | None) -> list[str]:
    from napari_image_classifier.plates.well_table import wells_not_listed

    sentence = wells_not_listed(summary, wells) if wells else ""
    return [sentence] if sentence else []


def _doses_in_words(
    summary: "pd.DataFrame", dose: str, show: tuple[str, ...] | None, series: str | None
) -> list[str]:
    """Return how far each column follows the doses, and which wells that leaves out."""
    from napari_image_classifier.plates.columns import numbers_to_show
    from napari_image_classifier.plates.doses import (
        correlations_in_words,
        dose_correlation,
        left_out_in_words,
    )

    sentences: list[str] = []
    for column in numbers_to_show(summary, show):
        found = dose_correlation(summary, dose, column, series)
        sentences.append(correlations_in_words(found, dose, column))
        left_out = left_out_in_words(summary, dose, column)
        if left_out and left_out not in sentences:
            sentences.append(left_out)
    return sentences
