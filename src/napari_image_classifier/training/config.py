"""The configuration of a training: what can be chosen, and what is refused beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

from napari_image_classifier.classifiers.description import TEXTURE
from napari_image_classifier.classifiers.limits import (
    EPOCHS_OF_ALL,
    MOST_NETWORKS,
    check_can_be_saved,
)
from napari_image_classifier.classifiers.texture_model import FEATURES_OF_A_CHANNEL
from napari_image_classifier.errors import ClassifierFileError, TrainingRefused
from napari_image_classifier.images.channel_matching import split_pairs
from napari_image_classifier.images.transforms import Projection
from napari_image_classifier.items.crops import Neighbours, is_box
from napari_image_classifier.items.preparation import Intensity
from napari_image_classifier.system.atomic_files import check_writable
from napari_image_classifier.system.child_process import whole_path
from napari_image_classifier.system.settings import Setting, why_not_allowed
from napari_image_classifier.training import backends

# Networks of keras.applications, for which there are weights learnt from photographs.
BACKBONE_NAMES = ("EfficientNetV2B0", "MobileNetV2", "ResNet50V2", "DenseNet121")
NETWORK_NAMES = ("residual", "vgg", *BACKBONE_NAMES)
# All that can be trained: texture features take a network's place.
LEARNER_NAMES = (*NETWORK_NAMES, TEXTURE)
# How many features the last layer of each takes in.
_FEATURES = {
    **{"residual": 128, "vgg": 128, "EfficientNetV2B0": 1280, "MobileNetV2": 1280},
    **{"ResNet50V2": 2048, "DenseNet121": 1024},
}
IMAGENET = "imagenet"
RANDOM_WEIGHTS = "none"
SMALLEST_SIZE, LARGEST_SIZE = 16, 2048
# Far beyond what is of use; a zero too many would train for ever.
MOST_EPOCHS, MOST_IMAGES_PER_STEP = 10_000, 65_536
USUAL_RATE = 5e-3
# Larger steps would undo what was learnt from photographs.
FINE_RATE = 5e-4


_SIZES = Setting(
    at_least=SMALLEST_SIZE,
    at_most=LARGEST_SIZE,
    rule=f"between {SMALLEST_SIZE} and {LARGEST_SIZE} pixels",
)
_CHANNELS = Setting(
    works=lambda names: len(set(split_pairs(names)[0])) == len(names), rule="different channels"
)
_BOX = Setting(works=lambda text: not text or is_box(text), rule="so many pixels, 48, or 12.5 µm")
_SEEDS = Setting(at_least=0, at_most=2**31 - 1, rule="a whole number, not negative")


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that can be chosen about training, and the one home of the defaults.

    Of each parameter the first paragraph is what ``--help`` says.

    Parameters
    ----------
    network
        residual or vgg or EfficientNetV2B0 or MobileNetV2 or ResNet50V2 or DenseNet121 or texture

        The last takes texture features and logistic regression in the place of a network.
    weights
        What a network with a name from keras.applications begins with: imagenet (learnt from
        photographs, downloaded once), none, or a file of such weights.

        The other networks begin with random weights.
    channels
        Channels to learn from, separated by commas; all unless told. DNA=405 learns from what the
        images call 405, and calls it DNA.

        Here a tuple of their names, empty for all.
    projection
        How a Z stack becomes a plane: max, mean, sum, middle or sharpest.
    intensity
        fixed (brightness counts), percentiles (of each image) or none.

        "fixed" is one range for each channel, measured on the images that are learnt from.
    size
        Side in pixels that images are fitted into; unless told, from the images.

        Without ``keep_aspect`` they are stretched to it. None takes it from the images.
    box
        The side of the square cut out around each object, in pixels or as 12.5um; unless told, from
        the objects.

        "48" or "12.5 µm"; "" takes it from the objects (see `items.crops.ObjectBox`).
    neighbours
        What belongs to other objects in that square: kept or masked.
    keep_aspect
        Whether images keep their proportions, the rest filled with 0.
    epochs
        Passes over the images, at most.
    batch_size
        Images per step.
    learning_rate
        The largest step; unless told, what suits the network.

        Above 0 and at most 1; None for what suits the network.
    patience
        Epochs without improvement before training ends.

        Without improvement is an epoch that is clearly worse than the best one.
    validation_fraction
        The part of the images kept aside to check with.

        Above 0 and at most 0.5, of whole groups; it chooses the epoch and gives the scores.
    class_weights
        Whether rare classes count for more.
    label_smoothing
        How much doubt about the given classes is allowed for, from 0 to below 1.
    flips
        Whether mirrored images are learnt from, too.
    turns
        Whether images in quarter turns are learnt from, too.
    shift
        How far images are shifted at most, as a fraction of their side.
    gain
        The standard deviation of the logarithm of a factor of brightness per channel.
    noise
        The largest standard deviation of the added noise, in units of the channel's own.
    finish
        Learn from the images kept aside, too, once they have been checked with.
    members
        Networks that learn from different parts and decide together.
    orientations
        Classify each image in eight orientations, averaged.

        It is the probabilities that are averaged.
    risk
        The part of its answers that may be wrong at most, such as 0.05; where it is less sure than
        that takes, it says so.

        A fifth of the groups is kept aside to find the confidence from which on that holds; with
        None it always answers.
    seed
        Same seed, same classifier.

        From 0 to 2**31 - 1.
    start_from
        A classifier of the same classes and channels to go on from.

        The path of its file; its preparation and its network are kept.
    backend
        What Keras computes with: tensorflow, torch (PyTorch) or jax; unless told, what it is set
        to, or what is installed.

        It changes nothing about the classifier's file.
    """

    network: Annotated[str, Setting(choices=LEARNER_NAMES)] = "residual"
    weights: str = IMAGENET
    channels: Annotated[tuple[str, ...], _CHANNELS] = ()
    projection: Projection = "max"
    intensity: Intensity = "fixed"
    size: Annotated[int | None, _SIZES] = None
    box: Annotated[str, _BOX] = ""
    neighbours: Neighbours = "kept"
    keep_aspect: bool = True
    epochs: Annotated[int, Setting(at_least=1, at_most=MOST_EPOCHS)] = 40
    batch_size: Annotated[int, Setting(at_least=2, at_most=MOST_IMAGES_PER_STEP)] = 32
    learning_rate: Annotated[float | None, Setting(above=0, at_most=1)] = None
    patience: Annotated[int, Setting(at_least=1, at_most=MOST_EPOCHS)] = 20
    validation_fraction: Annotated[float, Setting(above=0, at_most=0.5)] = 0.2
    class_weights: bool = True
    label_smoothing: Annotated[float, Setting(at_least=0, below=1)] = 0.05
    flips: bool = True
    turns: bool = True
    shift: Annotated[float, Setting(at_least=0, at_most=0.5)] = 0.08
    gain: Annotated[float, Setting(at_least=0, at_most=1)] = 0.15
    noise: Annotated[float, Setting(at_least=0, at_most=1)] = 0.1
    finish: bool = True
    members: Annotated[int, Setting(at_least=1, at_most=MOST_NETWORKS)] = 1
    orientations: bool = False
    risk: Annotated[float | None, Setting(above=0, below=1)] = None
    seed: Annotated[int, _SEEDS] = 0
    start_from: str | None = None
    backend: Annotated[str | None, Setting(choices=tuple(backends.BACKENDS))] = None

    def check_can_be_saved(
        self, class_names: Sequence[str], n_channels: int, n_features: int | None = None
    ) -> None:
        """Refuse classes of which no file could be written that can be opened again.

        Parameters
        ----------
        class_names
            The classes.
        n_channels
            How many channels are learnt from.
        n_features
            How many features a network has that training goes on from.

        Raises
        ------
        TrainingRefused
            They are too many, for themselves or with all else that the file holds.
        """
        by_texture = self.network == TEXTURE
        usual = n_channels * FEATURES_OF_A_CHANNEL if by_texture else _FEATURES[self.network]
        try:
            check_can_be_saved(
                class_names,
                networks=self.members,
                features=n_features or usual,
                epochs=0 if by_texture else self.epochs,
                by_texture=by_texture,
            )
        except ClassifierFileError as error:
            raise TrainingRefused(f"{str(error).rstrip('.')}.") from error

    @property
    def largest_step(self) -> float:
        """The learning rate at its highest."""
        if self.learning_rate is not None:
            return self.learning_rate
        return FINE_RATE if self.begins_with_known_weights else USUAL_RATE

    @property
    def begins_with_known_weights(self) -> bool:
        """Whether the network has learnt from photographs before."""
        return self.network in BACKBONE_NAMES and self.weights != RANDOM_WEIGHTS

    def with_whole_paths(self) -> Self:
        """Make paths whole, for a process that works in another folder.

        Returns
        -------
        TrainingConfig
            The same in all else.
        """
        weights, earlier = self.weights, self.start_from
        if weights and weights not in (IMAGENET, RANDOM_WEIGHTS):
            weights = whole_path(weights)
        return replace(self, weights=weights, start_from=earlier and whole_path(earlier))

    def why_unusable(self) -> str | None:
        """Return why nothing can be trained so.

        Returns
        -------
        str or None
            A sentence on the first value that can't be used; None where all can.
        """
        if problem := why_not_allowed(self):
            return problem
        if self.network != TEXTURE and self.members * self.epochs > EPOCHS_OF_ALL:
            return (
                f"{self.members} networks may learn for at most {EPOCHS_OF_ALL:,} epochs together, "
                f"not for {self.epochs:,} each; choose fewer of either."
            )
        if self.orientations and not (self.flips and self.turns):
            return (
                "Images can only be classified in eight orientations where mirrored and turned "
                "ones are learnt from; leave mirroring and quarter turns on."
            )
        if self.network in BACKBONE_NAMES and not (
            self.weights in (IMAGENET, RANDOM_WEIGHTS) or Path(self.weights).is_file()
        ):
            return f"There is no file {self.weights} with weights to begin with."
        if self.network != TEXTURE and (problem := backends.why_unusable(self.backend)):
            return problem
        return self._why_not_gone_on()

    def _why_not_gone_on(self) -> str | None:
        if self.start_from is None:
            return None
        if not Path(self.start_from).is_file():
            return f"There is no classifier {self.start_from} to go on from."
        if self.network == TEXTURE:
            return (
                "Texture features are learnt from in seconds and can't go on from a classifier; "
                "choose a network, or train anew."
            )
        if self.risk is not None:
            return (
                "Wrong answers can't be limited where training goes on from a classifier, as that "
                "one may have learnt from the images to see it on. Train a new one, or set no "
                "limit."
            )
        return None


def check_request(config: TrainingConfig, output: Path) -> None:
    """Refuse what can be seen to fail before any image is read.

    Parameters
    ----------
    config
        How it is trained.
    output
        The classifier to write.

    Raises
    ------
    TrainingRefused
        A value of the configuration can't be used, or nothing can be written at ``output``.
    """
    problem = config.why_unusable()
    if problem is not None:
        raise TrainingRefused(problem)
    if output.suffix != ".keras":
        raise TrainingRefused(f"A classifier is a .keras file; {output.name} must end in .keras.")
    check_writable(output, "classifier")
