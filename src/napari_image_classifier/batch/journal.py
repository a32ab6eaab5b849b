"""The append-only record of a folder's predictions: what a stopped run goes on from.

One JSON object a line. The first line says which classifier and which settings; where a run began,
a line says which. Every further one holds one image: its name, the size and time of its files, its
predictions; when none was left, a line says so. A torn last line, as a power cut leaves it, is
dropped when the journal is opened.
"""

import json
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import TRANSIENT_FAULTS, ImageClassifierError
from napari_image_classifier.images.file_stamps import MISSING_STAMP, Stamp
from napari_image_classifier.items.objects import ObjectPlace
from napari_image_classifier.system.atomic_files import flush_folder

SECONDS_BETWEEN_DISK_FLUSHES = 1.0
_RUN_BEGINS = b'{"run": '


class JournalError(ImageClassifierError):
    """A journal that belongs to other work, or can't be read."""


def journal_path(output: Path) -> Path:
    """Return where the journal of the table ``output`` lies: beside it."""
    return output.with_name(output.name + ".journal")


class Entry(NamedTuple):
    """What the journal says of one image: of which files, where its line begins, what is odd.

    ``versions`` are those of the programs that said so.
    """

    stamp: Stamp
    versions: Mapping[str, str]
    offset: int
    n_errors: int
    n_unsure: int
    n_unlike: int
    n_empty: int
    n_pending: int
    n_passing: int

    def is_final(self, versions: Mapping[str, str]) -> bool:
        """Return whether the image need not be tried again by programs of these ``versions``.

        Its files being as they were, an error would come again, unless it may have passed (see
        `errors.TRANSIENT_FAULTS`) or other programs read the files.
        """
        if self.n_pending or self.n_passing or MISSING_STAMP in self.stamp:
            return False
        return not self.n_errors or self.versions == versions


def read_journal(path: Path) -> tuple[dict[str, Any], dict[str, Entry]]:
    """Return the first line and, per image, its latest entry; empty where there is no journal.

    Predictions stay on the disk, so that a million of them can be gone on from; `predictions_at`
    reads them.

    Raises
    ------
    JournalError
        The file is there and is no journal.
    """
    if not path.is_file():
        return {}, {}
    lines = _whole_lines(path)
    _, header = next(lines, (0, {}))
    if header and header.get("journal") != 1:
        raise JournalError(
            f"{path} is not a record that can be continued; move it away or choose another output."
        )
    entries: dict[str, Entry] = {}
    versions: Mapping[str, str] = {}
    with _damage_told(path):
        for offset, line in lines:
            if "run" in line:
                versions = line["run"].get("versions", {})
            elif "file" in line:
                entries[str(line["file"])] = _entry(line["stamp"], versions, offset, line["rows"])
    return header, entries


def _entry(
    of: Stamp, versions: Mapping[str, str], offset: int, rows: list[dict[str, Any]]
) -> Entry:
    status = [row["status"] for row in rows]
    counted = ("error", "unsure", "unlike-training", "empty", "pending")
    counts = [*map(status.count, counted), sum(map(_may_pass, rows))]
    return Entry(of, versions, offset, *counts)


def _may_pass(row: Mapping[str, Any]) -> bool:
    # Versions before there were codes did not say.
    return row["status"] == "error" and row.get("code", "") in ("", *TRANSIENT_FAULTS)


def predictions_at(path: Path, offsets: Iterable[int]) -> Iterator[list[Prediction]]:
    """Yield the predictions of the images whose lines begin at ``offsets``."""
    with path.open("rb") as file:
        for offset in offsets:
            with _damage_told(path):
                line = line_at(file, offset)
                predictions = [_prediction(line["file"], row) for row in line["rows"]]
            yield predictions


def line_at(journal: IO[bytes], offset: int) -> dict[str, Any]:
    """Return the line of an open journal that begins at ``offset``."""
    journal.seek(offset)
    line: dict[str, Any] = json.loads(journal.readline())
    return line


def read_runs(path: Path) -> list[dict[str, Any]]:
    """Return what a journal says of every run that wrote it, in their order."""
    with path.open("rb") as file, _damage_told(path):
        # Told by their beginning, as those of a million images need not be understood for it.
        return [
            json.loads(line)["run"]
            for line in file
            if line.startswith(_RUN_BEGINS) and line.endswith(b"\n")
        ]


def was_finished(path: Path) -> bool:
    """Return whether the journal at ``path`` ends with the word that no image was left."""
    if not path.is_file():
        return False
    last = deque(_whole_lines(path), maxlen=1)
    return bool(last) and "finished" in last[0][1]


def _whole_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield where each line begins, and what it holds."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            with _damage_told(path):
                found = json.loads(line)
                if not isinstance(found, dict):
                    raise TypeError("a line is no table of values")
            yield offset, found
            offset += len(line)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Say in a sentence that what was read in the block can't be understood."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise JournalError(f"{path} is damaged; move it away or choose another output.") from error


def _prediction(file: str, row: Mapping[str, Any]) -> Prediction:
    return Prediction(
        file,
        row["item"],
        row["status"],
        row["class"],
        row["confidence"],
        row["probabilities"],
        row["message"],
        pixels=row.get("pixels", ""),
        place=ObjectPlace(*row["place"]) if row.get("place") else None,
        code=row.get("code", ""),
    )


def row_of(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as JSON, without its file and thumbnail."""
    place = {"place": list(prediction.place)} if prediction.place else {}
    return {
        "item": prediction.item,
        **place,
        "status": prediction.status,
        "class": prediction.class_name,
        "confidence": prediction.confidence,
        "probabilities": dict(prediction.probabilities),
        "message": prediction.message,
        **({"code": prediction.code} if prediction.code else {}),
    }


class Journal:
    """The journal at ``path``, open for appending; ``header`` is written when it is new.

    ``run`` says of the run that begins now what its manifest is to say of it.
    """

    def __init__(self, path: Path, header: Mapping[str, Any], run: Mapping[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _drop_torn_line(path)
        self._versions = run.get("versions", {})
        self._file = path.open("ab", buffering=0)
        self._flushed = time.monotonic()
        if path.stat().st_size == 0:
            self._append({"journal": 1, **header})
            flush_folder(path.parent)
        self._append({"run": run})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._file:
            os.fsync(self._file.fileno())

    def append(self, file: str, of: Stamp, predictions: list[Prediction]) -> Entry:
        """Write what was said of one image; it survives the end of this process at once."""
        rows = [{**row_of(said), "pixels": said.pixels} for said in predictions]
        entry = _entry(of, self._versions, self._file.tell(), rows)
        self._append({"file": file, "stamp": of, "rows": rows})
        return entry

    def finish(self, n_images: int) -> None:
        """Write that all images are done, and how many there were."""
        self._append({"finished": n_images})

    def _append(self, line: Mapping[str, Any]) -> None:
        whole = self._file.tell()
        content = memoryview(json.dumps(line).encode() + b"\n")
        try:
            while content:
                content = content[self._file.write(content) :]
            if time.monotonic() - self._flushed > SECONDS_BETWEEN_DISK_FLUSHES:
                os.fsync(self._file.fileno())
                self._flushed = time.monotonic()
        except OSError:
            # A full disk may have taken half of it.
            with suppress(OSError):
                self._file.truncate(whole)
            raise


def _drop_torn_line(path: Path) -> None:
    if not path.is_file():
        return
    with path.open("rb+") as file:
        whole = 0
        for line in file:
            if line.endswith(b"\n"):
                whole += len(line)
        file.truncate(whole)
