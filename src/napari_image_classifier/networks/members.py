"""The training of a classifier's networks, each on another part of the images."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_image_classifier.classifiers.description import Architecture
from napari_image_classifier.classifiers.novelty import FeatureDistance
from napari_image_classifier.classifiers.onnx_runtime import Graph
from napari_image_classifier.errors import Cancelled, TrainingRefused
from napari_image_classifier.networks.architectures import build_network
from napari_image_classifier.networks.backend import start_keras
from napari_image_classifier.networks.fit.checkpoints import Checkpoint, Checkpoints, steps_in
from napari_image_classifier.networks.fit.fused_normalization import with_fused_normalization
from napari_image_classifier.networks.fit.loop import TrainingLoop
from napari_image_classifier.networks.muon import muon
from napari_image_classifier.networks.pretrained_weights import take_weights
from napari_image_classifier.system.events import Emit, Event, Note, Progress
from napari_image_classifier.system.progress import Pause
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.learner import Ensemble, Learnt, Lesson
from napari_image_classifier.training.novelty_fitting import ClassFeatures, fitted_distance
from napari_image_classifier.training.train_job import Batch, Epoch
from napari_image_classifier.typing import FloatArray, IntArray

if TYPE_CHECKING:
    import keras

WEIGHT_DECAY = 0.05
# Of a small set there are several epochs a second.
SECONDS_BETWEEN_CHECKPOINTS = 5.0

MOST_IMAGES = 2000


def train_members(
    lesson: Lesson,
    config: TrainingConfig,
    checkpoints: Checkpoints | None = None,
    *,
    with_distances: bool = False,
) -> Ensemble:
    """Train a network for each split; those that are finished are kept when it is stopped.

    Parameters
    ----------
    lesson
        What is learnt from, by which parts.
    config
        How it is trained; each network adds its number to the seed.
    checkpoints
        Where it goes on from if an earlier training of the same images and settings was ended, to
        the very networks that that one would have come to; None keeps nothing.
    with_distances
        Whether it is measured how far from its classes each network may see images.

    Returns
    -------
    Ensemble
        The networks that are finished; the last may be one that was stopped.

    Raises
    ------
    Cancelled
        It was stopped before there was anything to keep.
    TrainingRefused
        A training came to nothing.
    """
    ensemble = Ensemble()
    n_members = len(lesson.splits)
    for number, split in enumerate(lesson.splits):
        data = replace(lesson.data, training=split[0], validation=split[1])
        emit = _counted_on(lesson.emit, number, n_members, config.epochs)
        of_member = replace(lesson, data=data, emit=emit)
        seeded = replace(config, seed=config.seed + number)
        emit(Progress(stage="starting", done=0, total=1))
        network, ensemble.architecture = _network(seeded, of_member)
        emit(Progress(stage="starting", done=1, total=1))
        resumption = _Resumption(checkpoints, f"network{number + 1}", emit)
        learnt = _learn(network, of_member, seeded, n_members - number, resumption)
        if learnt.probabilities is not None:
            ensemble.networks.append(network)
            ensemble.splits.append(split)
            ensemble.learnt.append(learnt)
            if with_distances:
                ensemble.distances.append(_measured_distance(network, learnt, data))
            # Large, and of many networks more than can be kept.
            learnt.chosen_weights = []
        elif not learnt.cancelled:
            raise TrainingRefused(
                "Training came to nothing: the loss is no number. Try a lower learning rate, and "
                "look for images with extreme intensities."
            )
        if learnt.cancelled:
            break
    if not ensemble.networks:
        raise Cancelled
    ensemble.learnt[-1].cancelled = learnt.cancelled
    return ensemble


def optimizer_of(config: TrainingConfig) -> "keras.optimizers.Optimizer":
    """Return a fresh optimiser as every network is trained with."""
    return muon(config.largest_step, WEIGHT_DECAY)


def _network(config: TrainingConfig, lesson: Lesson) -> tuple["keras.Model", Architecture | None]:
    """Return the network to train and its architecture."""
    keras = start_keras(config.backend)
    keras.utils.set_random_seed(config.seed)
    data, earlier = lesson.data, lesson.earlier
    if earlier is not None:
        from napari_image_classifier.networks.files import load_network

        return load_network(Path(str(config.start_from))), earlier.architecture
    network, architecture = build_network(
        config.network,
        data.preparation.n_channels,
        len(data.class_names),
        max(data.preparation.size),
    )
    if config.begins_with_known_weights:
        take_weights(network, config.network, config.weights)
    return network, architecture


def _learn(
    network: "keras.Model",
    lesson: Lesson,
    config: TrainingConfig,
    runs: int,
    resumption: "_Resumption",
) -> Learnt:
    """Train the network and leave the best weights in it; ``runs`` trainings are left, with it."""
    fused = with_fused_normalization(network)
    loss, metrics = "categorical_crossentropy", ["accuracy"]
    # XLA makes this slower on a processor.
    fused.compile(optimizer_of(config), loss=loss, metrics=metrics, jit_compile=False)
    _make_variables(fused, len(lesson.data.class_names))
    loop = TrainingLoop(fused, lesson, config, runs, resumption.keep, resumption.kept)
    learnt = loop.run()
    network.set_weights(fused.get_weights())
    return learnt


def _make_variables(network: "keras.Model", n_classes: int) -> None:
    """Make those of the optimiser and of the metrics.

    TensorFlow traces a step again, which takes seconds, when the first trace made variables.
    """
    network.optimizer.build(network.trainable_variables)
    nothing = np.zeros((1, n_classes), np.float32)
    network.compute_metrics(None, nothing, nothing)
    network.reset_metrics()


class _Resumption:
    """What is kept of one network's training, every few seconds, and what was kept before."""

    def __init__(self, checkpoints: Checkpoints | None, series: str, emit: Emit) -> None:
        self._checkpoints = checkpoints
        self._series = series
        self._emit = emit
        self.kept = checkpoints.latest(series) if checkpoints else None
        self._number = steps_in(self.kept) if self.kept else 0
        self._pause = Pause(SECONDS_BETWEEN_CHECKPOINTS)
        if self.kept is not None:
            done = len(self.kept.notes["history"])
            emit(
                Note(
                    "Gone on from where an earlier training of the same images and settings was "
                    f"ended: after {done} epochs."
                )
            )

    def keep(self, make: Callable[[], Checkpoint], last: bool) -> None:
        """Keep a checkpoint if it is time to, or if it is the ``last`` of the training."""
        self._number += 1
        if self._checkpoints is None or not (last or self._pause.is_over()):
            return
        checkpoint = make()
        try:
            self._checkpoints.keep(self._series, self._number, *checkpoint)
        except OSError as error:
            message = (
                "How far the training was could not be written down at times "
                f"({error.strerror or error}): make room on the drive of the classifier."
            )
            self._emit(Note(message))


def _counted_on(emit: Emit, number: int, members: int, epochs: int) -> Emit:
    """Return ``emit`` with epochs counted on over the networks, and which network it is."""
    if members == 1:
        return emit

    def emit_counted(event: Event) -> None:
        if isinstance(event, Batch | Epoch):
            epoch = event.epoch + number * epochs
            event = replace(event, epoch=epoch, epochs=members * epochs, member=number + 1)
        emit(event)

    return emit_counted


def _measured_distance(
    network: "keras.Model", learnt: Learnt, data: TrainingSet
) -> FeatureDistance:
    """Return the distance of the trained network (see `novelty_fitting.fitted_distance`).

    Only the epoch that was kept has not learnt from the validation part; in the end the network may
    have.
    """
    final = network.get_weights()
    network.set_weights(learnt.chosen_weights)
    learnt_then = _class_features(network, data, data.training)
    held_out = _features(network, data, data.validation)
    network.set_weights(final)
    everything = np.union1d(data.training, data.validation)
    learnt_now = _class_features(network, data, everything) if learnt.finished else None
    return fitted_distance(learnt_then, held_out, learnt_now)


def _class_features(network: "keras.Model", data: TrainingSet, items: IntArray) -> ClassFeatures:
    few = items[:: -(-len(items) // MOST_IMAGES)]
    return ClassFeatures(_features(network, data, few), data.classes[few])


def _features(network: "keras.Model", data: TrainingSet, items: IntArray) -> FloatArray:
    # It takes a while to import.
    from napari_image_classifier.networks.export.onnx_export import export_graph

    graph = Graph(export_graph(network))
    return np.concatenate([graph.run(pixels)[1] for pixels in data.batches(items)])
