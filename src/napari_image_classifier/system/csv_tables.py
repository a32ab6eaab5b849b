"""Tables in CSV, as they are written here and as spreadsheets save them."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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


def write_table(path: Path, header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> int:
    """Write a table, row by row as they come; what a row lacks stays empty.

    Parameters
    ----------
    path
        The file.
    header
        The titles of the columns.
    rows
        Cells by column.

    Returns
    -------
    int
        The number of rows.
    """
    n_rows = 0
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        plain, quoted = (
            csv.DictWriter(file, header, restval="", lineterminator="\n", quoting=quoting)
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
        )
        plain.writeheader()
        for row in rows:
            # Before Python 3.13 a carriage return is not quoted, and ends the row for a reader.
            breaks = any("\r" in text for text in row.values())
            (quoted if breaks else plain).writerow(row)
            n_rows += 1
    return n_rows
