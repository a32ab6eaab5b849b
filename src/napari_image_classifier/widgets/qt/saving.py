"""Files that a person saves: where to, and what a disk refuses, said where the person looks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog, QLabel, QWidget

from napari_image_classifier.system.atomic_files import WrittenTable, replace_table
from napari_image_classifier.system.csv_tables import write_frame
from napari_image_classifier.widgets.qt.path_probe import Kind, kind_of
from napari_image_classifier.widgets.qt.progress_row import ProgressRow

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def told_in(label: QLabel) -> Iterator[None]:
    """Leave the block where something can't be written, and say so in ``label``."""
    try:
        yield
    except OSError as error:
        label.setText(f"It could not be written, and nothing was changed: {error}.")


def save_table(table: "pd.DataFrame", path: Path, float_format: str) -> str:
    """Write a table as a CSV, and return the sentence that says where it is.

    Parameters
    ----------
    table
        The table; its index is not written.
    path
        Where it is wanted.
    float_format
        How numbers are written, such as "%.4f".

    Returns
    -------
    str
        The sentence for the person; it also says why the file is elsewhere than wanted.

    Raises
    ------
    OSError
        It can't be written.
    """
    with replace_table(path) as written:
        write_frame(table, written.temporary, float_format)
    return saved(written)


def saved(written: WrittenTable) -> str:
    """Return the sentence that says where a table is."""
    return f"Saved as {written.path}. {written.sentence}".strip()


def save_copy(source: Path, target: Path, progress: ProgressRow) -> None:
    """Copy a file, and say below the progress bar how that went."""
    try:
        with replace_table(target) as copy:
            copy.temporary.write_bytes(source.read_bytes())
    except OSError as error:
        progress.end(f"The copy could not be written: {error}.", error=True)
    else:
        progress.end(saved(copy))


def ask_where(
    parent: QWidget, title: str, suggested: Path | str, kinds: str, refuse: Callable[[str], None]
) -> Path | None:
    """Ask a person for a file to write; None if there is none.

    A name without its ending gets that of the chosen kind, such as "CSV (*.csv)"; where such a
    file is there already, ``refuse`` hears a sentence.
    """
    chosen, kind = QFileDialog.getSaveFileName(parent, title, str(suggested), kinds)
    path = Path(chosen)
    if not chosen or path.suffix:
        return path if chosen else None
    path = path.with_suffix(f".{kind.split()[0].lower()}")
    # The dialog has asked about the name without it.
    if path.exists():
        refuse(f"{path.name} is there already; choose another name.")
        return None
    return path


class SuggestedPath:
    """A file that a form's field is filled with, until a person writes another one there."""

    def __init__(self, field: Any, name: str) -> None:
        self._field = field
        self._name = name
        self.path: Path | None = None

    def suggest(self, folder: Path | None) -> None:
        """Suggest a name in a folder that is not in use, unless that is the suggestion before."""
        if folder is not None and self._field.value in (None, self.path):
            path = unused(folder / self._name)
            if path not in (None, self.path):
                self.path = self._field.value = path


def unused(path: Path) -> Path | None:
    """Return ``path``, or the first of path-2, path-3… that is not there yet.

    None while the drive does not answer.
    """
    candidate, number = path, 1
    while (kind := kind_of(candidate)) is not Kind.NOTHING:
        if kind is Kind.NO_ANSWER:
            return None
        number += 1
        candidate = path.with_stem(f"{path.stem}-{number}")
    return candidate
