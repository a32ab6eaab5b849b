"""Evaluation on the command line: progress, and the answer in words."""

from pathlib import Path
from typing import Any

import typer

from napari_image_classifier.cli_training import say_passed_over
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.evaluating import evaluate
from napari_image_classifier.interruption import asked_to_stop, leave_at_once
from napari_image_classifier.items import ItemTable
from napari_image_classifier.progress import Progress, libraries_silent
from napari_image_classifier.training_config import TrainingConfig


def evaluate_and_say(
    table: ItemTable, report: Path, config: TrainingConfig, **choices: Any
) -> None:
    """Evaluate, with progress on the terminal, and tell the answer.

    ``choices`` are those of `evaluating.evaluate`.
    """
    say_passed_over(table)
    with libraries_silent() as ours, Progress(ours) as progress, asked_to_stop() as should_stop:
        try:
            found = evaluate(
                table,
                report,
                config,
                **choices,
                on_event=progress.hear,
                should_stop=should_stop,
                in_process=True,
            )
        except ImageClassifierError as error:
            if not should_stop():
                raise
            # Keras may still be in a step on its thread, which nothing can hurry.
            leave_at_once(str(error))
    typer.echo(found.sentence)
    for path in (found.report, found.json, found.csv):
        typer.echo(f"Written: {path}")
