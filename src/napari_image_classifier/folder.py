"""A folder of images → a table of predictions that survives anything."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from napari_image_classifier.classifier import Classifier, load_classifier
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.image_folder import find_images
from napari_image_classifier.items import ItemsError
from napari_image_classifier.journal import (
    Entry,
    Journal,
    journal_path,
    predictions_at,
    read_journal,
    stamp,
)
from napari_image_classifier.manifest import check_place
from napari_image_classifier.masks import masks_as_kept
from napari_image_classifier.naming import ImageFiles, NamePattern
from napari_image_classifier.prediction import DrawThumbnail, Prediction
from napari_image_classifier.prediction_stream import predict_images
from napari_image_classifier.predictions_csv import (
    DIGITS_OF_SHA256,
    classifier_of_table,
    write_predictions,
)
from napari_image_classifier.shards import Shard
from napari_image_classifier.table_manifest import run_of, write_table_manifest
from napari_image_classifier.thumbnails import draw_thumbnail

ROWS_TOLD_AT_ONCE = 1000

# What yields the predictions of each image: of (classifier, images, axes, should_stop).
Predict = Callable[
    [Classifier, Sequence[ImageFiles], str | None, Callable[[], bool]],
    Iterable[list[Prediction]],
]
OnPredictions = Callable[[list[Prediction], int, int], None]


class OutputRefusedError(ImageClassifierError):
    """The output holds something that must not be lost."""


@dataclass(frozen=True)
class FolderResult:
    """What became of a folder: numbers of items by status, and where the table lies.

    ``n_resumed`` images were already done by an earlier run; ``stopped`` says that images are left.
    """

    output: Path
    n_ok: int
    n_unsure: int
    n_unlike: int
    n_empty: int
    n_errors: int
    n_resumed: int
    stopped: bool
    passed_over: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_classified(self) -> int:
        """The number of items that have a class, however sure."""
        return self.n_ok + self.n_unsure + self.n_unlike

    @property
    def message(self) -> str:
        """One or two sentences for the person who waited."""
        doubts = {"unsure": self.n_unsure, "unlike the training": self.n_unlike}
        doubtful = " and ".join(f"{count} {what}" for what, count in doubts.items() if count)
        said = f"{self.n_classified} classified{f' ({doubtful})' if doubtful else ''}, "
        said += f"{self.n_errors} could not be read."
        if self.n_empty:
            said += f" Images without objects: {self.n_empty}."
        if self.n_resumed:
            said += f" {self.n_resumed} images had been done before."
        if self.stopped:
            said += " Stopped before the end: run it again to go on."
        if self.passed_over:
            counted = ", ".join(f"{count} {what}" for what, count in self.passed_over.items())
            said += f" Passed over: {counted}."
        return said


def classify_folder(
    folder: str | Path,
    classifier: str | Path | Classifier,
    output: str | Path,
    *,
    pattern: str | None = None,
    axes: str | None = None,
    masks: str | Path | None = None,
    overwrite: bool = False,
    workers: int | None = None,
    thumbnails: bool = False,
    shard: Shard | None = None,
    predict: Predict | None = None,
    on_predictions: OnPredictions | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> FolderResult:
    """Classify every image below ``folder`` and write the table ``output``.

    A manifest beside it says what it was made of (see `manifest`).
    Predictions are appended to a journal beside ``output`` as they come; running again goes on
    where a run was stopped, tries again what could not be read, and classifies anew what has
    changed. ``on_predictions`` receives new rows, the number of images done and their total.
    ``pattern`` makes one image of several files; ``axes`` says what axes mean in files that don't.
    ``masks`` says where the masks lie whose objects are classified: a folder or a name pattern, see
    `masks.MaskFiles`.
    With a ``shard`` only that share of the images is classified and the table is written to
    ``shard.output(output)``; `shards.merge_shards` makes one table of all. ``predict`` takes the
    place of this machine's cores, in the order that suits it (see `cluster.Cluster`).

    Raises
    ------
    ItemsError
        There are no images, or masks are missing, or not asked for.
    OutputRefusedError
        ``output`` holds other work and ``overwrite`` is False.
    ManifestError
        The place of the manifest is taken by another one's.
    """
    root, table = Path(folder).expanduser().resolve(), Path(output).expanduser().resolve()
    if not isinstance(classifier, Classifier):
        classifier = load_classifier(classifier, threads=1)
    kept_masks = masks_as_kept(masks, root) if masks else None
    _check_masks(classifier, kept_masks)
    images, passed_over = find_images(root, NamePattern(pattern) if pattern else None, kept_masks)
    if not images:
        raise ItemsError(f"There are no images to classify in {root}.")
    if shard is not None:
        images, table = list(shard.share(images)), shard.output(table)
    check_place(table)
    header = {"classifier": classifier.sha256, "pattern": pattern, "axes": axes}
    header |= {"masks": kept_masks} if kept_masks else {}
    path = journal_path(table)
    done = _take_up(table, header, overwrite)
    stamps = {files.name: stamp(files) for files in images}
    finished = {
        name: entry
        for name, entry in done.items()
        if not entry.n_errors and stamps.get(name) == entry.stamp
    }
    n_resumed = len(finished)
    if on_predictions is not None and finished:
        for rows in _in_portions(predictions_at(path, (e.offset for e in finished.values()))):
            on_predictions(rows, n_resumed, len(images))
    remaining = [files for files in images if files.name not in finished]
    # How many threads the workers of a cluster have is their own affair.
    threads = None if predict else workers or os.cpu_count()
    predict = predict or _here(workers, draw_thumbnail if thumbnails else None)
    run = run_of(classifier, root, pattern, axes, kept_masks, threads)
    with Journal(path, header, run) as journal:
        for rows in predict(classifier, remaining, axes, should_stop):
            name = rows[0].file
            finished[name] = journal.append(name, stamps[name], rows)
            if on_predictions is not None:
                on_predictions(rows, len(finished), len(images))
        if len(finished) == len(images):
            journal.finish(len(images))
    n_rows = _write_table(table, images, finished, classifier)
    stopped = len(finished) < len(images)
    write_table_manifest(table, {path: finished}, complete=not stopped)
    n_errors, n_unsure, n_unlike, n_empty = (
        sum(getattr(entry, count) for entry in finished.values())
        for count in ("n_errors", "n_unsure", "n_unlike", "n_empty")
    )
    return FolderResult(
        table,
        n_ok=n_rows - n_errors - n_unsure - n_unlike - n_empty,
        n_unsure=n_unsure,
        n_unlike=n_unlike,
        n_empty=n_empty,
        n_errors=n_errors,
        n_resumed=n_resumed,
        stopped=stopped,
        passed_over=passed_over,
    )


def _check_masks(classifier: Classifier, masks: str | None) -> None:
    if classifier.preparation.objects is not None and not masks:
        raise ItemsError(
            f"{classifier.path.name} learnt from objects cut out of images, so say where the masks "
            "lie that number the objects (--masks)."
        )
    if classifier.preparation.objects is None and masks:
        raise ItemsError(
            f"{classifier.path.name} learnt from whole images, so masks are of no use; train one "
            "on objects, or leave the masks out."
        )


def _write_table(
    table: Path,
    images: Iterable[ImageFiles],
    finished: Mapping[str, Entry],
    classifier: Classifier,
) -> int:
    """Derive the table from the journal, image by image; return the number of its rows."""
    in_order = (finished[name].offset for name in sorted(finished))
    return write_predictions(
        table,
        predictions_at(journal_path(table), in_order),
        classifier.class_names,
        classifier.sha256,
        {files.name: files.fields for files in images if files.fields},
        of_objects=classifier.preparation.objects is not None,
    )


def _in_portions(predictions: Iterable[list[Prediction]]) -> Iterator[list[Prediction]]:
    """Join the predictions of many images, so that none has to be told alone."""
    remaining = chain.from_iterable(predictions)
    while portion := list(islice(remaining, ROWS_TOLD_AT_ONCE)):
        yield portion


def _here(workers: int | None, draw: DrawThumbnail | None) -> Predict:
    """Return what predicts on this machine's cores, in the order of the images."""

    def predict(
        classifier: Classifier,
        images: Sequence[ImageFiles],
        axes: str | None,
        should_stop: Callable[[], bool],
    ) -> Iterable[list[Prediction]]:
        return predict_images(
            classifier,
            images,
            axes=axes,
            workers=workers,
            draw_thumbnail=draw,
            should_stop=should_stop,
        )

    return predict


def _take_up(table: Path, header: Mapping[str, Any], overwrite: bool) -> dict[str, Entry]:
    """Return what an earlier run with the same classifier and settings has done."""
    path = journal_path(table)
    if overwrite:
        path.unlink(missing_ok=True)
        return {}
    written_by, done = read_journal(path)
    if written_by:
        for what, word in (("classifier", "classifier"), ("pattern", "name pattern"),
                           ("axes", "meaning of the axes"), ("masks", "set of masks")):  # fmt: skip
            if written_by.get(what) != header.get(what):
                raise OutputRefusedError(
                    f"{table} was begun with another {word}; "
                    "choose another output, or overwrite it (--overwrite)."
                )
    elif table.is_file():
        _refuse_foreign(table, str(header["classifier"]))
    return done


def _refuse_foreign(table: Path, sha256: str) -> None:
    named = classifier_of_table(table)
    if named is None:
        raise OutputRefusedError(
            f"{table} exists and is not a table of predictions; choose another output, "
            "or overwrite it (--overwrite)."
        )
    if named not in ("", sha256[:DIGITS_OF_SHA256]):
        raise OutputRefusedError(
            f"{table} holds predictions of another classifier ({named}); choose another output, "
            "or overwrite it (--overwrite)."
        )


def can_be_continued(output: Path, sha256: str) -> bool:
    """Return whether ``output`` was begun with the classifier of that hash."""
    try:
        header, _ = read_journal(journal_path(output))
    except ImageClassifierError:
        return False
    return bool(header) and header.get("classifier") == sha256
