"""The networks of a classifier, trained one after another, each on another part of the images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.arrays import Float64Array, IntArray
from napari_image_classifier.backbones import take_weights
from napari_image_classifier.compute import Cancelled, Emit, ShouldStop
from napari_image_classifier.description import ClassifierDescription
from napari_image_classifier.fused_normalization import with_fused_normalization
from napari_image_classifier.keras_start import start_keras
from napari_image_classifier.messages import Event
from napari_image_classifier.muon import muon
from napari_image_classifier.networks import build_network
from napari_image_classifier.splitting import Split
from napari_image_classifier.temperature import fitted_temperature
from napari_image_classifier.training_config import TrainingConfig, TrainingRefused
from napari_image_classifier.training_loop import Learnt, TrainingLoop
from napari_image_classifier.training_set import TrainingSet

if TYPE_CHECKING:
    import keras

WEIGHT_DECAY = 0.05

OnTrained = Callable[["keras.Model", Learnt, TrainingSet], None]


@dataclass
class Ensemble:
    """Networks of one architecture, and how each of them learnt from which split."""

    networks: list["keras.Model"] = field(default_factory=list)
    architecture: Mapping[str, Any] | None = None
    splits: list[Split] = field(default_factory=list)
    learnt: list[Learnt] = field(default_factory=list)

    @property
    def cancelled(self) -> bool:
        """Whether training was stopped before its end."""
        return self.learnt[-1].cancelled

    def probabilities(self, n_items: int) -> Float64Array:
        """Return what was said of each item by the networks that it was kept aside from.

        The shape is (item, class); a row is NaN where every network learnt from the item.
        """
        said = [(validation, one.probabilities) for (_, validation), one in self._looked()]
        n_classes = said[0][1].shape[1]
        total, times = np.zeros((n_items, n_classes)), np.zeros((n_items, 1))
        for validation, probabilities in said:
            total[validation] += probabilities
            times[validation] += 1
        return np.where(times > 0, total / np.maximum(times, 1), np.nan)

    def judged(self) -> tuple[IntArray, Float64Array]:
        """Return the items that were kept aside, from each network, and what it said of each.

        The arrays are of shape (n) and (n, class); an item that several networks did not learn
        from stands there several times.
        """
        items = np.concatenate([validation for (_, validation), _ in self._looked()])
        return items, np.concatenate([one.probabilities for _, one in self._looked()])

    def temperature(self, data: TrainingSet) -> float:
        """Return the temperature that suits what the networks said of the items kept aside."""
        items, probabilities = self.judged()
        return fitted_temperature(data.classes[items], probabilities)

    def _looked(self) -> list[tuple[Split, Any]]:
        return list(zip(self.splits, self.learnt, strict=True))


def train_members(
    data: TrainingSet,
    splits: Sequence[Split],
    config: TrainingConfig,
    earlier: ClassifierDescription | None,
    emit: Emit,
    should_stop: ShouldStop,
    on_first_epoch: Callable[[], None],
    on_trained: OnTrained = lambda network, learnt, data: None,
) -> Ensemble:
    """Train a network for each split; those that are finished are kept when it is stopped.

    ``on_trained`` sees every network that is kept, how it learnt and from what.

    Raises
    ------
    Cancelled
        It was stopped before there was anything to keep.
    TrainingRefused
        A training came to nothing.
    """
    ensemble = Ensemble()
    for number, split in enumerate(splits):
        of_member = replace(data, training=split[0], validation=split[1])
        seeded = replace(config, seed=config.seed + number)
        emit({"event": "progress", "stage": "starting", "done": 0, "total": 1})
        network, ensemble.architecture = _network(seeded, data, earlier)
        emit({"event": "progress", "stage": "starting", "done": 1, "total": 1})
        learnt = _learn(
            network,
            of_member,
            seeded,
            _counted_on(emit, number, len(splits), config.epochs),
            should_stop,
            on_first_epoch,
            runs=len(splits) - number,
        )
        if learnt.probabilities is not None:
            ensemble.networks.append(network)
            ensemble.splits.append(split)
            ensemble.learnt.append(learnt)
            on_trained(network, learnt, of_member)
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


def _network(
    config: TrainingConfig, data: TrainingSet, earlier: ClassifierDescription | None
) -> tuple["keras.Model", Mapping[str, Any] | None]:
    """Return the network to train and its architecture."""
    keras = start_keras(config.backend)
    keras.utils.set_random_seed(config.seed)
    if earlier is not None:
        from napari_image_classifier.keras_files import load_network

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
    data: TrainingSet,
    config: TrainingConfig,
    emit: Emit,
    should_stop: ShouldStop,
    on_first_epoch: Callable[[], None],
    runs: int,
) -> Learnt:
    """Train the network and leave the best weights in it; ``runs`` trainings are left, with it."""
    fused = with_fused_normalization(network)
    # XLA makes this slower on a processor.
    fused.compile(
        optimizer_of(config),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    learnt = TrainingLoop(fused, data, config, emit, should_stop, runs).run(on_first_epoch)
    network.set_weights(fused.get_weights())
    return learnt


def _counted_on(emit: Emit, number: int, members: int, epochs: int) -> Emit:
    """Return ``emit`` with epochs counted on over the networks, and which network it is."""
    if members == 1:
        return emit

    def emit_counted(event: Event) -> None:
        if "epoch" in event:
            event = {**event, "epoch": event["epoch"] + number * epochs,
                     "epochs": members * epochs, "member": number + 1}  # fmt: skip
        emit(event)

    return emit_counted
