"""The job that trains: its request, its events and its result."""

from dataclasses import dataclass, field
from pathlib import Path

from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.system.events import Counted, Event, Named, Result
from napari_image_classifier.system.job import Job
from napari_image_classifier.training.config import TrainingConfig


@dataclass(frozen=True)
class TrainRequest:
    """What is trained on what.

    Parameters
    ----------
    items
        What is learnt from; items without a class are left out.
    config
        How it is trained.
    output
        The classifier to write.
    threads
        How many calculate; None leaves it to the backend. A number reproduces a training.
    pixels
        The hashes that the pixels of the items with a class must have, to reproduce a training.
    """

    items: ItemTable
    config: TrainingConfig
    output: Path
    threads: int | None = None
    pixels: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", self.config.with_whole_paths())


@dataclass(frozen=True)
class EpochScores(Named):
    """How an epoch went.

    Parameters
    ----------
    epoch
        Its number, from 1.
    loss
        The mean over its batches of the cross-entropy, with smoothed labels and class weights.
    accuracy
        The mean over its batches of the part that was right.
    val_loss
        The loss of the averaged network on the items kept aside.
    val_accuracy
        The part of these that was right.
    val_balanced_accuracy
        The mean over classes of the part of these that was right.
    learning_rate
        That of its last step.
    seconds
        How long it took.
    """

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
    """A batch of an epoch is learnt from.

    Parameters
    ----------
    done
        How many batches of the epoch there were.
    total
        How many batches the epoch has.
    seconds_left
        How long the training takes yet, None while nobody can tell.
    epoch
        From 1; several networks count their epochs on.
    epochs
        How many there are at most, of all networks.
    member
        The number of the network, from 1; None if there is but one.
    """

    tag = "batch"
    epoch: int
    epochs: int
    member: int | None = None


@dataclass(frozen=True, kw_only=True)
class Epoch(EpochScores, Event):
    """An epoch is over.

    Parameters
    ----------
    epoch
        From 1; several networks count their epochs on.
    loss
        As in `EpochScores`.
    accuracy
        As in `EpochScores`.
    val_loss
        As in `EpochScores`.
    val_accuracy
        As in `EpochScores`.
    val_balanced_accuracy
        As in `EpochScores`.
    learning_rate
        As in `EpochScores`.
    seconds
        As in `EpochScores`.
    epochs
        How many there are at most, of all networks.
    seconds_left
        How long the training takes yet, None while nobody can tell.
    member
        The number of the network, from 1; None if there is but one.
    """

    tag = "epoch"
    epochs: int
    seconds_left: float | None = None
    member: int | None = None


@dataclass(frozen=True)
class MemberScores(Named):
    """The number of items that one of the networks learnt from, and its best epoch."""

    best_epoch: int
    training_items: int
    validation_items: int
    validation: list[str]


@dataclass(frozen=True)
class TrainingScores(Named):
    """The scores of a training, as its classifier's file has them.

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
    """The classifier that was written, and its scores.

    Parameters
    ----------
    confusion
        Rows are the classes annotated, columns those predicted, of the items kept aside, each
        judged by networks that had not learnt from it.
    validation_accuracy
        The part of these items that was right.
    balanced_accuracy
        The mean over classes of that part.
    best_epoch
        That of the first network.
    members
        What each network learnt from.
    history
        The scores of the epochs of all networks, one after another.
    cancelled
        Whether training was stopped before its end.
    messages
        What a person should know, in sentences.
    classifier
        The path of its file.
    class_names
        Sorted, as in ``confusion``.
    """

    classifier: str
    class_names: list[str]


TRAIN = Job("train", TrainRequest, TrainResult, (Batch, Epoch))
