"""The configuration of a training: what can be chosen, and what is refused beforehand."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from napari_image_classifier.classifiers.description import TEXTURE
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.transforms import Projection
from napari_image_classifier.items.crops import Neighbours, is_box
from napari_image_classifier.items.preparation import Intensity
from napari_image_classifier.system.atomic_files import check_writable
from napari_image_classifier.system.settings import Setting, why_not_allowed
from napari_image_classifier.training import backends

# Networks of keras.applications, for which there are weights learnt from photographs.
BACKBONE_NAMES = ("EfficientNetV2B0", "MobileNetV2", "ResNet50V2", "DenseNet121")
NETWORK_NAMES = ("residual", "vgg", *BACKBONE_NAMES)
# All that can be trained: texture features take a network's place.
LEARNER_NAMES = (*NETWORK_NAMES, TEXTURE)
IMAGENET = "imagenet"
RANDOM_WEIGHTS = "none"
SMALLEST_SIZE = 16
USUAL_RATE = 5e-3
# Larger steps would undo what was learnt from photographs.
FINE_RATE = 5e-4


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that can be chosen about training, and the one home of the defaults.

    Parameters
    ----------
    network
        The network that is trained, one of `LEARNER_NAMES`; "texture" takes texture features and
        logistic regression in its place.
    weights
        What a network of `BACKBONE_NAMES` begins with: "imagenet", which is downloaded, "none" or
        the path of a file. The others begin with random weights.
    channels
        The names of the channels to learn from; empty for all.
    projection
        How a Z stack becomes a plane.
    intensity
        How intensities become comparable: "fixed" (one range measured on the training images),
        "percentiles" (a range for each image) or "none".
    size
        The side in pixels of the square that images are fitted into, or stretched to without
        ``keep_aspect``; None to take it from the images.
    box
        The side of the square that is cut out around each object, "48" in pixels or "12.5 µm"; ""
        to take it from the objects (see `items.crops.ObjectBox`).
    neighbours
        Whether what belongs to other objects in that square is "kept" or "masked".
    keep_aspect
        Whether images keep their proportions and the rest is filled with 0.
    epochs
        Passes over the images, at most.
    batch_size
        Images per step.
    learning_rate
        The largest step; None for what suits the network.
    patience
        Epochs clearly worse than the best one after which training stops.
    validation_fraction
        The part of the groups that is kept aside to choose the epoch and to give the scores.
    class_weights
        Whether rare classes count for more.
    label_smoothing
        How much doubt about the given classes is allowed for, from 0 to below 1.
    flips, turns
        Whether mirrored images, and images in quarter turns, are learnt from.
    shift
        How far images are shifted, at most, as a fraction of their side.
    gain
        The standard deviation of the logarithm of a factor of brightness per channel.
    noise
        The largest standard deviation of the added noise, in units of the channel's own.
    finish
        Whether the network learns from the validation part, too, when that has chosen the epoch and
        given the scores.
    members
        How many networks are trained, each on another part of the images, and decide together.
    orientations
        Whether every image is classified in eight orientations, whose probabilities are averaged.
    risk
        The part of its answers that may be wrong at most: a fifth of the groups is kept aside to
        find the confidence from which on that holds. With None it always answers.
    seed
        The seed of everything random.
    start_from
        The path of a classifier of the same classes and channels to go on from; its preparation and
        its network are kept.
    backend
        What Keras computes with (see `backends.BACKENDS`), None for what it is set to or what is
        installed; it changes nothing about the classifier's file.
    """

    network: Annotated[str, Setting(" or ".join(LEARNER_NAMES), choices=LEARNER_NAMES)] = "residual"
    weights: Annotated[
        str,
        Setting(
            "What a network with a name from keras.applications begins with: imagenet (learnt "
            "from photographs, downloaded once), none, or a file of such weights."
        ),
    ] = IMAGENET
    channels: Annotated[
        tuple[str, ...],
        Setting(
            "Channels to learn from, separated by commas; all unless told.",
            works=lambda names: len(set(names)) == len(names),
            rule="different channels",
        ),
    ] = ()
    projection: Annotated[
        Projection,
        Setting("How a Z stack becomes a plane: max, mean, sum, middle or sharpest."),
    ] = "max"
    intensity: Annotated[
        Intensity,
        Setting("fixed (brightness counts), percentiles (of each image) or none."),
    ] = "fixed"
    size: Annotated[
        int | None,
        Setting(
            "Side in pixels that images are fitted into; unless told, from the images.",
            least=SMALLEST_SIZE,
            most=2048,
            unit="pixels",
        ),
    ] = None
    box: Annotated[
        str,
        Setting(
            "The side of the square cut out around each object, in pixels or as 12.5um; unless "
            "told, from the objects.",
            works=lambda text: not text or is_box(text),
            rule="so many pixels, 48, or 12.5 µm",
        ),
    ] = ""
    neighbours: Annotated[
        Neighbours, Setting("What belongs to other objects in that square: kept or masked.")
    ] = "kept"
    keep_aspect: bool = True
    epochs: Annotated[int, Setting("Passes over the images, at most.", least=1)] = 40
    batch_size: Annotated[int, Setting("Images per step.", least=2)] = 32
    learning_rate: Annotated[
        float | None,
        Setting("The largest step; unless told, what suits the network.", above=0, most=1),
    ] = None
    patience: Annotated[
        int, Setting("Epochs without improvement before training ends.", least=1)
    ] = 20
    validation_fraction: Annotated[
        float, Setting("The part of the images kept aside to check with.", above=0, most=0.5)
    ] = 0.2
    class_weights: bool = True
    label_smoothing: Annotated[float, Setting(least=0, below=1)] = 0.05
    flips: bool = True
    turns: bool = True
    shift: Annotated[float, Setting(least=0, most=0.5)] = 0.08
    gain: Annotated[float, Setting(least=0, most=1)] = 0.15
    noise: Annotated[float, Setting(least=0, most=1)] = 0.1
    finish: Annotated[
        bool, Setting("Learn from the images kept aside, too, once they have been checked with.")
    ] = True
    members: Annotated[
        int,
        Setting("Networks that learn from different parts and decide together.", least=1, most=20),
    ] = 1
    orientations: Annotated[
        bool, Setting("Classify each image in eight orientations, averaged.")
    ] = False
    risk: Annotated[
        float | None,
        Setting(
            "The part of its answers that may be wrong at most, such as 0.05; where it is "
            "less sure than that takes, it says so.",
            above=0,
            below=1,
        ),
    ] = None
    seed: Annotated[
        int,
        Setting(
            "Same seed, same classifier.",
            least=0,
            most=2**31 - 1,
            rule="a whole number, not negative",
        ),
    ] = 0
    start_from: Annotated[
        str | None, Setting("A classifier of the same classes and channels to go on from.")
    ] = None
    backend: Annotated[
        str | None,
        Setting(
            "What Keras computes with: tensorflow, torch (PyTorch) or jax; unless told, what it "
            "is set to, or what is installed.",
            choices=tuple(backends.BACKENDS),
        ),
    ] = None

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

    def why_unusable(self) -> str | None:
        """Return a sentence on the first value that can't be used; None when all can."""
        if problem := why_not_allowed(self):
            return problem
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

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as the compute process receives it."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "TrainingConfig":
        """Make the configuration from what `to_json` gave; what is absent has its default."""
        known = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
        if "channels" in known:
            known["channels"] = tuple(known["channels"])
        return cls(**known)


def check_request(config: TrainingConfig, output: Path) -> None:
    """Refuse what can be seen to fail before any image is read.

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
