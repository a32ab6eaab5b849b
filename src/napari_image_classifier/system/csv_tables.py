"""Tables in CSV as they are written here, row by row."""

import csv
from collections.abc import Mapping, Sequence
from typing import IO


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
