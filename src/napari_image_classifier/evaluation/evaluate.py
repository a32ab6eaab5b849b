"""The request for an evaluation, as the command line and a script make it, without Keras.

The work itself is in `jobs.evaluate`, which runs in the compute process.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from napari_image_classifier.errors import Cancelled, TrainingRefused
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.system.atomic_files import check_writable
from napari_image_classifier.system.compute_process import run_job
from napari_image_classifier.system.events import Emit, Named, Result
from napari_image_classifier.system.job import Job
from napari_image_classifier.system.settings import why_not_allowed
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.typing import ShouldStop

Method = Literal["network", "texture"]


@dataclass(frozen=True)
class SurestError(Named):
    """An item that got another class than it was given.

    Attributes
    ----------
    file
        The name of its image in tables.
    item
        What of it, such as "t=3"; "" for all of it.
    given
        The class that it was given.
    predicted
        The class that it got.
    confidence
        The probability of that class, from 0 to 1.
    paths
        The image's files.
    picture
        A PNG in base64.
    """

    file: str
    item: str
    given: str
    predicted: str
    confidence: float
    paths: list[str]
    picture: str


@dataclass(frozen=True)
class EvaluationResult(Result):
    """Where an evaluation's report lies, and the answer in a sentence.

    Attributes
    ----------
    report
        The report, an HTML file.
    json
        Its numbers.
    csv
        Its predictions.
    verdict
        The kind of answer, one of `verdict.Kind`.
    sentence
        The answer.
    elsewhere
        Why the predictions lie under another name than usual, "" where they don't.
    errors
        The surest errors, the surest first.
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
    """What can be chosen about an evaluation, and the one home of the defaults.

    Of each parameter the first paragraph is what ``--help`` says.

    Parameters
    ----------
    folds
        Parts that the groups are dealt into; each is tested once.
    seeds
        How often everything is done again, dealt and begun otherwise.
    method
        What is evaluated: network, or texture features, which take seconds.
    classifier
        A finished classifier to test on these images, which it must not have learnt from.
    controls
        Whether other explanations than biology are looked for.
    curve
        Whether it is tried with fewer groups, too.
    """

    folds: int = 5
    seeds: int = 3
    method: Method = "network"
    classifier: Path | None = None
    controls: bool = True
    curve: bool = True


@dataclass(frozen=True)
class EvaluateRequest:
    """What is evaluated, and where the report goes.

    Attributes
    ----------
    items
        What is classified, with a class each.
    report
        The HTML file that is to be written.
    config
        How networks are trained.
    choices
        What is evaluated, and how thoroughly.
    """

    items: ItemTable
    report: Path
    config: TrainingConfig
    choices: EvaluationChoices = EvaluationChoices()

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", self.config.with_whole_paths())


EVALUATE = Job("evaluate", EvaluateRequest, EvaluationResult)


def evaluate(
    items: ItemTable,
    report: str | Path,
    config: TrainingConfig | None = None,
    *,
    folds: int = EvaluationChoices.folds,
    seeds: int = EvaluationChoices.seeds,
    method: Method = EvaluationChoices.method,
    classifier: str | Path | None = None,
    controls: bool = EvaluationChoices.controls,
    curve: bool = EvaluationChoices.curve,
    on_event: Emit | None = None,
    should_stop: ShouldStop | None = None,
    in_process: bool = False,
) -> EvaluationResult:
    """Train on parts of the items, test on the others, and write a report.

    Groups never part. They are dealt into ``folds`` parts, of which a class of few groups is in
    some only, and each part is tested by a network that is trained on the others; all that again
    for each of ``seeds``. An evaluation that was stopped goes on where it was.

    Parameters
    ----------
    items
        What is classified, with a class each, and groups where items are not independent.
    report
        The report to write, an .html file; its numbers and predictions are written beside it.
    config
        How networks are trained; `TrainingConfig` as it is unless given.
    folds
        Parts that the groups are dealt into, at least 2.
    seeds
        How often everything is done, dealt and begun otherwise each time; at least once.
    method
        "network", or "texture": texture features with logistic regression, which is quick.
    classifier
        A finished classifier, a .keras file, that is tested on all items in place of trained
        networks. It must not have learnt from them; only simpler methods are trained.
    controls
        Whether other explanations than biology are looked for; takes about as long again as one
        seed or two.
    curve
        Whether it is tried with fewer groups, for what more of them would bring; takes about as
        long again as one seed or two.
    on_event
        Receives the events of `EVALUATE` as they happen.
    should_stop
        Asked often; the evaluation stops when it returns True.
    in_process
        Whether the work runs in this process, for programs that never open a viewer: TensorFlow
        and a napari window in one process can crash it.

    Returns
    -------
    EvaluationResult
        Where the report and its numbers lie, and the answer in a sentence.

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

    Parameters
    ----------
    report
        The report to write.
    config
        How networks are trained.
    choices
        What is evaluated, and how thoroughly.

    Raises
    ------
    TrainingRefused
        A choice can't be used, or nothing can be written at ``report``.
    """
    if problem := config.why_unusable():
        raise TrainingRefused(problem)
    if config.start_from is not None:
        raise TrainingRefused(
            "A classifier to go on from has seen the images that it would be tested on; evaluate "
            "without it."
        )
    if choices.folds < 2 or choices.seeds < 1:
        raise TrainingRefused("An evaluation needs at least 2 folds and 1 seed.")
    if problem := why_not_allowed(choices):
        raise TrainingRefused(problem)
    if report.suffix.lower() not in (".html", ".htm"):
        raise TrainingRefused(f"A report is an .html file; {report.name} must end in .html.")
    check_writable(report, "report")
