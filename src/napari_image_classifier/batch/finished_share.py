"""A finished share of a folder: its table, held against its journal, and what both are of."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import IO, NoReturn, Self

from napari_image_classifier.batch.journal import (
    Entry,
    Header,
    JournalError,
    ShareEnd,
    TableRun,
    journal_path,
    line_at,
    read_end,
    read_journal,
    read_runs,
)
from napari_image_classifier.batch.predictions_csv import columns, place_of, rows_of_image
from napari_image_classifier.classifiers.archive import sha256_of
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.selection import SelectionError
from napari_image_classifier.system.csv_tables import as_cell, text_in
from napari_image_classifier.system.records import RecordError

Row = dict[str, str]

# Longer than any row of ours; what is longer need not be held in memory to be refused.
LONGEST_LINE = 16_000_000
# It came later than the others.
_OPTIONAL = "code"


class ShardError(ImageClassifierError):
    """A share that can't be understood, or shares that don't make a whole."""


@dataclass(frozen=True)
class FinishedShare:
    """A share that is finished.

    Attributes
    ----------
    path
        Its table.
    text
        Which share it is, such as "3/20".
    header
        Which classifier and settings it was begun with.
    entries
        What its journal says of its images, and of those that have left it since.
    runs
        Those that made it.
    n_images
        How many images it has.
    end
        What it said in the end; None where an earlier version wrote it.
    """

    path: Path
    text: str
    header: Header
    entries: Mapping[str, Entry]
    runs: Sequence[TableRun]
    n_images: int
    end: ShareEnd | None

    @classmethod
    def read(cls, path: Path, text: str) -> Self:
        """Read the share ``text`` of a folder, whose table is ``path``.

        Raises
        ------
        ShardError
            Its journal is damaged, or not its own.
        """
        journal = journal_path(path)
        try:
            header, entries = read_journal(journal)
            end, runs = read_end(journal), read_runs(journal)
        except JournalError as error:
            raise ShardError(
                f"{journal} can't be read ({error.__cause__ or 'it has another end'}), so nobody "
                f"can tell whether {path.name} is whole. Move it away and run the share {text} "
                f"again, which classifies its images anew (--shard {text})."
            ) from error
        if header is None or end is None or end.finished is None:
            raise ShardError(f"{path.name} is not done; run its share again (--shard {text}).")
        share = cls(path, text, header, entries, runs, end.finished, end.share)
        share._check_journal()
        return share

    @property
    def classifier(self) -> str:
        """The SHA-256 of the classifier."""
        return self.header.classifier

    @property
    def folder(self) -> Path:
        """The folder of images, where it lay at last."""
        return Path(self.runs[-1].images.folder)

    @property
    def last_run(self) -> tuple[str, int]:
        """When its last run began, and, as that is in seconds, when it ended."""
        return self.runs[-1].date, journal_path(self.path).stat().st_mtime_ns

    def verified_names(self) -> list[str]:
        """Return the names of its images, each of whose rows is the one in the journal.

        Raises
        ------
        ShardError
            The table was changed after it was written.
        """
        journal = journal_path(self.path)
        with self._damage_refused(), opened_table(self.path) as file, journal.open("rb") as lines:
            reader = csv.reader(iter(partial(file.readline, LONGEST_LINE), ""))
            titles = [text_in(title) for title in next(reader, [])]
            self._check_titles(titles)
            rows = (self._row(titles, cells, reader.line_num) for cells in reader)
            names = list(self._images_of(rows, lines))
        if len(names) != self.n_images:
            self._refuse(f"it has {len(names)} images of {self.n_images}")
        if self.end is not None:
            with self.path.open("rb") as table:
                if sha256_of(table) != self.end.table_sha256:
                    self._refuse("it is another file, or was saved by another program")
        return names

    def _check_journal(self) -> None:
        if self.end is not None and f"{self.end.number}/{self.end.of}" != self.text:
            raise ShardError(
                f"{self.path.name} was written as share {self.end.number}/{self.end.of} and got "
                f"the name of share {self.text} afterwards. Move it away with its journal and run "
                f"the share {self.text} (--shard {self.text})."
            )
        if self.runs[-1].classifier.sha256 != self.classifier:
            raise ShardError(
                f"{journal_path(self.path)} names different classifiers. Run the share {self.text} "
                f"again (--shard {self.text} --overwrite)."
            )

    def _check_titles(self, titles: Sequence[str]) -> None:
        run = self.runs[-1]
        own = columns(run.classifier.class_names, of_objects=run.images.objects is not None)
        needed = [name for name in own if name != _OPTIONAL]
        found = [name for name in titles if name != _OPTIONAL][: len(needed)]
        if found != needed or len(set(titles)) < len(titles):
            self._refuse("its columns are not those that were written")

    def _row(self, titles: Sequence[str], cells: Sequence[str], line: int) -> Row:
        if len(cells) != len(titles):
            self._refuse(f"line {line} has {len(cells)} cells of {len(titles)}")
        return dict(zip(titles, map(text_in, cells), strict=True))

    def _images_of(self, rows: Iterable[Row], journal: IO[bytes]) -> Iterator[str]:
        """Yield the images of the table's rows, in order; each once."""
        before: str | None = None
        for name, of_image in groupby(rows, itemgetter("file")):
            if before is not None and name <= before:
                self._refuse(f"the rows of {name} stand behind those of {before}")
            self._check_image(name, of_image, journal)
            before = name
            yield name

    def _check_image(self, name: str, rows: Iterable[Row], journal: IO[bytes]) -> None:
        entry = self.entries.get(name)
        if entry is None:
            self._refuse(f"its journal knows of no {name}")
        stored = [row.prediction(name) for row in line_at(journal, entry.offset).rows]
        class_names = self.runs[-1].classifier.class_names
        expected = [
            {title: text_in(as_cell(text)) for title, text in row.items()}
            for row in rows_of_image(stored, class_names, self.classifier)
        ]
        places = [place_of(row["file"], row["item"]) for row in expected]
        if len(set(places)) < len(places):
            self._refuse(f"items of {name} stand in it twice")
        # One row more tells that there are too many.
        for row, wanted in zip_longest(islice(rows, len(expected) + 1), expected):
            if row is None or wanted is None:
                self._refuse(f"rows of {name} are missing, or there are too many")
            if row["classifier"] != wanted["classifier"]:
                self._refuse(
                    f"{name} is of different classifiers in it ({row['classifier']}) and in its "
                    f"journal ({wanted['classifier']})"
                )
            changed = [title for title in wanted if row.get(title, wanted[title]) != wanted[title]]
            if changed:
                self._refuse(f"the journal says something else of {name} ({changed[0]})")

    def _refuse(self, what: str) -> NoReturn:
        raise ShardError(
            f"{self.path.name} is not as it was written: {what}. Run the share {self.text} again "
            f"(--shard {self.text}): what was classified is kept, and the table is written anew."
        )

    @contextmanager
    def _damage_refused(self) -> Iterator[None]:
        try:
            yield
        except (csv.Error, ValueError, LookupError, RecordError, SelectionError) as error:
            raise ShardError(
                f"The share {self.path} is damaged; run it again with --overwrite."
            ) from error


def opened_table(path: Path) -> IO[str]:
    """Open a table of ours as it is written."""
    return path.open(newline="", encoding="utf-8", errors="surrogateescape")
