"""The commands of the program, named as the functions of the package are.

No command but ``demo`` opens a viewer, so training may use Keras in this very process.
"""

import importlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from napari_image_classifier.cli.arguments import (
    channel_map_in,
    masks_in,
    names_in,
    ranges_in,
    refuse_to_replace,
    refused_as,
)
from napari_image_classifier.cli.derived_options import with_derived_options
from napari_image_classifier.cli.describe import describe_environment, describe_file, in_lines
from napari_image_classifier.cli.evaluation import evaluate_command, reproduce_command
from napari_image_classifier.cli.interruption import asked_to_stop
from napari_image_classifier.cli.progress import Progress, libraries_silent, say
from napari_image_classifier.cli.tables import agreement_command, sort_command, summarize_command
from napari_image_classifier.cli.training import lines_on_pattern, train_command
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.preparation import LARGEST_SIZE, Preparation
from napari_image_classifier.system.records import MOST_THREADS
from napari_image_classifier.system.settings import Setting
from napari_image_classifier.system.shown_text import readable_lines
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.import_network import import_network

Names = Annotated[str, typer.Option(help="Names separated by commas, in the network's order.")]
NetworkChannels = Annotated[
    str,
    typer.Option(
        help="Names separated by commas, in the network's order; grey,grey,grey shows a grey image "
        "to all three inputs of a network for colours."
    ),
]
Size = Annotated[int | None, Setting(at_least=1, at_most=LARGEST_SIZE)]
Workers = Annotated[int | None, Setting(at_least=1, at_most=MOST_THREADS)]


class _Commands(TyperGroup):
    """Shows what is wrong with arguments, which may be names of files, as readable text."""

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        with _readable_errors():
            return super().make_context(*arguments, **named)

    def invoke(self, context: Any) -> Any:
        with _readable_errors():
            return super().invoke(context)


@contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Of Typer's own errors, which it prints itself.
        if isinstance(message := getattr(error, "message", None), str):
            vars(error)["message"] = readable_lines(message)
        raise


app = typer.Typer(
    cls=_Commands,
    help="Train a classifier on your own image classes and classify folders with it.",
    epilog="With --debug anywhere, an error comes with its traceback.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.command("train")(train_command)
app.command("evaluate")(evaluate_command)
app.command("agreement")(agreement_command)
app.command("summarize")(summarize_command)
app.command("sort")(sort_command)


@app.command()
@with_derived_options(shard="K/N", dask="ADDRESS")
def classify(
    images: Path,
    /,
    classifier: Path,
    output: Path,
    pattern: str | None = None,
    axes: str | None = None,
    masks: str | None = None,
    split_masks: bool = False,
    channels: str | None = None,
    overwrite: bool = False,
    workers: Workers = None,
    shard: str | None = None,
    dask: str | None = None,
    dask_ca: Path | None = None,
    dask_certificate: Path | None = None,
    dask_key: Path | None = None,
) -> None:
    """Classify a folder; a run that was stopped goes on where it was.

    Parameters
    ----------
    images
        The folder of images; sub-folders are searched.
    classifier
        A classifier, a .keras file.
    output
        The table to write, a CSV.
    pattern
        As in `ItemsQuery`.
    axes
        As in `ItemsQuery`.
    masks
        As in `ItemsQuery`.
    split_masks
        As in `ItemsQuery`.
    channels
        What the images call channels of the classifier, where they have other names:
        DNA=405,GFP=488.
    overwrite
        Replace what the output holds.
    workers
        Images worked on side by side; one per core unless told.
    shard
        Classify only the K-th of N shares of the images, in job arrays; merge makes one table of
        them.
    dask
        Classify on the workers of the Dask scheduler there, such as tcp://name:8786.
    dask_ca
        The cluster's CA certificate, a PEM file.
    dask_certificate
        Your certificate, a PEM file.
    dask_key
        The key of your certificate, a PEM file.
    """
    from napari_image_classifier.batch.classify_folder import classify_folder
    from napari_image_classifier.batch.dask_cluster import Cluster
    from napari_image_classifier.batch.shards import Shard

    with refused_as("--shard"):
        share = Shard.parse(shard) if shard else None
    with refused_as("--channels"):
        channel_map = channel_map_in(channels)
    cluster = Cluster(dask, dask_ca, dask_certificate, dask_key) if dask else None

    with Progress() as progress, asked_to_stop() as should_stop:
        result = classify_folder(
            images,
            classifier,
            output,
            pattern=pattern,
            axes=axes,
            masks=masks_in(masks),
            split_masks=split_masks,
            channels=channel_map,
            overwrite=overwrite,
            workers=workers,
            shard=share,
            predict=cluster.predict if cluster else None,
            on_images=lambda images: _note_all(progress, lines_on_pattern(images, pattern)),
            on_predictions=lambda rows, done, total: progress.show("Classifying", done, total),
            on_pause=progress.note,
            should_stop=should_stop,
        )
    say(result.message)
    say(f"Written: {result.output}")
    if result.stopped:
        raise typer.Exit(should_stop.status)
    if not result.n_classified and not result.n_empty:
        raise ImageClassifierError(
            f"Nothing could be classified; the column message of {result.output.name} says why."
        )


def _note_all(progress: Progress, lines: Iterable[str]) -> None:
    for line in lines:
        progress.note(line)


@app.command()
@with_derived_options()
def merge(output: Path) -> None:
    """Make one table of the shares that classify --shard wrote beside it.

    Parameters
    ----------
    output
        The table to write, a CSV.
    """
    from napari_image_classifier.batch.shards import merge_shards

    merged = merge_shards(output)
    for sentence in filter(None, (merged.learnt_from, *merged.notes, merged.written.sentence)):
        say(sentence)
    say(f"Written: {merged.written.path} ({merged.n_rows} rows)")


app.command("reproduce")(reproduce_command)


@app.command("import")
@with_derived_options(source="NET.keras")
def import_command(
    source: Path,
    /,
    classes: Names,
    channels: NetworkChannels,
    output: Path,
    size: Size = None,
    projection: str = TrainingConfig.projection,
    intensity: str | None = None,
    range: str | None = None,
    each: str = "image",
    overwrite: bool = False,
) -> None:
    """Make a classifier of a Keras network that was trained elsewhere.

    Parameters
    ----------
    source
        A network saved by Keras: .keras, or .h5 that holds a whole network.
    classes, channels
        As `Names` and `NetworkChannels` say.
    output
        The classifier to write, a .keras file.
    size
        Side in pixels images are scaled to, where the network takes any size.
    projection
        As in `TrainingConfig`.
    intensity
        none (pixels as they are, unless there is a range) or percentiles (of each image, to 0 and
        1).
    range
        Intensities that become 0 and 1, such as 0:255 for a network that learnt from pixels divided
        by 255, and 127.5:255 where it learnt from -1 to 1; one for all channels, or one for each,
        separated by commas.
    each
        As in `ItemsQuery`.
    overwrite
        Replace what the output holds.
    """
    refuse_to_replace(output, overwrite, [source])
    names = names_in(channels)
    wanted: dict[str, Any] = {"projection": projection, "intensity": intensity or "none"}
    wanted["each"] = each
    if range is not None:
        if intensity is not None:
            raise ImageClassifierError("Give either --range or --intensity, not both.")
        with refused_as("--range"):
            wanted |= {"intensity": "fixed", "ranges": ranges_in(range, len(names))}
    if size is not None:
        wanted["size"] = (size, size)
    # Refused here, before Keras takes its seconds to start.
    with refused_as("what is done to images"):
        Preparation(names, **wanted)
    say(
        "A Keras file can name any program, and Keras runs it. Here only layers that are known and "
        "numbers are taken from it, and a file with anything else is refused.",
        err=True,
    )
    with libraries_silent():
        classifier = import_network(
            source,
            output,
            class_names=names_in(classes),
            channel_names=names,
            preparation=wanted,
        )
    for sentence in classifier.description.training["messages"]:
        say(sentence, err=True)
    say(f"Written: {classifier.path}")


@app.command()
@with_derived_options()
def describe(file: Path, /, axes: str | None = None, as_json: bool = False) -> None:
    """Tell what is in an image, a classifier or a network.

    Parameters
    ----------
    file
        An image, a classifier (.keras), or a Keras network that is none yet (.keras, .h5).
    axes
        As in `ItemsQuery`.
    as_json
        For programs to read.
    """
    description = describe_file(file, axes=axes)
    # The one character that JSON leaves as it is, and a terminal obeys.
    as_text = json.dumps(description).replace("\x7f", "\\u007f") if as_json else None
    say(as_text or in_lines(description))


@app.command()
def info() -> None:
    """Print versions, backend and device, for a bug report."""
    with libraries_silent():
        description = describe_environment()
    say(in_lines(description))


@app.command()
@with_derived_options()
def demo(output: Path = Path("demo"), close: bool = False) -> None:
    """Make sample images, train on them, and open the viewer with classified images.

    Parameters
    ----------
    output
        A folder for everything it makes.
    close
        Close the viewer when its picture is taken.
    """
    # By name: it opens a viewer, and nothing else here may reach napari.
    run_demo = importlib.import_module("napari_image_classifier.cli.demo").run_demo
    raise typer.Exit(run_demo(output, close=close, say=say))
