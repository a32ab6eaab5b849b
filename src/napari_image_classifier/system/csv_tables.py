"""A table that a person keeps in a spreadsheet and has saved as CSV."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def read_spreadsheet(path: Path) -> "pd.DataFrame":
    """Return a CSV as text, its titles without spaces around them.

    Commas, semicolons or tabs separate, whatever the first line has most of: spreadsheets of many
    countries separate with a semicolon.

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
