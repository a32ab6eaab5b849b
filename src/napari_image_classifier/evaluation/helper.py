"""Processes that train and test runs of an evaluation beside the first one."""

from importlib import import_module

from napari_image_classifier.errors import Cancelled, TrainingRefused
from napari_image_classifier.evaluation.execution import LaneGoneError, Tell
from napari_image_classifier.evaluation.plan import Run
from napari_image_classifier.system.child_process import PICKLE, ChildProcess, connected
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.typing import Float64Array, ShouldStop

# What a helper says first of a message.
PROGRESS, RESULT, REFUSAL = "progress", "result", "refusal"


class HelperLane:
    """A lane in a process of its own, which starts when there is a run for it.

    Parameters
    ----------
    images
        All images of the evaluation; the process gets a copy.
    config
        How networks are trained.
    threads
        How many threads the process computes with.
    should_stop
        Asked with every message of the process, which ends when it returns True.
    """

    def __init__(
        self, images: TrainingImages, config: TrainingConfig, threads: int, should_stop: ShouldStop
    ) -> None:
        self._case = images, config, threads
        self._should_stop = should_stop
        self._process: ChildProcess | None = None

    def predict(self, run: Run, tell: Tell) -> Float64Array:
        """Do what `execution.Lane` says.

        Raises
        ------
        Cancelled
            ``should_stop`` returned True.
        TrainingRefused
            The process says that training is not possible.
        """
        if self._process is None:
            self._process = ChildProcess("napari_image_classifier.evaluation.helper", PICKLE)
            self._process.send(self._case)
        self._process.send(run)
        while (message := self._process.receive()) is not None:
            if self._should_stop():
                self.end()
                raise Cancelled
            kind, content = message
            if kind == REFUSAL:
                raise TrainingRefused(content)
            if kind == RESULT:
                probabilities: Float64Array = content
                return probabilities
            tell(content)
        raise LaneGoneError

    def end(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.end()


def main() -> None:
    """Train and test what is asked for on standard input until it ends."""
    from napari_image_classifier.evaluation.train_and_test import trained_and_tested
    from napari_image_classifier.networks.backend import use_threads

    receive, send = connected(PICKLE)
    images, config, threads = receive()
    use_threads(config.backend, threads)

    def tell(part: float) -> None:
        send((PROGRESS, part))

    while True:
        try:
            result = trained_and_tested(receive(), images, config, tell, lambda: False)
        except TrainingRefused as refusal:
            send((REFUSAL, str(refusal)))
        else:
            send((RESULT, result))


if __name__ == "__main__":
    # What is pickled must be of the same modules on both sides, none of them named __main__.
    import_module("napari_image_classifier.evaluation.helper").main()
