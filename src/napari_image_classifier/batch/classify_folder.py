"""Classification of a folder of images into a table of predictions that survives anything."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path

from napari_image_classifier.batch.journal import (
    JOURNAL_BEGINS,
    SCHEMA,
    Entry,
    Header,
    Journal,
    Listing,
    ShareEnd,
    journal_path,
    place_of_folder,
    predictions_at,
    read_journal,
    read_places,
)
from napari_image_classifier.batch.manifest import run_of, write_table_manifest
from napari_image_classifier.batch.predictions_csv import (
    DIGITS_OF_SHA256,
    classifier_of_table,
    is_table_of_predictions,
    write_predictions,
)
from napari_image_classifier.batch.result import FolderResult
from napari_image_classifier.batch.retries import PatientPrediction
from napari_image_classifier.batch.shards import Shard
from napari_image_classifier.batch.stream import check_workers, predict_images
from napari_image_classifier.classifiers.archive import sha256_of
from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.manifest import check_place, manifest_path
from napari_image_classifier.classifiers.manifest_records import Workers
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.channel_matching import ChannelMap, check_channel_map
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.file_stamps import stamp
from napari_image_classifier.images.mask_files import stored_masks_path
from napari_image_classifier.images.names.patterns import ImageFiles, NamePattern
from napari_image_classifier.images.thumbnails import draw_thumbnail
from napari_image_classifier.items.item import ItemsError
from napari_image_classifier.system.atomic_files import (
    WrittenTable,
    replace_table,
    told_when_refused,
)
from napari_image_classifier.system.output_lock import only_run
from napari_image_classifier.system.outputs import (
    OutputRefusedError,
    SideFile,
    begins_with,
    check_output,
)
from napari_image_classifier.system.progress import Pause

ROWS_AT_ONCE = 1000
SECONDS_BETWEEN_NOTES = 10.0
GO_ON = (
    "What was classified is kept; make room there, or mend the drive, and run it again: it goes on "
    "where it was."
)

# What yields the predictions of each image: of (classifier, images, axes, should_stop).
Predict = Callable[
    [Classifier, Sequence[ImageFiles], str | None, Callable[[], bool]],
    Iterable[list[Prediction]],
]
OnPredictions = Callable[[list[Prediction], int, int], None]


def classify_folder(
    folder: str | Path,
    classifier: str | Path | Classifier,
    output: str | Path,
    *,
    pattern: str | None = None,
    axes: str | None = None,
    masks: str | Path | None = None,
    split_masks: bool = False,
    channels: ChannelMap | None = None,
    overwrite: bool = False,
    workers: int | None = None,
    thumbnails: bool = False,
    shard: Shard | None = None,
    predict: Predict | None = None,
    on_images: Callable[[Sequence[ImageFiles]], None] = lambda images: None,
    on_predictions: OnPredictions | None = None,
    on_pause: Callable[[str], None] = lambda sentence: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> FolderResult:
    """Classify every image below ``folder`` and write the table ``output``.

    A manifest beside the table says what it was made of. Predictions are appended to a journal
    beside it as they come; running again goes on where a run was stopped, tries again what may have
    come right since (see `Entry.is_final`), and classifies anew what has changed. Files that are
    still being written are left until the end; while a drive can't be reached it waits.

    Parameters
    ----------
    folder
        The folder of images; sub-folders are searched.
    classifier
        A classifier, or the path of its file.
    output
        The table of predictions, a CSV.
    pattern
        The name pattern that makes one image of several files.
    axes
        What axes mean in files that don't say, such as "ZYX".
    masks
        Where the masks lie whose objects are classified: a folder or a name pattern (see
        `mask_files.MaskFiles`).
    split_masks
        Whether the connected parts of masks are the objects, whatever their numbers.
    channels
        What the images call channels of the classifier, such as {"DNA": "405"}, where it is not as
        the classifier does (see `channel_matching.match_channels`).
    overwrite
        Whether what ``output`` and its journal hold may be lost.
    workers
        How many threads and processes predict; one per core unless told.
    thumbnails
        Whether predictions have a small picture.
    shard
        The share of the images that is classified; its table is written to
        ``shard.output(output)``, and `shards.merge_shards` makes one table of all.
    predict
        What takes the place of this machine's cores, in the order that suits it (see
        `dask_cluster.Cluster.predict`).
    on_images
        Receives the images that there are, before any is opened.
    on_predictions
        Receives new predictions, the number of images done and their total.
    on_pause
        Is told in a sentence why it waits.
    should_stop
        Whether to stop before the end.

    Returns
    -------
    FolderResult
        Numbers of items by status. Its ``output`` is the table; where a spreadsheet keeps that from
        being replaced, the one that lies beside it (see `replace_table`).

    Raises
    ------
    ItemsError
        There are no images, or masks are missing, or not asked for.
    ChannelMismatchError
        ``channels`` names one that the classifier does not have.
    OutputRefusedError
        ``output`` holds other work, such as that on another folder, and ``overwrite`` is False; or
        it can't be written, is a file that is read, or is no file.
    RunningError
        Another run is writing ``output``.
    ManifestError
        The place of the manifest is taken by another one's.
    """
    root, table = Path(folder).expanduser().resolve(), Path(output).expanduser().resolve()
    if not isinstance(classifier, Classifier):
        classifier = load_classifier(classifier, threads=1)
    stored_masks = stored_masks_path(masks, root) if masks else None
    check_masks(classifier, stored_masks)
    check_channel_map(classifier.channel_names, channels or {})
    images, passed_over = find_images(
        root,
        NamePattern(pattern) if pattern else None,
        stored_masks,
        split_masks=split_masks,
    )
    if not images:
        raise ItemsError(f"There are no images to classify in {root}.")
    images = [replace(files, channel_map=channels or {}) for files in images]
    on_images(images)
    listing = Listing.of(files.name for files in images)
    if shard is not None:
        images, table = list(shard.share(images)), shard.output(table)
    _check_output(table, classifier.path, images, overwrite)
    header = Header(
        SCHEMA, classifier.sha256, pattern, axes, stored_masks, split_masks, channels or {}
    )
    check_workers(workers)
    # How many threads the workers of a cluster have is their own affair.
    threads = None if predict else workers or os.cpu_count()
    chosen = predict or partial(
        predict_images, workers=workers, draw_thumbnail=draw_thumbnail if thumbnails else None
    )
    asked = _Asked(lambda images: chosen(classifier, images, axes, should_stop))
    patient = PatientPrediction(asked, should_stop, on_pause)
    run = run_of(classifier, root, header, threads)
    with told_when_refused(table, OutputRefusedError, GO_ON), only_run(table, manifest_path(table)):
        check_place(table)
        done = _earlier_entries(table, header, root, overwrite)
        stamps = {files.name: stamp(files) for files in images}
        finished = {
            name: entry
            for name, entry in done.items()
            if stamps.get(name) == entry.stamp and entry.is_final(run.versions)
        }
        n_resumed = len(finished)
        if on_predictions is not None and finished:
            offsets = (entry.offset for entry in finished.values())
            for rows in _in_batches(predictions_at(journal_path(table), offsets)):
                on_predictions(rows, n_resumed, len(images))
        remaining = [files for files in images if files.name not in finished]
        with Journal(journal_path(table), header, run, place_of_folder(root)) as journal:
            try:
                for rows, of in patient(remaining):
                    name = rows[0].file
                    finished[name] = journal.append(name, of, rows)
                    asked.note_workers(journal)
                    if on_predictions is not None:
                        on_predictions(rows, len(finished), len(images))
            finally:
                asked.note_workers(journal, at_once=True)
            stopped = len(finished) < len(images)
            written, n_rows = _write_table(table, images, finished, classifier)
            share = None if shard is None else _end_of_share(shard, listing, written.path)
            learnt = write_table_manifest(
                written.path, {journal_path(table): finished}, complete=not stopped, share=share
            )
            if not stopped:
                # Last of all: shares are merged when their journals say that they are done.
                journal.finish(len(images), share)
    return FolderResult.of(
        written, finished.values(), n_rows, n_resumed, stopped, passed_over, learnt.sentence
    )


def _check_output(
    table: Path, classifier: Path, images: Iterable[ImageFiles], overwrite: bool
) -> None:
    journal = SideFile(journal_path(table), begins_with(JOURNAL_BEGINS), "journal of predictions")
    check_output(
        table,
        inputs=[classifier],
        many_inputs=(part.path for files in images for part in files.all_parts),
        beside=[journal],
        is_own=None if overwrite else is_table_of_predictions,
        what="table of predictions",
        is_text=True,
    )


class _Asked:
    """What predicts, and which workers it had where it is a cluster."""

    def __init__(
        self, predict: Callable[[Sequence[ImageFiles]], Iterable[list[Prediction]]]
    ) -> None:
        self._predict = predict
        self._answers: Iterable[list[Prediction]] = ()
        self._noted: Workers | None = None
        self._between_notes = Pause(SECONDS_BETWEEN_NOTES)

    def __call__(self, images: Sequence[ImageFiles]) -> Iterable[list[Prediction]]:
        self._answers = self._predict(images)
        return self._answers

    def note_workers(self, journal: Journal, *, at_once: bool = False) -> None:
        """Have the workers that have answered in the journal; this computer is none."""
        if at_once or self._between_notes.is_over():
            workers: Workers | None = getattr(self._answers, "workers", None)
            if workers is not None and workers != self._noted:
                journal.note_workers(workers)
                self._noted = workers


def check_masks(classifier: Classifier, masks: str | None) -> None:
    """Refuse masks where a classifier has learnt from whole images, and want of them where not.

    Parameters
    ----------
    classifier
        The classifier.
    masks
        Where they lie; None where nobody said.

    Raises
    ------
    ItemsError
        They are missing, or not asked for.
    """
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
) -> tuple[WrittenTable, int]:
    """Derive the table from the journal, image by image; return it and the number of its rows."""
    in_order = (finished[name].offset for name in sorted(finished))
    with replace_table(table) as written:
        n_rows = write_predictions(
            written.temporary,
            predictions_at(journal_path(table), in_order),
            classifier.class_names,
            classifier.sha256,
            {files.name: files.fields for files in images if files.fields},
            of_objects=classifier.preparation.objects is not None,
        )
    return written, n_rows


def _end_of_share(shard: Shard, listing: Listing, table: Path) -> ShareEnd:
    with table.open("rb") as file:
        return ShareEnd(shard.number, shard.of, listing, sha256_of(file))


def _in_batches(predictions: Iterable[list[Prediction]]) -> Iterator[list[Prediction]]:
    """Join the predictions of many images, so that none is passed on alone."""
    remaining = chain.from_iterable(predictions)
    while portion := list(islice(remaining, ROWS_AT_ONCE)):
        yield portion


def _earlier_entries(table: Path, header: Header, root: Path, overwrite: bool) -> dict[str, Entry]:
    """Return what an earlier run with the same classifier and settings has done."""
    path = journal_path(table)
    if overwrite:
        path.unlink(missing_ok=True)
        return {}
    written_by, done = read_journal(path)
    if written_by is not None:
        if written_by.channel_map != header.channel_map and all(map(_is_of_errors, done.values())):
            # The channels are said now because nothing could be classified.
            path.unlink()
            return {}
        if word := written_by.difference(header):
            raise OutputRefusedError(
                f"{table} was begun with another {word}; "
                "choose another output, or overwrite it (--overwrite)."
            )
        if done:
            _check_same_folder(table, path, root)
    elif table.is_file():
        _check_own_table(table, header.classifier)
    return done


def _check_same_folder(table: Path, journal: Path, root: Path) -> None:
    """Refuse the journal of another folder, whose images may have the same names.

    A folder that was renamed, or is reached by another way, is the same one.
    """
    for folder, place in read_places(journal)[-1:]:
        if Path(folder) == root or place == place_of_folder(root):
            continue
        there = place_of_folder(Path(folder))
        if there == place_of_folder(root) or (there is None and place is None):
            # Journals of before did not say which folder it was, and that one has moved.
            continue
        raise OutputRefusedError(
            f"{table} was begun with the images in {folder}, not with those in {root}; choose "
            "another output, or overwrite it (--overwrite)."
        )


def _is_of_errors(entry: Entry) -> bool:
    return bool(entry.n_errors)


def _check_own_table(table: Path, sha256: str) -> None:
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
