"""What `classifier.json` inside a classifier file says."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from napari_image_classifier.classifiers.novelty import Gate
from napari_image_classifier.errors import ClassifierFileError, ImageClassifierError
from napari_image_classifier.images.transforms import N_ORIENTATIONS, ORIENTATION_CHOICES
from napari_image_classifier.items.preparation import Preparation

# The architecture's name where there is no network.
TEXTURE = "texture"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Member:
    """One network of the classifier: where its weights and its graph lie in the file.

    The graph was written from those weights; the SHA-256 of both, stored together, say so.
    ``probe`` is what Keras said of the image of `probe.probe_image`, a probability for each class;
    files of before it was taken, and texture models, have none.
    """

    weights: str
    graph: str
    weights_sha256: str
    graph_sha256: str
    probe: tuple[float, ...] = ()


@dataclass(frozen=True)
class ClassifierDescription:
    """All of a classifier that is not numbers in a network.

    ``class_names`` are in the order of the network's outputs. ``architecture`` is
    ``{"name": ..., "arguments": {...}}`` of one of the package's networks, None for an imported
    one. ``training`` is the record of how it came about. ``members`` is filled when the file is
    written. Probabilities are averaged over members and over ``orientations`` of an image, 1 or 8
    (see `orientations`), whose logarithms are then divided by ``temperature`` (see `temperature`);
    ``thresholds`` says how sure it has to be to answer (see `abstention`), and ``gate`` tells
    images that are unlike those of the training, None where nothing is known of them.
    """

    class_names: tuple[str, ...]
    preparation: Preparation
    architecture: Mapping[str, Any] | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    orientations: int = 1
    temperature: float = 1.0
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    gate: Gate | None = None

    def __post_init__(self) -> None:
        names = self.class_names
        if len(names) < 2:
            raise ClassifierFileError(f"A classifier has at least two classes, not {len(names)}.")
        if any(not isinstance(name, str) or not name.strip() for name in names):
            raise ClassifierFileError("Every class needs a name.")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ClassifierFileError(f"The class {twice[0]} is named twice.")
        if self.orientations not in ORIENTATION_CHOICES:
            raise ClassifierFileError(
                f"Images are seen in 1 or {N_ORIENTATIONS} orientations, not {self.orientations}."
            )
        if not _is_positive(self.temperature):
            raise ClassifierFileError(
                f"The temperature is {self.temperature}; it must be a number above 0."
            )

    @property
    def by_texture(self) -> bool:
        """Whether texture features take the place of a network (see `texture_model`)."""
        return (self.architecture or {}).get("name") == TEXTURE

    @property
    def answers_from(self) -> float:
        """The confidence below which a prediction is unsure, 0 where there is no such rule."""
        return float(self.thresholds.get("confidence") or 0.0)

    def to_json(self) -> dict[str, Any]:
        """Return the description as it stands in the file."""
        return {
            "schema_version": SCHEMA_VERSION,
            "class_names": list(self.class_names),
            "channel_names": list(self.preparation.channel_names),
            "preparation": self.preparation.to_json(),
            "architecture": self.architecture,
            "training": self.training,
            "members": [asdict(member) for member in self.members],
            "orientations": self.orientations,
            "temperature": self.temperature,
            "thresholds": self.thresholds,
            "gate": self.gate.to_json() if self.gate else None,
        }

    def in_short(self) -> dict[str, Any]:
        """Return what `to_json` does, but for the gate, whose numbers say nothing to a person."""
        described = self.to_json()
        described["gate"] = self.gate is not None
        return described

    @classmethod
    def from_json(cls, stored: Any) -> "ClassifierDescription":
        """Make the description from what `to_json` gave; keys not known here are passed over.

        Raises
        ------
        ClassifierFileError
            A newer version wrote it, or a part is missing or has another form.
        """
        _check(isinstance(stored, Mapping), "it is not a table of keys and values")
        version = stored.get("schema_version")
        _check(type(version) is int and version >= 1, "it has no schema version")
        if version > SCHEMA_VERSION:
            raise ClassifierFileError(
                "it was made by a newer version of napari-image-classifier "
                f"(file format {version}, this one reads {SCHEMA_VERSION}); update with "
                "pip install --upgrade napari-image-classifier"
            )
        names, members = stored.get("class_names"), stored.get("members", [])
        architecture, temperature = stored.get("architecture"), stored.get("temperature", 1.0)
        _check(_is_list_of(names, str), "its class names are not a list of names")
        _check(isinstance(stored.get("preparation"), Mapping), "its preparation is missing")
        _check(architecture is None or isinstance(architecture, Mapping), "its architecture")
        _check(_is_list_of(members, Mapping), "its members are not a list")
        _check(_is_positive(temperature), "its temperature is not a number above 0")
        for key in ("training", "thresholds"):
            _check(isinstance(stored.get(key, {}), Mapping), f"its {key} are not a table")
        try:
            preparation = Preparation.from_json(stored["preparation"])
        except (TypeError, ValueError, KeyError, AttributeError, ImageClassifierError) as error:
            raise ClassifierFileError(f"its preparation can't be understood ({error})") from error
        return cls(
            class_names=tuple(names),
            preparation=preparation,
            architecture=architecture,
            training=stored.get("training", {}),
            members=tuple(_member(member, len(names)) for member in members),
            orientations=stored.get("orientations", 1),
            temperature=float(temperature),
            thresholds=stored.get("thresholds", {}),
            gate=_gate(stored.get("gate"), len(names), preparation.n_channels, len(members)),
        )


def _gate(stored: Any, n_classes: int, n_channels: int, n_members: int) -> Gate | None:
    if stored is None:
        return None
    try:
        gate = Gate.from_json(stored)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise ClassifierFileError(f"its gate can't be understood ({error})") from error
    _check(gate.fits(n_classes, n_channels, n_members), "its gate is of another network")
    return gate


def _member(stored: Mapping[str, Any], n_classes: int) -> Member:
    keys = [key for key in Member.__dataclass_fields__ if key != "probe"]
    _check(all(isinstance(stored.get(key), str) for key in keys), "a member lacks a part")
    probe = stored.get("probe", [])
    _check(_is_list_of(probe, float) and len(probe) in (0, n_classes), "a member's probe")
    return Member(**{key: stored[key] for key in keys}, probe=tuple(probe))


def _is_positive(stored: Any) -> bool:
    # A whole number in JSON may be larger than any float.
    return isinstance(stored, (int, float)) and 0 < stored < sys.float_info.max


def _is_list_of(stored: Any, kind: type) -> bool:
    return (
        isinstance(stored, Sequence)
        and not isinstance(stored, str)
        and all(isinstance(part, kind) for part in stored)
    )


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ClassifierFileError(f"its description is damaged: {otherwise}")
