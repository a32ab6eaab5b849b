"""Request, event and result of a job that classifies a folder."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from napari_image_classifier.batch.journal import Entry
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.system.atomic_files import WrittenTable
from napari_image_classifier.system.events import Counted, Result
from napari_image_classifier.system.job import Job
from napari_image_classifier.wording import counts_of

_COUNTS = ("n_unsure", "n_unlike", "n_empty", "n_pending", "n_errors")


@dataclass(frozen=True)
class FolderRequest:
    """Arguments of `classify_folder`, which says more of each.

    Attributes
    ----------
    folder
        The folder of images.
    classifier
        The classifier's file.
    output
        The table.
    pattern
        The name pattern.
    axes
        What axes mean in files that don't say.
    masks
        Where the masks lie.
    split_masks
        Whether their connected parts are the objects.
    channels
        What the images call channels of the classifier.
    overwrite
        Whether earlier work may be lost.
    thumbnails
        Whether predictions have a small picture.
    workers
        How many predict; one per core unless told.
    """

    folder: Path
    classifier: Path
    output: Path
    pattern: str | None = None
    axes: str | None = None
    masks: str | None = None
    split_masks: bool = False
    channels: Mapping[str, str] | None = None
    overwrite: bool = False
    thumbnails: bool = False
    workers: int | None = None


@dataclass(frozen=True, kw_only=True)
class Predictions(Counted):
    """Predictions since the last such event, and how many images are done.

    Attributes
    ----------
    done
        Number of images that are done.
    total
        Number of all images.
    seconds_left
        How long the rest takes, None while nobody can tell.
    predictions
        The new ones.
    """

    tag = "predictions"
    predictions: list[Prediction]


@dataclass(frozen=True)
class FolderResult(Result):
    """What became of a folder: numbers of items by status, and where the table lies.

    Attributes
    ----------
    output
        The table.
    n_ok
        Items that have an answer.
    n_unsure
        Items below the threshold.
    n_unlike
        Items unlike those of the training.
    n_empty
        Images without objects.
    n_pending
        Images that are still being written.
    n_errors
        Images that can't be classified.
    n_resumed
        Images that were already done by an earlier run.
    stopped
        Whether images are left.
    passed_over
        How many files were left out, by reason.
    elsewhere
        A sentence on why the table is not where it was wanted; "" where it is.
    learnt_from
        A sentence on images that the classifier had learnt from; "" where there are none, or nobody
        knows.
    """

    output: Path
    n_ok: int
    n_unsure: int
    n_unlike: int
    n_empty: int
    n_pending: int
    n_errors: int
    n_resumed: int
    stopped: bool
    passed_over: Mapping[str, int] = field(default_factory=dict)
    elsewhere: str = ""
    learnt_from: str = ""

    @classmethod
    def of(
        cls,
        table: WrittenTable,
        entries: Collection[Entry],
        n_rows: int,
        n_resumed: int,
        stopped: bool,
        passed_over: Mapping[str, int],
        learnt_from: str,
    ) -> Self:
        """Count the journal's entries of the images by status; the table has ``n_rows``."""
        counts = {name: sum(getattr(entry, name) for entry in entries) for name in _COUNTS}
        return cls(
            table.path,
            n_ok=n_rows - sum(counts.values()),
            n_resumed=n_resumed,
            stopped=stopped,
            passed_over=passed_over,
            elsewhere=table.sentence,
            learnt_from=learnt_from,
            **counts,
        )

    @property
    def n_classified(self) -> int:
        """The number of items that have a class, however sure."""
        return self.n_ok + self.n_unsure + self.n_unlike

    @property
    def message(self) -> str:
        """Some sentences for the person who waited."""
        doubts = {"unsure": self.n_unsure, "unlike the training": self.n_unlike}
        doubtful = " and ".join(f"{count} {what}" for what, count in doubts.items() if count)
        classified = f"{self.n_classified} classified{f' ({doubtful})' if doubtful else ''}"
        sentences = {
            f"{classified}, {self.n_errors} could not be read.": True,
            f"Images without objects: {self.n_empty}.": self.n_empty,
            f"Still being written: {self.n_pending}; run it again when they are whole.":
                self.n_pending,
            f"{self.n_resumed} images had been done before.": self.n_resumed,
            "Stopped before the end: run it again to go on.": self.stopped,
            f"Passed over: {counts_of(self.passed_over)}.": self.passed_over,
            self.learnt_from: self.learnt_from,
            self.elsewhere: self.elsewhere,
        }  # fmt: skip
        return " ".join(sentence for sentence, applies in sentences.items() if applies)


CLASSIFY_FOLDER = Job("classify_folder", FolderRequest, FolderResult, (Predictions,))
