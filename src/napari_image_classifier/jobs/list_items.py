"""The items of a folder or of some files, listed for somebody who is going to look at each."""

import csv
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from napari_image_classifier.images.name_proposals import propose_patterns
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.reading import read_items

NAMES_LOOKED_AT = 2000


def list_job(
    request: Mapping[str, Any],
    emit: Callable[[dict[str, Any]], None],
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """Return what `read_items` gives for the request, and what its images may share.

    The request holds "folder" and any other parameter of `read_items`; with "files", paths, only
    these are listed. The result holds "items" (as `ItemTable.to_json`), "n_images", "columns",
    "folder_levels" and "patterns" (name patterns that fit).
    """
    asked = dict(request)
    table = _listed(asked.pop("folder"), asked.pop("files", None), asked)
    names = [part.path.name for item in table.items[:NAMES_LOOKED_AT] for part in item.image.parts]
    return {
        "items": table.to_json(),
        "columns": sorted({name for item in table.items for name in item.columns}),
        "folder_levels": max(item.file.count("/") for item in table.items),
        "patterns": [pattern.text for pattern in propose_patterns(names)],
        "n_images": len({item.file for item in table.items}),
    }


def _listed(folder: str, files: list[str] | None, asked: dict[str, Any]) -> ItemTable:
    if files is None:
        return read_items(folder, **asked)
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary) / "files.csv"
        with table.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
            csv.writer(file).writerows([["file", "class"], *([path, ""] for path in files)])
        return read_items(folder, **{**asked, "items_csv": table})
