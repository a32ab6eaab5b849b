"""Shares of a folder, for job arrays without a scheduler of ours, and their merging."""

import csv
import heapq
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

from napari_image_classifier.batch.journal import (
    journal_path,
    read_journal,
    read_runs,
    was_finished,
)
from napari_image_classifier.batch.manifest import (
    LearntItems,
    folder_of_table,
    write_table_manifest,
)
from napari_image_classifier.batch.predictions_csv import (
    Place,
    classifier_of_table,
    is_table_of_predictions,
    place_of,
)
from napari_image_classifier.classifiers.manifest import check_place, manifest_path
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.atomic_files import WrittenTable, replace_table
from napari_image_classifier.system.csv_tables import write_table
from napari_image_classifier.system.output_lock import only_run
from napari_image_classifier.system.outputs import OutputRefusedError, check_output

Anything = TypeVar("Anything")
Row = dict[str, str]

_WRITTEN = re.compile(r"\s*(\d+)\s*/\s*(\d+)\s*")


class ShardError(ImageClassifierError):
    """A share that can't be understood, or shares that don't make a whole."""


@dataclass(frozen=True)
class Shard:
    """A share of a folder.

    Attributes
    ----------
    number
        Which share, counted from 1.
    of
        How many shares there are.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Make the shard of a text such as "3/20".

        Raises
        ------
        ShardError
            The text is not of that form, or there is no such share.
        """
        match = _WRITTEN.fullmatch(text)
        shard = cls(int(match[1]), int(match[2])) if match else cls(0, 0)
        if not 1 <= shard.number <= shard.of:
            raise ShardError(
                f"“{text}” is no share of a folder; write 3/20 for the third of twenty, "
                "the first being 1/20."
            )
        return shard

    def share(self, things: Sequence[Anything]) -> Sequence[Anything]:
        """Return every ``of``-th thing, so that slow folders are spread over all shares."""
        return things[self.number - 1 :: self.of]

    def output(self, table: Path) -> Path:
        """Return where this share of ``table`` is written: beside it, so that none collide."""
        return table.with_name(f"{table.stem}.{self.number}-of-{self.of}{table.suffix}")


class MergedTable(NamedTuple):
    """The table of all shares, the number of its rows, and a sentence on what was learnt from."""

    written: WrittenTable
    n_rows: int
    learnt_from: str


def merge_shards(table: Path) -> MergedTable:
    """Write a table from its shares, which lie beside it and stay.

    The table is the one that a single run would have written.

    Parameters
    ----------
    table
        The table of all shares.

    Returns
    -------
    MergedTable
        The number of rows, and where the table lies: where a spreadsheet shows an older one, beside
        that (see `replace_table`).

    Raises
    ------
    ShardError
        A share is missing, was stopped before its end, or is of another classifier.
    ManifestError
        The place of the table's manifest is taken by another one's.
    OutputRefusedError
        Another table, or another file, lies where this one would be written.
    """
    paths = _shares_of(table)
    with only_run(table, manifest_path(table)):
        check_place(table)
        _check_output(table, paths)
        return _merged(table, paths)


def _check_output(table: Path, shares: Sequence[Path]) -> None:
    """Refuse a table that is not the one that was merged of these shares before."""
    check_output(
        table,
        inputs=[*shares, *map(journal_path, shares)],
        is_own=is_table_of_predictions,
        what="table of predictions",
    )
    if not table.is_file() or table.stat().st_size == 0:
        return
    same = (
        classifier_of_table(table) in ("", classifier_of_table(shares[0]))
        and not journal_path(table).exists()
        and folder_of_table(table) in (None, read_runs(journal_path(shares[0]))[-1].images.folder)
    )
    if not same:
        raise OutputRefusedError(
            f"{table} is there already, and holds other predictions than those of the shares; move "
            "it away, with what lies beside it under its name, and merge again."
        )


def _merged(table: Path, paths: Sequence[Path]) -> MergedTable:
    names: list[set[str]] = [set() for _ in paths]
    with ExitStack() as opened:
        tables = [csv.DictReader(opened.enter_context(_opened(path))) for path in paths]
        header = list(dict.fromkeys(name for share in tables for name in share.fieldnames or ()))
        placed = (_with_place(*of_share) for of_share in zip(paths, tables, names, strict=True))
        rows = (row for _, row in heapq.merge(*placed, key=lambda placed: placed[0]))
        with replace_table(table) as written:
            count = write_table(written.temporary, header, _of_one_classifier(rows, table))
    learnt = _merge_manifests(written.path, paths, names)
    return MergedTable(written, count, learnt.sentence)


def _merge_manifests(table: Path, shares: Sequence[Path], names: Sequence[set[str]]) -> LearntItems:
    """Write the manifest of ``table``; each share has rows of the images ``names``."""
    journals = {}
    for share, named in zip(shares, names, strict=True):
        path = journal_path(share)
        # A journal also speaks of images that have left the folder since.
        journals[path] = {
            name: entry for name, entry in read_journal(path)[1].items() if name in named
        }
    return write_table_manifest(table, journals, complete=True)


def _shares_of(table: Path) -> list[Path]:
    """Return the finished shares, all of them, in order."""
    name = re.compile(re.escape(table.stem) + r"\.(\d+)-of-(\d+)" + re.escape(table.suffix))
    folder = table.parent
    matches = [match for path in folder.glob("*") if (match := name.fullmatch(path.name))]
    numbers = {int(match[2]) for match in matches}
    if not numbers:
        raise ShardError(
            f"There are no shares of {table}; each is written with --shard, such as "
            f"{Shard(1, 20).output(table).name}."
        )
    if len(numbers) > 1:
        raise ShardError(
            f"Beside {table} lie shares of {' and of '.join(map(str, sorted(numbers)))}; move "
            "those of the older division away."
        )
    shards = [Shard(number, *numbers) for number in range(1, max(numbers) + 1)]
    paths = [shard.output(table) for shard in shards]
    undone = [
        f"{shard.number}/{shard.of}"
        for shard, path in zip(shards, paths, strict=True)
        if not path.is_file() or not was_finished(journal_path(path))
    ]
    if undone:
        raise ShardError(
            f"{len(undone)} of {len(shards)} shares are not done: {', '.join(undone[:20])}"
            f"{', …' * (len(undone) > 20)}. Run each again with --shard; what it had done is kept."
        )
    return paths


def _opened(path: Path) -> IO[str]:
    return path.open(newline="", encoding="utf-8", errors="surrogateescape")


def _with_place(path: Path, rows: Iterable[Row], names: set[str]) -> Iterator[tuple[Place, Row]]:
    """Yield each row of the share and what it is sorted by, and note its image in ``names``."""
    try:
        for row in rows:
            if None in row or None in row.values() or "classifier" not in row:
                raise ValueError("a row is longer or shorter than the header")
            names.add(row["file"])
            yield place_of(row["file"], row["item"]), row
    except (csv.Error, ValueError, LookupError) as error:
        raise ShardError(f"The share {path} is damaged; run it again with --overwrite.") from error


def _of_one_classifier(rows: Iterable[Row], table: Path) -> Iterator[Row]:
    first: str | None = None
    for row in rows:
        first = first or row["classifier"]
        if row["classifier"] != first:
            raise ShardError(
                f"The shares of {table} are of different classifiers ({first} and "
                f"{row['classifier']}); run those of the older one again with --overwrite."
            )
        yield row
