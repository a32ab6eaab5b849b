"""Tables in CSV, as they are written here and as spreadsheets save them."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def read_spreadsheet(path: Path) -> "pd.DataFrame":
    """Return a CSV that a person keeps in a spreadsheet.

    Commas, semicolons or tabs separate, whatever the first line has most of: spreadsheets of many
    countries separate with a semicolon.

    Parameters
    ----------
    path
        The file, in UTF-8.

    Returns
    -------
    pandas.DataFrame
        All as text, titles without spaces around them, empty cells as "".

    Raises
    ------
    OSError
        The file is not there or can't be opened.
    ValueError
        It is no CSV.
    """
    import pandas as pd

    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        header = file.readline()
    table = pd.read_csv(
        path,
        dtype=str,
        keep_default_na=False,
        sep=max(",;\t", key=header.count),
        encoding="utf-8-sig",
        encoding_errors="surrogateescape",
    )
    table.columns = [str(name).strip() for name in table.columns]
    return table


class TableWriter:
    """Writes the rows of a table, beginning with its header; what a row lacks stays empty.

    Parameters
    ----------
    file
        An open text file, with ``newline=""``.
    header
        The titles of the columns.
    """

    def __init__(self, file: IO[str], header: Sequence[str]) -> None:
        self._plain, self._quoted = (
            csv.DictWriter(file, header, restval="", lineterminator="\n", quoting=quoting)
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )
        self._plain.writeheader()

    def writerow(self, row: Mapping[str, str]) -> None:
        """Write a row, by column."""
        # Before Python 3.13 a carriage return is not quoted, and ends the row for who reads it.
        breaks = any("\r" in text for text in row.values())
        (self._quoted if breaks else self._plain).writerow(row)
