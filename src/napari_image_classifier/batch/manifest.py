"""The manifest beside predictions.csv, derived from the journals that the table is derived from."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from napari_image_classifier.batch.journal import Entry, line_at, read_runs
from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.manifest import (
    file_entry,
    images_part,
    this_run,
    write_manifest,
)

# What a manifest says of each item; the table has the rest.
_OF_ITEM = ("item", "status", "class", "confidence", "pixels")

Entries = Mapping[str, Entry]


def run_of(
    classifier: Classifier,
    folder: Path,
    pattern: str | None,
    axes: str | None,
    masks: str | None,
    threads: int | None,
) -> dict[str, Any]:
    """Return what a table's journal says of the run that begins."""
    described = classifier.description.in_short()
    for key in ("training", "architecture", "schema_version"):
        described.pop(key)
    return {
        **this_run(threads=threads),
        "classifier": {
            "file": str(classifier.path),
            "sha256": classifier.sha256,
            **described,
        },
        "images": {
            **images_part(folder, axes, classifier.preparation),
            "pattern": pattern,
            "masks": masks,
        },
    }


def write_table_manifest(table: Path, journals: Mapping[Path, Entries], *, complete: bool) -> Path:
    """Write the manifest of ``table`` beside it and return its path.

    ``journals`` gives, for each journal, the images that the table takes from it. ``complete``
    says that no image of the folder is left.
    """
    runs = [run for path in journals for run in read_runs(path)]
    # All are of one classifier and one way to read the images; the folder may have moved since.
    last = {key: [run.pop(key) for run in runs][-1] for key in ("classifier", "images")}
    head = {"result": {"file": table.name, "complete": complete}, "runs": runs, **last}
    return write_manifest(table, "table", head, _files(journals))


def _files(journals: Mapping[Path, Entries]) -> Iterator[dict[str, Any]]:
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
            items = [{key: row.get(key, "") for key in _OF_ITEM} for row in line["rows"]]
            yield file_entry(name, line["stamp"], items)
