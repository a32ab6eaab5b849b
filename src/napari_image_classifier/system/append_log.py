"""Files that only ever grow by whole lines: a log, and a table (CSV) whose rows all stay."""

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import IO, Self, TypeVar

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.atomic_files import (
    check_ordinary,
    clear_abandoned,
    create_file,
    replace_file,
)
from napari_image_classifier.system.csv_tables import TableWriter
from napari_image_classifier.system.output_lock import held
from napari_image_classifier.system.spreadsheets import saved_by_spreadsheet, spreadsheet_in

# The last column: a line that was cut off does not end in a whole one.
TIME = "time"
# Every time that is written here, with zeros for its digits.
_TIME = "0000-00-00T00:00:00.000000Z"
Row = TypeVar("Row", bound=Mapping[str, str])
_TICK = timedelta(microseconds=1)
_FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)
_BLOCK = 65536


class AppendLog:
    """A file open for appending lines, each of them whole or not at all.

    A line survives the end of this process at once, and that of the machine after
    ``seconds_between_flushes`` or with the end of the block.

    Parameters
    ----------
    path
        The file, which comes into being.
    seconds_between_flushes
        What a power cut may cost; 0 flushes every line.

    Raises
    ------
    OSError
        It can't be opened.
    """

    def __init__(self, path: Path, seconds_between_flushes: float = 0.0) -> None:
        check_ordinary(path)
        self._file = path.open("ab", buffering=0)
        self._seconds_between_flushes = seconds_between_flushes
        self._flushed = monotonic()
        self._all_flushed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, with all lines on the disk."""
        with self._file:
            if not self._all_flushed:
                self._flush()

    @property
    def end(self) -> int:
        """Where the next line begins."""
        return self._file.seek(0, os.SEEK_END)

    def append(self, lines: bytes) -> None:
        """Append lines with their ends.

        Raises
        ------
        OSError
            They could not be written; the file is as it was before.
        """
        whole = self.end
        content = memoryview(lines)
        try:
            while content:
                content = content[self._file.write(content) :]
            self._all_flushed = False
            if monotonic() - self._flushed >= self._seconds_between_flushes:
                self._flush()
        except OSError:
            # A full disk may have taken half of it.
            with suppress(OSError):
                self._file.truncate(whole)
            raise

    def _flush(self) -> None:
        os.fsync(self._file.fileno())
        self._flushed = monotonic()
        self._all_flushed = True


def drop_cut_line(path: Path) -> None:
    """Drop what stands behind the last end of a line, as a power cut leaves it.

    Parameters
    ----------
    path
        A file of lines.
    """
    with path.open("rb+") as file:
        whole = _end_of_lines(file)
        if whole < file.seek(0, os.SEEK_END):
            file.truncate(whole)
            os.fsync(file.fileno())


def _end_of_lines(file: IO[bytes]) -> int:
    """Return where the last line that has an end ends; looked for from behind."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


class AppendedTableError(ImageClassifierError):
    """A file that can't be appended to, as it is no table of this kind."""


class AppendedTable:
    """A table on the disk that rows are appended to; its last column is "time".

    ``rows`` are those of the file and all that were appended, as text by column. A last line that
    was cut off, as a power cut leaves it, was never acknowledged, and is dropped. A table that a
    spreadsheet has saved in its own manner is written anew in this one, with the columns that were
    added to it. The file comes into being with the first row. Several processes may append to one
    table: each row is written while a lock is held.

    Parameters
    ----------
    path
        The file.
    columns
        The titles of its other columns.
    numbers
        Those that hold numbers, in which a spreadsheet may have put decimal commas.
    check
        Refuses a row that makes no sense, before anything in the file is touched.

    Raises
    ------
    AppendedTableError
        The file lacks a column, or is no table, or a folder, a device or a pipe is there.
    OSError
        The file can't be opened or mended.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        numbers: Sequence[str] = (),
        check: Callable[[Mapping[str, str]], object] = lambda row: None,
    ) -> None:
        self._numbers = numbers
        self._check = check
        self.path = path
        self._columns = [*columns, TIME]
        self.rows: list[dict[str, str]] = []
        self._latest = _FIRST_MOMENT
        self._left_half_a_row = False
        try:
            check_ordinary(path)
        except OSError as error:
            raise AppendedTableError(
                f"Nothing can be written to {path}: {error.strerror}. Choose the name of a file."
            ) from error
        if path.is_file() and path.stat().st_size:
            # Of one that was killed as it began this table.
            clear_abandoned(path.parent)
            with held(path):
                self._take_over()

    def append(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Append rows, all with the same time, one that no earlier row has.

        A cell that a row does not have is empty. When this returns, the rows are on the disk.

        Raises
        ------
        OSError
            They could not be written; the table is as it was before.
        """
        now = max(datetime.now(UTC), self._latest + _TICK)
        time = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
        added = [
            {name: _in_one_line(row.get(name, "")) for name in self._columns} | {TIME: time}
            for row in rows
        ]
        if not added:
            return
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"the folder {self.path.parent} is not there")
        with held(self.path):
            self._begin_or_join()
            self._end_last_line()
            self._left_half_a_row = True
            _append_to_disk(self.path, _as_csv(added, self._columns, header=False))
            self._left_half_a_row = False
        self.rows += added
        self._latest = now

    def _begin_or_join(self) -> None:
        """Make the table where there is none, also where somebody has deleted it meanwhile."""
        check_ordinary(self.path)
        if self.path.is_file() and self.path.stat().st_size == 0:
            self._rewrite()
            return
        if not self.path.is_file():
            with suppress(FileExistsError):
                create_file(self.path, _encoded(_as_csv(self.rows, self._columns)))
                return
        if not self._has_own_header():
            # Another process has begun it meanwhile, or a spreadsheet has saved it.
            earlier = self.rows
            try:
                self._take_over()
            except AppendedTableError as error:
                raise OSError(str(error)) from error
            if missing := [row for row in earlier if row not in self.rows]:
                _append_to_disk(self.path, _as_csv(missing, self._columns, header=False))
                self.rows += missing

    def _has_own_header(self) -> bool:
        header = _as_csv([], self._columns).encode()
        with self.path.open("rb") as file:
            return file.read(len(header)) == header

    def _end_last_line(self) -> None:
        if self._left_half_a_row:
            # It could not be taken away when it failed.
            content = self.path.read_bytes()
            if len(_without_cut_row(content, self.path)) < len(content):
                drop_cut_line(self.path)
        last = _last_line(self.path)
        if not last:
            return
        if not _is_whole(last):
            raise BlockingIOError(f"another program is writing {self.path.name}")
        # As an editor may have left it.
        _append_to_disk(self.path, "\n")

    def _take_over(self) -> None:
        content = self.path.read_bytes()
        whole = content if saved_by_spreadsheet(self.path) else _without_cut_row(content, self.path)
        try:
            table = spreadsheet_in(whole, self.path.name, titles=self._columns)
        except ValueError as error:
            raise AppendedTableError(f"{self.path} is no table: {error}.") from error
        # Rows are appended in UTF-8, and one file has one encoding.
        is_guessed = bool(table.assumptions)
        table = table.with_decimal_points(lambda title: title in self._numbers)
        missing = [name for name in self._columns if name not in table.columns]
        if missing:
            raise AppendedTableError(
                f"{self.path} is another kind of table: it has no column {', '.join(missing)}. "
                "Choose another file name; nothing was changed in this one."
            )
        for row in table.rows:
            if not row[TIME].strip():
                raise AppendedTableError(
                    f"{self.path} has a row without a time, which was cut or added by hand: "
                    f"{', '.join(filter(None, row.values()))[:200]}. Give it the time of the row "
                    "above, or take it out; nothing was changed in this file."
                )
            if any("\n" in row[name] or "\r" in row[name] for name in self._columns):
                # No cell is written so.
                raise AppendedTableError(
                    f"{self.path} has a cell that goes over several lines, so rows may stand in "
                    "it: look for a quotation mark too many. Nothing was changed in this file."
                )
            self._check(row)
        if len(whole) < len(content):
            drop_cut_line(self.path)
        added = [name for name in table.columns if name not in self._columns]
        self._columns = [*self._columns[:-1], *added, TIME]
        self.rows = in_order_of_time(table.rows)
        self._latest = max([self._latest, *(_moment(row[TIME]) for row in self.rows)])
        if not self._has_own_header() or is_guessed or _last_line(self.path):
            self._rewrite()

    def _rewrite(self) -> None:
        with replace_file(self.path) as temporary:
            temporary.write_bytes(_encoded(_as_csv(self.rows, self._columns)))


def _encoded(text: str) -> bytes:
    # Names of files may hold bytes that are no text.
    return text.encode("utf-8", "surrogateescape")


def _append_to_disk(path: Path, text: str) -> None:
    with AppendLog(path) as log:
        log.append(_encoded(text))


def _without_cut_row(content: bytes, path: Path) -> bytes:
    """Return a table without its last row where that is the beginning of one alone.

    Raises
    ------
    AppendedTableError
        It has no end, and is no beginning of a row that was being written.
    """
    whole = content[: content.rfind(b"\n") + 1]
    header = whole.partition(b"\n")[0].decode("utf-8", "replace")
    last = content[len(whole) :].decode("utf-8", "replace")
    if not header or not last.strip() or _is_whole(last):
        return content
    if not _may_be_cut(last, header):
        raise AppendedTableError(
            f"{path} ends in a row that was changed by hand or is damaged: {last[:200]}. Mend its "
            "time, or take it out; nothing was changed in this file."
        )
    return whole


def _last_line(path: Path) -> str:
    """Return what stands behind the last end of a line."""
    with path.open("rb") as file:
        file.seek(_end_of_lines(file))
        return file.read().decode("utf-8", "replace")


def _is_whole(line: str) -> bool:
    """Return whether a line without an end has one, as an editor of text may leave it."""
    time = line.replace(";", ",").replace("\t", ",").rpartition(",")[2].strip('" \r')
    try:
        datetime.fromisoformat(time)
    except ValueError:
        return False
    return time.endswith("Z")


def _may_be_cut(line: str, header: str) -> bool:
    """Return whether a line without an end can be the beginning of a row that was being written."""
    titles, cells = next(csv.reader([header])), next(csv.reader([line]))
    if titles[-1] != TIME or len(cells) > len(titles):
        return False
    return len(cells) < len(titles) or _TIME.startswith(re.sub(r"\d", "0", cells[-1]))


def in_order_of_time(rows: list[Row]) -> list[Row]:
    """Return rows of such a table in the order in which they were written.

    Parameters
    ----------
    rows
        As they stand in the file, where somebody may have sorted them otherwise.

    Returns
    -------
    list
        As they are, where a spreadsheet has its own way to write a time.
    """
    moments = [_moment(row.get(TIME, "")) for row in rows]
    if _FIRST_MOMENT in moments:
        return rows
    return [rows[index] for index in sorted(range(len(rows)), key=moments.__getitem__)]


def _moment(time: str) -> datetime:
    """Return when a row was written; the first moment of all where a spreadsheet has its own way.

    Rows that are appended later than now can't come before it.
    """
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return _FIRST_MOMENT
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_one_line(cell: str) -> str:
    # Names of files may hold what only Python takes for the end of a line.
    return re.sub(r"\r\n|\r|\n", " ", cell.rstrip("\r\n"))


def _as_csv(
    rows: Iterable[Mapping[str, str]], columns: Sequence[str], *, header: bool = True
) -> str:
    written = io.StringIO()
    table = TableWriter(written, columns)
    if header:
        table.write_header()
    for row in rows:
        table.write_row(row)
    return written.getvalue()
