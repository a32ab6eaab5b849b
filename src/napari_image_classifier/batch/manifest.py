"""The manifest of a table of predictions, derived from the same journals as the table."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from napari_image_classifier.batch.journal import (
    Entry,
    Header,
    ShareEnd,
    TableRun,
    line_at,
    read_runs,
)
from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.description import ClassifierInShort
from napari_image_classifier.classifiers.leakage import LearntFrom
from napari_image_classifier.classifiers.manifest import (
    ManifestError,
    manifest_path,
    read_manifest,
    write_manifest,
)
from napari_image_classifier.classifiers.manifest_records import (
    ClassifiedItem,
    FileEntry,
    Head,
    ImagesRead,
    ResultFile,
    Run,
    check_each_once,
    file_entry,
    images_read,
    this_run,
)
from napari_image_classifier.items.annotations import ItemKey, item_key
from napari_image_classifier.system.records import Count, as_json, from_json

Entries = Mapping[str, Entry]


class MergedShares(Struct, frozen=True):
    """What was verified when shares were merged.

    Attributes
    ----------
    shares
        How many there were.
    images
        How many images they have, each in the share that it belongs to.
    names_sha256
        Of the images' names; with ``images`` it is the folder that every share has found. None
        where shares of an earlier version did not say what they had found.
    not_verified
        What could not be verified, in sentences.
    """

    shares: int
    images: int
    names_sha256: str | None
    not_verified: tuple[str, ...] = ()


class TableManifest(Head, frozen=True, kw_only=True, omit_defaults=True):
    """The manifest of a table of predictions.

    Attributes
    ----------
    result
        The table.
    runs
        The runs that made it.
    classifier
        The classifier.
    images
        Where the images lie, and how they are read.
    learnt_from
        Of how many of the images the classifier had learnt, None where its manifest could not tell.
        Tables of before did not say.
    share
        Which share of a folder it is, of one that is finished.
    merged
        Of shares, what was verified.
    files
        An entry for each image with its items, sorted by name.
    """

    classifier: ClassifierInShort
    images: ImagesRead
    learnt_from: Count | UnsetType | None = UNSET
    share: ShareEnd | UnsetType = UNSET
    merged: MergedShares | UnsetType = UNSET
    files: tuple[FileEntry[ClassifiedItem], ...] = ()

    def __post_init__(self) -> None:
        check_each_once(self.files)
        known = {None, *self.classifier.class_names}
        for entry in self.files:
            for item in entry.items:
                if item.class_name not in known:
                    raise ValueError(
                        f"{entry.file[:200]} has the class “{item.class_name}”, which the "
                        "classifier does not know"
                    )


def run_of(classifier: Classifier, folder: Path, header: Header, threads: int | None) -> TableRun:
    """Return what the journal that begins with ``header`` says of the run that begins."""
    images = images_read(folder, header.axes, classifier.preparation)
    return TableRun(
        **asdict(this_run(threads=threads)),
        classifier=replace(
            classifier.description.in_short(),
            file=str(classifier.path),
            sha256=classifier.sha256,
            schema_version=None,
            architecture=UNSET,
            training=UNSET,
        ),
        images=replace(
            images,
            pattern=header.pattern,
            masks=header.masks,
            split_masks=header.split_masks or UNSET,
            channel_map=header.channel_map or UNSET,
        ),
    )


@dataclass(frozen=True)
class LearntItems:
    """Those items of a table that its classifier has learnt from.

    Attributes
    ----------
    classifier
        The name of its file.
    n_images
        How many images the table has, 0 where nobody knows what was learnt from.
    keys
        The items, as they stand in the table; None where the classifier's manifest is not there.
    """

    classifier: str
    n_images: int
    keys: tuple[ItemKey, ...] | None

    @classmethod
    def of(
        cls, table: Path, classifier: ClassifierInShort, files: Iterable[FileEntry[ClassifiedItem]]
    ) -> Self:
        """Look into the manifest of the classifier, where it lay or beside the table."""
        path = Path(classifier.file)
        learnt = LearntFrom.of(path, classifier.sha256)
        if not learnt.known:
            learnt = LearntFrom.of(table.with_name(path.name), classifier.sha256)
        if not learnt.known:
            return cls(path.name, 0, None)
        n_images, keys = 0, []
        for file in files:
            n_images += 1
            known = (item.item for item in file.items if item.pixels in learnt.pixels)
            keys += [item_key(file.file, selection) for selection in known]
        return cls(path.name, n_images, tuple(keys))

    @property
    def files(self) -> list[str]:
        """The images, by name."""
        return list(dict.fromkeys(key.file for key in self.keys or ()))

    @property
    def sentence(self) -> str:
        """What a person should know, "" where nothing was learnt from."""
        if not self.files:
            return ""
        return (
            f"{self.classifier} had learnt from {len(self.files)} of these {self.n_images} images, "
            f"such as {self.files[0]}; on them it does better than on new ones."
        )


def learnt_items_of_table(table: Path) -> LearntItems | None:
    """Return which items of a table its classifier has learnt from.

    Parameters
    ----------
    table
        A table of predictions.

    Returns
    -------
    LearntItems
        None where the manifest of the table is not beside it.
    """
    try:
        manifest = read_manifest(manifest_path(table))
        stored = manifest.read(TableManifest)
    except ManifestError:
        return None
    if stored.result.file != table.name:
        return None
    return LearntItems.of(table, stored.classifier, stored.files)


def write_table_manifest(
    table: Path,
    journals: Mapping[Path, Entries],
    *,
    complete: bool,
    share: ShareEnd | None = None,
    merged: MergedShares | None = None,
) -> LearntItems:
    """Write the manifest of ``table`` beside it; return which items were learnt from.

    ``journals`` gives, for each journal, the images that the table takes from it. ``complete``
    says that no image of the folder is left.
    """
    runs = [run for path in journals for run in read_runs(path)]
    # All are of one classifier and one way to read the images; the folder may have moved since.
    classifier = runs[-1].classifier
    learnt = LearntItems.of(table, classifier, _files(journals))
    head = TableManifest(
        result=ResultFile(table.name, complete=complete),
        runs=tuple(from_json(Run, as_json(run)) for run in runs),
        classifier=classifier,
        images=runs[-1].images,
        learnt_from=None if learnt.keys is None else len(learnt.files),
        share=share if share is not None and complete else UNSET,
        merged=merged if merged is not None else UNSET,
    )
    write_manifest(table, "table", head, _files(journals))
    return learnt


def _files(journals: Mapping[Path, Entries]) -> Iterator[FileEntry[ClassifiedItem]]:
    """Yield the line of each image, in the order of the table."""
    with ExitStack() as opened:
        files = [opened.enter_context(path.open("rb")) for path in journals]
        places = sorted(
            (name, number, entry.offset)
            for number, entries in enumerate(journals.values())
            for name, entry in entries.items()
        )
        for name, number, offset in places:
            line = line_at(files[number], offset)
            items = [
                ClassifiedItem(
                    row.item, row.status, row.class_name, row.confidence, row.pixels or ""
                )
                for row in line.rows
            ]
            yield file_entry(name, line.stamp, items)
