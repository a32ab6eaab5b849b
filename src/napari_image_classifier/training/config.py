"""Everything that can be chosen about training, and what is refused beforehand."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args

from napari_image_classifier.classifiers.description import TEXTURE
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.transforms import Projection
from napari_image_classifier.items.crops import Neighbours, is_box
from napari_image_classifier.items.preparation import Intensity
from napari_image_classifier.system.atomic_files import check_writable
from napari_image_classifier.training import backends

# Networks of keras.applications, for which there are weights learnt from photographs.
BACKBONE_NAMES = ("EfficientNetV2B0", "MobileNetV2", "ResNet50V2", "DenseNet121")
NETWORK_NAMES = ("residual", "vgg", *BACKBONE_NAMES)
# All that can be trained: texture features take a network's place.
LEARNER_NAMES = (*NETWORK_NAMES, TEXTURE)
IMAGENET = "imagenet"
RANDOM_WEIGHTS = "none"
SMALLEST_SIZE = 16
LARGEST_SIZE = 2048
MOST_MEMBERS = 20
USUAL_RATE = 5e-3
# Larger steps would undo what was learnt from photographs.
FINE_RATE = 5e-4


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that can be chosen about training, and the one home of the defaults.

    ``channels`` names the channels to learn from, empty for all. ``size`` is the side in pixels
    of the square that images are fitted into (or stretched to, without ``keep_aspect``), None to
    take it from the images. ``box`` is the side of the square that is cut out around each object,
    "48" in pixels or "12.5 µm", "" to take it from the objects; what belongs to ``neighbours``
    in it is "kept" or "masked" (see `object_boxes.ObjectBox`). ``learning_rate`` is the largest
    one, None for what suits the network.
    ``patience`` is the number of epochs clearly worse than the best one after which training stops.
    ``shift`` is a fraction of the image's side, ``gain`` and ``noise`` are as in
    `augmentation.Augmentation`. With ``finish`` the network learns from the validation part, too,
    when that has chosen the epoch and given the scores. ``members`` is how many networks are
    trained, each on another part of the images, and decide together; with ``orientations`` every
    image is classified in eight orientations, whose probabilities are averaged. ``risk`` is the
    part of its answers that may be wrong at most: a fifth of the groups is kept aside to find the
    confidence from which on that holds (see `abstention`); with None it always answers.
    ``start_from`` is the path of a classifier of the same classes and channels to go on from; its
    preparation and its network are kept. ``weights`` is what a network of `BACKBONE_NAMES` begins
    with: "imagenet", which is downloaded, "none" or the path of a file; the others begin with
    random weights. ``backend`` is what Keras computes with (see `backends.BACKENDS`), None for what
    it is set to or what is installed; it changes nothing about the classifier's file.
    """

    network: str = "residual"
    weights: str = IMAGENET
    channels: tuple[str, ...] = ()
    projection: Projection = "max"
    intensity: Intensity = "fixed"
    size: int | None = None
    box: str = ""
    neighbours: Neighbours = "kept"
    keep_aspect: bool = True
    epochs: int = 40
    batch_size: int = 32
    learning_rate: float | None = None
    patience: int = 20
    validation_fraction: float = 0.2
    class_weights: bool = True
    label_smoothing: float = 0.05
    flips: bool = True
    turns: bool = True
    shift: float = 0.08
    gain: float = 0.15
    noise: float = 0.1
    finish: bool = True
    members: int = 1
    orientations: bool = False
    risk: float | None = None
    seed: int = 0
    start_from: str | None = None
    backend: str | None = None

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
        for name, (works, rule) in _RULES.items():
            value = getattr(self, name)
            if not works(value):
                return f"The {name.replace('_', ' ')} must be {rule}, not {value!r}."
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


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "network": (lambda name: name in LEARNER_NAMES, " or ".join(LEARNER_NAMES)),
    "channels": (lambda names: len(set(names)) == len(names), "different channels"),
    "projection": (lambda name: name in get_args(Projection), " or ".join(get_args(Projection))),
    "intensity": (lambda name: name in get_args(Intensity), " or ".join(get_args(Intensity))),
    "size": (
        lambda size: size is None or SMALLEST_SIZE <= size <= LARGEST_SIZE,
        f"between {SMALLEST_SIZE} and {LARGEST_SIZE} pixels",
    ),
    "box": (lambda text: not text or is_box(text), "so many pixels, 48, or 12.5 µm"),
    "neighbours": (lambda name: name in get_args(Neighbours), " or ".join(get_args(Neighbours))),
    "epochs": (lambda number: number >= 1, "at least 1"),
    "batch_size": (lambda number: number >= 2, "at least 2"),
    "learning_rate": (lambda rate: rate is None or 0 < rate <= 1, "above 0 and at most 1"),
    "patience": (lambda number: number >= 1, "at least 1"),
    "validation_fraction": (lambda part: 0 < part <= 0.5, "above 0 and at most 0.5"),
    "label_smoothing": (lambda part: 0 <= part < 1, "at least 0 and below 1"),
    "shift": (lambda part: 0 <= part <= 0.5, "between 0 and 0.5"),
    "gain": (lambda spread: 0 <= spread <= 1, "between 0 and 1"),
    "noise": (lambda spread: 0 <= spread <= 1, "between 0 and 1"),
    "members": (lambda number: 1 <= number <= MOST_MEMBERS, f"between 1 and {MOST_MEMBERS}"),
    "risk": (lambda part: part is None or 0 < part < 1, "above 0 and below 1"),
    "seed": (lambda seed: 0 <= seed < 2**31, "a whole number, not negative"),
    "backend": (
        lambda name: name is None or name in backends.BACKENDS,
        " or ".join(backends.BACKENDS),
    ),
}


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
