"""Counts and lists in words, as they stand in sentences."""

from collections.abc import Iterable, Mapping, Sequence


def counted(count: int | None, noun: str) -> str:
    """Return a count with its noun.

    Parameters
    ----------
    count
        How many there are.
    noun
        In the singular, one whose plural takes an s.

    Returns
    -------
    str
        "1 well" or "2 wells".
    """
    return f"{count} {noun}{'s' * (count != 1)}"


def counts_of(counts: Mapping[str, int]) -> str:
    """Return counts of several things.

    Parameters
    ----------
    counts
        How many there are of each, by a name that suits any number.

    Returns
    -------
    str
        "3 hidden, 1 table"; "" for nothing.
    """
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def quoted(names: Iterable[str]) -> str:
    """Return names that people gave.

    Parameters
    ----------
    names
        Such as classes, channels or columns.

    Returns
    -------
    str
        "“DAPI”, “actin”".
    """
    return ", ".join(f"“{name}”" for name in names)


def first_few(texts: Sequence[str], most: int, *, between: str = ", ", end: str = " and ") -> str:
    """Return a list of which only the first few are named.

    Parameters
    ----------
    texts
        The whole list.
    most
        How many are named.
    between
        What stands between two of them.
    end
        What stands before the number of those that are not named.

    Returns
    -------
    str
        "A01, A02, A03 and 5 more".
    """
    named = between.join(texts[:most])
    return f"{named}{end}{len(texts) - most} more" if len(texts) > most else named
