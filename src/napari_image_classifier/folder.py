"""A folder of images → a table of predictions that survives anything."""

import base64
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_image_classifier.classifier import Classifier, load_classifier
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.image_folder import find_images
from napari_image_classifier.items import ItemsError
from napari_image_classifier.journal import (
    Journal,
    Stamp,
    journal_path,
    read_journal,
    row_of,
    stamp,
)
from napari_image_classifier.naming import ImageFiles, NamePattern
from napari_image_classifier.prediction import DrawThumbnail, Prediction, predict_images
from napari_image_classifier.predictions_csv import (
    DIGITS_OF_SHA256,
    classifier_of_table,
    write_predictions,
)
from napari_image_classifier.thumbnails import draw_thumbnail

SECONDS_BETWEEN_EVENTS = 0.2

OnPredictions = Callable[[list[Prediction], int, int], None]


class OutputRefusedError(ImageClassifierError):
    """The output holds something that must not be lost."""


@dataclass(frozen=True)
class FolderResult:
    """What became of a folder: numbers of items, and where the table lies.

    ``n_resumed`` images were already done by an earlier run; ``stopped`` says that images are left.
    """

    output: Path
    n_ok: int
    n_errors: int
    n_resumed: int
    stopped: bool
    passed_over: Mapping[str, int] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """One or two sentences for the person who waited."""
        said = f"{self.n_ok} classified, {self.n_errors} could not be read."
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
    overwrite: bool = False,
    workers: int | None = None,
    thumbnails: bool = False,
    on_predictions: OnPredictions | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> FolderResult:
    """Classify every image below ``folder`` and write the table ``output``.

    Predictions are appended to a journal beside ``output`` as they come; running again goes on
    where a run was stopped, tries again what could not be read, and classifies anew what has
    changed. ``on_predictions`` receives new rows, the number of images done and their total.
    ``pattern`` makes one image of several files; ``axes`` says what axes mean in files that don't.

    Raises
    ------
    ItemsError
        There are no images.
    OutputRefusedError
        ``output`` holds other work and ``overwrite`` is False.
    """
    root, table = Path(folder).expanduser().resolve(), Path(output).expanduser().resolve()
    if not isinstance(classifier, Classifier):
        classifier = load_classifier(classifier, threads=1)
    images, passed_over = find_images(root, NamePattern(pattern) if pattern else None)
    if not images:
        raise ItemsError(f"There are no images to classify in {root}.")
    header = {"classifier": classifier.sha256, "pattern": pattern, "axes": axes}
    done = _take_up(table, header, overwrite)
    stamps = {files.name: stamp(files) for files in images}
    finished = dict(_still_valid(done, stamps))
    if on_predictions is not None and finished:
        before = [prediction for rows in finished.values() for prediction in rows]
        on_predictions(before, len(finished), len(images))
    n_resumed = len(finished)
    remaining = [files for files in images if files.name not in finished]
    draw = draw_thumbnail if thumbnails else None
    with Journal(journal_path(table), header) as journal:
        for rows in _predicted(classifier, remaining, axes, workers, draw, should_stop):
            journal.append(rows[0].file, stamps[rows[0].file], rows)
            finished[rows[0].file] = rows
            if on_predictions is not None:
                on_predictions(rows, len(finished), len(images))
    predictions = [prediction for rows in finished.values() for prediction in rows]
    fields_of = {files.name: files.fields for files in images}
    write_predictions(table, predictions, classifier.class_names, classifier.sha256, fields_of)
    n_ok = sum(prediction.status == "ok" for prediction in predictions)
    stopped = len(finished) < len(images)
    n_errors = len(predictions) - n_ok
    return FolderResult(table, n_ok, n_errors, n_resumed, stopped, passed_over)


def _predicted(
    classifier: Classifier,
    images: Sequence[ImageFiles],
    axes: str | None,
    workers: int | None,
    draw: DrawThumbnail | None,
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


def _take_up(
    table: Path, header: Mapping[str, Any], overwrite: bool
) -> dict[str, tuple[Stamp, list[Prediction]]]:
    """Return what an earlier run with the same classifier and settings has done."""
    path = journal_path(table)
    if overwrite:
        path.unlink(missing_ok=True)
        return {}
    written_by, done = read_journal(path)
    if written_by:
        for what, word in (("classifier", "classifier"), ("pattern", "name pattern"),
                           ("axes", "meaning of the axes")):  # fmt: skip
            if written_by.get(what) != header[what]:
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


def _still_valid(
    done: Mapping[str, tuple[Stamp, list[Prediction]]], stamps: Mapping[str, Stamp]
) -> Iterable[tuple[str, list[Prediction]]]:
    for name, (then, rows) in done.items():
        readable = all(prediction.status != "error" for prediction in rows)
        if readable and stamps.get(name) == then:
            yield name, rows


def can_be_continued(output: Path, sha256: str) -> bool:
    """Return whether ``output`` was begun with the classifier of that hash."""
    try:
        header, _ = read_journal(journal_path(output))
    except ImageClassifierError:
        return False
    return bool(header) and header.get("classifier") == sha256


class _Sender:
    """Collects rows and sends them a few times a second, with the time that is left."""

    def __init__(self, emit: Callable[[dict[str, Any]], None]) -> None:
        self._emit = emit
        self._rows: list[dict[str, Any]] = []
        self._started = self._sent = time.monotonic()
        self._done_at_start: int | None = None
        self._unsent = (0, 0)

    def __call__(self, predictions: list[Prediction], done: int, total: int) -> None:
        if self._done_at_start is None:
            self._done_at_start = done - 1
            self._sent -= SECONDS_BETWEEN_EVENTS
        self._rows += [_event_row(prediction) for prediction in predictions]
        if time.monotonic() - self._sent > SECONDS_BETWEEN_EVENTS:
            self._send(done, total)
        else:
            self._unsent = (done, total)

    def send_rest(self) -> None:
        """Send what has been collected since the last event."""
        if self._rows:
            self._send(*self._unsent)

    def _send(self, done: int, total: int) -> None:
        self._sent = time.monotonic()
        rate = (done - (self._done_at_start or 0)) / max(self._sent - self._started, 1e-3)
        rows, self._rows = self._rows, []
        self._emit({"event": "predictions", "rows": rows, "done": done, "total": total,
                    "seconds_left": (total - done) / max(rate, 1e-9)})  # fmt: skip


def _event_row(prediction: Prediction) -> dict[str, Any]:
    drawn = prediction.thumbnail
    return {
        "file": prediction.file,
        **row_of(prediction),
        "png": base64.b64encode(drawn).decode() if drawn else None,
    }


def classify_job(
    request: Mapping[str, Any],
    emit: Callable[[dict[str, Any]], None],
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """Classify a folder in the compute process; the request holds `classify_folder`'s arguments."""
    sender = _Sender(emit)
    result = classify_folder(**request, on_predictions=sender, should_stop=should_stop)
    sender.send_rest()
    return {
        "output": str(result.output),
        "ok": result.n_ok,
        "errors": result.n_errors,
        "resumed": result.n_resumed,
        "stopped": result.stopped,
        "message": result.message,
    }
