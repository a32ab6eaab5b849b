"""Evaluation on the command line: progress, and the answer in words."""

from pathlib import Path
from typing import Any, cast

import typer

from napari_image_classifier.cli import options
from napari_image_classifier.cli.arguments import items_query, names_in, refuse_to_replace
from napari_image_classifier.cli.interruption import asked_to_stop, leave_at_once
from napari_image_classifier.cli.progress import Progress, libraries_silent
from napari_image_classifier.cli.training import say_passed_over
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.evaluation.evaluate import FOLDS, SEEDS, evaluate
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.reading import read_query
from napari_image_classifier.training.config import TrainingConfig

DEFAULTS = TrainingConfig()


def evaluate_command(
    images: options.Images,
    report: options.Report,
    items: options.Items = None,
    pattern: options.Pattern = None,
    group: options.Group = None,
    acquisition: options.Acquisition = None,
    each: options.Each = "image",
    axes: options.Axes = None,
    masks: options.Masks = None,
    box: options.Box = DEFAULTS.box,
    neighbours: options.Neighbours = DEFAULTS.neighbours,
    folds: options.Folds = FOLDS,
    seeds: options.Seeds = SEEDS,
    method: options.Method = "network",
    classifier: options.Finished = None,
    controls: options.Controls = True,
    curve: options.Curve = True,
    channels: options.Channels = None,
    network: options.Network = DEFAULTS.network,
    weights: options.Weights = DEFAULTS.weights,
    projection: options.Projection = DEFAULTS.projection,
    intensity: options.Intensity = DEFAULTS.intensity,
    size: options.Size = DEFAULTS.size,
    epochs: options.Epochs = DEFAULTS.epochs,
    members: options.Members = DEFAULTS.members,
    orientations: options.Orientations = DEFAULTS.orientations,
    seed: options.Seed = DEFAULTS.seed,
    backend: options.Backend = DEFAULTS.backend,
    overwrite: options.Overwrite = False,
) -> None:
    """Say how good a classifier of these images would be on new ones, in a report."""
    refuse_to_replace(report, overwrite)
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
        members=members,
        orientations=orientations,
        seed=seed,
        backend=backend,
    )
    query = items_query(images, items, pattern, group, each, axes, masks, acquisition)
    _evaluate_and_say(
        read_query(query),
        report,
        config,
        folds=folds,
        seeds=seeds,
        method=cast(Any, method),
        classifier=classifier,
        controls=controls,
        curve=curve,
    )


def _evaluate_and_say(
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
    if found.elsewhere:
        typer.echo(found.elsewhere)
    for path in (found.report, found.json, found.csv):
        typer.echo(f"Written: {path}")
