"""Shares of a folder, for job arrays without a scheduler of ours, and their merging."""

import heapq
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from numbers import Integral
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TypeVar

from napari_image_classifier.batch.finished_share import (
    FinishedShare,
    ShardError,
    opened_table,
)
from napari_image_classifier.batch.journal import (
    JournalError,
    Listing,
    journal_path,
    was_finished,
)
from napari_image_classifier.batch.manifest import (
    LearntItems,
    MergedShares,
    write_table_manifest,
)
from napari_image_classifier.classifiers.manifest import check_place
from napari_image_classifier.system.atomic_files import WrittenTable, replace_table
from napari_image_classifier.system.csv_tables import read_table, write_table
from napari_image_classifier.system.declared_sizes import SizeRefused, checked_number

Anything = TypeVar("Anything")

MOST_SHARES = 1_000_000
_WRITTEN = re.compile(r"\s*(-?[0-9]{1,30})\s*/\s*(-?[0-9]{1,30})\s*")
# So many shares are named in a sentence.
_NAMED = 20


@dataclass(frozen=True)
class Shard:
    """A share of a folder.

    Attributes
    ----------
    number
        Which share, counted from 1.
    of
        How many shares there are.

    Raises
    ------
    ShardError
        There is no such share.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not all(isinstance(one, Integral) for one in (self.number, self.of)):
            raise _no_share(str(self))
        try:
            most = checked_number(self.of, "shares", MOST_SHARES, least=1)
            checked_number(self.number, "shares", most, least=1)
        except SizeRefused as error:
            raise _no_share(str(self), f": {error}") from error

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Make the shard of a text such as "3/20".

        Raises
        ------
        ShardError
            The text is not of that form, or there is no such share.
        """
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise _no_share(text)
        return cls(int(match[1]), int(match[2]))

    def share(self, things: Sequence[Anything]) -> Sequence[Anything]:
        """Return every ``of``-th thing, so that slow folders are spread over all shares."""
        return things[self.number - 1 :: self.of]

    def output(self, table: Path) -> Path:
        """Return where this share of ``table`` is written: beside it, so that none collide."""
        return table.with_name(f"{table.stem}.{self.number}-of-{self.of}{table.suffix}")


def _no_share(text: str, why: str = "") -> ShardError:
    return ShardError(
        f"“{text}” is no share of a folder{why}; write 3/20 for the third of twenty, the first "
        "being 1/20."
    )


class MergedTable(NamedTuple):
    """The table of all shares.

    Attributes
    ----------
    written
        The table, and where it lies.
    n_rows
        The number of its rows.
    learnt_from
        A sentence on images that the classifier had learnt from, "" where there are none.
    notes
        Sentences on what could not be verified, and what else a person should know.
    """

    written: WrittenTable
    n_rows: int
    learnt_from: str
    notes: tuple[str, ...] = ()


def merge_shards(table: Path) -> MergedTable:
    """Write a table from its shares, which lie beside it and stay.

    The table is the one that a single run would have written: the shares are of one classifier,
    one folder and one way to read it, none was changed since it was written, and they have every
    image of one listing of the folder, each image once.

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
        A share is missing, was stopped before its end, was changed, or does not fit the others.
    ManifestError
        The place of the table's manifest is taken by another one's.
    """
    table = Path(table)
    shares = [
        FinishedShare.read(shard.output(table), str(shard)) for shard in _finished_shards(table)
    ]
    check_place(table)
    _check_alike(shares, table)
    names = [share.verified_names() for share in shares]
    verified = _verified(shares, names, table)
    with ExitStack() as opened:
        tables = [read_table(opened.enter_context(opened_table(one.path))) for one in shares]
        header = list(dict.fromkeys(name for titles, _ in tables for name in titles))
        # No image is in two shares, so its rows stay together.
        rows = heapq.merge(*(rows for _, rows in tables), key=itemgetter("file"))
        with replace_table(table) as written:
            count = write_table(written.temporary, header, rows)
    learnt = _merge_manifests(written.path, shares, names, verified)
    return MergedTable(
        written, count, learnt.sentence, (*verified.not_verified, *_notes_on_versions(shares))
    )


def _merge_manifests(
    table: Path,
    shares: Sequence[FinishedShare],
    names: Sequence[Sequence[str]],
    verified: MergedShares,
) -> LearntItems:
    """Write the manifest of ``table``; each share has rows of the images ``names``."""
    # A journal also speaks of images that have left the folder since.
    journals = {
        journal_path(share.path): {name: share.entries[name] for name in named}
        for share, named in zip(shares, names, strict=True)
    }
    return write_table_manifest(table, journals, complete=True, merged=verified)


def _finished_shards(table: Path) -> list[Shard]:
    """Return the finished shares, all of them, in order."""
    name = re.compile(
        re.escape(table.stem) + r"\.(-?[0-9]+)-of-(-?[0-9]+)" + re.escape(table.suffix)
    )
    found: defaultdict[str, set[Shard]] = defaultdict(set)
    for path in table.parent.glob("*"):
        if match := name.fullmatch(path.name):
            try:
                shard = Shard.parse(f"{match[1]}/{match[2]}")
            except ShardError as error:
                raise ShardError(f"{path.name} can't be a share. {error}") from error
            if shard.output(table).name != path.name:
                raise ShardError(
                    f"{path.name} can't be a share: that one is called {shard.output(table).name}. "
                    "Move it away."
                )
            found[match[2]].add(shard)
    if not found:
        raise ShardError(
            f"There are no shares of {table}; each is written with --shard, such as "
            f"{Shard(1, 20).output(table).name}."
        )
    if len(found) > 1:
        raise ShardError(
            f"Beside {table} lie shares of {' and of '.join(sorted(found, key=int))}; move "
            "those of the older division away."
        )
    (there,) = found.values()
    _check_finished(there, table)
    return sorted(there, key=lambda shard: shard.number)


def _check_finished(there: set[Shard], table: Path) -> None:
    """Refuse shares of which some are missing, or were stopped.

    How many there are is what a file's name says: no list is made of those that are not there.
    """
    of = next(iter(there)).of
    numbers = {
        shard.number
        for shard in there
        if shard.output(table).is_file() and _was_finished(shard.output(table))
    }
    n_undone = of - len(numbers)
    if n_undone:
        undone = (number for number in range(1, of + 1) if number not in numbers)
        named = [f"{number}/{of}" for number in islice(undone, _NAMED)]
        raise ShardError(
            f"{n_undone} of {of} shares are not done: {', '.join(named)}"
            f"{', …' * (n_undone > _NAMED)}. Run each again with --shard; what it had done is kept."
        )


def _was_finished(path: Path) -> bool:
    try:
        return was_finished(journal_path(path))
    except JournalError:
        # What is wrong with it is told when it is read.
        return True


def _check_alike(shares: Sequence[FinishedShare], table: Path) -> None:
    """Refuse shares of which one differs from the first in what it is of."""
    first = shares[0]
    for share in shares[1:]:
        if word := first.header.difference(share.header):
            raise ShardError(
                f"The shares of {table} are of different {word}s: {share.path.name} was begun with "
                f"another {word} than {first.path.name}. Run those of the wrong one again with "
                "--overwrite."
            )
        if not _is_same_folder(first.folder, share.folder):
            raise ShardError(
                f"The shares of {table} are of two folders: {first.path.name} of {first.folder}, "
                f"{share.path.name} of {share.folder}. Run those of the wrong one again with "
                "--overwrite; if it is one folder under two names, run them again by the same name."
            )
    listings = {share.end.listing for share in shares if share.end is not None}
    if len(listings) > 1:
        raise ShardError(_two_listings(shares, table))


def _is_same_folder(one: Path, other: Path) -> bool:
    if one == other:
        return True
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _two_listings(shares: Sequence[FinishedShare], table: Path) -> str:
    dated = [(share.last_run, share, share.end.listing) for share in shares if share.end]
    _, latest, of_latest = max(dated, key=itemgetter(0))
    older = [(share, listing) for _, share, listing in dated if listing != of_latest]
    first, of_first = older[0]
    same = of_first.images == of_latest.images
    return (
        f"The folder of {table.name} changed between the starts of its shares: {first.path.name} "
        f"found {of_first.images} images, {latest.path.name} "
        f"{'others' if same else of_latest.images}. Run these shares again, which keep what was "
        f"classified: {_some([share.text for share, _ in older])}."
    )


def _verified(
    shares: Sequence[FinishedShare], names: Sequence[Sequence[str]], table: Path
) -> MergedShares:
    """Refuse shares that are not the whole of one listing; return what was verified."""
    listing = Listing.of(_in_one_order(shares, names, table))
    ends = [share.end for share in shares if share.end is not None]
    if ends and ends[0].listing != listing:
        raise ShardError(
            f"The shares of {table} have {listing.images} images, and are to have "
            f"{ends[0].listing.images}, or others. Run every share again; what was classified is "
            "kept."
        )
    silent = [share.text for share in shares if share.end is None]
    if not silent:
        return MergedShares(len(shares), listing.images, listing.sha256)
    return MergedShares(
        len(shares),
        listing.images,
        None if not ends else listing.sha256,
        (
            f"Of the shares {_some(silent)}, which an earlier version wrote, nobody can tell which "
            "images the folder had when they began: that every image is there was verified by "
            "their numbers and the order of their names, and columns of a name pattern were not "
            "verified.",
        ),
    )


def _in_one_order(
    shares: Sequence[FinishedShare], names: Sequence[Sequence[str]], table: Path
) -> Iterator[str]:
    """Yield the names of all shares, sorted, each in the share that has its turn."""
    placed = heapq.merge(*([(name, n) for name in own] for n, own in enumerate(names)))
    before = ("", -1)
    for turn, (name, number) in enumerate(placed):
        share = shares[number]
        if turn and name == before[0]:
            raise ShardError(
                f"{name} is in two shares of {table}, {shares[before[1]].path.name} and "
                f"{share.path.name}: one is a copy, or the folder changed between the starts of "
                "the shares. Run every share again; what was classified is kept."
            )
        if number != turn % len(shares):
            raise ShardError(
                f"{name} is in {share.path.name}, and belongs into the share "
                f"{shares[turn % len(shares)].text}: images came or went between the starts of "
                f"the shares of {table}, or one is of another folder. Run every share again; what "
                "was classified is kept."
            )
        before = name, number
        yield name


def _notes_on_versions(shares: Sequence[FinishedShare]) -> Iterator[str]:
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for share in shares:
        for run in share.runs:
            for package, version in run.versions.items():
                found[package][version] = None
    differing = [
        f"{package} {' and '.join(versions)}"
        for package, versions in found.items()
        if len(versions) > 1
    ]
    if differing:
        yield (
            f"The shares were classified with different versions ({', '.join(differing)}); "
            "probabilities may differ in their last digits."
        )


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_NAMED]) + ", …" * (len(texts) > _NAMED)
