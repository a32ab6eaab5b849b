"""Annotations of items by persons: rater, item, class, and what was in sight meanwhile."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.selection import SelectionError, parse_selection
from napari_image_classifier.system.append_log import in_order_of_time
from napari_image_classifier.system.shown_text import check_names
from napari_image_classifier.system.spreadsheets import Spreadsheet, read_spreadsheet
from napari_image_classifier.wording import quoted

# By eye alone; with a prediction in sight; in a blinded session.
Mode = Literal["by-eye", "assisted", "blinded"]
BY_EYE: Mode = "by-eye"
ASSISTED: Mode = "assisted"
BLINDED: Mode = "blinded"

Action = Literal["given", "renamed", "undone"]
# A row that was added by hand may name none.
_ACTIONS = ("", *get_args(Action))
_MODES = ("", *get_args(Mode))

CANNOT_TELL = "cannot tell"
COLUMNS = ("file", "item", "class", "rater", "mode", "action", "seconds", "group")
# Titles that are known whatever their case.
TITLES = frozenset(
    (*COLUMNS, "acquisition", "plate", "well", "site", "day", "status", "classifier")
)


class AnnotationsError(ImageClassifierError):
    """A table of annotations that can't be used."""


class ItemKey(NamedTuple):
    """The name of an item in tables; `item_key` makes one.

    Attributes
    ----------
    file
        The image's name relative to the folder of images, with "/", in Unicode's composed form.
    item
        Which part of it, as in "t=3" (see `selection`); "" for the whole image.
    """

    file: str
    item: str


@dataclass(frozen=True)
class Annotation:
    """One annotation that stands.

    Attributes
    ----------
    key
        The item.
    class_name
        One of the classes, or "cannot tell"; "" in a row that takes an annotation back.
    rater
        Who gave it.
    mode
        Whether by eye, with a prediction in sight, or in a blinded session.
    seconds
        How long the item was in sight before; None where nobody measured.
    group
        Of which group the item is; "" where it stands alone or nobody said.
    """

    key: ItemKey
    class_name: str
    rater: str
    mode: Mode = BY_EYE
    seconds: float | None = None
    group: str = ""


def read_annotations(path: Path, encoding: str | None = None) -> list[Annotation]:
    """Return the annotations of a table that stand, of all raters.

    The table has the columns "file" and "class", and may have "item", "rater", "mode", "seconds"
    and "group". Of several rows of one rater and item the last one counts; one without a class
    takes the annotation back.

    Parameters
    ----------
    path
        A CSV. Rows that name no rater are of one who is called as the file is.
    encoding
        Of the file, see `spreadsheets.read_spreadsheet`.

    Returns
    -------
    list of Annotation
        In the order in which they were last given.

    Raises
    ------
    AnnotationsError
        The table can't be read or lacks a column.
    """
    return standing(annotation_table(path, encoding).rows, path.stem)


def annotation_table(path: Path, encoding: str | None = None) -> Spreadsheet:
    """Return a table that has the columns "file" and "class".

    Parameters
    ----------
    path
        A CSV.
    encoding
        Of the file, see `spreadsheets.read_spreadsheet`.

    Returns
    -------
    Spreadsheet
        Its cells in Unicode's composed form, but for the names of files.

    Raises
    ------
    AnnotationsError
        The table can't be read or lacks a column.
    """
    return table_with(path, ("file", "class"), AnnotationsError, encoding)


def table_with(
    path: Path,
    needed: Sequence[str],
    refused: type[ImageClassifierError],
    encoding: str | None = None,
) -> Spreadsheet:
    """Return a table that has the ``needed`` columns; raise ``refused`` if it has not."""
    try:
        table = read_spreadsheet(path, encoding=encoding, titles=TITLES)
    except (OSError, ValueError) as error:
        raise refused(f"The table {path} can't be read: {error}.") from error
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise refused(
            f"{path.name} has no column “{missing[0]}”: it has {', '.join(table.columns)}. "
            "The first line must name the columns file and class."
        )
    table = table.with_decimal_points(lambda title: title == "seconds")
    cells = [
        [
            cell if title == "file" else composed(cell)
            for title, cell in zip(table.columns, row, strict=True)
        ]
        for row in table.cells
    ]
    return replace(table, cells=cells)


def standing(rows: Iterable[Mapping[str, str]], rater: str = "") -> list[Annotation]:
    """Return the annotations that stand after all rows.

    Parameters
    ----------
    rows
        Of a table of annotations, in the order in which they were given. Where their times can be
        read, it does not matter how they were sorted since.
    rater
        Of rows that name none.

    Returns
    -------
    list of Annotation
        One of each rater and item, in the order in which they were last given.
    """
    latest: dict[tuple[str, ItemKey], Annotation] = {}
    rows = list(rows)
    if rows and "action" in rows[0]:
        # Of a log, which a spreadsheet may have sorted otherwise.
        rows = in_order_of_time(rows)
    for row in rows:
        if "action" in row:
            check_logged(row, rater)
        annotation = annotation_of(row, rater)
        key = annotation.rater, annotation.key
        # One that is given anew comes at its new place.
        latest.pop(key, None)
        if annotation.class_name:
            latest[key] = annotation
    return list(latest.values())


def check_logged(row: Mapping[str, str], rater: str = "") -> None:
    """Refuse a row of a log that this version would take for something else than it is.

    Parameters
    ----------
    row
        Texts by column, "action" among them.
    rater
        Of a row that names none.

    Raises
    ------
    AnnotationsError
        Its action, mode or item is none, or it names no file or nobody who gave it.
    """
    action, mode = row["action"].strip(), row.get("mode", "").strip()
    named = row.get("rater", "").strip() or rater or not action
    known = action in _ACTIONS and mode in _MODES and row["file"].strip() and named
    try:
        parse_selection(row.get("item", ""))
    except SelectionError:
        known = False
    if not known:
        cells = ", ".join(filter(None, row.values()))
        raise AnnotationsError(
            "a row can't be understood, which was changed by hand or written by a newer version "
            f"of napari-image-classifier: {cells[:200]}. Mend or take out that row, or update."
        )


def annotation_of(row: Mapping[str, str], rater: str = "") -> Annotation:
    """Return the annotation in a row of a table.

    Parameters
    ----------
    row
        Texts by column; a mode or seconds that make no sense count as "by-eye" and None.
    rater
        Of a row that names none.

    Returns
    -------
    Annotation
        Its class is "" where the row takes an annotation back.
    """
    seconds = row.get("seconds", "").strip()
    mode = row.get("mode", "").strip()
    return Annotation(
        key_of(row),
        row["class"].strip(),
        row.get("rater", "").strip() or rater,
        mode if mode in (BY_EYE, ASSISTED, BLINDED) else BY_EYE,
        float(seconds) if seconds.replace(".", "", 1).isdigit() else None,
        row.get("group", "").strip(),
    )


def key_of(row: Mapping[str, str]) -> ItemKey:
    """Return the item that a row of a table is of.

    Parameters
    ----------
    row
        Texts by column: "file", with "/" or a backslash, and "item" where there is one.

    Returns
    -------
    ItemKey
        With "/".
    """
    return item_key(row["file"].strip().replace("\\", "/"), row.get("item", "").strip())


def item_key(file: str, item: str) -> ItemKey:
    """Return what an item is called in tables.

    Parameters
    ----------
    file
        The image's name relative to the folder of images, with "/".
    item
        Which part of it; "" for the whole image.

    Returns
    -------
    ItemKey
        The same for all ways in which Unicode writes the name.
    """
    return ItemKey(composed(file), item)


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), in which "ä" is one character.

    Parameters
    ----------
    text
        Such as the name of a file, which a Mac may have written decomposed.

    Returns
    -------
    str
        What equals this is the same text for a reader.
    """
    return unicodedata.normalize("NFC", text)


def check_class_names(
    names: Iterable[str],
    source: str,
    refused: type[ImageClassifierError],
    *,
    new: bool = False,
) -> None:
    """Refuse classes that can't be told apart, or written.

    Parameters
    ----------
    names
        The classes, in composed form.
    source
        Where they are from, for messages.
    refused
        The error that is raised, with a sentence: two names differ only in case or spaces, or one
        has what `check_names` refuses.
    new
        Whether a classifier is to learn them, see `check_names`.
    """
    alike = defaultdict(list)
    different = sorted(set(names))
    check_names(different, f"class of {source}", refused, new=new)
    for name in different:
        alike["".join(name.split()).casefold()].append(name)
    for several in alike.values():
        if len(several) > 1:
            raise refused(
                f"The classes {quoted(several)} of {source} differ only in upper and lower case or "
                "spaces. Write them alike in the table, or give their folders one name."
            )
