"""Raters and machine on the command line."""

import typer

from napari_image_classifier.cli import options
from napari_image_classifier.cli.arguments import refuse_to_replace
from napari_image_classifier.raters.comparison_verdict import MARGIN


def agreement_command(
    tables: options.RaterTables,
    report: options.Report,
    truth: options.Truth = None,
    group: options.RaterGroup = None,
    margin: options.Margin = MARGIN,
    overwrite: options.Overwrite = False,
) -> None:
    """Say how far raters agree, and how a classifier compares with each, in a report."""
    from napari_image_classifier.raters.rater_comparison import compare_raters

    refuse_to_replace(report, overwrite)
    found = compare_raters(tables, report, truth=truth, group=group, margin=margin)
    for sentence in found.sentences:
        typer.echo(sentence)
    for path in found.paths.values():
        typer.echo(f"Written: {path}")
