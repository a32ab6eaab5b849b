"""The commands `evaluate` and `reproduce`: progress, and the answer in words."""

from dataclasses import asdict
from pathlib import Path

import typer

from napari_image_classifier.cli.arguments import refuse_to_replace
from napari_image_classifier.cli.derived_options import with_derived_options
from napari_image_classifier.cli.interruption import network_at_work
from napari_image_classifier.cli.progress import say
from napari_image_classifier.cli.training import say_what_is_there
from napari_image_classifier.evaluation.evaluate import EvaluationChoices, evaluate
from napari_image_classifier.evaluation.reproduce import reproduce
from napari_image_classifier.evaluation.reproduction import Reproduction
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.reading import read_query
from napari_image_classifier.training.config import TrainingConfig

# A classifier to go on from has seen the images, and a limit of wrong answers is not evaluated. The
# others say how a network learns: the usual way, unless Python asks for another.
NOT_ASKED = ("start_from", "risk", "finish", "validation_fraction", "patience", "batch_size",
             "learning_rate")  # fmt: skip


@with_derived_options(*NOT_ASKED)
def evaluate_command(
    report: Path,
    query: ItemsQuery,
    choices: EvaluationChoices,
    config: TrainingConfig,
    overwrite: bool = False,
) -> None:
    """Say how good a classifier of these images would be on new ones, in a report.

    Parameters
    ----------
    report
        The report to write, an .html file; its numbers lie beside it.
    query
        The items.
    choices
        How it is evaluated.
    config
        How networks are trained.
    overwrite
        Replace what the output holds.
    """
    refuse_to_replace(report, overwrite)
    table = read_query(query)
    say_what_is_there(table, query.pattern)
    with network_at_work() as (progress, should_stop):
        result = evaluate(
            table,
            report,
            config,
            **asdict(choices),
            on_event=progress.hear,
            should_stop=should_stop,
            in_process=True,
        )
    say(result.sentence)
    if result.elsewhere:
        say(result.elsewhere)
    for path in (result.report, result.json, result.csv):
        say(f"Written: {path}")


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
        say(f"Written: {output}")
    if not outcome.same:
        raise typer.Exit(1)


def _say(outcome: Reproduction) -> None:
    for sentence in outcome.found:
        say(sentence)
    for title, sentences in (("Checked", outcome.checked), ("Not checked", outcome.not_checked)):
        say(f"\n{title}:")
        for sentence in sentences:
            say(f"- {sentence}")
