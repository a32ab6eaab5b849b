"""The learning rate of a training: rising, then falling; and again, smaller, in the end."""

import math

from napari_image_classifier.training.config import TrainingConfig

WARM_UP_EPOCHS = 2
# In the end, so many of the epochs again, at most with such a part of the steps.
FINISHING_EPOCHS = 0.25
FINISHING_STEP = 0.5


class LearningRate:
    """The learning rates of a training.

    Parameters
    ----------
    config
        Its number of epochs, and the largest rate (``largest_step``).

    References
    ----------
    Loshchilov & Hutter, 2017, “SGDR: Stochastic gradient descent with warm restarts”.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._largest = config.largest_step
        self._epochs = config.epochs

    @property
    def finishing_epochs(self) -> int:
        """How many epochs the end takes, in which everything is learnt from."""
        return math.ceil(FINISHING_EPOCHS * self._epochs)

    def after(self, epochs: float) -> float:
        """Return a rate that rises in a line, then falls in half a cosine."""
        warm_up = min(WARM_UP_EPOCHS, self._epochs / 4)
        if epochs < warm_up:
            return self._largest * epochs / warm_up
        return self._largest * _falling((epochs - warm_up) / (self._epochs - warm_up))

    def finishing(self, epochs: float) -> float:
        """Return the rate after so many of the finishing epochs."""
        return FINISHING_STEP * self._largest * _falling(epochs / self.finishing_epochs)


def _falling(part: float) -> float:
    """Return half a cosine: 1 at the begin, 0 at the end."""
    return (1 + math.cos(math.pi * part)) / 2
