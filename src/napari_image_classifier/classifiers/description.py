"""The description of a classifier, `classifier.json` inside its file."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

import msgspec

from napari_image_classifier.classifiers.limits import (
    LARGEST_TEXTURE,
    MOST_NETWORKS,
    check_classes,
    check_record,
    refused_in_a_sentence,
)
from napari_image_classifier.classifiers.novelty import Novelty
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.images.channel_matching import ChannelMap, split_pairs
from napari_image_classifier.images.transforms import N_ORIENTATIONS, ORIENTATION_CHOICES
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.system.declared_sizes import checked_length, checked_number
from napari_image_classifier.system.records import RecordError, as_json, format_of, from_json

# The architecture's name where there is no network.
TEXTURE = "texture"
SCHEMA_VERSION = 1
MOST_THRESHOLDS = 20
LARGEST_COUNT = 2**63
Thresholds = Mapping[str, int | float | None]
Part = TypeVar("Part")


@dataclass(frozen=True)
class Architecture:
    """One of the package's networks.

    Attributes
    ----------
    name
        Of the architecture.
    arguments
        With which it is made, by name.
    """

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Member:
    """One network of the classifier.

    The graph was written from the weights; the SHA-256 of both, stored together, say so.

    Attributes
    ----------
    weights
        The part of the file that holds its weights.
    graph
        The part that holds its graph.
    weights_sha256
        In hexadecimal digits.
    graph_sha256
        In hexadecimal digits.
    probe
        The probabilities that Keras gave, where the file was made, for the test image (see
        `onnx_runtime.probe_image`). Older files, and texture models, have none.
    """

    weights: str
    graph: str
    weights_sha256: str
    graph_sha256: str
    probe: tuple[float, ...] = ()


@dataclass(frozen=True)
class ClassifierDescription:
    """All of a classifier that is not numbers in a network.

    Parameters
    ----------
    class_names
        In the order of the network's outputs.
    preparation
        The way from an image to the network's input.
    architecture
        That of one of the package's networks, None for an imported one.
    training
        The record of the training.
    members
        The networks, whose probabilities are averaged; filled when the file is written.
    orientations
        In how many orientations an image is seen, 1 or 8; their probabilities are averaged, too.
    temperature
        The logarithms of the averaged probabilities are divided by it (see `confidence.tempered`).
    thresholds
        How sure the classifier has to be to answer, under "confidence".
    gate
        The novelty detection; None where nothing is known of the images of the training.

    Raises
    ------
    ClassifierFileError
        It is no description of a classifier.
    """

    class_names: tuple[str, ...]
    preparation: Preparation
    architecture: Architecture | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    orientations: int = 1
    temperature: float = 1.0
    thresholds: Thresholds = field(default_factory=dict)
    gate: Novelty | None = None

    def __post_init__(self) -> None:
        check_classes(self.class_names)
        with refused_in_a_sentence("The description of the classifier can't be used"):
            checked_length(self.members, "networks", MOST_NETWORKS)
            check_record(self.training, len(self.class_names))
            if self.by_texture:
                checked_number(max(self.preparation.size), "pixels in the size", LARGEST_TEXTURE)
        parts = [{member.weights, member.graph} for member in self.members]
        if len(set().union(*parts)) < sum(map(len, parts)):
            raise ClassifierFileError("Two networks of the classifier are the same part of it.")
        self._check_numbers()

    def _check_numbers(self) -> None:
        if self.orientations not in ORIENTATION_CHOICES:
            raise ClassifierFileError(
                f"Images are seen in 1 or {N_ORIENTATIONS} orientations, not {self.orientations}."
            )
        if not 0 < self.temperature < sys.float_info.max:
            raise ClassifierFileError(
                f"The temperature is {self.temperature}; it must be a number above 0."
            )
        confidence = self.thresholds.get("confidence")
        if confidence is not None and not 0 <= confidence <= 1:
            raise ClassifierFileError("The confidence to answer from is not from 0 to 1.")
        numbers = [number for number in self.thresholds.values() if number is not None]
        if len(numbers) > MOST_THRESHOLDS or not all(abs(n) < LARGEST_COUNT for n in numbers):
            raise ClassifierFileError("The thresholds are no numbers that an answer depends on.")

    @property
    def by_texture(self) -> bool:
        """Whether texture features take the place of a network (see `texture_model`)."""
        return self.architecture is not None and self.architecture.name == TEXTURE

    @property
    def channel_map(self) -> ChannelMap:
        """What the images of the training called its channels, where a person said so."""
        config = self.training.get("config")
        channels = config.get("channels") if isinstance(config, Mapping) else None
        return split_pairs([text for text in channels or () if isinstance(text, str)])[1]

    @property
    def answers_from(self) -> float:
        """The confidence below which a prediction is unsure, 0 where there is no such rule."""
        return float(self.thresholds.get("confidence") or 0.0)

    def stored(self) -> dict[str, Any]:
        """Return the description as it stands in the file; `read_description` takes it."""
        names = {"class_names": self.class_names, "channel_names": self.preparation.channel_names}
        return {"schema_version": SCHEMA_VERSION, **as_json(names), **as_json(self)}

    def in_short(self) -> "ClassifierInShort":
        """Return all but the numbers of the novelty detection, for people."""
        return from_json(ClassifierInShort, {**self.stored(), "gate": self.gate is not None})


def description_of(stored: object) -> ClassifierDescription:
    """Return the description that ``stored`` in a file says; unknown keys are passed over.

    Raises
    ------
    ClassifierFileError
        A newer version wrote it, or a part is missing or has another form.
    """
    if not isinstance(stored, Mapping):
        raise ClassifierFileError(f"{_DAMAGED}: it is not a table of keys and values")
    version = format_of(stored, "schema_version") or 0
    if not 1 <= version < LARGEST_COUNT:
        raise ClassifierFileError(f"{_DAMAGED}: it has no schema version")
    if version > SCHEMA_VERSION:
        raise ClassifierFileError(
            "it was made by a newer version of napari-image-classifier "
            f"(file format {version}, this one reads {SCHEMA_VERSION}); update with "
            "pip install --upgrade napari-image-classifier"
        )
    with refused_in_a_sentence(_DAMAGED):
        for key in stored:
            checked_length(key, "letters in a key", _LONGEST_NAME)
    if stored.get("preparation") is None:
        raise ClassifierFileError(f"{_DAMAGED}: its preparation is missing")
    described = ClassifierDescription(
        **{
            name: _part(name, kind, stored.get(name))
            for name, kind in _KINDS.items()
            if name in stored or name == "class_names"
        }
    )
    n_classes, gate = len(described.class_names), described.gate
    if any(len(member.probe) not in (0, n_classes) for member in described.members):
        raise ClassifierFileError(f"{_DAMAGED}: a member's probe")
    n_channels = described.preparation.n_channels
    if described.architecture is not None:
        _check_architecture(described.architecture, n_classes, n_channels)
    if gate is not None and not gate.fits(n_classes, n_channels, len(described.members)):
        raise ClassifierFileError(f"{_DAMAGED}: its gate is of another network")
    return described


def _check_architecture(architecture: Architecture, n_classes: int, n_channels: int) -> None:
    """Refuse a network of other classes or channels before anybody builds it."""
    expected = {"classes": n_classes, "channels": n_channels}
    arguments = architecture.arguments
    with refused_in_a_sentence(f"{_DAMAGED}: its architecture"):
        checked_length(architecture.name, "letters in a name", _LONGEST_NAME)
        checked_length(arguments, "arguments", _MOST_ARGUMENTS)
    if any(arguments.get(name, number) != number for name, number in expected.items()):
        raise ClassifierFileError(f"{_DAMAGED}: its architecture is of another network")


def _part(name: str, kind: type[Part], stored: object) -> Part:
    try:
        return from_json(kind, stored)
    except RecordError as error:
        raise ClassifierFileError(f"{_OTHERWISE[name]} ({error})") from error


_KINDS = get_type_hints(ClassifierDescription)
_DAMAGED = "its description is damaged"
_LONGEST_NAME = 60
_MOST_ARGUMENTS = 20
_OTHERWISE = {
    "class_names": f"{_DAMAGED}: its class names are not a list of names",
    "preparation": "its preparation can't be understood",
    "architecture": f"{_DAMAGED}: its architecture",
    "training": f"{_DAMAGED}: its training are not a table",
    "members": f"{_DAMAGED}: its members are not a list, or a member lacks a part",
    "orientations": f"{_DAMAGED}: its orientations",
    "temperature": f"{_DAMAGED}: its temperature is not a number above 0",
    "thresholds": f"{_DAMAGED}: its thresholds are not a table",
    "gate": "its gate can't be understood",
}


class ClassifierInShort(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a manifest says of a classifier; that of a table names its file, and no training.

    Attributes
    ----------
    file
        The classifier's file.
    sha256
        Of that file, in hexadecimal digits.
    schema_version
        Of the description.
    class_names
        As in `ClassifierDescription`, and so are the following ones.
    channel_names
        Those of the preparation.
    preparation
        The way from an image to the network's input.
    architecture
        That of one of the package's networks.
    training
        The record of the training.
    members
        The networks.
    orientations
        In how many orientations an image is seen.
    temperature
        Of the calibration.
    thresholds
        How sure it has to be to answer.
    gate
        Whether it has a novelty detection.
    """

    file: str = ""
    sha256: str = ""
    schema_version: int | None = None
    class_names: tuple[str, ...]
    channel_names: tuple[str, ...]
    preparation: Preparation
    architecture: Architecture | msgspec.UnsetType | None = msgspec.UNSET
    training: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET
    members: tuple[Member, ...]
    orientations: int
    temperature: float
    thresholds: Thresholds
    gate: bool
