"""The command `train`: progress, and the outcome in words."""

from collections.abc import Sequence
from pathlib import Path

import typer

from napari_image_classifier.cli.arguments import refuse_to_replace
from napari_image_classifier.cli.derived_options import with_derived_options
from napari_image_classifier.cli.interruption import STOPPED, network_at_work
from napari_image_classifier.cli.progress import say
from napari_image_classifier.images.names.composition import composition_of, question_on
from napari_image_classifier.images.names.patterns import ImageFiles, NamePattern
from napari_image_classifier.images.names.proposals import propose_patterns
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.reading import read_query
from napari_image_classifier.system.events import Event
from napari_image_classifier.system.shown_text import readable
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.train import train
from napari_image_classifier.training.train_job import TrainResult
from napari_image_classifier.wording import counts_of

# Names say as much when there are more of them.
NAMES_LOOKED_AT = 500


@with_derived_options("acquisition")
def train_command(
    output: Path, query: ItemsQuery, config: TrainingConfig, overwrite: bool = False
) -> None:
    """Train a classifier on images whose classes a person gave.

    Parameters
    ----------
    output
        The classifier to write, a .keras file.
    query
        The items.
    config
        How it is trained.
    overwrite
        Replace what the output holds.
    """
    refuse_to_replace(output, overwrite)
    table = read_query(query)
    say_what_is_there(table, query.pattern)
    outcome: TrainResult | None = None
    with network_at_work() as (progress, should_stop):

        def hear(event: Event) -> None:
            nonlocal outcome
            if isinstance(event, TrainResult):
                outcome = event
            progress.hear(event)

        classifier = train(
            table,
            config,
            output=output,
            on_event=hear,
            should_stop=should_stop,
            in_process=True,
        )
    assert outcome is not None
    _say_outcome(outcome)
    say(f"Written: {classifier.path}")
    if outcome.cancelled:
        raise typer.Exit(STOPPED)


def _say_outcome(outcome: TrainResult) -> None:
    names = [readable(name) for name in outcome.class_names]
    say(
        f"Right for {outcome.validation_accuracy:.1%} of the images kept aside "
        f"(classes averaged: {outcome.balanced_accuracy:.1%}){_epochs(outcome)}."
    )
    width = max(map(len, names)) + 2
    say("Rows: the class given; columns: the class predicted.")
    say("".join(name.rjust(width) for name in ("", *names)))
    for name, counts in zip(names, outcome.confusion, strict=True):
        say("".join(str(cell).rjust(width) for cell in (name, *counts)))
    for sentence in outcome.messages:
        say(sentence)


def _epochs(outcome: TrainResult) -> str:
    if not outcome.history:
        return ""
    epochs = [str(member.best_epoch) for member in outcome.members]
    return f", at epoch {epochs[0]}" if len(epochs) == 1 else f", at epochs {', '.join(epochs)}"


def say_what_is_there(table: ItemTable, pattern: str | None) -> None:
    """Tell what the name pattern makes of the files, and which of them are no images."""
    images = {item.file: item.image for item in table.items}
    for line in lines_on_pattern(list(images.values()), pattern):
        say(line)
    if table.passed_over:
        say(f"Passed over: {counts_of(table.passed_over)}.")


def lines_on_pattern(images: Sequence[ImageFiles], pattern: str | None) -> tuple[str, ...]:
    """Return what a name pattern makes of files, as lines; without one, which would be needed."""
    if pattern and images:
        return composition_of(images, NamePattern(pattern)).lines
    names = [image.name for image in images[:NAMES_LOOKED_AT]]
    lines = [
        f'These names look like several files per image: --pattern "{found.text}" would join them.'
        for found in propose_patterns(names)[:1]
    ]
    return tuple(filter(None, [*lines, question_on(names)]))
