"""The loop over epochs and batches: when it ends, and which weights are kept."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

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
from napari_image_classifier.system.events import Counted, Progress
from napari_image_classifier.system.progress import TimeLeft
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.learner import Learnt, Lesson
from napari_image_classifier.training.train_job import Batch, Epoch, EpochScores
from napari_image_classifier.typing import Float64Array, FloatArray, IntArray

if TYPE_CHECKING:
    import keras


# Keeps the checkpoint that the function makes, now or never; the last one of a training always.
Keep = Callable[[Callable[[], Checkpoint], bool], None]

# Averages of the weights over about so many epochs are what is looked at and kept.
AVERAGED_EPOCHS = 2


@dataclass
class TrainingLoop:
    """Trains a compiled network on a set, one epoch after another, until it is time to stop.

    The time that is left is told for ``runs`` such trainings, this one among them. ``keep`` is
    handed its state after an epoch, and it goes on from the checkpoint ``kept``.
    """

    network: "keras.Model"
    lesson: Lesson
    config: TrainingConfig
    runs: int
    keep: Keep
    kept: Checkpoint | None

    def __post_init__(self) -> None:
        self._data = self.lesson.data
        self._batches = TrainingBatches(self._data, self.config)
        self._loss = TrainingLoss(self._data, self.config)
        self._learning_rate = LearningRate(self.config)
        self._everything = np.sort(np.concatenate([self._data.training, self._data.validation]))
        self._validation_classes = self._data.classes[self._data.validation]
        self._averaged = self._averaged_over(self._data.training)
        self._statistics = NormalizationStatistics(self.network)
        steps = self.config.epochs * self._batches.per_epoch(self._data.training)
        if self.config.finish:
            finishing = self._learning_rate.finishing_epochs
            steps += finishing * self._batches.per_epoch(self._everything)
        self._work = TimeLeft(self.runs * steps)
        self._has_compiled = False
        self._state = TrainingState() if self.kept is None else TrainingState.of(self.kept)

    def run(self) -> Learnt:
        """Train; the lesson's ``on_something_to_keep`` is called as soon as there is.

        Kept is the last epoch whose balanced accuracy on the validation part is within one
        standard error of the best (Breiman et al., 1984): among what can't be told apart, later
        epochs have learnt with smaller steps. The loss would not do: on plates unlike those of
        the training part it rises for as long as the accuracy does.

        In the end the network learns from the validation part, too, if it is to ``finish``.
        """
        state, learnt = self._state, self._state.learnt
        if self.kept is not None and not state.finished:
            self._go_on(self.kept, self._averaged)
        if learnt.chosen_weights:
            self.lesson.on_something_to_keep()
        while not self._has_learnt():
            epoch, began = len(learnt.history) + 1, time.monotonic()
            batch_scores = self._epoch(epoch)
            validated = self._validate(epoch) if batch_scores else None
            if validated is None:
                learnt.cancelled = True
                break
            probabilities, weights = validated
            scores = self._scores(epoch, batch_scores, probabilities, began)
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
                self.lesson.on_something_to_keep()
            self._keep_state(self._averaged, last=self._has_learnt())
            epochs, left = self.config.epochs, self._work.seconds_left
            self.lesson.emit(Epoch(**vars(scores), epochs=epochs, seconds_left=left))
        if learnt.chosen_weights:
            self.network.set_weights(learnt.chosen_weights)
            if self.config.finish and not learnt.cancelled:
                self._finish()
        return learnt

    def _has_learnt(self) -> bool:
        """Return whether all epochs are done, or further ones would lead nowhere."""
        learnt = self._state.learnt
        epoch = len(learnt.history)
        diverged = epoch > 0 and not math.isfinite(learnt.history[-1].loss)
        waited = epoch > 0 and epoch - learnt.best_epoch >= self.config.patience
        return epoch >= self.config.epochs or diverged or waited

    def _go_on(self, kept: Checkpoint, averaged: AveragedWeights) -> None:
        put_back(kept, self.network, averaged)
        finishing = self._state.finished * self._batches.per_epoch(self._everything)
        epochs = len(self._state.learnt.history)
        self._work.leave_out(epochs * self._batches.per_epoch(self._data.training) + finishing)

    def _finish(self) -> None:
        """Learn from the validation part, too; the network stays as it was when it is stopped."""
        state, learnt = self._state, self._state.learnt
        chosen, averaged = self.network.get_weights(), self._averaged_over(self._everything)
        if self.kept is not None and state.finished:
            self._go_on(self.kept, averaged)
        epochs = self._learning_rate.finishing_epochs
        steps = self._batches.per_epoch(self._everything)
        finishing = partial(Progress, stage="finishing", total=epochs * steps)
        while state.finished < epochs:
            batch_scores = self._learn_once(
                self.config.epochs + 1 + state.finished,
                self._everything,
                averaged,
                lambda part: self._learning_rate.finishing(state.finished + part),
                lambda step: finishing(done=state.finished * steps + step),
            )
            if not batch_scores:
                learnt.cancelled = True
                break
            state.finished += 1
            state.sound = bool(np.isfinite(batch_scores).all())
            self._keep_state(averaged, last=state.finished == epochs)
        learnt.finished = state.finished == epochs and state.sound
        if learnt.finished:
            self.network.set_weights(averaged.weights)
            self._measure_statistics(self.config.epochs, self._everything)
        else:
            self.network.set_weights(chosen)

    def _keep_state(self, averaged: AveragedWeights, *, last: bool) -> None:
        self.keep(partial(self._state.checkpoint, self.network, averaged), last)

    def _averaged_over(self, items: IntArray) -> AveragedWeights:
        return AveragedWeights(self.network, AVERAGED_EPOCHS * self._batches.per_epoch(items))

    def _epoch(self, epoch: int) -> list[tuple[float, float]]:
        """Return the loss and accuracy of every batch, none when it was stopped."""
        training = self._data.training
        total = self._batches.per_epoch(training)
        return self._learn_once(
            epoch,
            training,
            self._averaged,
            lambda part: self._learning_rate.after(epoch - 1 + part),
            lambda step: Batch(done=step, total=total, epoch=epoch, epochs=self.config.epochs),
        )

    def _learn_once(
        self,
        epoch: int,
        items: IntArray,
        averaged: AveragedWeights,
        rate: Callable[[float], float],
        event: Callable[[int], Counted],
    ) -> list[tuple[float, float]]:
        """Show every item once; return the loss and accuracy of every batch, or none if stopped.

        ``rate`` gives the learning rate after a part of the epoch; ``event`` tells of the batches
        done.
        """
        scores: list[tuple[float, float]] = []
        total = self._batches.per_epoch(items)
        for number, (batch, images) in enumerate(self._batches.changed(epoch, items), start=1):
            if self.lesson.should_stop():
                return []
            self.network.optimizer.learning_rate = rate(number / total)
            scores.append(self._step(batch, images))
            averaged.update()
            self._work.done += 1
            # The first batch, which is compiled, says nothing of the speed.
            if not self._has_compiled:
                self._has_compiled = True
                self._work.restart()
            self.lesson.emit(replace(event(number), seconds_left=self._work.seconds_left))
        return scores

    def _validate(self, epoch: int) -> tuple[Float64Array, Weights] | None:
        """Return the averaged network's probabilities of the validation items, and its weights.

        None when it was stopped.
        """
        with self._averaged.in_place():
            self._measure_statistics(epoch, self._data.training)
            probabilities = self._validation_probabilities()
            return None if probabilities is None else (probabilities, self.network.get_weights())

    def _scores(
        self,
        epoch: int,
        batch_scores: list[tuple[float, float]],
        probabilities: Float64Array,
        began: float,
    ) -> EpochScores:
        loss, accuracy = (float(value) for value in np.mean(batch_scores, axis=0))
        truth, predicted = self._validation_classes, probabilities.argmax(axis=1)
        return EpochScores(
            epoch=epoch,
            loss=loss,
            accuracy=accuracy,
            val_loss=self._loss.of(probabilities, truth),
            val_accuracy=float((predicted == truth).mean()),
            val_balanced_accuracy=balanced_accuracy(truth, predicted == truth),
            learning_rate=self._learning_rate.after(epoch),
            seconds=round(time.monotonic() - began, 2),
        )

    def _step(self, batch: IntArray, images: FloatArray) -> tuple[float, float]:
        """Learn from the images of one batch; return its loss and accuracy."""
        classes = self._data.classes[batch]
        scores = self.network.train_on_batch(
            images,
            self._loss.targets(classes),
            sample_weight=self._loss.weights(classes),
            return_dict=True,
        )
        return float(scores["loss"]), float(scores["accuracy"])

    def _measure_statistics(self, epoch: int, items: IntArray) -> None:
        batches = self._batches.unchanged(epoch, items)
        self._statistics.measure(takewhile(lambda _: not self.lesson.should_stop(), batches))

    def _validation_probabilities(self) -> Float64Array | None:
        parts = []
        for n_new, images in self._batches.in_order(self._data.validation):
            if self.lesson.should_stop():
                return None
            parts.append(self.network.predict_on_batch(images)[:n_new])
        return np.concatenate(parts).astype(np.float64)
