"""Evaluation, as the command line and a script ask for it. Nothing here needs Keras.

The work itself is in `jobs.evaluate`, which runs in the compute process.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from napari_image_classifier.errors import Cancelled, TrainingRefused
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.system.atomic_files import check_writable
from napari_image_classifier.system.events import Emit, Named, Result
from napari_image_classifier.system.job import Job
from napari_image_classifier.system.run_job import run_job
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.typing import ShouldStop

FOLDS = 5
SEEDS = 3

Method = Literal["network", "texture"]


@dataclass(frozen=True)
class SurestError(Named):
    """An item that got another class than it was given; its picture is a PNG in base64."""

    file: str
    item: str
    given: str
    predicted: str
    confidence: float
    paths: list[str]
    picture: str


@dataclass(frozen=True)
class EvaluationResult(Result):
    """Where the report, its numbers and its predictions lie, and the answer in a sentence.

    ``verdict`` is the kind of answer, one of `verdict.Kind`; ``elsewhere`` says why the predictions
    lie under another name than usual, where they do. ``errors`` are the surest ones.
    """

    report: Path
    json: Path
    csv: Path
    verdict: str
    sentence: str
    elsewhere: str = ""
    errors: tuple[SurestError, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class EvaluationChoices:
    """What can be chosen about an evaluation; see `evaluate`."""

    folds: int = FOLDS
    seeds: int = SEEDS
    method: Method = "network"
    classifier: Path | None = None
    controls: bool = True
    curve: bool = True


@dataclass(frozen=True)
class EvaluateRequest:
    """The items and choices, and the path of the HTML file that is to be written."""

    items: ItemTable
    report: Path
    config: TrainingConfig
    choices: EvaluationChoices = EvaluationChoices()


EVALUATE = Job("evaluate", EvaluateRequest, EvaluationResult)


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
    ``on_event`` receives the events of `EVALUATE`; ``in_process`` is as in
    `training.train`.

    Raises
    ------
    TrainingRefused
        The items, the configuration or the output can't be used, or it was stopped.
    """
    config = config or TrainingConfig()
    report = Path(report).expanduser().absolute()
    finished = Path(classifier).expanduser().absolute() if classifier else None
    choices = EvaluationChoices(folds, seeds, method, finished, controls, curve)
    check_evaluation(report, config, choices)
    request = EvaluateRequest(items, report, config, choices)
    try:
        return run_job(EVALUATE, request, on_event, should_stop, in_process=in_process)
    except Cancelled:
        raise TrainingRefused(
            "The evaluation was stopped; started again with the same settings it goes on where it "
            "was."
        ) from None


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
