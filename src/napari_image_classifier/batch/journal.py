"""The journal of a folder's predictions, only appended to: what a stopped run goes on from.

One JSON object a line. The first line says which classifier and which settings; where a run began,
a line says which. Every further one holds one image: its name, the size and time of its files, its
predictions; when none was left, a line says so. A torn last line, as a power cut leaves it, is
dropped when the journal is opened.
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

import msgspec

from napari_image_classifier.classifiers.description import ClassifierInShort
from napari_image_classifier.classifiers.manifest_records import ImagesRead, Run
from napari_image_classifier.classifiers.prediction import Prediction, PredictionRow
from napari_image_classifier.errors import TRANSIENT_FAULTS, ImageClassifierError
from napari_image_classifier.images.file_stamps import MISSING_STAMP, Stamp
from napari_image_classifier.system.append_log import AppendLog, drop_cut_line
from napari_image_classifier.system.atomic_files import flush_folder
from napari_image_classifier.system.records import (
    RecordError,
    as_json,
    format_of,
    from_json,
    parsed_json,
)

SCHEMA = 1
SECONDS_BETWEEN_DISK_FLUSHES = 1.0
JOURNAL_BEGINS = b'{"journal": '
_RUN_BEGINS = b'{"run": '
# Where a folder lies: the number of its drive, and its own number there.
Place = tuple[int, int]


class JournalError(ImageClassifierError):
    """A journal that belongs to other work, or can't be read."""


def journal_path(output: Path) -> Path:
    """Return where the journal of a table lies.

    Parameters
    ----------
    output
        The table.

    Returns
    -------
    Path
        Beside it.
    """
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


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line: which classifier and which settings."""

    journal: int
    classifier: str
    pattern: str | None
    axes: str | None
    masks: str | None = None
    split_masks: bool = False
    channel_map: Mapping[str, str] = {}


class TableRun(Run, frozen=True, kw_only=True):
    """A run that made a table, or a part of it, and what of."""

    classifier: ClassifierInShort
    images: ImagesRead


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """Any other line: where a run began, the predictions of an image, or that none was left."""

    run: TableRun | None = None
    file: str | None = None
    stamp: Stamp = []
    rows: tuple[PredictionRow, ...] = ()
    finished: int | None = None
    place: Place | None = None


def read_journal(path: Path) -> tuple[Header | None, dict[str, Entry]]:
    """Return the first line and, per image, its latest entry; nothing where there is no journal.

    Predictions stay on the disk, so that a million of them can be gone on from; `predictions_at`
    reads them.

    Raises
    ------
    JournalError
        The file is there and is no journal.
    """
    if not path.is_file():
        return None, {}
    lines = _whole_lines(path)
    _, first = next(lines, (0, None))
    if first is None:
        return None, {}
    if format_of(first, "journal") != SCHEMA:
        raise JournalError(
            f"{path} is not a record that can be continued; move it away or choose another output."
        )
    entries: dict[str, Entry] = {}
    versions: Mapping[str, str] = {}
    with _damage_refused(path):
        header = from_json(Header, first)
        for offset, stored in lines:
            line = from_json(Line, stored)
            if line.run is not None:
                versions = line.run.versions
            elif line.file is not None:
                entries[line.file] = _entry(line.stamp, versions, offset, line.rows)
    return header, entries


def _entry(
    of: Stamp, versions: Mapping[str, str], offset: int, rows: Iterable[PredictionRow]
) -> Entry:
    status: list[str] = [row.status for row in rows]
    counted = ("error", "unsure", "unlike-training", "empty", "pending")
    counts = [*map(status.count, counted), sum(map(_may_pass, rows))]
    return Entry(of, versions, offset, *counts)


def _may_pass(row: PredictionRow) -> bool:
    # Versions before there were codes did not say.
    return row.status == "error" and row.code in ("", *TRANSIENT_FAULTS)


def predictions_at(path: Path, offsets: Iterable[int]) -> Iterator[list[Prediction]]:
    """Yield the predictions of the images whose lines begin at ``offsets``."""
    with path.open("rb") as file:
        for offset in offsets:
            with _damage_refused(path):
                line = line_at(file, offset)
            yield [row.prediction(line.file or "") for row in line.rows]


def line_at(journal: IO[bytes], offset: int) -> Line:
    """Return the line of an open journal that begins at ``offset``."""
    journal.seek(offset)
    return from_json(Line, parsed_json(journal.readline()))


def place_of_folder(folder: Path) -> Place | None:
    """Return what tells a folder from all others on this computer, whatever it is called."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def read_places(path: Path) -> list[tuple[str, Place | None]]:
    """Return the folder of each run that wrote a journal, and where it lay if that is known."""
    return [(line.run.images.folder, line.place) for line in _run_lines(path) if line.run]


def read_runs(path: Path) -> list[TableRun]:
    """Return the runs that wrote a journal, in their order."""
    return [line.run for line in _run_lines(path) if line.run]


def _run_lines(path: Path) -> list[Line]:
    with path.open("rb") as file, _damage_refused(path):
        # Told by their beginning, as those of a million images need not be understood for it.
        lines = [
            from_json(Line, parsed_json(line))
            for line in file
            if line.startswith(_RUN_BEGINS) and line.endswith(b"\n")
        ]
        if not any(line.run for line in lines):
            raise RecordError("no run wrote it")
    return lines


def was_finished(path: Path) -> bool:
    """Return whether the journal at ``path`` ends with the line that no image was left."""
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
            with _damage_refused(path):
                stored = from_json(dict[str, Any], parsed_json(line))
            yield offset, stored
            offset += len(line)


@contextmanager
def _damage_refused(path: Path) -> Iterator[None]:
    """Raise JournalError where what was read in the block can't be understood."""
    try:
        yield
    except RecordError as error:
        raise JournalError(f"{path} is damaged; move it away or choose another output.") from error


class Journal:
    """The journal at ``path``, open for appending; ``header`` is written when it is new.

    ``run`` says of the run that begins now what its manifest is to say of it, ``place`` where the
    folder of images lies.
    """

    def __init__(
        self, path: Path, header: Header, run: TableRun, place: Place | None = None
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._versions = run.versions
        self._log = AppendLog(path, SECONDS_BETWEEN_DISK_FLUSHES)
        drop_cut_line(path)
        if self._log.end == 0:
            self._append(header)
            flush_folder(path.parent)
        self._append(Line(run=run, place=place))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._log.close()

    def append(self, file: str, of: Stamp, predictions: list[Prediction]) -> Entry:
        """Write the predictions of one image; they survive the end of this process at once."""
        rows = tuple(map(PredictionRow.with_pixels, predictions))
        entry = _entry(of, self._versions, self._log.end, rows)
        self._append(Line(file=file, stamp=of, rows=rows))
        return entry

    def finish(self, n_images: int) -> None:
        """Write that all images are done, and how many there were."""
        self._append(Line(finished=n_images))

    def _append(self, line: Header | Line) -> None:
        self._log.append(json.dumps(as_json(line)).encode() + b"\n")
