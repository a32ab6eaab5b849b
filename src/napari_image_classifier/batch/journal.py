"""The journal of a folder's predictions, only appended to: what a stopped run goes on from.

One JSON object a line. The first line says which classifier and which settings; where a run began,
a line says which. Every further one holds one image: its name, the size and time of its files, its
predictions; when none was left, a line says so. A torn last line, as a power cut leaves it, is
dropped when the journal is opened.
"""

import hashlib
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, NamedTuple, Self

import msgspec

from napari_image_classifier.classifiers.description import ClassifierInShort
from napari_image_classifier.classifiers.manifest_records import ImagesRead, Run, Workers
from napari_image_classifier.classifiers.prediction import Prediction, PredictionRow
from napari_image_classifier.errors import TRANSIENT_FAULTS, ImageClassifierError
from napari_image_classifier.images.file_stamps import MISSING_STAMP, Stamp
from napari_image_classifier.items.selection import SelectionError
from napari_image_classifier.system.append_log import AppendLog, drop_cut_line
from napari_image_classifier.system.atomic_files import flush_folder
from napari_image_classifier.system.records import (
    Count,
    RecordError,
    as_json,
    check_format,
    from_json,
    parsed_json,
)

SCHEMA = 1
SECONDS_BETWEEN_DISK_FLUSHES = 1.0
# A line of a run, or of the workers it had.
_OF_RUNS = re.compile(rb'\s*\{\s*"(run|workers)"\s*:')
# What a line that was cut off begins with, or is the beginning of.
_BEGINNINGS = (
    b'{"journal": ',
    b'{"run": {',
    b'{"file": "',
    b'{"finished": ',
    b'{"workers": {',
)
_Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
# A `Stamp`, whose files have a size and a time each.
_SizesAndTimes = list[Annotated[list[_Number], msgspec.Meta(min_length=2, max_length=2)]]


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


class Header(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The first line: which classifier and which settings.

    A setting that this version does not know would make other predictions, so it is refused.
    """

    journal: int
    classifier: str
    pattern: str | None
    axes: str | None
    masks: str | None = None
    split_masks: bool = False
    channel_map: Mapping[str, str] = {}

    def difference(self, other: "Header") -> str | None:
        """Return in words what ``other`` was begun with otherwise, None where it is nothing."""
        for what, word in (("classifier", "classifier"), ("pattern", "name pattern"),
                           ("axes", "meaning of the axes"), ("masks", "set of masks"),
                           ("split_masks", "choice of what objects of masks are"),
                           ("channel_map", "map of channels")):  # fmt: skip
            if getattr(self, what) != getattr(other, what):
                return word
        return None


class Listing(msgspec.Struct, frozen=True):
    """Which images a folder had: how many, and the SHA-256 of their names in their order."""

    images: int
    sha256: str

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """Return the listing of the images called ``names``."""
        count, digest = 0, hashlib.sha256()
        for name in names:
            count += 1
            # No name holds a NUL, and any other character may be in one.
            digest.update(name.encode(errors="surrogatepass") + b"\0")
        return cls(count, digest.hexdigest())


class ShareEnd(msgspec.Struct, frozen=True):
    """What a share says when it is finished.

    Attributes
    ----------
    number
        Which share it is, counted from 1.
    of
        How many there are.
    listing
        The images of all shares, as this one has found them.
    table_sha256
        Of its table, as it was written.
    """

    number: int
    of: int
    listing: Listing
    table_sha256: str


class TableRun(Run, frozen=True, kw_only=True):
    """A run that made a table, or a part of it, and what of."""

    classifier: ClassifierInShort
    images: ImagesRead


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """Any other line: where a run began, the predictions of an image, or that none was left.

    The last one says of a share which it was. Versions before did not.
    """

    run: TableRun | None = None
    file: str | None = None
    stamp: _SizesAndTimes = []
    rows: tuple[PredictionRow, ...] = ()
    finished: Count | None = None
    share: ShareEnd | None = None
    workers: Workers | None = None

    def check(self, header: Header, run: TableRun | None) -> None:
        """Refuse what a run with that first line has not written.

        Parameters
        ----------
        header
            The journal's first line.
        run
            The run that the line stands in; None before the first.

        Raises
        ------
        ValueError
            It says nothing, or what its classifier does not say.
        """
        if self.run is not None:
            if self.run.classifier.sha256 != header.classifier:
                raise ValueError("a run of another classifier stands in it")
        elif self.file is not None:
            if run is None:
                raise ValueError("an image stands before the run that classified it")
            if not self.rows or len({row.item for row in self.rows}) < len(self.rows):
                raise ValueError(f"{self.file[:200]} has no prediction, or two of one item")
            for row in self.rows:
                row.check(run.classifier.class_names)
        elif self.finished is None and self.workers is None:
            raise ValueError("a line says nothing that is known here")


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
    entries: dict[str, Entry] = {}
    run: TableRun | None = None
    with _damage_refused(path):
        check_format(first, SCHEMA, "journal")
        header = from_json(Header, first)
        for offset, stored in lines:
            line = from_json(Line, stored)
            line.check(header, run)
            if line.run is not None:
                run = line.run
            elif line.file is not None and run is not None:
                entries[line.file] = _entry(line.stamp, run.versions, offset, line.rows)
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


def read_runs(path: Path) -> list[TableRun]:
    """Return the runs that wrote a journal, in their order."""
    with path.open("rb") as file, _damage_refused(path):
        # Told by their beginning, as those of a million images need not be understood for it.
        runs: list[TableRun] = []
        for text in file:
            if not _OF_RUNS.match(text) or not text.endswith(b"\n"):
                continue
            line = from_json(Line, parsed_json(text))
            if line.run is not None:
                runs.append(line.run)
            elif line.workers is not None and runs:
                runs[-1] = msgspec.structs.replace(runs[-1], workers=line.workers)
        if not runs:
            raise RecordError("no run wrote it")
    return runs


def was_finished(path: Path) -> bool:
    """Return whether the journal at ``path`` ends with the line that no image was left."""
    return read_end(path) is not None


def read_end(path: Path) -> Line | None:
    """Return the last line of the journal at ``path`` if it says that no image was left."""
    if not path.is_file():
        return None
    last = deque(_whole_lines(path), maxlen=1)
    if not last or "finished" not in last[0][1]:
        return None
    with _damage_refused(path):
        return from_json(Line, last[0][1])


def _whole_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield where each line begins, and what it holds."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                _check_cut(path, line)
                return
            with _damage_refused(path):
                stored = from_json(dict[str, Any], parsed_json(line))
            yield offset, stored
            offset += len(line)


def _check_cut(path: Path, line: bytes) -> None:
    """Refuse what has no end and is no line of a journal that was cut off: somebody wrote it."""
    if not any(line.startswith(begin) or begin.startswith(line) for begin in _BEGINNINGS):
        raise JournalError(
            f"{path} ends in what is no line of a record; move it away or choose another output."
        )


@contextmanager
def _damage_refused(path: Path) -> Iterator[None]:
    """Raise JournalError where what was read in the block can't be understood."""
    try:
        yield
    except (RecordError, SelectionError, ValueError) as error:
        raise JournalError(
            f"{path} can't be gone on from ({error}); move it away or choose another output."
        ) from error


class Journal:
    """The journal at ``path``, open for appending; ``header`` is written when it is new.

    ``run`` says of the run that begins now what its manifest is to say of it.
    """

    def __init__(self, path: Path, header: Header, run: TableRun) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._versions = run.versions
        self._log = AppendLog(path, SECONDS_BETWEEN_DISK_FLUSHES)
        drop_cut_line(path)
        if self._log.end == 0:
            self._append(header)
            flush_folder(path.parent)
        self._append(Line(run=run))

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

    def note_workers(self, workers: Workers) -> None:
        """Write which workers of a cluster have done what there is of the run that began last."""
        self._append(Line(workers=workers))

    def finish(self, n_images: int, share: ShareEnd | None = None) -> None:
        """Write that all images are done, how many there were, and of which share."""
        self._append(Line(finished=n_images, share=share))

    def _append(self, line: Header | Line) -> None:
        self._log.append(json.dumps(as_json(line)).encode() + b"\n")
