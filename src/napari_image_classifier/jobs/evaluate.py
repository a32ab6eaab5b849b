"""The evaluation of networks: training and testing in the compute process and its helpers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from napari_image_classifier.classifiers.manifest import manifest_path
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.evaluation.evaluate import EVALUATE, EvaluateRequest, EvaluationResult
from napari_image_classifier.evaluation.execution import Lane, Tell
from napari_image_classifier.evaluation.helper import HelperLane
from napari_image_classifier.evaluation.plan import Run
from napari_image_classifier.evaluation.procedure import evaluated
from napari_image_classifier.evaluation.train_and_test import trained_and_tested
from napari_image_classifier.networks.backend import (
    accelerator,
    backend_here,
    start_keras,
    use_threads,
)
from napari_image_classifier.system.abandonable_work import run_abandonable
from napari_image_classifier.system.events import Emit
from napari_image_classifier.system.machine import cores
from napari_image_classifier.system.output_lock import only_run
from napari_image_classifier.system.progress import throttled
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.typing import Float64Array, ShouldStop

JOB = EVALUATE
MOST_LANES = 4
# Of images, in bytes: each lane holds them as they were read, and again as its run prepares them.
MOST_MEMORY = 4 * 1024**3


def run(request: EvaluateRequest, emit: Emit, should_stop: ShouldStop) -> EvaluationResult:
    """Train and test on folds, and write the report.

    Parameters
    ----------
    request
        The items, how networks are trained and tested, and the report to write.
    emit
        Hears `Progress` ("looking", "reading", "comparing", "measuring" and "evaluating").
    should_stop
        Returns True when it is to end; the next run takes up what was done.

    Returns
    -------
    EvaluationResult
        The files of the report, and its verdict.

    Raises
    ------
    TrainingRefused
        Anything that can be seen before training, and training that came to nothing.
    RunningError
        Another evaluation is writing the report.
    Cancelled
        ``should_stop`` returned True; what was done is taken up by the next run.
    """
    with only_run(request.report, manifest_path(request.report)):
        return run_abandonable(
            lambda: evaluated(request, _lanes, throttled(emit), should_stop), should_stop
        )


@dataclass
class _ThisProcess:
    """The lane that trains in this process."""

    images: TrainingImages
    config: TrainingConfig
    should_stop: ShouldStop
    ended: bool = False

    def predict(self, run: Run, tell: Tell) -> Float64Array:
        """Do what `execution.Lane` says."""

        def is_over() -> bool:
            return self.ended or self.should_stop()

        return trained_and_tested(run, self.images, self.config, tell, is_over)

    def end(self) -> None:
        """Stop at the next batch."""
        self.ended = True


def _lanes(
    images: TrainingImages, config: TrainingConfig, should_stop: ShouldStop
) -> Sequence[Lane]:
    """Return this process and its helpers, which share the cores.

    Networks of this size gain little from a second core; two that are trained side by side, on a
    core each, take two thirds of the time of one after the other.
    """
    config = replace(config, backend=backend_here(config.backend))
    here = _ThisProcess(images, config, should_stop)
    number = _side_by_side(images, config)
    if number == 1:
        return [here]
    threads = cores() // number
    try:
        use_threads(str(config.backend), threads)
    except TrainingRefused:
        # A script has used Keras before; what is trained elsewhere would round otherwise.
        return [here]
    helpers = [HelperLane(images, config, threads, should_stop) for _ in range(number - 1)]
    return [here, *helpers]


def _side_by_side(images: TrainingImages, config: TrainingConfig) -> int:
    """Return how many networks are best trained at a time."""
    if config.backend == "jax" or accelerator(start_keras(config.backend)):
        # JAX can't be kept to some of the cores, and a graphics card is fully used by one.
        return 1
    of_a_lane = 2 * sum(pixels.nbytes for pixels in images.pixels)
    return max(1, min(cores(), MOST_LANES, MOST_MEMORY // of_a_lane))
