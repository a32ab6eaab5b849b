"""The items of a folder or of some files, listed for somebody who is going to look at each."""

import csv
import tempfile
from pathlib import Path

from napari_image_classifier.images.name_proposals import propose_patterns
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.items.survey import LIST_ITEMS, ItemListing, ListRequest
from napari_image_classifier.system.events import Emit
from napari_image_classifier.typing import ShouldStop

JOB = LIST_ITEMS
NAMES_LOOKED_AT = 2000


def run(request: ListRequest, emit: Emit, should_stop: ShouldStop) -> ItemListing:
    """Return what `read_items` gives for the request, and what its images may share."""
    table = _listed(request)
    names = [part.path.name for item in table.items[:NAMES_LOOKED_AT] for part in item.image.parts]
    return ItemListing(
        table,
        columns=tuple(sorted({name for item in table.items for name in item.columns})),
        folder_levels=max(item.file.count("/") for item in table.items),
        patterns=tuple(pattern.text for pattern in propose_patterns(names)),
    )


def _listed(request: ListRequest) -> ItemTable:
    if request.files is None:
        return read_items(**request.items)
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary) / "files.csv"
        with table.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
            rows = [[path, ""] for path in request.files]
            csv.writer(file).writerows([["file", "class"], *rows])
        return read_items(**{**request.items, "items_csv": table})
