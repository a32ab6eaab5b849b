"""The command `reproduce`: progress, what came out, what was checked and what was not."""

import typer

from napari_image_classifier.cli import options
from napari_image_classifier.cli.interruption import network_at_work
from napari_image_classifier.evaluation.reproduce import reproduce
from napari_image_classifier.evaluation.reproduction import Reproduction


def reproduce_command(
    manifest: options.Manifest,
    images: options.ImagesNow = None,
    classifier: options.ClassifierNow = None,
    output: options.Again = None,
) -> None:
    """Make a classifier or a table again from its manifest, and compare."""
    with network_at_work() as (progress, should_stop):
        outcome = reproduce(
            manifest,
            images=images,
            classifier=classifier,
            output=output,
            on_event=progress.hear,
            should_stop=should_stop,
            in_process=True,
        )
    _say(outcome)
    if output is not None:
        typer.echo(f"Written: {output}")
    if not outcome.same:
        raise typer.Exit(1)


def _say(outcome: Reproduction) -> None:
    for sentence in outcome.found:
        typer.echo(sentence)
    for title, sentences in (("Checked", outcome.checked), ("Not checked", outcome.not_checked)):
        typer.echo(f"\n{title}:")
        for sentence in sentences:
            typer.echo(f"- {sentence}")
