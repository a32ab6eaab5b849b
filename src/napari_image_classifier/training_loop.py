"""The loop over epochs and batches: what the network sees, and which weights are kept."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_image_classifier.augmentation import Augmentation
from napari_image_classifier.compute import Emit, ShouldStop
from napari_image_classifier.normalization_statistics import measure_statistics
from napari_image_classifier.one_ahead import one_ahead
from napari_image_classifier.projection import FloatArray
from napari_image_classifier.seconds_left import SecondsLeft
from napari_image_classifier.splitting import IntArray
from napari_image_classifier.training import TrainingConfig
from napari_image_classifier.training_set import TrainingSet
from napari_image_classifier.weight_averaging import AveragedWeights, Weights

if TYPE_CHECKING:
    import keras

# A small set is shown again, each time changed anew, until an epoch is worth a look.
IMAGES_PER_EPOCH = 256
WARM_UP_EPOCHS = 2
# Images on which the averaged network's normalisation is measured before it is looked at.
IMAGES_FOR_STATISTICS = 256
# Averages of the weights over about so many epochs are what is looked at and kept.
AVERAGED_EPOCHS = 2
# In the end, so many of the epochs again with everything, at most with such a part of the steps.
FINISHING_EPOCHS = 0.25
FINISHING_STEP = 0.5
SMALLEST_PROBABILITY = 1e-7

Float64Array = npt.NDArray[np.float64]


@dataclass
class Learnt:
    """What a run of the loop has to show; the network holds the kept epoch's weights.

    ``best_epoch`` is the one kept; ``probabilities`` are its on the validation items, shape
    (item, class). When it is ``finished``, the network has learnt from those items, too, since.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    probabilities: Float64Array | None = None
    cancelled: bool = False
    finished: bool = False


class TrainingLoop:
    """Trains a compiled network on a set, one epoch after another, until it is time to stop.

    The time that is left is told for ``runs`` such trainings, this one among them.

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
        runs: int = 1,
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
        self._averaged = self._averaged_over(data.training)
        self._began = 0.0
        batches = config.epochs * self._batches_per_epoch(data.training)
        if config.finish:
            batches += self._finishing_epochs * self._batches_per_epoch(self._everything)
        self._seconds_left = SecondsLeft(runs * batches)

    def run(self, on_first_epoch: Callable[[], None]) -> Learnt:
        """Train; ``on_first_epoch`` is called as soon as there is something to keep.

        Kept is the last epoch whose balanced accuracy on the validation part is within one
        standard error of the best (Breiman et al., 1984): among what can't be told apart, later
        epochs have learnt with smaller steps. The loss would not do: on plates unlike those of
        the training part it rises for as long as the accuracy does.

        When all that is said of the validation part, the network learns from it, too, unless it
        is not to ``finish``.
        """
        learnt = Learnt()
        best, tolerance = 0.0, 0.0
        best_weights: Weights = []
        for epoch in range(1, self._config.epochs + 1):
            said = self._epoch(epoch)
            found = self._look(epoch) if said else None
            if found is None:
                learnt.cancelled = True
                break
            probabilities, weights = found
            record = self._record(epoch, said, probabilities)
            learnt.history.append(record)
            score, error = balanced_accuracy(self._validation_classes, probabilities.argmax(axis=1))
            if score >= best:
                best, tolerance = score, error
            if score >= best - tolerance and math.isfinite(record["val_loss"]):
                best_weights = weights
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
            if self._config.finish and not learnt.cancelled:
                self._finish(learnt)
        return learnt

    def _finish(self, learnt: Learnt) -> None:
        """Learn from the validation part, too; the network stays as it was when it is stopped."""
        kept, averaged = self._network.get_weights(), self._averaged_over(self._everything)
        epochs = self._finishing_epochs
        batches = self._batches_per_epoch(self._everything)
        said: list[tuple[float, float]] = []
        for epoch in range(epochs):

            def rate(part: float, done: int = epoch) -> float:
                return FINISHING_STEP * self._config.largest_step * _falling((done + part) / epochs)

            def tell(batch: int, done: int = epoch) -> None:
                self._emit({"event": "progress", "stage": "finishing",
                            "done": done * batches + batch, "total": epochs * batches,
                            "seconds_left": self._seconds_left.after_one_more()})  # fmt: skip

            number = self._config.epochs + 1 + epoch
            said = self._learn_once(number, self._everything, averaged, rate, tell)
            if not said:
                learnt.cancelled = True
                break
        learnt.finished = bool(said) and bool(np.isfinite(said).all())
        if learnt.finished:
            self._network.set_weights(averaged.weights)
            measure_statistics(
                self._network, self._batches_for_statistics(self._config.epochs, self._everything)
            )
        else:
            self._network.set_weights(kept)

    @property
    def _everything(self) -> IntArray:
        return np.sort(np.concatenate([self._data.training, self._data.validation]))

    @property
    def _finishing_epochs(self) -> int:
        return math.ceil(FINISHING_EPOCHS * self._config.epochs)

    @property
    def _n_classes(self) -> int:
        return len(self._data.class_names)

    @property
    def _validation_classes(self) -> IntArray:
        return self._data.classes[self._data.validation]

    @property
    def _batch_size(self) -> int:
        return min(self._config.batch_size, max(len(self._data.training), IMAGES_PER_EPOCH))

    def _batches_per_epoch(self, members: IntArray) -> int:
        return max(len(members), IMAGES_PER_EPOCH) // self._batch_size

    def _averaged_over(self, members: IntArray) -> AveragedWeights:
        return AveragedWeights(self._network, AVERAGED_EPOCHS * self._batches_per_epoch(members))

    def _epoch(self, epoch: int) -> list[tuple[float, float]]:
        """Return the loss and accuracy of every batch, none when it was stopped."""
        self._began = time.monotonic()
        training = self._data.training

        def tell(batch: int) -> None:
            self._emit({"event": "batch", "epoch": epoch, "epochs": self._config.epochs,
                        "done": batch, "total": self._batches_per_epoch(training),
                        "seconds_left": self._seconds_left.after_one_more()})  # fmt: skip

        return self._learn_once(
            epoch,
            training,
            self._averaged,
            lambda part: self._learning_rate(epoch - 1 + part),
            tell,
        )

    def _learn_once(
        self,
        epoch: int,
        members: IntArray,
        averaged: AveragedWeights,
        rate: Callable[[float], float],
        tell: Callable[[int], None],
    ) -> list[tuple[float, float]]:
        """Show every member once; return the loss and accuracy of every batch, or none if stopped.

        ``rate`` gives the learning rate after a part of the epoch; ``tell`` is told the batches
        done.
        """
        said: list[tuple[float, float]] = []
        total = self._batches_per_epoch(members)
        batches = one_ahead(self._changed_batches(epoch, members))
        for number, (batch, images) in enumerate(batches, start=1):
            if self._should_stop():
                return []
            self._network.optimizer.learning_rate = rate(number / total)
            said.append(self._step(batch, images))
            averaged.update()
            tell(number)
        return said

    def _look(self, epoch: int) -> tuple[Float64Array, Weights] | None:
        """Return what the averaged network says of the validation items, and its weights.

        None when it was stopped.
        """
        with self._averaged.in_place():
            measure_statistics(
                self._network, self._batches_for_statistics(epoch, self._data.training)
            )
            probabilities = self._validation_probabilities()
            return None if probabilities is None else (probabilities, self._network.get_weights())

    def _record(
        self, epoch: int, said: list[tuple[float, float]], probabilities: Float64Array
    ) -> dict[str, float]:
        loss, accuracy = (float(value) for value in np.mean(said, axis=0))
        truth, predicted = self._validation_classes, probabilities.argmax(axis=1)
        return {
            "epoch": epoch,
            "loss": loss,
            "accuracy": accuracy,
            "val_loss": self._loss(probabilities, truth),
            "val_accuracy": float((predicted == truth).mean()),
            "val_balanced_accuracy": balanced_accuracy(truth, predicted)[0],
            "learning_rate": self._learning_rate(epoch),
            "seconds": round(time.monotonic() - self._began, 2),
        }

    def _step(self, batch: IntArray, images: FloatArray) -> tuple[float, float]:
        """Learn from the images of one batch; return its loss and accuracy."""
        classes = self._data.classes[batch]
        said = self._network.train_on_batch(
            images,
            self._targets(classes).astype(np.float32),
            sample_weight=self._weights[classes].astype(np.float32),
            return_dict=True,
        )
        return float(said["loss"]), float(said["accuracy"])

    def _changed_batches(
        self, epoch: int, members: IntArray
    ) -> Iterator[tuple[IntArray, FloatArray]]:
        """Yield which items are learnt from together, and their images as they are shown."""
        for number, batch in enumerate(self._batches(epoch, members)):
            yield batch, self._augment(self._data.pixels[batch], (self._config.seed, epoch, number))

    def _batches(self, epoch: int, members: IntArray) -> Iterator[IntArray]:
        random = np.random.default_rng((self._config.seed, epoch))
        needed = self._batches_per_epoch(members) * self._batch_size
        rounds = math.ceil(needed / len(members))
        order = np.concatenate([random.permutation(members) for _ in range(rounds)])
        yield from order[:needed].reshape(-1, self._batch_size)

    def _batches_for_statistics(self, epoch: int, members: IntArray) -> Iterator[FloatArray]:
        random = np.random.default_rng((self._config.seed, epoch))
        chosen = np.resize(random.permutation(members), IMAGES_FOR_STATISTICS)
        for start in range(0, IMAGES_FOR_STATISTICS, self._batch_size):
            if self._should_stop():
                return
            yield self._data.pixels[chosen[start : start + self._batch_size]]

    def _learning_rate(self, epochs_done: float) -> float:
        """Return a rate that rises in a line, then falls in half a cosine (Loshchilov 2017)."""
        epochs = self._config.epochs
        warm_up = min(WARM_UP_EPOCHS, epochs / 4)
        if epochs_done < warm_up:
            return self._config.largest_step * epochs_done / warm_up
        return self._config.largest_step * _falling((epochs_done - warm_up) / (epochs - warm_up))

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


def _falling(part: float) -> float:
    """Return half a cosine: 1 at the begin, 0 at the end."""
    return (1 + math.cos(math.pi * part)) / 2


def balanced_accuracy(truth: IntArray, predicted: IntArray) -> tuple[float, float]:
    """Return the mean over classes of the part that was right, and its standard error.

    Both hold one class per item. The error takes each class as if one more item had been right
    and one more wrong (Laplace), or few items that are all right would seem certain.
    """
    n = np.bincount(truth)
    n_right = np.bincount(truth[predicted == truth], minlength=len(n))
    n, n_right = n[n > 0], n_right[n > 0]
    part = (n_right + 1) / (n + 2)
    error = np.sqrt((part * (1 - part) / n).sum()) / len(n)
    return float((n_right / n).mean()), float(error)


def class_weights(data: TrainingSet) -> Float64Array:
    """Return a weight per class, such that rare ones count for more; they average 1 over items.

    The square root of the usual inverse frequency: the full one lets a handful of images of one
    class outshout all others.
    """
    counts = np.bincount(data.classes[data.training], minlength=len(data.class_names))
    weights = 1 / np.sqrt(counts)
    return np.asarray(weights * counts.sum() / (weights * counts).sum(), np.float64)
