"""The loop over epochs and batches: when it ends, and which weights are kept."""

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_image_classifier.networks.fit.averaging import (
    AveragedWeights,
    NormalizationStatistics,
    Weights,
)
from napari_image_classifier.networks.fit.batches import TrainingBatches
from napari_image_classifier.networks.fit.checkpoints import Checkpoint, TrainingState, put_back
from napari_image_classifier.networks.fit.loss import TrainingLoss, balanced_accuracy_and_error
from napari_image_classifier.networks.fit.schedule import LearningRate
from napari_image_classifier.statistics.scores import balanced_accuracy
from napari_image_classifier.system.events import Emit, Progress
from napari_image_classifier.system.progress import TimeLeft
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.ensemble import Learnt
from napari_image_classifier.training.job import Batch, Epoch, EpochScores
from napari_image_classifier.typing import Float64Array, FloatArray, IntArray, ShouldStop

if TYPE_CHECKING:
    import keras


class Keep(Protocol):
    """What keeps where a training is, as `training_state` has it."""

    def __call__(self, make: Callable[[], Checkpoint], *, last: bool) -> None:
        """Keep what ``make`` returns, now or never; the ``last`` one always."""
        ...


def _kept_nowhere(make: Callable[[], Checkpoint], *, last: bool) -> None:
    """Keep nothing."""


# Averages of the weights over about so many epochs are what is looked at and kept.
AVERAGED_EPOCHS = 2


class TrainingLoop:
    """Trains a compiled network on a set, one epoch after another, until it is time to stop.

    The time that is left is told for ``runs`` such trainings, this one among them. ``keep`` is
    handed where it is after an epoch, and with ``kept`` it goes on from there.
    """

    def __init__(
        self,
        network: "keras.Model",
        data: TrainingSet,
        config: TrainingConfig,
        emit: Emit,
        should_stop: ShouldStop,
        runs: int = 1,
        keep: Keep = _kept_nowhere,
        kept: Checkpoint | None = None,
    ) -> None:
        self._network = network
        self._data = data
        self._config = config
        self._emit = emit
        self._should_stop = should_stop
        self._batches = TrainingBatches(data, config)
        self._loss = TrainingLoss(data, config)
        self._learning_rate = LearningRate(config)
        self._averaged = self._averaged_over(data.training)
        self._statistics = NormalizationStatistics(network)
        self._began = 0.0
        steps = config.epochs * self._batches.per_epoch(data.training)
        if config.finish:
            finishing = self._learning_rate.finishing_epochs
            steps += finishing * self._batches.per_epoch(self._everything)
        self._work = TimeLeft(runs * steps)
        self._has_compiled = False
        self._keep = keep
        self._kept = kept
        self._state = TrainingState() if kept is None else TrainingState.of(kept)

    def run(self, on_first_epoch: Callable[[], None]) -> Learnt:
        """Train; ``on_first_epoch`` is called as soon as there is something to keep.

        Kept is the last epoch whose balanced accuracy on the validation part is within one
        standard error of the best (Breiman et al., 1984): among what can't be told apart, later
        epochs have learnt with smaller steps. The loss would not do: on plates unlike those of
        the training part it rises for as long as the accuracy does.

        When all that is said of the validation part, the network learns from it, too, unless it
        is not to ``finish``.
        """
        state, learnt = self._state, self._state.learnt
        if self._kept is not None and not state.finished:
            self._go_on(self._kept, self._averaged)
        if learnt.chosen_weights:
            on_first_epoch()
        while not self._has_learnt():
            epoch = len(learnt.history) + 1
            said = self._epoch(epoch)
            found = self._look(epoch) if said else None
            if found is None:
                learnt.cancelled = True
                break
            probabilities, weights = found
            scores = self._scores(epoch, said, probabilities)
            learnt.history.append(scores)
            predicted = probabilities.argmax(axis=1)
            score, error = balanced_accuracy_and_error(self._validation_classes, predicted)
            if score >= state.best:
                state.best, state.tolerance = score, error
            if score >= state.best - state.tolerance and math.isfinite(scores.val_loss):
                learnt.chosen_weights = weights
                learnt.best_epoch = epoch
                learnt.probabilities = probabilities
            if learnt.chosen_weights:
                on_first_epoch()
            self._keep(
                partial(state.checkpoint, self._network, self._averaged), last=self._has_learnt()
            )
            epochs, left = self._config.epochs, self._work.seconds_left
            self._emit(Epoch(**vars(scores), epochs=epochs, seconds_left=left))
        if learnt.chosen_weights:
            self._network.set_weights(learnt.chosen_weights)
            if self._config.finish and not learnt.cancelled:
                self._finish()
        return learnt

    def _has_learnt(self) -> bool:
        """Return whether all epochs are done, or further ones would lead nowhere."""
        learnt = self._state.learnt
        epoch = len(learnt.history)
        diverged = epoch > 0 and not math.isfinite(learnt.history[-1].loss)
        waited = epoch > 0 and epoch - learnt.best_epoch >= self._config.patience
        return epoch >= self._config.epochs or diverged or waited

    def _go_on(self, kept: Checkpoint, averaged: AveragedWeights) -> None:
        put_back(kept, self._network, averaged)
        finishing = self._state.finished * self._batches.per_epoch(self._everything)
        epochs = len(self._state.learnt.history)
        self._work.leave_out(epochs * self._batches.per_epoch(self._data.training) + finishing)

    def _finish(self) -> None:
        """Learn from the validation part, too; the network stays as it was when it is stopped."""
        state, learnt = self._state, self._state.learnt
        chosen, averaged = self._network.get_weights(), self._averaged_over(self._everything)
        if self._kept is not None and state.finished:
            self._go_on(self._kept, averaged)
        epochs = self._learning_rate.finishing_epochs
        steps = self._batches.per_epoch(self._everything)
        for epoch in range(state.finished, epochs):

            def rate(part: float, done: int = epoch) -> float:
                return self._learning_rate.finishing(done + part)

            def tell(step: int, epochs_done: int = epoch) -> None:
                done, total = epochs_done * steps + step, epochs * steps
                left = self._seconds_left_after_one_more()
                self._emit(Progress(stage="finishing", done=done, total=total, seconds_left=left))

            number = self._config.epochs + 1 + epoch
            said = self._learn_once(number, self._everything, averaged, rate, tell)
            if not said:
                learnt.cancelled = True
                break
            state.finished, state.sound = epoch + 1, bool(np.isfinite(said).all())
            self._keep(
                partial(state.checkpoint, self._network, averaged), last=state.finished == epochs
            )
        learnt.finished = state.finished == epochs and state.sound
        if learnt.finished:
            self._network.set_weights(averaged.weights)
            self._measure_statistics(self._config.epochs, self._everything)
        else:
            self._network.set_weights(chosen)

    @property
    def _everything(self) -> IntArray:
        return np.sort(np.concatenate([self._data.training, self._data.validation]))

    @property
    def _validation_classes(self) -> IntArray:
        return self._data.classes[self._data.validation]

    def _seconds_left_after_one_more(self) -> float | None:
        """Count a batch; the first, which is compiled, says nothing of the speed."""
        self._work.done += 1
        if not self._has_compiled:
            self._has_compiled = True
            self._work.restart()
        return self._work.seconds_left

    def _averaged_over(self, members: IntArray) -> AveragedWeights:
        return AveragedWeights(self._network, AVERAGED_EPOCHS * self._batches.per_epoch(members))

    def _epoch(self, epoch: int) -> list[tuple[float, float]]:
        """Return the loss and accuracy of every batch, none when it was stopped."""
        self._began = time.monotonic()
        training = self._data.training
        total = self._batches.per_epoch(training)
        which = {"epoch": epoch, "epochs": self._config.epochs}

        def tell(batch: int) -> None:
            left = self._seconds_left_after_one_more()
            self._emit(Batch(done=batch, total=total, seconds_left=left, **which))

        return self._learn_once(
            epoch,
            training,
            self._averaged,
            lambda part: self._learning_rate.after(epoch - 1 + part),
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
        total = self._batches.per_epoch(members)
        for number, (batch, images) in enumerate(self._batches.changed(epoch, members), start=1):
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
            self._measure_statistics(epoch, self._data.training)
            probabilities = self._validation_probabilities()
            return None if probabilities is None else (probabilities, self._network.get_weights())

    def _scores(
        self, epoch: int, said: list[tuple[float, float]], probabilities: Float64Array
    ) -> EpochScores:
        loss, accuracy = (float(value) for value in np.mean(said, axis=0))
        truth, predicted = self._validation_classes, probabilities.argmax(axis=1)
        return EpochScores(
            epoch=epoch,
            loss=loss,
            accuracy=accuracy,
            val_loss=self._loss.of(probabilities, truth),
            val_accuracy=float((predicted == truth).mean()),
            val_balanced_accuracy=balanced_accuracy(truth, predicted == truth),
            learning_rate=self._learning_rate.after(epoch),
            seconds=round(time.monotonic() - self._began, 2),
        )

    def _step(self, batch: IntArray, images: FloatArray) -> tuple[float, float]:
        """Learn from the images of one batch; return its loss and accuracy."""
        classes = self._data.classes[batch]
        said = self._network.train_on_batch(
            images,
            self._loss.targets(classes),
            sample_weight=self._loss.weights(classes),
            return_dict=True,
        )
        return float(said["loss"]), float(said["accuracy"])

    def _measure_statistics(self, epoch: int, members: IntArray) -> None:
        self._statistics.measure(self._until_stopped(self._batches.unchanged(epoch, members)))

    def _validation_probabilities(self) -> Float64Array | None:
        found = []
        for n_new, images in self._batches.in_order(self._data.validation):
            if self._should_stop():
                return None
            found.append(self._network.predict_on_batch(images)[:n_new])
        return np.concatenate(found).astype(np.float64)

    def _until_stopped(self, batches: Iterator[FloatArray]) -> Iterator[FloatArray]:
        for batch in batches:
            if self._should_stop():
                return
            yield batch
