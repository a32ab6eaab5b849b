"""Annotations of the objects of one image, kept safe as they are given."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from napari_image_classifier.items.selection import SelectionError, is_object, parse_selection
from napari_image_classifier.system.atomic_files import WrittenTable, replace_file, replace_table
from napari_image_classifier.system.csv_tables import write_table
from napari_image_classifier.system.spreadsheets import read_spreadsheet

COLUMNS = ("file", "item", "class")


class ObjectAnnotations:
    """Classes of the objects of one image, by item, such as "label=12" or "t=3,label=12".

    Parameters
    ----------
    path
        A CSV with the columns file, item and class, as training reads it, that is written anew,
        whole, after every change. What it holds already is taken over; a file that is no such table
        is moved aside.
    file
        The image's name, which stands in it.
    items
        The image's objects; others that the table holds are left out.

    Raises
    ------
    OSError
        The file is there and can't be opened.
    """

    def __init__(self, path: Path, file: str, items: Iterable[str]) -> None:
        self._path = path
        self._file = file
        self._before: list[dict[str, str]] = []
        known = set(items)
        stored = _stored(path)
        self.classes = {item: name for item, name in stored.items() if item in known}

    @property
    def counts(self) -> Counter[str]:
        """How many objects have each class."""
        return Counter(self.classes.values())

    def give(self, classes: Mapping[str, str | None]) -> None:
        """Give objects classes, all in one step; None takes their class away.

        Raises
        ------
        OSError
            They could not be written, and nothing was given.
        """
        changed = {**self.classes, **classes}
        self._keep({item: name for item, name in changed.items() if name is not None})

    def rename(self, name: str, new: str) -> None:
        """Call a class otherwise; one that is there already gets its objects, too."""
        self._keep({item: new if of == name else of for item, of in self.classes.items()})

    def undo(self) -> bool:
        """Take the last step back; return whether there was one."""
        if not self._before:
            return False
        self._write(self._before[-1])
        self.classes = self._before.pop()
        return True

    def _keep(self, classes: dict[str, str]) -> None:
        if classes == self.classes:
            return
        self._write(classes)
        self._before.append(self.classes)
        self.classes = classes

    def _write(self, classes: Mapping[str, str]) -> None:
        write_annotations(self._path, {self._file: classes})


def write_annotations(path: Path, classes_of: Mapping[str, Mapping[str, str]]) -> None:
    """Write a CSV with the columns file, item and class, of the classes of each file's objects."""
    with replace_file(path) as temporary:
        _fill(temporary, classes_of)


def export_annotations(path: Path, classes_of: Mapping[str, Mapping[str, str]]) -> WrittenTable:
    """Write a CSV as `write_annotations` does, beside one that a spreadsheet shows.

    Parameters
    ----------
    path
        Where it is wanted.
    classes_of
        The class of each item, by the name of the image.

    Returns
    -------
    WrittenTable
        Its ``path`` says where it is.
    """
    with replace_table(path) as table:
        _fill(table.temporary, classes_of)
    return table


def _fill(path: Path, classes_of: Mapping[str, Mapping[str, str]]) -> None:
    rows = (
        {"file": name, "item": item, "class": of_item}
        for name, classes in classes_of.items()
        for item, of_item in classes.items()
    )
    write_table(path, COLUMNS, rows)


def _stored(path: Path) -> dict[str, str]:
    try:
        return _classes_in(path)
    except FileNotFoundError:
        return {}
    except (ValueError, SelectionError):
        _set_aside(path)
        return {}


def _classes_in(path: Path) -> dict[str, str]:
    table = read_spreadsheet(path, titles=COLUMNS)
    if not set(COLUMNS) <= set(table.columns):
        raise ValueError("it lacks a column")
    classes: dict[str, str] = {}
    for row in table.rows:
        item, name = row["item"].strip(), row["class"].strip()
        if not is_object(item) or not name:
            raise ValueError("a row names no object, or no class")
        parse_selection(item)
        if classes.setdefault(item, name) != name:
            raise ValueError("an object has two classes")
    return classes


def _set_aside(path: Path) -> None:
    """Move a file that can't be understood out of the way, as somebody may be able to mend it."""
    number = 1
    while (aside := path.with_name(f"{path.stem} unreadable {number}.csv")).exists():
        number += 1
    path.rename(aside)
