"""Reproducing on the command line: progress, what came out, what was checked and what was not."""

from pathlib import Path

import typer

from napari_image_classifier.cli.interruption import asked_to_stop, leave_at_once
from napari_image_classifier.cli.progress import Progress, libraries_silent
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.evaluation.reproduce import reproduce
from napari_image_classifier.evaluation.reproduction import Reproduction


def reproduce_and_say(
    manifest: Path, images: Path | None, classifier: Path | None, output: Path | None
) -> None:
    """Make a result again; the exit code is 1 where it did not come out the same."""
    with libraries_silent() as ours, Progress(ours) as progress, asked_to_stop() as should_stop:
        try:
            outcome = reproduce(
                manifest,
                images=images,
                classifier=classifier,
                output=output,
                on_event=progress.hear,
                should_stop=should_stop,
                in_process=True,
            )
        except ImageClassifierError as error:
            if not should_stop():
                raise
            # Keras may still be starting on its thread, which nothing can hurry.
            leave_at_once(str(error))
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
