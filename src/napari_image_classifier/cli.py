"""The command line: the verbs of the package, in the same words.

No command but ``demo`` opens a viewer, so training may use Keras in this very process.
"""

import importlib
import json
import sys
import traceback
from pathlib import Path
from typing import Any, cast

import typer

from napari_image_classifier import cli_options as options
from napari_image_classifier import selection
from napari_image_classifier.cli_evaluation import evaluate_and_say
from napari_image_classifier.cli_reproducing import reproduce_and_say
from napari_image_classifier.cli_training import train_and_say
from napari_image_classifier.compute import JOBS, Job
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.evaluating import FOLDS, SEEDS
from napari_image_classifier.interruption import STOPPED, asked_to_stop
from napari_image_classifier.items import read_items
from napari_image_classifier.preparation import Preparation
from napari_image_classifier.progress import Progress, libraries_silent
from napari_image_classifier.training_config import TrainingConfig

DEFAULTS = TrainingConfig()

app = typer.Typer(
    help="Train a classifier on your own image classes and classify folders with it.",
    epilog="With --debug anywhere, an error comes with its traceback.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("train")
def train_command(
    images: options.Images,
    output: options.NewClassifier,
    items: options.Items = None,
    pattern: options.Pattern = None,
    group: options.Group = None,
    each: options.Each = "image",
    axes: options.Axes = None,
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
    seed: options.Seed = DEFAULTS.seed,
    start_from: options.StartFrom = None,
    backend: options.Backend = DEFAULTS.backend,
    overwrite: options.Overwrite = False,
) -> None:
    """Train a classifier on images whose classes a person gave."""
    _refuse_to_replace(output, overwrite)
    config = TrainingConfig(
        network=network,
        weights=weights,
        channels=_names(channels),
        projection=cast(Any, projection),
        intensity=cast(Any, intensity),
        size=size,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        patience=patience,
        validation_fraction=validation_fraction,
        finish=finish,
        members=members,
        orientations=orientations,
        seed=seed,
        start_from=str(start_from) if start_from else None,
        backend=backend,
    )
    table = read_items(
        images, items_csv=items, pattern=pattern, group=group, each=_each(each), axes=axes
    )
    train_and_say(table, config, output)


@app.command()
def evaluate(
    images: options.Images,
    report: options.Report,
    items: options.Items = None,
    pattern: options.Pattern = None,
    group: options.Group = None,
    each: options.Each = "image",
    axes: options.Axes = None,
    folds: options.Folds = FOLDS,
    seeds: options.Seeds = SEEDS,
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
    _refuse_to_replace(report, overwrite)
    config = TrainingConfig(
        network=network,
        weights=weights,
        channels=_names(channels),
        projection=cast(Any, projection),
        intensity=cast(Any, intensity),
        size=size,
        epochs=epochs,
        members=members,
        orientations=orientations,
        seed=seed,
        backend=backend,
    )
    table = read_items(
        images, items_csv=items, pattern=pattern, group=group, each=_each(each), axes=axes
    )
    evaluate_and_say(table, report, config, folds, seeds)


@app.command()
def classify(
    images: options.Images,
    classifier: options.Classifier,
    output: options.Table,
    pattern: options.Pattern = None,
    axes: options.Axes = None,
    overwrite: options.Overwrite = False,
    workers: options.Workers = None,
    shard: options.Shard = None,
    dask: options.Dask = None,
    dask_ca: options.DaskCa = None,
    dask_certificate: options.DaskCertificate = None,
    dask_key: options.DaskKey = None,
) -> None:
    """Classify a folder; a run that was stopped goes on where it was."""
    from napari_image_classifier.cluster import Cluster
    from napari_image_classifier.folder import classify_folder
    from napari_image_classifier.shards import Shard

    cluster = Cluster(dask, dask_ca, dask_certificate, dask_key) if dask else None

    with Progress() as progress, asked_to_stop() as should_stop:
        result = classify_folder(
            images,
            classifier,
            output,
            pattern=pattern,
            axes=axes,
            overwrite=overwrite,
            workers=workers,
            shard=Shard.parse(shard) if shard else None,
            predict=cluster.predict if cluster else None,
            on_predictions=lambda rows, done, total: progress.show("Classifying", done, total),
            should_stop=should_stop,
        )
    typer.echo(result.message)
    typer.echo(f"Written: {result.output}")
    if result.stopped:
        raise typer.Exit(STOPPED)
    if not result.n_ok:
        raise ImageClassifierError(
            f"Nothing could be classified; the column message of {result.output.name} says why."
        )


@app.command()
def merge(output: options.Table) -> None:
    """Make one table of the shares that classify --shard wrote beside it."""
    from napari_image_classifier.shards import merge_shards

    count = merge_shards(output)
    typer.echo(f"Written: {output} ({count} rows)")


@app.command()
def reproduce(
    manifest: options.Manifest,
    images: options.ImagesNow = None,
    classifier: options.ClassifierNow = None,
    output: options.Again = None,
) -> None:
    """Make a classifier or a table again from its manifest, and compare."""
    reproduce_and_say(manifest, images, classifier, output)


@app.command("import")
def import_command(
    source: options.SavedNetwork,
    classes: options.Names,
    channels: options.Names,
    output: options.NewClassifier,
    size: options.ImportedSize = None,
    projection: options.Projection = DEFAULTS.projection,
    intensity: options.ImportedIntensity = "none",
    each: options.Each = "image",
    overwrite: options.Overwrite = False,
) -> None:
    """Make a classifier of a Keras network that was trained elsewhere."""
    _refuse_to_replace(output, overwrite)
    wanted: dict[str, Any] = {"projection": projection, "intensity": intensity, "each": each}
    if size is not None:
        wanted["size"] = (size, size)
    # Refused here, before Keras takes its seconds to start.
    Preparation(_names(channels), **wanted)
    request = {
        "source": str(source),
        "output": str(output),
        "class_names": _names(classes),
        "channel_names": _names(channels),
        "preparation": wanted,
    }
    with libraries_silent():
        result = _job("import")(request, lambda event: None, lambda: False)
    typer.echo(f"Written: {result['classifier']}")


@app.command()
def describe(
    file: options.DescribedFile, axes: options.Axes = None, as_json: options.AsJson = False
) -> None:
    """Tell what is in an image or a classifier."""
    from napari_image_classifier.describing import describe_file, in_lines

    found = describe_file(file, axes=axes)
    typer.echo(json.dumps(found) if as_json else in_lines(found))


@app.command()
def info() -> None:
    """Print versions, backend and device, for a bug report."""
    from napari_image_classifier.describing import in_lines
    from napari_image_classifier.environment import describe_environment

    with libraries_silent():
        found = describe_environment()
    typer.echo(in_lines(found))


@app.command()
def demo(output: options.DemoFolder = Path("demo"), close: options.Close = False) -> None:
    """Make sample images, train on them, and open the viewer with classified images."""
    # By name: it opens a viewer, and nothing else here may reach napari.
    run_demo = importlib.import_module("napari_image_classifier.demo").run_demo
    raise typer.Exit(run_demo(output, close=close, say=typer.echo))


def main() -> None:
    """Run the command line; an error is one sentence on stderr (--debug: a traceback too)."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    for stream in (sys.stdout, sys.stderr):
        # A terminal or a pipe that has no µ or “ gets a question mark in its place.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app(arguments, prog_name="napari-image-classifier")
    except SystemExit as end:
        if end.code == STOPPED:
            typer.echo("Stopped; what was done is kept.", err=True)
        raise
    except ImageClassifierError as error:
        _end(str(error), debug)
    except OSError as error:
        _end(f"{error.filename or 'A file'} can't be used: {error.strerror or error}.", debug)
    except MemoryError:
        _end("The computer has too little memory for this.", debug)
    except Exception as error:  # noqa: BLE001 - a bug is told in a sentence, too
        _end(
            f"Something went wrong that should not: {type(error).__name__}: {error}. Please "
            "report it with what --debug and napari-image-classifier info print.",
            debug,
        )


def _end(sentence: str, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    typer.echo(sentence, err=True)
    sys.exit(1)


def _job(verb: str) -> Job:
    module, function = JOBS[verb].split(":")
    job: Job = getattr(importlib.import_module(module), function)
    return job


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _each(text: str) -> selection.Each:
    if text not in ("image", "time", "plane"):
        raise ImageClassifierError(f"What is classified is image, time or plane, not {text!r}.")
    return cast(selection.Each, text)


def _refuse_to_replace(output: Path, overwrite: bool) -> None:
    if output.exists() and not overwrite:
        raise ImageClassifierError(
            f"{output} exists already; choose another output, or replace it with --overwrite."
        )


if __name__ == "__main__":
    main()
