"""Evaluation, as the command line and a script ask for it. Nothing here needs Keras.

The work itself is in `keras_evaluation`, which runs in the compute process.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from napari_image_classifier.errors import Cancelled, TrainingRefused
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.system.atomic_files import check_writable
from napari_image_classifier.system.run_job import run_job
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.typing import Emit, ShouldStop

FOLDS = 5
SEEDS = 3

Method = Literal["network", "texture"]


@dataclass(frozen=True)
class EvaluationResult:
    """Where the report, its numbers and its predictions lie, and the answer in a sentence.

    ``verdict`` is the kind of answer, one of `verdict.Kind`; ``elsewhere`` says why the predictions
    lie under another name than usual, where they do.
    """

    report: Path
    json: Path
    csv: Path
    verdict: str
    sentence: str
    elsewhere: str = ""


@dataclass(frozen=True)
class EvaluationChoices:
    """What can be chosen about an evaluation; see `evaluate`."""

    folds: int = FOLDS
    seeds: int = SEEDS
    method: Method = "network"
    classifier: Path | None = None
    controls: bool = True
    curve: bool = True


def evaluate(
    items: ItemTable,
    report: str | Path,
    config: TrainingConfig | None = None,
    *,
    folds: int = FOLDS,
    seeds: int = SEEDS,
    method: Method = "network",
    classifier: str | Path | None = None,
    controls: bool = True,
    curve: bool = True,
    on_event: Emit | None = None,
    should_stop: ShouldStop | None = None,
    in_process: bool = False,
) -> EvaluationResult:
    """Train on parts of the items, test on the others, and write a report, an HTML file.

    Groups never part. The groups are dealt into ``folds`` parts (of which a class of few groups is
    in some only), and each is tested by a network that is trained on the others; all that again
    for each of ``seeds``. ``method`` "texture" evaluates texture features with logistic regression
    in its place, which is quick. With ``classifier`` that finished classifier is tested on all
    items, which it must not have learnt from, and only simpler methods are trained. ``controls``
    looks for other explanations than biology, ``curve`` for what more groups would bring; each
    takes about as long again as one seed or two. A run that is stopped goes on where it was.
    ``on_event`` receives the events of `keras_evaluation.evaluate_job`; ``in_process`` is as in
    `training.train`.

    Raises
    ------
    TrainingRefused
        The items, the configuration or the output can't be used, or it was stopped.
    """
    config = config or TrainingConfig()
    report = Path(report).expanduser().absolute()
    choices = EvaluationChoices(
        folds, seeds, method, Path(classifier) if classifier else None, controls, curve
    )
    check_evaluation(report, config, choices)
    request = evaluation_request(items.to_json(), report, config, choices)
    try:
        result = run_job("evaluate", request, on_event, should_stop, in_process=in_process)
    except Cancelled:
        raise TrainingRefused(
            "The evaluation was stopped; started again with the same settings it goes on where it "
            "was."
        ) from None
    return EvaluationResult(
        Path(result["report"]), Path(result["json"]), Path(result["csv"]), result["verdict"],
        result["sentence"], result["elsewhere"],
    )  # fmt: skip


def check_evaluation(report: Path, config: TrainingConfig, choices: EvaluationChoices) -> None:
    """Refuse what can be seen to fail before any image is read.

    Raises
    ------
    TrainingRefused
        A choice can't be used, or nothing can be written at ``report``.
    """
    problem = config.why_unusable()
    if problem is not None:
        raise TrainingRefused(problem)
    if config.start_from is not None:
        raise TrainingRefused(
            "A classifier to go on from has seen the images that it would be tested on; evaluate "
            "without it."
        )
    if choices.folds < 2 or choices.seeds < 1:
        raise TrainingRefused("An evaluation needs at least 2 folds and 1 seed.")
    if choices.method not in get_args(Method):
        known = " or ".join(get_args(Method))
        raise TrainingRefused(f"The method must be {known}, not {choices.method!r}.")
    if report.suffix.lower() not in (".html", ".htm"):
        raise TrainingRefused(f"A report is an .html file; {report.name} must end in .html.")
    check_writable(report, "report")


def evaluation_request(
    items: Mapping[str, Any], report: Path, config: TrainingConfig, choices: EvaluationChoices
) -> dict[str, Any]:
    """Return the request of the job "evaluate"; ``items`` is what `ItemTable.to_json` gives."""
    classifier = choices.classifier
    return {
        **asdict(choices),
        "items": items,
        "config": config.to_json(),
        "classifier": str(classifier.expanduser().absolute()) if classifier else None,
        "report": str(report),
    }
