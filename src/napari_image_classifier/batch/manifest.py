"""The manifest of a table of predictions, derived from the same journals as the table."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from msgspec import UNSET
from msgspec.structs import asdict, replace

from napari_image_classifier.batch.journal import Entry, Header, TableRun, line_at, read_runs
from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.description import ClassifierInShort
from napari_image_classifier.classifiers.manifest import write_manifest
from napari_image_classifier.classifiers.manifest_records import (
    ClassifiedItem,
    FileEntry,
    Head,
    ImagesRead,
    ResultFile,
    Run,
    file_entry,
    images_read,
    this_run,
)
from napari_image_classifier.system.records import as_json, from_json

Entries = Mapping[str, Entry]


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
    files
        An entry for each image with its items, sorted by name.
    """

    classifier: ClassifierInShort
    images: ImagesRead
    files: tuple[FileEntry[ClassifiedItem], ...] = ()


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


def write_table_manifest(table: Path, journals: Mapping[Path, Entries], *, complete: bool) -> Path:
    """Write the manifest of ``table`` beside it and return its path.

    ``journals`` gives, for each journal, the images that the table takes from it. ``complete``
    says that no image of the folder is left.
    """
    runs = [run for path in journals for run in read_runs(path)]
    head = TableManifest(
        result=ResultFile(table.name, complete=complete),
        runs=tuple(from_json(Run, as_json(run)) for run in runs),
        # All are of one classifier and one way to read the images; the folder may have moved since.
        classifier=runs[-1].classifier,
        images=runs[-1].images,
    )
    return write_manifest(table, "table", head, _files(journals))


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
