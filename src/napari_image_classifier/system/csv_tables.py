"""Tables in CSV as they are written here, row by row."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


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
