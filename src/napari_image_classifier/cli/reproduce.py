"""The command `reproduce`: progress, what came out, what was checked and what was not."""

from pathlib import Path

import typer

from napari_image_classifier.cli.derived_options import with_derived_options
from napari_image_classifier.cli.interruption import network_at_work
from napari_image_classifier.evaluation.reproduce import reproduce
from napari_image_classifier.evaluation.reproduction import Reproduction


@with_derived_options()
def reproduce_command(
    manifest: Path,
    /,
    images: Path | None = None,
    classifier: Path | None = None,
    output: Path | None = None,
) -> None:
    """Make a classifier or a table again from its manifest, and compare.

    Parameters
    ----------
    manifest
        The .manifest.json beside a classifier or a table.
    images
        The folder of the images, where they have moved since.
    classifier
        The classifier of a table, where it has moved since.
    output
        Where to keep the classifier that is trained again, a .keras file.
    """
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
