"""Tables that a person keeps in a spreadsheet, whatever encoding, separator or numbers it saves."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.system.csv_tables import text_in
from napari_image_classifier.wording import quoted

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = ",;\t"
# What Windows writes in Western Europe and the Americas where a program doesn't ask.
USUAL_OF_WINDOWS = "cp1252"
# The mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# So many rows tell what separates the cells.
_ROWS_LOOKED_AT = 200
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[;,\t]*(\r\n|\r|\n|$)', re.IGNORECASE)
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_BEYOND_ASCII = re.compile(r"\S*[^\x00-\x7f]\S*")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?")


class SpreadsheetError(ValueError):
    """A table that can't be read; the message is a clause such as "line 7 has 5 cells"."""


@dataclass(frozen=True)
class Spreadsheet:
    """A table as a person keeps it in a spreadsheet.

    Attributes
    ----------
    name
        The file's name.
    columns
        The titles.
    cells
        A list for each row, as long as ``columns``, all of text.
    separator
        What stands between cells in the file.
    assumptions
        Sentences on what the file does not say and was assumed.
    """

    name: str
    columns: tuple[str, ...]
    cells: list[list[str]]
    separator: str = ","
    assumptions: tuple[str, ...] = ()

    @property
    def rows(self) -> list[dict[str, str]]:
        """The cells of each row by the title of their column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.cells]

    def frame(self) -> "pd.DataFrame":
        """Return the table as one of pandas, all of text."""
        import pandas as pd

        return pd.DataFrame(self.cells, columns=list(self.columns), dtype=str)

    def with_decimal_points(self, is_number: Callable[[str], bool]) -> "Spreadsheet":
        """Return the table with 0.1 where it has 0,1; only if the comma is not the separator.

        Parameters
        ----------
        is_number
            Whether a column of this title may hold numbers.

        Returns
        -------
        Spreadsheet
            Columns that hold anything but numbers stay as they are. Each that is changed is among
            the assumptions.
        """
        if self.separator == ",":
            return self
        places = [
            place
            for place, title in enumerate(self.columns)
            if is_number(title) and _has_decimal_commas([row[place] for row in self.cells])
        ]
        if not places:
            return self
        cells = [
            [cell.replace(",", ".") if place in places else cell for place, cell in enumerate(row)]
            for row in self.cells
        ]
        titles = quoted([self.columns[place] for place in places])
        sentence = f"The comma in {titles} of {self.name} was read as the decimal point."
        return replace(self, cells=cells, assumptions=(*self.assumptions, sentence))


def _has_decimal_commas(cells: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    commas = any("," in cell for cell in filled)
    return commas and all(_DECIMAL_COMMA.fullmatch(cell) for cell in filled)


def column_called(title: str, columns: Iterable[str]) -> str:
    """Return the column of that title, whatever its upper and lower case.

    Parameters
    ----------
    title
        As a person writes it.
    columns
        The titles that there are.

    Returns
    -------
    str
        The one that is the same to the letter, else the only one that differs in case alone;
        ``title`` itself where there is none, or several.
    """
    columns = list(columns)
    alike = [name for name in columns if name.strip().casefold() == title.strip().casefold()]
    return alike[0] if title not in columns and len(alike) == 1 else title


def read_spreadsheet(
    path: Path, *, encoding: str | None = None, titles: Collection[str] = ()
) -> Spreadsheet:
    """Read a CSV or a text with tabs that a spreadsheet may have saved.

    Commas, semicolons or tabs separate: whichever makes all rows as long as the first. Empty rows
    are left out.

    Parameters
    ----------
    path
        The file.
    encoding
        As Python calls it, such as "cp1252". Without it the file's byte order mark counts, then
        UTF-8, else Windows-1252 is assumed.
    titles
        Titles that are known whatever their case: "Class" becomes "class".

    Returns
    -------
    Spreadsheet
        The cells as texts (see `csv_tables.text_in`), the titles without spaces around them.

    Raises
    ------
    OSError
        The file is not there or can't be opened.
    SpreadsheetError
        It is no table, or not of that encoding.
    """
    return spreadsheet_in(path.read_bytes(), path.name, encoding, titles)


def spreadsheet_in(
    content: bytes, name: str, encoding: str | None = None, titles: Collection[str] = ()
) -> Spreadsheet:
    """Return the table that bytes hold, as `read_spreadsheet` does of a file.

    Parameters
    ----------
    content
        The file's.
    name
        That of the file.
    encoding
        As in `read_spreadsheet`.
    titles
        As in `read_spreadsheet`.

    Returns
    -------
    Spreadsheet
        As of `read_spreadsheet`.

    Raises
    ------
    SpreadsheetError
        It is no table, or not of that encoding.
    """
    text, assumptions = _decoded(content, name, encoding)
    text = text.lstrip("\ufeff")
    told = _SEPARATOR_LINE.match(text)
    if told:
        text = text[told.end() :]
    separator = told[1] if told else _separator_of(text, titles)
    header, rows = _rows_of(text, separator)
    rows = [[text_in(cell) for cell in row] for row in rows]
    columns = _titles(header, titles)
    kept = [
        place
        for place, title in enumerate(columns)
        if title or any(row[place].strip() for row in rows)
    ]
    named = [columns[place] or f"column {place + 1}" for place in kept]
    cells = [[row[place] for place in kept] for row in rows]
    return Spreadsheet(name, tuple(_told_apart(named)), cells, separator, assumptions)


def saved_by_spreadsheet(path: Path) -> bool:
    """Return whether a table of ours was saved anew by a spreadsheet, from how its first line ends.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    bool
        Tables are written here in UTF-8 without a mark, and lines end in a line feed alone.
    """
    with path.open("rb") as file:
        header = file.readline()
    return b"\r" in header or b"\0" in header or any(header.startswith(mark) for mark, _ in _MARKS)


def _decoded(content: bytes, name: str, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    """Return a file's text, and what was assumed of its encoding."""
    for mark, marked in _MARKS:
        if content.startswith(mark) and encoding is None:
            return _strictly(content[len(mark) :], marked), ()
    if encoding is not None:
        return _strictly(content, encoding), ()
    if n_zeros := content.count(0):
        if n_zeros < len(content) // 4:
            # Text in two bytes a letter has more; so do no letters at all.
            raise SpreadsheetError(
                "it holds bytes that are no text (zeros), as a damaged disk leaves them; take a "
                "copy of before"
            )
        guess = "utf-16-le" if content[1::2].count(0) >= content[::2].count(0) else "utf-16-be"
        return _strictly(content, guess), (f"{name} was read as UTF-16, which it does not say.",)
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError:
        # One name of a file in another encoding does not make the whole table one of Windows.
        if _MULTIBYTE.search(content):
            return content.decode("utf-8", "surrogateescape"), ()
    text = _strictly(content, USUAL_OF_WINDOWS)
    word = _BEYOND_ASCII.search(text)
    shown = re.split(r"[,;\t\"]", word[0]) if word else [""]
    example = next((part for part in shown if not part.isascii()), "")
    return text, (
        f"{name} does not say its encoding and was read as Windows-1252: look whether “{example}” "
        "is right, else save it as “CSV UTF-8”.",
    )


def _strictly(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except (LookupError, TypeError, AssertionError) as error:
        raise SpreadsheetError(
            f"there is no encoding “{encoding}”; known are utf-8, utf-16, cp1252, mac_roman, "
            "shift_jis, gb18030 and others"
        ) from error
    except ValueError as error:
        raise SpreadsheetError(
            f"its bytes are no text in the encoding {encoding}; save it as “CSV UTF-8”"
        ) from error
    return text


def _separator_of(text: str, titles: Collection[str]) -> str:
    """Return what separates the cells: what finds more titles, else longer rows all alike."""

    def score(separator: str) -> tuple[int, bool, int]:
        rows = [row for row in _first_rows(text, separator) if any(row)]
        if not rows:
            return 0, False, 0
        header, *others = rows
        known = len({title.strip().casefold() for title in header} & set(titles))
        alike = all(len(row) == len(header) for row in others)
        return known, alike and len(header) > 1, len(header)

    return max(SEPARATORS, key=score)


def _first_rows(text: str, separator: str) -> list[list[str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    first: list[list[str]] = []
    try:
        for row in rows:
            first.append(row)
            if len(first) == _ROWS_LOOKED_AT:
                break
    except csv.Error:
        return []
    return first


def _rows_of(text: str, separator: str) -> tuple[list[str], list[list[str]]]:
    """Return the first line that is not empty, and all rows behind it, as long as that."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: list[str] = []
    rows = []
    try:
        for row in reader:
            if not any(map(str.strip, row)):
                continue
            if not header:
                header = row
                continue
            if any(cell.strip() for cell in row[len(header) :]):
                raise SpreadsheetError(
                    f"line {reader.line_num} has {len(row)} cells and the first line names "
                    f"{len(header)} columns; a cell that holds the separator needs quotes around it"
                )
            if len(header) > 1 and row == header:
                raise SpreadsheetError(
                    f"line {reader.line_num} is its first line again, as where two tables were "
                    "put together; take that line out"
                )
            rows.append([*row[: len(header)], *[""] * (len(header) - len(row))])
    except csv.Error as error:
        raise SpreadsheetError(
            f"line {reader.line_num} is no row of a table ({error}); look for a quotation mark "
            "that has no partner"
        ) from error
    if not header:
        raise SpreadsheetError("it is empty")
    return header, rows


def _titles(header: Sequence[str], known: Collection[str]) -> list[str]:
    titles = [text_in(title.strip()) for title in header]
    named = [title.casefold() if title.casefold() in known else title for title in titles]
    for title in known:
        if named.count(title) > 1:
            raise SpreadsheetError(f"it has {named.count(title)} columns “{title}”; it needs one")
    return named


def _told_apart(titles: Sequence[str]) -> list[str]:
    """Return titles of which no two are the same."""
    told: list[str] = []
    for title in titles:
        number, apart = 1, title
        while apart in told:
            number += 1
            apart = f"{title} ({number})"
        told.append(apart)
    return told
