"""Training on the command line: progress, and the outcome in words."""

from pathlib import Path
from typing import Any, cast

import typer

from napari_image_classifier.cli import options
from napari_image_classifier.cli.arguments import items_query, names_in, refuse_to_replace
from napari_image_classifier.cli.interruption import STOPPED, asked_to_stop, leave_at_once
from napari_image_classifier.cli.progress import Progress, libraries_silent
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.reading import read_query
from napari_image_classifier.system.events import Event
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.job import TrainResult
from napari_image_classifier.training.train import train
from napari_image_classifier.wording import counts_of

DEFAULTS = TrainingConfig()


def train_command(
    images: options.Images,
    output: options.NewClassifier,
    items: options.Items = None,
    pattern: options.Pattern = None,
    group: options.Group = None,
    each: options.Each = "image",
    axes: options.Axes = None,
    masks: options.Masks = None,
    box: options.Box = DEFAULTS.box,
    neighbours: options.Neighbours = DEFAULTS.neighbours,
    channels: options.Channels = None,
    network: options.Network = DEFAULTS.network,
    weights: options.Weights = DEFAULTS.weights,
    projection: options.Projection = DEFAULTS.projection,
    intensity: options.Intensity = DEFAULTS.intensity,
    size: options.Size = DEFAULTS.size,
    epochs: options.Epochs = DEFAULTS.epochs,
    batch_size: options.BatchSize = DEFAULTS.batch_size,
    learning_rate: options.LearningRate = DEFAULTS.learning_rate,
    patience: options.Patience = DEFAULTS.patience,
    validation_fraction: options.ValidationFraction = DEFAULTS.validation_fraction,
    finish: options.Finish = DEFAULTS.finish,
    members: options.Members = DEFAULTS.members,
    orientations: options.Orientations = DEFAULTS.orientations,
    risk: options.Risk = DEFAULTS.risk,
    seed: options.Seed = DEFAULTS.seed,
    start_from: options.StartFrom = None,
    backend: options.Backend = DEFAULTS.backend,
    overwrite: options.Overwrite = False,
) -> None:
    """Train a classifier on images whose classes a person gave."""
    refuse_to_replace(output, overwrite)
    config = TrainingConfig(
        network=network,
        weights=weights,
        channels=names_in(channels),
        projection=cast(Any, projection),
        intensity=cast(Any, intensity),
        size=size,
        box=box,
        neighbours=cast(Any, neighbours),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        patience=patience,
        validation_fraction=validation_fraction,
        finish=finish,
        members=members,
        orientations=orientations,
        risk=risk,
        seed=seed,
        start_from=str(start_from) if start_from else None,
        backend=backend,
    )
    query = items_query(images, items, pattern, group, each, axes, masks)
    _train_and_say(read_query(query), config, output)


def _train_and_say(table: ItemTable, config: TrainingConfig, output: Path) -> None:
    """Train, with progress on the terminal, and tell what came of it."""
    say_passed_over(table)
    outcome: TrainResult | None = None
    with libraries_silent() as ours, Progress(ours) as progress, asked_to_stop() as should_stop:

        def hear(event: Event) -> None:
            nonlocal outcome
            if isinstance(event, TrainResult):
                outcome = event
            progress.hear(event)

        try:
            classifier = train(
                table,
                config,
                output=output,
                on_event=hear,
                should_stop=should_stop,
                in_process=True,
            )
        except ImageClassifierError as error:
            if not should_stop():
                raise
            # Keras may still be starting on its thread, which nothing can hurry.
            leave_at_once(str(error))
    assert outcome is not None
    _say_outcome(outcome)
    typer.echo(f"Written: {classifier.path}")
    if outcome.cancelled:
        raise typer.Exit(STOPPED)


def _say_outcome(outcome: TrainResult) -> None:
    names = outcome.class_names
    typer.echo(
        f"Right for {outcome.validation_accuracy:.1%} of the images kept aside "
        f"(classes averaged: {outcome.balanced_accuracy:.1%}){_epochs(outcome)}."
    )
    width = max(map(len, names)) + 2
    typer.echo("Rows: the class given; columns: the class predicted.")
    typer.echo("".join(name.rjust(width) for name in ("", *names)))
    for name, counts in zip(names, outcome.confusion, strict=True):
        typer.echo("".join(str(cell).rjust(width) for cell in (name, *counts)))
    for sentence in outcome.messages:
        typer.echo(sentence)


def _epochs(outcome: TrainResult) -> str:
    if not outcome.history:
        return ""
    epochs = [str(member.best_epoch) for member in outcome.members]
    return f", at epoch {epochs[0]}" if len(epochs) == 1 else f", at epochs {', '.join(epochs)}"


def say_passed_over(table: ItemTable) -> None:
    """Tell which files of the folder are no images."""
    if table.passed_over:
        typer.echo(f"Passed over: {counts_of(table.passed_over)}.")
