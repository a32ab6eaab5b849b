"""The loop over epochs and batches: what the network sees, and which weights are kept."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_image_classifier.augmentation import Augmentation
from napari_image_classifier.compute import Emit, ShouldStop
from napari_image_classifier.splitting import IntArray
from napari_image_classifier.training import TrainingConfig
from napari_image_classifier.training_set import TrainingSet

if TYPE_CHECKING:
    import keras

# A small set is shown again, each time changed anew, until an epoch is worth a look.
IMAGES_PER_EPOCH = 256
WARM_UP_EPOCHS = 2
# Losses this close say nothing, least of all on a few images: the later epoch is kept, as it has
# learnt with smaller steps.
TIE = 0.01
SMALLEST_PROBABILITY = 1e-7

Float64Array = npt.NDArray[np.float64]


@dataclass
class Learnt:
    """What a run of the loop has to show; the network holds the best epoch's weights.

    ``probabilities`` are the best epoch's on the validation items, shape (item, class).
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    probabilities: Float64Array | None = None
    cancelled: bool = False


class TrainingLoop:
    """Trains a compiled network on a set, one epoch after another, until it is time to stop.

    Batches all have one size: the last few images of a shuffled epoch wait for the next one, as a
    batch of one image upsets batch normalisation.
    """

    def __init__(
        self,
        network: "keras.Model",
        data: TrainingSet,
        config: TrainingConfig,
        emit: Emit,
        should_stop: ShouldStop,
    ) -> None:
        self._network = network
        self._data = data
        self._config = config
        self._emit = emit
        self._should_stop = should_stop
        self._augment = Augmentation(
            config.flips, config.turns, config.shift, config.gain, config.noise
        )
        self._weights = class_weights(data) if config.class_weights else np.ones(self._n_classes)
        self._batches_per_epoch = max(len(data.training), IMAGES_PER_EPOCH) // self._batch_size
        self._seconds_left = _SecondsLeft(config.epochs * self._batches_per_epoch)

    def run(self, on_first_epoch: Callable[[], None]) -> Learnt:
        """Train; ``on_first_epoch`` is called as soon as there is something to keep."""
        learnt = Learnt()
        best_loss = math.inf
        best_weights: list[npt.NDArray[Any]] = []
        for epoch in range(1, self._config.epochs + 1):
            record, probabilities = self._epoch(epoch)
            if probabilities is None:
                learnt.cancelled = True
                break
            learnt.history.append(record)
            if record["val_loss"] <= best_loss + TIE:
                best_loss = min(best_loss, record["val_loss"])
                best_weights = self._network.get_weights()
                learnt.best_epoch = epoch
                learnt.probabilities = probabilities
                on_first_epoch()
            self._emit({"event": "epoch", "epochs": self._config.epochs, **record,
                        "seconds_left": self._seconds_left()})  # fmt: skip
            diverged = not math.isfinite(record["loss"])
            if diverged or epoch - learnt.best_epoch >= self._config.patience:
                break
        if best_weights:
            self._network.set_weights(best_weights)
        return learnt

    @property
    def _n_classes(self) -> int:
        return len(self._data.class_names)

    @property
    def _batch_size(self) -> int:
        return min(self._config.batch_size, max(len(self._data.training), IMAGES_PER_EPOCH))

    def _epoch(self, epoch: int) -> tuple[dict[str, float], Float64Array | None]:
        """Return the epoch's record and its validation probabilities, None when it was stopped."""
        began = time.monotonic()
        said: list[tuple[float, float]] = []
        for batch, members in enumerate(self._batches(epoch)):
            if self._should_stop():
                return {}, None
            said.append(self._step(epoch, batch, members))
            self._emit({"event": "batch", "epoch": epoch, "epochs": self._config.epochs,
                        "done": batch + 1, "total": self._batches_per_epoch,
                        "seconds_left": self._seconds_left.after_one_more()})  # fmt: skip
        probabilities = self._validation_probabilities()
        if probabilities is None:
            return {}, None
        loss, accuracy = (float(value) for value in np.mean(said, axis=0))
        truth = self._data.classes[self._data.validation]
        right = probabilities.argmax(axis=1) == truth
        return {
            "epoch": epoch,
            "loss": loss,
            "accuracy": accuracy,
            "val_loss": self._loss(probabilities, truth),
            "val_accuracy": float(right.mean()),
            "learning_rate": self._learning_rate(epoch, self._batches_per_epoch - 1),
            "seconds": round(time.monotonic() - began, 2),
        }, probabilities

    def _step(self, epoch: int, batch: int, members: IntArray) -> tuple[float, float]:
        """Learn from one batch; return its loss and accuracy."""
        data, config = self._data, self._config
        images = self._augment(data.pixels[members], (config.seed, epoch, batch))
        classes = data.classes[members]
        self._network.optimizer.learning_rate = self._learning_rate(epoch, batch)
        said = self._network.train_on_batch(
            images,
            self._targets(classes).astype(np.float32),
            sample_weight=self._weights[classes].astype(np.float32),
            return_dict=True,
        )
        return float(said["loss"]), float(said["accuracy"])

    def _batches(self, epoch: int) -> Iterator[IntArray]:
        random = np.random.default_rng((self._config.seed, epoch))
        training = self._data.training
        needed = self._batches_per_epoch * self._batch_size
        rounds = math.ceil(needed / len(training))
        order = np.concatenate([random.permutation(training) for _ in range(rounds)])
        yield from order[:needed].reshape(-1, self._batch_size)

    def _learning_rate(self, epoch: int, batch: int) -> float:
        """Return a rate that rises in a line, then falls in half a cosine (Loshchilov 2017)."""
        done = epoch - 1 + (batch + 1) / self._batches_per_epoch
        warm_up = min(WARM_UP_EPOCHS, self._config.epochs / 4)
        if done < warm_up:
            return self._config.learning_rate * done / warm_up
        part = (done - warm_up) / (self._config.epochs - warm_up)
        return self._config.learning_rate * (1 + math.cos(math.pi * part)) / 2

    def _targets(self, classes: IntArray) -> Float64Array:
        smoothing = self._config.label_smoothing
        one_hot = np.eye(self._n_classes)[classes]
        return np.asarray(one_hot * (1 - smoothing) + smoothing / self._n_classes)

    def _loss(self, probabilities: Float64Array, truth: IntArray) -> float:
        """Return the same loss as in training, weights and smoothing included."""
        logarithms = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))
        losses = -(self._targets(truth) * logarithms).sum(axis=1)
        return float(np.average(losses, weights=self._weights[truth]))

    def _validation_probabilities(self) -> Float64Array | None:
        pixels, members = self._data.pixels, self._data.validation
        found = []
        for start in range(0, len(members), self._batch_size):
            if self._should_stop():
                return None
            batch = pixels[members[start : start + self._batch_size]]
            # Filled up, as every new batch shape would be compiled anew.
            full = np.resize(batch, (self._batch_size, *batch.shape[1:]))
            found.append(self._network.predict_on_batch(full)[: len(batch)])
        return np.concatenate(found).astype(np.float64)


def class_weights(data: TrainingSet) -> Float64Array:
    """Return a weight per class, such that rare ones count for more; they average 1 over items.

    The square root of the usual inverse frequency: the full one lets a handful of images of one
    class outshout all others.
    """
    counts = np.bincount(data.classes[data.training], minlength=len(data.class_names))
    weights = 1 / np.sqrt(counts)
    return np.asarray(weights * counts.sum() / (weights * counts).sum(), np.float64)


class _SecondsLeft:
    """Time left, from what the batches so far took; the first, which is compiled, aside."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._began = 0.0

    def after_one_more(self) -> float | None:
        """Count a batch and return the seconds left, None while nothing is known."""
        self._done += 1
        if self._done == 1:
            self._began = time.monotonic()
        return self()

    def __call__(self) -> float | None:
        if self._done < 2:
            return None
        each = (time.monotonic() - self._began) / (self._done - 1)
        return round(each * (self._total - self._done), 1)
