"""The commands that read tables: `agreement`, `summarize` and `sort`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_image_classifier.cli.arguments import names_in, new_names_in, refuse_to_replace
from napari_image_classifier.cli.derived_options import with_derived_options
from napari_image_classifier.cli.interruption import STOPPED, asked_to_stop
from napari_image_classifier.cli.progress import Progress, say
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.raters.comparison import MARGIN

if TYPE_CHECKING:
    import pandas as pd

Margin = Annotated[
    float, typer.Option(min=0.01, max=0.5, help="How much worse still counts as “as good”.")
]


@with_derived_options(tables="TABLE...")
def agreement_command(
    tables: list[Path],
    /,
    report: Path,
    truth: str | None = None,
    group: str | None = None,
    margin: Margin = MARGIN,
    encoding: str | None = None,
    rename_classes: str | None = None,
    overwrite: bool = False,
) -> None:
    """Say how far raters agree, and how a classifier compares with each, in a report.

    Parameters
    ----------
    tables
        Tables of what raters said (columns file, class, and optionally item and rater), and tables
        that classify has written.
    report
        The report to write, an .html file; its numbers lie beside it.
    truth
        What is true: a table with the columns file and class, or consensus, which is what most
        other raters said. With it a classifier is compared with each rater.
    group
        Which images are not independent (same well, dish, animal): a column of the tables, folder,
        or folder:2; the column group unless told.
    margin
        How much worse still counts as “as good”.
    encoding
        As in `ItemsQuery`.
    rename_classes
        As in `ItemsQuery`.
    overwrite
        Replace what the output holds.
    """
    from napari_image_classifier.raters.compare_raters import compare_raters

    refuse_to_replace(report, overwrite)
    comparison = compare_raters(
        tables,
        report,
        truth=truth,
        group=group,
        margin=margin,
        encoding=encoding,
        rename_classes=new_names_in(rename_classes),
    )
    for sentence in comparison.sentences:
        say(sentence)
    for path in comparison.paths.values():
        say(f"Written: {path}")


@with_derived_options()
def summarize_command(
    table: Path,
    /,
    by: str = "well",
    output: Path | None = None,
    wells: Path | None = None,
    encoding: str | None = None,
    plate_map: Path | None = None,
    dose: str | None = None,
    series: str | None = None,
    dose_response: Path | None = None,
    show: str | None = None,
    overwrite: bool = False,
) -> None:
    """Count the classes in each well, with intervals, from a table of predictions.

    Parameters
    ----------
    table
        A table that classify has written, a CSV.
    by
        The columns to count by, separated by commas, such as plate,well.
    output
        The table to write, a CSV; predictions.by-well.csv unless told.
    wells
        A CSV of what is known of the wells: the columns well, optionally plate, and any others,
        such as dose and compound.
    encoding
        As in `ItemsQuery`.
    plate_map
        A picture of every plate to write, with its wells coloured: PNG, SVG, PDF.
    dose
        The column that holds doses: says how far the classes follow them.
    series
        A column whose values have a dose response each, such as the compound.
    dose_response
        A picture of every well over its dose to write: PNG, SVG, PDF.
    show
        What the pictures show: columns of the summary, separated by commas; the per cent of every
        class unless told.
    overwrite
        Replace what the output holds.
    """
    from napari_image_classifier.plates.dose_plot import draw_dose_response
    from napari_image_classifier.plates.plate_map import draw_plate_maps
    from napari_image_classifier.plates.summary import summarize
    from napari_image_classifier.plates.well_table import wells_not_listed
    from napari_image_classifier.system.atomic_files import replace_table
    from napari_image_classifier.system.csv_tables import write_frame
    from napari_image_classifier.system.file_names import safe_name

    if dose is None and (dose_response or series):
        option = "--dose-response" if dose_response else "--series"
        raise ImageClassifierError(f"{option} needs --dose, the column that holds the doses.")
    columns = names_in(by)
    output = output or table.with_name(f"{table.stem}.by-{safe_name('-'.join(columns))}.csv")
    for path in filter(None, (output, plate_map, dose_response)):
        refuse_to_replace(path, overwrite)
    summary = summarize(table, columns, wells, encoding=encoding)
    shown = names_in(show) or None
    correlations = _doses_in_words(summary, dose, shown, series) if dose else []
    if plate_map:
        draw_plate_maps(summary, plate_map, shown)
    if dose and dose_response:
        draw_dose_response(summary, dose_response, dose, shown, series)
    with replace_table(output) as written:
        write_frame(summary, written.temporary, "%.4f")
    not_listed = wells_not_listed(summary, wells, encoding) if wells else ""
    assumptions = summary.attrs["assumptions"]
    for sentence in filter(None, (*assumptions, not_listed, *correlations, written.sentence)):
        say(sentence)
    say(f"Written: {written.path} ({len(summary)} rows)")
    for path in filter(None, (plate_map, dose_response)):
        say(f"Written: {path}")


@with_derived_options()
def sort_command(table: Path, images: Path, output: Path, /, pattern: str | None = None) -> None:
    """Copy the images into folders by class; nothing is moved.

    Parameters
    ----------
    table
        A table that classify has written, a CSV.
    images
        The folder of images that was classified.
    output
        A new or empty folder for the copies.
    pattern
        As in `ItemsQuery`.
    """
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
    say(result.message)
    say(f"Written: {result.output}")
    if result.stopped:
        raise typer.Exit(STOPPED)


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
        correlations = dose_correlation(summary, dose, column, series)
        sentences.append(correlations_in_words(correlations, dose, column))
        left_out = left_out_in_words(summary, dose, column)
        if left_out and left_out not in sentences:
            sentences.append(left_out)
    return sentences
