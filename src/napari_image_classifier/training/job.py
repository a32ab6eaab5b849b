"""The job that trains: what it is asked, what it says on its way, and what it returns."""

from dataclasses import dataclass, field
from pathlib import Path

from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.system.events import Counted, Event, Named, Result
from napari_image_classifier.system.job import Job
from napari_image_classifier.training.config import TrainingConfig


@dataclass(frozen=True)
class TrainRequest:
    """The classifier is written to ``output``.

    To reproduce a training, ``threads`` says how many calculate, and ``pixels`` holds the hashes
    that the items must have.
    """

    items: ItemTable
    config: TrainingConfig
    output: Path
    threads: int | None = None
    pixels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class EpochScores(Named):
    """How an epoch went; "val" scores are of the items that were kept aside."""

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    val_balanced_accuracy: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Batch(Counted):
    """A batch of an epoch is learnt from; several networks count their epochs on."""

    tag = "batch"
    epoch: int
    epochs: int
    member: int | None = None


@dataclass(frozen=True, kw_only=True)
class Epoch(EpochScores, Event):
    """An epoch of ``epochs`` is over; several networks count them on."""

    tag = "epoch"
    epochs: int
    seconds_left: float | None = None
    member: int | None = None


@dataclass(frozen=True)
class MemberScores(Named):
    """What one of the networks had learnt from, and its best epoch."""

    best_epoch: int
    training_items: int
    validation_items: int
    validation: list[str]


@dataclass(frozen=True)
class TrainingScores(Named):
    """What a training has to show, as its classifier's file has it.

    ``confusion`` has a row per class annotated and a column per class predicted, of the items kept
    aside, each judged by networks that had not learnt from it. ``best_epoch`` is that of the first
    network, ``members`` are all of them, and ``messages`` are for a person.
    """

    confusion: list[list[int]]
    validation_accuracy: float
    balanced_accuracy: float
    best_epoch: int
    members: list[MemberScores]
    history: list[EpochScores]
    cancelled: bool
    messages: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class TrainResult(TrainingScores, Result):
    """The path of the classifier that was written, and its scores."""

    classifier: str
    class_names: list[str]


TRAIN = Job("train", TrainRequest, TrainResult, (Batch, Epoch))
