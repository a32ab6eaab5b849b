"""Tables in CSV as they are written here, whose texts a spreadsheet takes for nothing but texts.

A spreadsheet calculates a cell that begins with "=", "+", "-" or "@", which may load an address or
start a program. A text that is no number and begins with such a sign is therefore written with an
apostrophe before the sign, as a person enters a text in a spreadsheet; so is a text in which the
sign follows a semicolon, a tab or the end of a line, where a spreadsheet that separates by them
begins another cell. Where apostrophes stand before the sign already, they become one more. Who
reads takes one away again, so that every text comes back as it was.

Versions before wrote no such apostrophe. Their tables read as they did but for texts that have an
apostrophe of their own directly before such a sign there, which lose it.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# What a spreadsheet passes over before a sign, without and with what may begin another cell.
_BLANK = ' "\x00-\x08\x0e-\x1f\x7f\xa0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff'
_BREAK = "\t\n\r\v\f\x85\u2028\u2029"
_PASSED = f"[{_BLANK}{_BREAK}]"
_BEGINNING = rf"(?:\A{_PASSED}*|;{_PASSED}*|(?<!{_PASSED})[{_BLANK}]*[{_BREAK}]{_PASSED}*)"
# Also as they are written in the width of Chinese characters.
_SIGN = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(f"({_BEGINNING}'*)({_SIGN})")
_TEXT = re.compile(f"({_BEGINNING}'*)'({_SIGN})")
_NUMBER = re.compile(r"[+-](\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?|[+-](inf|nan)")
# A table with zeros is taken for damaged; and the surrogates that stand for no byte of a name.
_NO_CHARACTER = re.compile("[\x00\ud800-\udc7f\udd00-\udfff]")


def as_cell(text: str) -> str:
    """Return a text as it stands in a cell, where no spreadsheet calculates it.

    Parameters
    ----------
    text
        Any; numbers stay as they are, and U+FFFD stands for what is no character, and for NUL.

    Returns
    -------
    str
        What `text_in` makes the text of again.
    """
    # Most cells, and so the whole of this for a large table.
    if text[:1].isalnum() and ";" not in text and text.isprintable():
        return text
    text = _NO_CHARACTER.sub("\ufffd", text)
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'\2", text)


def text_in(cell: str) -> str:
    """Return the text that `as_cell` made a cell of; any other cell is a text as it stands.

    Parameters
    ----------
    cell
        As it stands in the file.

    Returns
    -------
    str
        The text.
    """
    return _TEXT.sub(r"\1\2", cell) if "'" in cell else cell


def write_table(path: Path, header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> int:
    """Write a table, row by row as they come; what a row lacks stays empty.

    Parameters
    ----------
    path
        The file.
    header
        The titles of the columns.
    rows
        Cells by column, as texts that `as_cell` is still to see.

    Returns
    -------
    int
        The number of rows.
    """
    n_rows = 0
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        table = TableWriter(file, header)
        table.write_header()
        for row in rows:
            table.write_row(row)
            n_rows += 1
    return n_rows


def write_frame(table: "pd.DataFrame", path: Path, float_format: str) -> None:
    """Write a table of pandas without its index.

    Parameters
    ----------
    table
        The table; its texts are written as `as_cell` does.
    path
        The file.
    float_format
        How numbers are written, such as "%.4f".
    """
    safe = table.copy()
    for name in safe.columns:
        safe[name] = safe[name].map(lambda cell: as_cell(cell) if isinstance(cell, str) else cell)
    safe.columns = [as_cell(str(name)) for name in safe.columns]
    # As in `TableWriter`: a carriage return would end the row for a reader.
    breaks = any("\r" in cell for column in safe for cell in safe[column] if isinstance(cell, str))
    safe.to_csv(
        path, index=False, float_format=float_format, errors="surrogateescape",
        quoting=csv.QUOTE_NONNUMERIC if breaks else csv.QUOTE_MINIMAL,
    )  # fmt: skip


class TableWriter:
    """Writes rows of a table, which end in a line feed alone, to an open file.

    Parameters
    ----------
    file
        A file of text, or `io.StringIO`.
    header
        The titles of the columns.
    """

    def __init__(self, file: IO[str], header: Sequence[str]) -> None:
        self._header = header
        self._plain, self._quoted = (
            csv.writer(file, lineterminator="\n", quoting=quoting)
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )

    def write_header(self) -> None:
        """Write the titles."""
        self._write(self._header)

    def write_row(self, row: Mapping[str, str]) -> None:
        """Write the cells of a row, those that it lacks empty.

        Raises
        ------
        ValueError
            It has a cell of no column.
        """
        if not row.keys() <= set(self._header):
            raise ValueError("a row has a cell of no column")
        self._write([row.get(name, "") for name in self._header])

    def _write(self, texts: Sequence[str]) -> None:
        cells = [as_cell(text) for text in texts]
        # Before Python 3.13 a carriage return is not quoted, and ends the row for a reader.
        breaks = any("\r" in cell for cell in cells)
        (self._quoted if breaks else self._plain).writerow(cells)


def read_table(file: IO[str]) -> tuple[list[str], Iterator[dict[Any, Any]]]:
    """Return the titles and the rows of a table that was written here, row by row.

    Parameters
    ----------
    file
        The file, opened without changing the ends of lines.

    Returns
    -------
    header
        The titles of the columns.
    rows
        Texts by column, as `csv.DictReader` gives them where rows are longer or shorter.
    """
    table = csv.DictReader(file)
    header = [text_in(title) for title in table.fieldnames or ()]
    table.fieldnames = header
    rows = (
        {name: text_in(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in table
    )
    return header, rows
