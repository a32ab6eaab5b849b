"""Annotations of the objects of one image, kept safe as they are given."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from napari_image_classifier.items.selection import SelectionError, is_object, parse_selection
from napari_image_classifier.system.atomic_files import WrittenTable, replace_file, replace_table
from napari_image_classifier.system.csv_tables import write_table
from napari_image_classifier.system.output_lock import held
from napari_image_classifier.system.outputs import check_output
from napari_image_classifier.system.spreadsheets import read_spreadsheet

COLUMNS = ("file", "item", "class")
# What a step changed: of each item the class that it had, and the one that it has.
Step = dict[str, tuple[str | None, str | None]]


class ObjectAnnotations:
    """Classes of the objects of one image, by item, such as "label=12" or "t=3,label=12".

    Several windows may have the same image open: each change is added to what the others have
    written meanwhile, and of one object the last answer counts.

    Parameters
    ----------
    path
        A CSV with the columns file, item and class, as training reads it, that is written anew,
        whole, after every change. What it holds already is taken over; a file that is no such table
        is moved aside.
    file
        The image's name, which stands in it.
    items
        The image's objects; others that the table holds stay there, and are left out here.

    Attributes
    ----------
    classes
        The class of each object that has one.
    notice
        A sentence that says why an earlier table could not be taken over, and where it is now;
        empty where all is well.

    Raises
    ------
    OSError
        The file is there and can't be opened.
    """

    def __init__(self, path: Path, file: str, items: Iterable[str]) -> None:
        self._path = path
        self._file = file
        self._items = set(items)
        self._before: list[Step] = []
        self.notice = ""
        self._take_over({})
        if path.exists():
            with held(path):
                self._read()

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
        self._take_step(lambda: classes)

    def rename(self, name: str, new: str) -> None:
        """Call a class otherwise; one that is there already gets its objects, too."""
        self._take_step(lambda: {item: new for item, of in self.classes.items() if of == name})

    def undo(self) -> bool:
        """Take the last step back; return whether there was one.

        An object that another window has given a class since then keeps it.
        """
        if not self._before:
            return False
        step = self._before[-1]
        self._change(lambda: {item: before for item, (before, given) in step.items()
                              if self._stored.get(item) == given})  # fmt: skip
        self._before.pop()
        return True

    def _take_step(self, asked: Callable[[], Mapping[str, str | None]]) -> None:
        if step := self._change(asked):
            self._before.append(step)

    def _change(self, asked: Callable[[], Mapping[str, str | None]]) -> Step:
        """Change what the table says now; ``asked`` is called when that is known."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with held(self._path):
            self._read()
            wanted = dict(asked())
            changed = {**self._stored, **wanted}
            stored = {item: name for item, name in changed.items() if name is not None}
            if stored != self._stored or (stored and not self._path.exists()):
                write_annotations(self._path, {self._file: stored})
        before = self._stored
        self._take_over(stored)
        return {
            item: (before.get(item), name)
            for item, name in wanted.items()
            if before.get(item) != name
        }

    def _read(self) -> None:
        """Take over what others have written; what was given here stays where nothing is left."""
        try:
            self._take_over(_classes_in(self._path))
        except FileNotFoundError:
            return
        except (ValueError, SelectionError) as error:
            aside = _set_aside(self._path)
            self.notice = (
                f"The table of the classes that were given earlier could not be read ({error}). It "
                f"was moved to {aside}, unchanged; mend it there, or give these classes again."
            )

    def _take_over(self, stored: dict[str, str]) -> None:
        # Of the whole table, also of objects that are not of this image.
        self._stored = stored
        self.classes = {item: name for item, name in stored.items() if item in self._items}


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
    check_output(path, is_text=True)
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


def _set_aside(path: Path) -> Path:
    """Move a file that can't be understood out of the way, as somebody may be able to mend it."""
    number = 1
    while (aside := path.with_name(f"{path.stem} unreadable {number}.csv")).exists():
        number += 1
    return path.rename(aside)
