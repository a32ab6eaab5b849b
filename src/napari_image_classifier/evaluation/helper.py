"""A second process that trains and tests runs of an evaluation beside this one."""

from importlib import import_module

from napari_image_classifier.errors import Cancelled, TrainingRefused
from napari_image_classifier.evaluation.lanes import LaneGoneError, Tell
from napari_image_classifier.evaluation.plan import Run
from napari_image_classifier.system.child_process import PICKLE, ChildProcess, connected
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.typing import Float64Array, ShouldStop

# What a helper says first of a message.
TOLD, SAID, REFUSED = "told", "said", "refused"


class HelperLane:
    """A process with the same images and configuration, started when there is a run for it."""

    def __init__(
        self,
        images: TrainingImages,
        config: TrainingConfig,
        threads: int,
        should_stop: ShouldStop,
    ) -> None:
        self._case = images, config, threads
        self._should_stop = should_stop
        self._process: ChildProcess | None = None

    def said(self, run: Run, tell: Tell) -> Float64Array:
        """Do what `lanes.Lane` says."""
        if self._process is None:
            self._process = ChildProcess("napari_image_classifier.evaluation.helper", PICKLE)
            self._process.send(self._case)
        self._process.send(run)
        while (message := self._process.receive()) is not None:
            if self._should_stop():
                self.end()
                raise Cancelled
            kind, content = message
            if kind == REFUSED:
                raise TrainingRefused(content)
            if kind == SAID:
                found: Float64Array = content
                return found
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

    asked, answer = connected(PICKLE)
    images, config, threads = asked()
    use_threads(config.backend, threads)

    def tell(part: float) -> None:
        answer((TOLD, part))

    while True:
        try:
            found = trained_and_tested(asked(), images, config, tell, lambda: False)
        except TrainingRefused as refusal:
            answer((REFUSED, str(refusal)))
        else:
            answer((SAID, found))


if __name__ == "__main__":
    # What is pickled must be of the same modules on both sides, none of them named __main__.
    import_module("napari_image_classifier.evaluation.helper").main()
